"""A draft into which words were brought over; versions inside lists and in manifests brought over, too.

What then still differs and stays as it is in the second environment is noted, so that nobody takes it for promoted.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from kservegen.catalog.editing.patch import at, with_value
from kservegen.catalog.merge import MERGE_KEYS, item_key
from kservegen.catalog.resolve import Entry, ResolvedEnvironment
from kservegen.catalog.sections import MANIFESTS
from kservegen.commands.edits import CatalogDraft, entries_by_name
from kservegen.commands.rollout.versions import moves, version_words
from kservegen.core.document import mapping, sequence
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path, format_path

_SHOWN: Final = 5
# Where an entry lives and whose it is: no difference of what runs.
_NOT_RUNNING: Final = frozenset({"environments", "owner", "namespace", "profile"})

_Edit: TypeAlias = tuple[Path, JsonValue]
_Names: TypeAlias = Collection[tuple[str, str]]  # sections and keys


def bring_rest(draft: CatalogDraft, file: str, way: tuple[str, str], names: _Names, fields: Collection[str]) -> None:
    """Bring over what stands in lists and in manifests of their own, and note what stays.

    `file` is that of the second environment of the `way`. `names` are the entries that were asked for, none for all,
    and `fields` the words that were asked for beside versions.
    """
    source, target = way
    there, here = draft.resolved(source), draft.resolved(target)
    chosen = [entry for entry in there.entries if not names or (entry.section, entry.key) in names]
    known, words = entries_by_name(here), draft.value(file)
    edits: list[_Edit] = []
    for entry in chosen:
        own = known.get((entry.section, entry.key))
        if entry.section == MANIFESTS:
            _manifest(draft, entry, own, way)
        elif own is not None:
            edits += _lists(draft.notes, words, entry, own, source)
    draft.put_all(file, edits)
    now = draft.resolved(target)
    draft.notes += _staying(chosen, now, fields)
    draft.notes += _platform(there, now, named=bool(names))


def _lists(notes: list[str], words: JsonObject, there: Entry, here: Entry, source: str) -> Iterator[_Edit]:
    """Yield the edits of `words`, those of the environment's file, for versions in lists; note those that stay."""
    for path, value in version_words(there.words, there.info.kind):
        if not any(isinstance(part, int) for part in path):
            continue
        shown = f"{there.key}: {format_path(path)}"
        place = _same_place(there.words, here.words, path)
        if place is None:
            notes.append(f"{shown} is {_text(value)} in {source}, and stays: the list has no such item here")
            continue
        own = at(here.words, place)
        if own == value:
            continue
        if moves(own, value):
            notes.append(f"{shown} stays {_text(own)}: {source} has {_text(value)}, from another place")
            continue
        edit = _item_edit(words, (there.section, there.key), there.words, path, value)
        words = with_value(words, *edit)
        yield edit


def _same_place(there: JsonObject, here: JsonObject, path: Path) -> Path | None:
    """Return where a value stands in another object, whose lists may have another order; None for no place."""
    found: Path = ()
    for length, part in enumerate(path):
        step: str | int | None = part
        if isinstance(part, int):
            field, item = str(path[length - 1]), at(there, path[: length + 1])
            step = _number(sequence(at(here, found)), field, item)
        if step is None:
            return None
        found = (*found, step)
    return found


def _number(items: JsonArray, field: str, item: JsonValue) -> int | None:
    """Return which item of a list has the key of another; None for none, and in lists that do not merge by keys."""
    key = item_key(field, item)
    return next((n for n, one in enumerate(items) if key is not None and item_key(field, one) == key), None)


def _item_edit(words: JsonObject, entry: Path, there: JsonObject, path: Path, value: JsonValue) -> _Edit:
    """Return the edit that sets a value in an item of a list, where the file names items by their keys."""
    place: Path = entry
    for length, part in enumerate(path):
        if not isinstance(part, int):
            place = (*place, part)
            continue
        field, item = str(path[length - 1]), at(there, path[: length + 1])
        own = sequence(at(words, place))
        number = _number(own, field, item)
        if number is None:
            named = _named(there, path, length, value)
            return (place, [named]) if at(words, place) is None else ((*place, len(own)), named)
        place = (*place, number)
    return place, value


