"""An entry in; the words that say which version of it runs, out: what is promoted, and what stages are compared by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.catalog.resolve import Entry, ResolvedEnvironment
from kservegen.core.document import mapping, text, texts_in
from kservegen.core.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.core.patterns import lazy_pattern
from kservegen.render.objects.finish import URI_FIELDS
from kservegen.render.objects.settings import Settings

# Words that say which version of something runs, wherever they stand in an entry.
_VERSIONS: Final = frozenset({"runtimeVersion", "image"})
# Where an address begins: environments have their own buckets and hosts. The hub is one place for all.
_PLACE: Final = lazy_pattern(r"(?:https?|s3|gs|gcs|oci|pvc|hdfs|webhdfs|azure)://[^/]*/?")
_HUB: Final = "hf://"


def version_words(words: JsonValue, kind: str, path: Path = ()) -> Iterator[tuple[Path, JsonValue]]:
    """Yield the words of an entry that say a version, each with its path; numbers in a path are places in a list."""
    if isinstance(words, list):
        for index, item in enumerate(words):
            yield from version_words(item, kind, (*path, index))
    if not isinstance(words, dict):
        return
    for word, value in words.items():
        is_short = word == "model" and not path and kind == "LLMInferenceService"
        if isinstance(value, str) and (word in URI_FIELDS or word in _VERSIONS or is_short):
            yield (*path, word), value
        elif isinstance(value, dict | list) and word not in {"labels", "annotations"}:
            yield from version_words(value, kind, (*path, word))


def pins_in(environment: ResolvedEnvironment, settings: Settings, words: JsonObject) -> dict[str, JsonValue]:
    """Return what the lock of an environment holds of an entry's addresses, by address as the entry says it.

    `settings` are the environment's: reading them goes through the whole lock.
    """
    addresses = {word: settings.rewrite_uri(word) for word in texts_in(words)}
    return {word: environment.locked[found] for word, found in addresses.items() if found in environment.locked}


def version_of(environment: ResolvedEnvironment, settings: Settings, entry: Entry) -> dict[str, str]:
    """Return what version of an entry an environment runs: its words by path, an address with the lock's revision."""
    pins = pins_in(environment, settings, entry.words)
    found = {}
    for path, value in version_words(entry.words, entry.info.kind):
        revision = text(mapping(pins.get(text(value))).get("revision"))
        found[format_path(path)] = f"{text(value)}:{revision}" if revision else text(value)
    return found


def without_place(version: dict[str, str]) -> dict[str, str]:
    """Return a version without buckets, hosts and registries, in which environments differ on purpose."""
    return {path: _bare(path, value) for path, value in version.items()}


def _bare(path: str, value: str) -> str:
    if "://" in value:
        return _PLACE.sub("", value, count=1)
    return value.rpartition("/")[2] if path.rpartition(".")[2] == "image" else value


def moves(own: JsonValue, value: JsonValue) -> bool:
    """Whether a word would take the model or image from another bucket, host or registry than before."""
    if not isinstance(own, str) or not isinstance(value, str):
        return False
    if "://" in own or "://" in value:
        return _place(own) != _place(value)
    return "/" in own and own.rpartition("/")[0] != value.rpartition("/")[0]


def _place(address: str) -> str:
    """Return the bucket or host of an address; blank where it is of no known form."""
    if address.startswith(_HUB):
        return _HUB
    found = _PLACE.match(address)
    return found[0].rstrip("/") if found else ""
