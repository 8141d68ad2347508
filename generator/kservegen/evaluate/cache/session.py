"""One run's dealings with the cache: what it takes over at the start, whether that holds, what it leaves behind."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from kservegen.catalog.model import Catalog
from kservegen.catalog.sections import SECTIONS
from kservegen.checks.rules.base import Looked
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.repository import DEFAULTS_NAME, Repository
from kservegen.core.resource import Resource, ResourceId
from kservegen.evaluate.cache import folder as files
from kservegen.evaluate.cache.chunks import Abridged, Chunk, DoubtError, Layout, abridge, keys_by_line, split
from kservegen.evaluate.cache.generation import generation_of
from kservegen.evaluate.cache.records import encode, restore
from kservegen.evaluate.kept import Kept
from kservegen.evaluate.memory import Memory
from kservegen.render.objects.environment import BuiltEntry, BuiltEnvironment

# A smaller catalog is done before a cache is read: about 300 entries.
_WORTH_IT: Final = 96 * 1024


class Session:
    """The cache of one repository, for a run over some of its environments.

    First `begin`, and `abridge` for each catalog file; then `check` what was taken over against what was built; then,
    if nothing at all was found, `leave`. After DoubtError or a finding, `forget` and run again: then nothing is known.
    """

    def __init__(self, repository: Repository, home: Path, environments: Iterable[str]) -> None:
        self._repository, self._home = repository, home
        self._environments = tuple(environments)
        self._generation = generation_of(repository)
        self._records: dict[str, JsonObject] = {}
        self._around: dict[str, JsonValue] = {}
        self._layouts: dict[str, Layout] = {}
        self._known: dict[str, JsonObject] = {}  # by digest: what this run takes over
        self._stored: set[str] = set()  # digests of records that say enough as they are
        for body in files.read(home, self._generation):
            records, around = body.get("records"), body.get("around")
            self._records.update({k: v for k, v in _items(records) if isinstance(v, dict)})
            self._around.update(_items(around))

    @property
    def took_over(self) -> bool:
        """Whether anything was."""
        return bool(self._known)

    def forget(self) -> None:
        """Know nothing from here on: the run looks at everything."""
        self._records.clear()
        self._around.clear()
        self._known.clear()

    def distrust(self) -> None:
        """Write all records anew: one of them was none of ours."""
        self._stored.clear()

    def abridge(self, file: str, content: bytes) -> Abridged | None:
        """Leave out of a catalog file what is known of it."""
        layout = split(content, file)
        if layout is None:
            return None
        self._layouts[file] = layout
        known = {}
        for chunk, digest in self._digests(file, layout):
            record = self._records.get(digest)
            if record is not None and self._covers(record):
                self._known[digest] = record
                self._stored.add(digest)
                known[chunk] = str(record["key"])
        return abridge(layout, known) if known else None

    def memory(self) -> Memory:
        """Return what a run begins with."""
        memory = Memory(kept={name: Kept() for name in self._environments})
        for record in self._known.values():
            for form in restore(record, self._environments, memory.kept):
                memory.texts[id(form.built.resource)] = (form.built.resource, form.text)
        return memory

    def check(self, built: BuiltEnvironment, looked: Looked) -> None:
        """Make sure that what rules once asked for is still as it was; DoubtError where it is not."""
        before = self._around.get(built.environment.name)
        if not self._known:
            return
        if not isinstance(before, dict):
            raise DoubtError(built.environment.name)
        looked.kinds.update(str(kind) for kind in _strings(before.get("kinds")))
        looked.ids.update(ResourceId(*parts.split("/")) for parts in _strings(before.get("ids")))
        now = _surroundings(built, looked)
        for word, then in before.items():
            if _part(now.get(word), then) != then:
                raise DoubtError(word)

    def leave(self, catalog: Catalog, environments: Mapping[str, BuiltEnvironment], memory: Memory) -> None:
        """Keep what this run found clean; to be called where it found nothing at all."""
        if any(env.environment.mapping("waivers") for env in environments.values()) or self._has_moved():
            return
        try:
            keys = self._keys_by_digest(catalog)
        except DoubtError:
            return
        places = {
            name: {(item.entry.section, item.entry.key): item for item in env.entries}
            for name, env in environments.items()
        }
        instead = files.is_scattered(self._home, self._generation)
        enough = self._known if instead else self._stored
        fresh = {
            digest: _record(section, key, places, memory)
            for digest, (section, key) in keys.items()
            if digest not in enough
        }
        around: JsonObject = {
            name: _surroundings(built, memory.looked.get(name, Looked())) for name, built in environments.items()
        }
        if not fresh and all(self._around.get(name) == value for name, value in around.items()):
            return
        kept = self._known if instead else {}
        body: JsonObject = {"records": {**kept, **fresh}, "around": {**(self._around if instead else {}), **around}}
        files.write(self._home, self._generation, body, instead=instead)

    def _has_moved(self) -> bool:
        """Whether something was edited while this run was looking at it."""
        try:
            return generation_of(self._repository) != self._generation
        except OSError:
            return True

    def _covers(self, record: JsonObject) -> bool:
        places = record.get("in")
        return isinstance(places, dict) and all(name in places for name in self._environments)

    def _digests(self, file: str, layout: Layout) -> Iterable[tuple[Chunk, str]]:
        """Digest every entry together with all that is merged into it or decides where it goes."""
        base = sha256(f"{self._generation}\n{layout.shared}\n{file}\n".encode())
        for chunk in layout.chunks():
            digest = base.copy()
            digest.update(b"%b\n%b" % (chunk.section.encode(), chunk.text))
            yield chunk, digest.hexdigest()

    def _keys_by_digest(self, catalog: Catalog) -> dict[str, tuple[str, str]]:
        """Find the key of every entry; DoubtError where a file has entries in another form than lines show."""
        found: dict[str, tuple[str, str]] = {}
        for document in catalog.documents:
            layout = self._layouts.get(document.file)
            if layout is None:
                raise DoubtError(document.file)
            lines = {s: keys_by_line(document.section(s), s, document.source) for s in SECTIONS}
            for chunk, digest in self._digests(document.file, layout):
                if digest in self._known:
                    found[digest] = (chunk.section, str(self._known[digest]["key"]))
                    continue
                key = lines[chunk.section].pop(chunk.line, None)
                if key is None or digest in found:
                    raise DoubtError(document.file)
                found[digest] = (chunk.section, key)
            if any(lines.values()):
                raise DoubtError(document.file)
        return found


def open_session(repository: Repository, environments: Iterable[str], home: Path | None = None) -> Session | None:
    """Begin dealing with the cache; None for a catalog that is too small to gain, or where there is no cache."""
    home = home or files.default_folder()
    if home is None:
        return None
    try:
        if sum(path.stat().st_size for path in repository.catalog_files()) < _WORTH_IT:
            return None
        every = [path.stem for path in repository.environment_files() if path.stem != DEFAULTS_NAME]
        return Session(repository, home, environments or every)
    except (OSError, GeneratorError):
        return None


def _record(
    section: str, key: str, places: Mapping[str, Mapping[tuple[str, str], BuiltEntry]], memory: Memory
) -> JsonObject:
    def text_of(resource: Resource) -> bytes:
        return memory.texts[id(resource)][1]

    return encode(section, key, {name: entries.get((section, key)) for name, entries in places.items()}, text_of)


def _surroundings(built: BuiltEnvironment, looked: Looked) -> JsonObject:
    """Digest what rules have looked at beside their own object."""
    by_kind: dict[str, list[Resource]] = {kind: [] for kind in looked.kinds}
    by_id: dict[ResourceId, Resource] = {}
    for resource in built.resources:
        if resource.id.kind in by_kind:
            by_kind[resource.id.kind].append(resource)
        if resource.id in looked.ids:
            by_id[resource.id] = resource
    return {
        "platform": sha256(repr(built.platform).encode()).hexdigest(),
        "kinds": {kind: _digest(found) for kind, found in sorted(by_kind.items())},
        "ids": {"/".join(i): _digest([by_id[i]] if i in by_id else []) for i in sorted(looked.ids)},
    }


def _digest(resources: Iterable[Resource]) -> str:
    said = sorted(("/".join(r.id), json.dumps(r.doc, sort_keys=True)) for r in resources)
    return sha256(json.dumps(said).encode()).hexdigest()


def _part(value: JsonValue, like: JsonValue) -> JsonValue:
    """Return of a map only the keys that another has, too."""
    if isinstance(value, dict) and isinstance(like, dict):
        return {key: item for key, item in value.items() if key in like}
    return value


def _items(value: JsonValue) -> Iterable[tuple[str, JsonValue]]:
    return value.items() if isinstance(value, dict) else ()


def _strings(value: JsonValue) -> Iterable[str]:
    return tuple(value) if isinstance(value, dict) else ()