def _named(there: JsonObject, path: Path, length: int, value: JsonValue) -> JsonObject:
    """Make an item of a list that says its key, and the value below it."""
    field, item = str(path[length - 1]), mapping(at(there, path[: length + 1]))
    below: JsonValue = value
    for index in range(len(path) - 1, length, -1):
        part = path[index]
        below = [{**_key_words(there, path, index), **mapping(below)}] if isinstance(part, int) else {part: below}
    return {**{word: item[word] for word, _ in MERGE_KEYS[field] if word in item}, **mapping(below)}


def _key_words(there: JsonObject, path: Path, index: int) -> JsonObject:
    item = mapping(at(there, path[: index + 1]))
    return {word: item[word] for word, _ in MERGE_KEYS[str(path[index - 1])] if word in item}


def _manifest(draft: CatalogDraft, there: Entry, here: Entry | None, way: tuple[str, str]) -> None:
    """Bring versions over between the files in which two environments have an object of their own form."""
    source, target = way
    mine = there.own_fragment
    if here is None:
        draft.notes.append(f"{there.key} stands in {mine.document.file} and not in {target}: copy the file")
        return
    other = here.own_fragment
    if other.document.file == mine.document.file:
        return
    for path, value in version_words(there.words, there.info.kind):
        place = _same_place(there.words, here.words, path)
        own = at(here.words, place) if place is not None else None
        if place is None or own is None or own == value:
            continue
        shown = f"{there.key}: {format_path(path)}"
        if moves(own, value):
            draft.notes.append(f"{shown} stays {_text(own)}: {source} has {_text(value)}, from another place")
            continue
        try:
            draft.put(other.document.file, (*other.path, *place), value)
        except GeneratorError as problem:  # a file of several documents, or with what the strict reader refuses
            said = f"edit {other.document.file} by hand ({problem.message})"
            draft.notes.append(f"{shown} stays {_text(own)}: {source} has {_text(value)}; {said}")


def _staying(chosen: Iterable[Entry], now: ResolvedEnvironment, fields: Collection[str]) -> Iterator[str]:
    """Say which words of entries differ and were not asked for, those with the same words together."""
    alike: dict[tuple[str, ...], list[str]] = {}
    known = entries_by_name(now)
    for entry in chosen:
        own = known.get((entry.section, entry.key))
        if own is not None and own is not entry and entry.section != MANIFESTS:
            words, others = (_without_versions(each) for each in (entry, own))
            differing = (word for word in {**words, **others} if word not in _NOT_RUNNING and word not in fields)
            found = tuple(w for w in differing if json.dumps(words.get(w)) != json.dumps(others.get(w)))
            if found:
                alike.setdefault(found, []).append(entry.key)
    for words_, names in alike.items():
        yield f"{some_of(names)}: {now.name} keeps its own {', '.join(words_)}"


def _without_versions(entry: Entry) -> JsonObject:
    """Return the words of an entry, those that say a version blank: they are promoted, or told by themselves."""
    versions = {path for path, _ in version_words(entry.words, entry.info.kind)}
    return mapping(_blanked(entry.words, (), versions))


def _blanked(value: JsonValue, path: Path, versions: Collection[Path]) -> JsonValue:
    if path in versions:
        return ""
    if isinstance(value, dict):
        return {word: _blanked(item, (*path, word), versions) for word, item in value.items()}
    if isinstance(value, list):
        return [_blanked(item, (*path, number), versions) for number, item in enumerate(value)]
    return value


def _platform(there: ResolvedEnvironment, now: ResolvedEnvironment, *, named: bool) -> Iterator[str]:
    """Say what of KServe differs and stays."""
    versions = [environment.text("kserve", "version") for environment in (there, now)]
    if named and versions[0] != versions[1]:
        yield f"KServe stays {versions[1] or 'as it is'}: {there.name} has {versions[0]}, and models were named"
    values: list[Mapping[str, JsonValue]] = [environment.mapping("kserve", "values") for environment in (there, now)]
    charts = [chart for chart in {**values[0], **values[1]} if values[0].get(chart) != values[1].get(chart)]
    if charts and not named:
        yield f"{now.name} keeps its own values of {some_of(charts)}"


def some_of(names: Sequence[str]) -> str:
    """Name the first few, and say how many more there are."""
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)
