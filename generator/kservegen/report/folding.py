"""The same change of many objects in; one change out, which says what they have in common."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from enum import Enum
from itertools import takewhile
from typing import Final, TypeVar, cast

from msgspec import Struct
from msgspec.structs import fields, replace

from kservegen.changes.plan.model import FieldChange
from kservegen.core.patterns import lazy_pattern

LEAST: Final = 3  # so many are folded: fewer are read faster one by one
EACH: Final = "ENV"  # stands for the name of each of several environments
_T = TypeVar("_T")
_SLASH: Final = lazy_pattern(r"(?<![:/])/(?!/)")


def fold_key(field: FieldChange) -> Hashable:
    """Return what is equal for changes that are alike: the same values, or the same text before an equal rest."""
    return repr(_without_rest(field))


def folded_field(fields: Sequence[FieldChange]) -> FieldChange:
    """Write changes that are alike as one: what differs between them, behind a slash, as an ellipsis."""
    first = fields[0]
    return first if all(field == first for field in fields) else _without_rest(first)


def _without_rest(field: FieldChange) -> FieldChange:
    """Cut the rest that both values end with off, from a slash on: of s3://a/x -> s3://b/x it leaves s3://a -> s3://b."""
    old, new = field.old, field.new
    if not isinstance(old, str) or not isinstance(new, str):
        return field
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(reversed(old), reversed(new), strict=False))
    same = sum(1 for _ in pairs)
    found = _SLASH.search(old, len(old) - same)
    if found is None or not found.start():
        return field
    rest = len(old) - found.start()
    return field._replace(old=f"{old[:-rest]}/…", new=f"{new[:-rest]}/…")


def without_name(value: _T, name: str) -> _T:
    """Write `ENV` for the name of an environment, wherever it stands as a word of its own in the texts of a value."""
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])")
    return cast(_T, _rewritten(value, word))


def _rewritten(value: object, word: re.Pattern[str]) -> object:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return word.sub(EACH, value)
    if isinstance(value, Struct):
        return replace(value, **{each.name: _rewritten(getattr(value, each.name), word) for each in fields(value)})
    if isinstance(value, tuple):
        items = tuple(_rewritten(item, word) for item in value)
        named = getattr(value, "_make", None)
        return items if named is None else named(items)
    if isinstance(value, list):
        return [_rewritten(item, word) for item in value]
    if isinstance(value, dict):
        return {_rewritten(key, word): _rewritten(item, word) for key, item in value.items()}
    return value
