"""A draft, a file in it and what an entry of it was in; the edit that makes it that again out, comments kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from msgspec.structs import replace

from kservegen.catalog.editing.patch import at
from kservegen.catalog.editing.spans import Container, spans
from kservegen.catalog.merge import MERGE_KEYS, item_key
from kservegen.commands.edits import CatalogDraft, entry_in
from kservegen.commands.set import prune
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue, Path

_ROUNDS: Final = 4
_BOM: Final = "\ufeff"


def is_restored(draft: CatalogDraft, target: tuple[str, str], wanted: Mapping[str, JsonObject]) -> bool:
    """Whether an entry, by section and key, has the words that are wanted of it, by environment."""
    return all(_same(draft, environment, target, words) for environment, words in wanted.items())


def say_again(draft: CatalogDraft, file: str, target: tuple[str, str], old: bytes) -> None:
    """Give an entry in a file the value of an old version of the file, in its old lines where they still fit."""
    _take_over(draft, file, target, old)
    _take_text(draft, file, target, old)


def write_differences(
    draft: CatalogDraft, file: str, target: tuple[str, str], wanted: Mapping[str, JsonObject]
) -> bool:
    """Write into the entry of a file what makes it the wanted ones; False where no words of that file do."""
    if at(draft.value(file), target) is None and target[1] in mapping(draft.value(file).get(target[0])):
        draft.drop(file, target)  # a null that removes it here
        prune(draft, file, target[:1])
    for _ in range(_ROUNDS):
        for environment, words in wanted.items():
            entry = entry_in(draft.resolved(environment), *target)
            for path, value in _differences({} if entry is None else entry.words, words, ()):
                here = (*target, *path)
                if value is None and at(draft.value(file), here) is not None:
                    draft.drop(file, here)  # where another file says it, too, the next round says null
                else:
                    draft.put(file, here, value)
        prune(draft, file, target)
        if is_restored(draft, target, wanted):
            return True
    return False


def _same(draft: CatalogDraft, environment: str, target: tuple[str, str], wanted: JsonObject) -> bool:
    entry = entry_in(draft.resolved(environment), *target)
    said = None if entry is None else entry.words
    return json.dumps(said, sort_keys=True) == json.dumps(wanted, sort_keys=True)


def _take_over(draft: CatalogDraft, file: str, target: Path, old: bytes) -> None:
    """Give an entry the value that it had in an old version of the file."""
    before = _held(draft, file, old)
    if before is None:
        return
    said = at(before, target)
    now = draft.value(file)
    is_there = target[1] in mapping(now.get(str(target[0])))
    if target[1] in mapping(before.get(str(target[0]))):
        draft.put(file, target, said)
    elif is_there:
        draft.drop(file, target)
        prune(draft, file, target[:1])


def _held(draft: CatalogDraft, file: str, old: bytes) -> JsonObject | None:
    try:
        return replace(draft, texts={file: old}).value(file)
    except GeneratorError:
        return None


def _take_text(draft: CatalogDraft, file: str, target: Path, old: bytes) -> None:
    """Take the entry's old lines, comments and all, where they make the file say the same; else leave it as edited."""
    wanted, now, then = draft.value(file), _parted(draft.before[file], target), _parted(old, target)
    candidates = [old] if now.beside == then.beside else []
    if now.own and then.own:
        candidates.append("".join((*now.head, *then.own, *now.tail)).encode())
    for candidate in candidates:
        if json.dumps(_held(draft, file, candidate)) == json.dumps(wanted):
            draft.texts[file] = candidate
            return


class _Parted(NamedTuple):
    """The lines of a file: those before an entry, its own, those after it; no own ones where it has none."""

    head: list[str]
    own: list[str]
    tail: list[str]

    @property
    def beside(self) -> list[str]:
        """What stands there without the entry."""
        return [line.rstrip("\r\n") for line in (*self.head, *self.tail)]


def _parted(content: bytes, target: Path) -> _Parted:
    """Part a file by the lines of an entry, or of its section where that has no other."""
    text_ = content.decode()
    plain = text_.removeprefix(_BOM)
    lines = text_.splitlines(keepends=True)
    section = spans(plain).items.get(target[0])
    if section is None or not isinstance(section.value, Container):
        return _Parted(lines, [], [])
    item = section if section.value.items.keys() <= {target[1]} else section.value.items.get(target[1])
    if item is None:
        return _Parted(lines, [], [])
    first, last = plain.count("\n", 0, item.start), plain.count("\n", 0, item.value.end)
    return _Parted(lines[:first], lines[first : last + 1], lines[last + 1 :])


def _differences(now: JsonObject, wanted: JsonObject, path: Path) -> Iterator[tuple[Path, JsonValue]]:
    """Yield what has to be said so that words become others: by path, null for what goes."""
    for word in now.keys() - wanted.keys():
        yield (*path, word), None
    for word, value in wanted.items():
        have = now.get(word)
        if isinstance(value, dict) and isinstance(have, dict) and have:
            yield from _differences(have, value, (*path, word))
        elif json.dumps(have, sort_keys=True) != json.dumps(value, sort_keys=True) or word not in now:
            yield (*path, word), _list(word, have, value) if isinstance(value, list) else value


def _list(field: str, have: JsonValue, wanted: list[JsonValue]) -> JsonValue:
    """Return a list that merges into the wanted one: items that go are said to."""
    if field not in MERGE_KEYS or not isinstance(have, list):
        return wanted
    kept = [item_key(field, item) for item in wanted]
    gone: list[JsonValue] = []
    for item in have:
        key = item_key(field, item)
        if key is not None and key not in kept:
            names = (name for name, _ in MERGE_KEYS[field])
            gone.append({**dict(zip(names, key, strict=True)), "$patch": "delete"})
    return [*gone, *wanted]
