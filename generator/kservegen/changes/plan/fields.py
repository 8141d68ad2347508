"""Two documents in, the fields that differ out: maps by key; lists by key, by what items call themselves, or by place.

Secrets in them are not repeated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from kservegen.catalog.merge import ItemKey, item_key
from kservegen.changes.plan.model import ABSENT, FieldChange, PlanSide
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path, format_path
from kservegen.core.secret_data import is_secret
from kservegen.core.secrets import HIDDEN, HiddenSecrets

# Comparing longer lists item by item costs more than it tells.
_LONGEST: Final = 400


class DifferingPlace(NamedTuple):
    """The way to what differs in each of two documents: empty where it is not there."""

    old: Path
    new: Path


class FieldDifference(NamedTuple):
    """A field that differs, and the way to it in each of the two documents: empty where it is not there."""

    change: FieldChange
    old: Path
    new: Path


def compare_fields(old: JsonObject, new: JsonObject) -> tuple[FieldChange, ...]:
    """Return what differs between two documents, in the order of the new one; empty where they mean the same."""
    return tuple(found.change for found in find_value(old, new))


def find_value(old: JsonObject, new: JsonObject) -> Iterator[FieldDifference]:
    """Yield what differs between two documents, and where, in the order of the new one."""
    hidden: tuple[HiddenSecrets, HiddenSecrets] | None = None
    is_of_secret = is_secret(old) or is_secret(new)
    for found in _maps(old, new, _ROOT):
        # Most documents that are compared are the same: nobody looks for their credentials.
        before, after = hidden = hidden or (HiddenSecrets(old), HiddenSecrets(new))
        path, left, right = found.change
        shown = found._replace(
            change=FieldChange(path, _shown(left, found.old, before), _shown(right, found.new, after))
        )
        yield _without_data(shown) if is_of_secret else shown


def find_places(old: JsonObject, new: JsonObject) -> Iterator[DifferingPlace]:
    """Yield where two documents differ, in the order of the new one, and nothing of what stands there."""
    for found in _maps(old, new, _ROOT):
        yield DifferingPlace(found.old, found.new)


def _shown(value: PlanSide, path: Path, secrets: HiddenSecrets) -> PlanSide:
    return value if value is ABSENT else secrets.mask(value, path)


def _without_data(found: FieldDifference) -> FieldDifference:
    path, left, right = found.change
    if not path.startswith(("data", "stringData")):
        return found
    return found._replace(change=FieldChange(path, _blank(left), _blank(right)))


def is_same(old: JsonValue, new: JsonValue) -> bool:
    """Whether two values are the same to who reads them: 1 is 1.0, and neither is true."""
    if old is new:
        return True
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(is_same(value, new[key]) for key, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(is_same, old, new))
    return old == new and isinstance(old, bool) is isinstance(new, bool)


class _Place(NamedTuple):
    """Where two documents are compared: as people are told, and the way there in each."""

    shown: str
    old: Path
    new: Path

    def below(self, key: str | int) -> _Place:
        """Return the place of a key of a map, or of an item at the same place in both."""
        inner = format_path((key,))
        joint = "." if self.shown and not inner.startswith("[") else ""
        return _Place(f"{self.shown}{joint}{inner}", (*self.old, key), (*self.new, key))

    def item(self, shown: str, old: int | None, new: int | None) -> _Place:
        """Return the place of an item of two lists."""
        return _Place(
            f"{self.shown}[{shown}]",
            () if old is None else (*self.old, old),
            () if new is None else (*self.new, new),
        )

    def found(self, old: PlanSide, new: PlanSide) -> FieldDifference:
        """Say that two values differ here."""
        return FieldDifference(
            FieldChange(self.shown, old, new), () if old is ABSENT else self.old, () if new is ABSENT else self.new
        )


_ROOT: Final = _Place("", (), ())


def _maps(old: JsonObject, new: JsonObject, place: _Place) -> Iterator[FieldDifference]:
    for key in (*new, *(key for key in old if key not in new)):
        left, right = old.get(key, ABSENT), new.get(key, ABSENT)
        if not _is_equal(left, right):
            yield from _sides(left, right, place.below(key))


def _is_equal(old: PlanSide, new: PlanSide) -> bool:
    """Whether two sides are the same; most are, and are told at once from those that differ."""
    return old == new and (old.__class__ is str or (old is not ABSENT and new is not ABSENT and is_same(old, new)))


def _sides(old: PlanSide, new: PlanSide, place: _Place) -> Iterator[FieldDifference]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _maps(old, new, place)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(old, new, place)
    elif old is ABSENT or new is ABSENT or not is_same(old, new):
        yield place.found(old, new)


def _lists(old: JsonArray, new: JsonArray, place: _Place) -> Iterator[FieldDifference]:
    if is_same(old, new):
        return
    field = place.new[-1] if place.new else ""
    before, after = (_indexed(items, partial(_merge_key, field)) for items in (old, new))
    if before is None or after is None:
        before, after = (_indexed(items, _identity) for items in (old, new))
        if before is not None and after is not None and before.keys().isdisjoint(after):
            before = None  # one thing in place of another, and no two
    if before is not None and after is not None:
        yield from _keyed(before, after, place)
    elif max(len(old), len(new)) <= _LONGEST:
        yield from _items(old, new, place)
    elif len(old) == len(new):
        for index, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from _sides(left, right, place.below(index))
    else:
        yield place.found(old, new)


_Items: TypeAlias = Mapping[ItemKey, tuple[int, JsonValue]]
# What items of a list say of themselves where no schema gives them keys: health checks, destinations, allowed kinds.
_IDENTITY: Final = ("group", "kind", "server", "namespace", "name")
_NAMED: Final = frozenset({"kind", "server", "name"})


def _indexed(items: JsonArray, key_of: Callable[[JsonValue], ItemKey | None]) -> _Items | None:
    """Index the items of a list; None where one has no key, or where a key stands twice."""
    found: dict[ItemKey, tuple[int, JsonValue]] = {}
    for index, item in enumerate(items):
        key = key_of(item)
        if key is None or any(isinstance(part, dict | list) for part in key) or key in found:
            return None
        found[key] = (index, item)
    return found


def _merge_key(field: str | int, item: JsonValue) -> ItemKey | None:
    return item_key(field, item) if isinstance(field, str) else None


def _identity(item: JsonValue) -> ItemKey | None:
    if not isinstance(item, dict) or _NAMED.isdisjoint(item):
        return None
    return tuple(item[word] for word in _IDENTITY if word in item)


def _keyed(old: _Items, new: _Items, place: _Place) -> Iterator[FieldDifference]:
    for key in (*new, *(key for key in old if key not in new)):
        before, left = old.get(key, (None, ABSENT))
        after, right = new.get(key, (None, ABSENT))
        if not _is_equal(left, right):
            yield from _sides(left, right, place.item("/".join(map(str, key)), before, after))
    if [key for key in old if key in new] != [key for key in new if key in old]:
        ordered = place._replace(shown=f"{place.shown} (order)")
        yield ordered.found(_names(old), _names(new))


def _names(items: _Items) -> JsonValue:
    return ["/".join(map(str, key)) for key in items]


def _items(old: JsonArray, new: JsonArray, place: _Place) -> Iterator[FieldDifference]:
    """Find the items that come and go; of those that go the place before, of those that come the place after."""
    left, right = ([json.dumps(item, sort_keys=True) for item in items] for items in (old, new))
    for old_from, old_to, new_from, new_to in _unequal(left, right):
        pairs = min(old_to - old_from, new_to - new_from)
        for step in range(pairs):
            before, after = old_from + step, new_from + step
            yield from _sides(old[before], new[after], place.item(str(after), before, after))
        for index in range(old_from + pairs, old_to):
            yield place.item(str(index), index, None).found(old[index], ABSENT)
        for index in range(new_from + pairs, new_to):
            yield place.item(str(index), None, index).found(ABSENT, new[index])


def _unequal(left: list[str], right: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """Yield the stretches that differ, the same ones for the way back: difflib alone answers by which comes first."""
    from difflib import SequenceMatcher  # noqa: PLC0415 - few changes need it

    if left > right:
        for new_from, new_to, old_from, old_to in _unequal(right, left):
            yield old_from, old_to, new_from, new_to
        return
    for tag, *places in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag != "equal":
            old_from, old_to, new_from, new_to = places
            yield old_from, old_to, new_from, new_to


def _blank(value: PlanSide) -> PlanSide:
    return value if value is ABSENT else HIDDEN
