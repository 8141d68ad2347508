"""A field of an object in; the layer that its value stands in, and the line, out: the key, an entry, an environment.

A finding about a field stands at the word that an author would change. Here the value itself is looked for: what
`accelerator` brings stands in the environment, as do a rewritten address and image.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct

from kservegen.catalog.model import find_fragment
from kservegen.catalog.resolve import Entry, ResolvedEnvironment
from kservegen.core.diagnostics import Location
from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.core.resource import Resource
from kservegen.render.objects.images import split_image
from kservegen.render.objects.pins import PINNED
from kservegen.render.objects.settings import Settings

# The layers that are no layer of the merge.
KEY: Final = "key"
KSERVEGEN: Final = "kservegen"
ENVIRONMENT: Final = "environment"
LOCK: Final = "lock"


class FieldSource(NamedTuple):
    """Where a value stands: the layer, as people call it, and its line."""

    layer: str
    location: Location


class FieldSources(Struct, frozen=True, kw_only=True, eq=False):
    """Finds the sources of one object's fields."""

    entry: Entry
    resource: Resource
    environment: ResolvedEnvironment
    settings: Settings

    def of(self, path: Path, value: JsonValue) -> FieldSource:
        """Return the source of the value at a path of the object."""
        return next(self._elsewhere(path, value), None) or self._said(path)

    def _said(self, path: Path) -> FieldSource:
        """Return the layer that wrote the word; what no word says is kservegen's."""
        entry, words = self.entry, self.resource.words(path)
        if words and words[0] in entry.words:
            fragment, _, _ = find_fragment(entry.fragments, entry.words, words)
            layer = entry.key if fragment.name == "entry" else fragment.name
            return FieldSource(layer, entry.locate(words))
        mode = ("kserve", "deploymentMode")
        if words == ("deploymentMode",) and self.environment.at(*mode) is not None:
            return FieldSource(ENVIRONMENT, self.environment.locate(mode))
        return FieldSource(KSERVEGEN, entry.own_location)

    def _elsewhere(self, path: Path, value: JsonValue) -> Iterator[FieldSource]:
        """Yield sources that are no layer of the entry's words, the last to write first."""
        if self._is_of_key(path, value):
            yield FieldSource(KEY, self.entry.own_location)
        yield from self._pinned(path, value)
        yield from self._rewritten(path, value)
        yield from self._of_accelerator(path, value)

    def _is_of_key(self, path: Path, value: JsonValue) -> bool:
        """Whether the key says it: the name, a namespace before the name, the name of a model that states none."""
        prefix, slash, name = self.entry.key.rpartition("/")
        if path == ("metadata", "namespace"):
            return bool(slash) and value == prefix
        if self.entry.is_companion or value != name:
            return False
        if path == ("metadata", "name"):
            return True
        words = self.resource.words(path)
        return path == ("spec", "model", "name") and text(value_at(self.entry.words, words)) != value

    def _pinned(self, path: Path, value: JsonValue) -> Iterator[FieldSource]:
        """Yield the line of the lock that wrote the revision of an address."""
        address, _, revision = text(value).rpartition(":")
        lock = self.environment.source.lock
        if lock is None or PINNED.get(self.resource.kind) != path:
            return
        if self.settings.pins.get(address) == revision:
            yield FieldSource(LOCK, lock.source.value(("models", address, "revision")))

    def _rewritten(self, path: Path, value: JsonValue) -> Iterator[FieldSource]:
        """Yield the line of `images` or `uriPrefixes` that made the value another one than was written."""
        written = text(value_at(self.entry.words, self.resource.words(path)))
        if not written or written == value:
            return
        for old, _ in self.settings.uri_prefixes:
            if written.startswith(old) and self.settings.rewrite_uri(written) == value:
                yield FieldSource("uriPrefixes", self.environment.locate(("uriPrefixes", old)))
        override = self.settings.images.by_name.get(split_image(written).name)
        if override is not None and self.settings.images.rewrite(written) == value:
            says = {"digest": override.digest, "newTag": override.new_tag, "newName": override.new_name}
            field = next(name for name, said in says.items() if said)
            yield FieldSource("images", self.environment.locate(("images", override.index, field)))

    def _of_accelerator(self, path: Path, value: JsonValue) -> Iterator[FieldSource]:
        """Yield the line of the environment's accelerator that a node label or a toleration comes from."""
        words = self.resource.words(path)
        if "accelerator" not in words:
            return
        above = words[: words.index("accelerator") + 1]
        kind = text(mapping(value_at(self.entry.words, above)).get("type"))
        place: Path = ("accelerators", kind)
        facts = mapping(self.settings.accelerators.get(kind))
        if "nodeSelector" in path and mapping(facts.get("nodeSelector")).get(str(path[-1])) == value:
            yield FieldSource(f"accelerator {kind}", self.environment.locate((*place, "nodeSelector", path[-1])))
        elif "tolerations" in path:
            item = value_at(self.resource.doc, path[: path.index("tolerations") + 2])
            for index, known in enumerate(sequence(facts.get("tolerations"))):
                if known == item:
                    below = path[path.index("tolerations") + 2 :]
                    yield FieldSource(
                        f"accelerator {kind}", self.environment.locate((*place, "tolerations", index, *below))
                    )
