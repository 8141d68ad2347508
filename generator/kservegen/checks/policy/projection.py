"""Which fields of a document matter in; a key that is equal where they are, or the document cut to them, out.

A `DocumentPart` is a tree of fields. At a scalar it always stands for the scalar itself; at a map or list for no more
than its kind, unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Final

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.cel.engine import wire
from kservegen.formats.regexp import RegexpError, regexp_matches

_MAP: Final = 0
_LIST: Final = 1
_CLOSED: Final = (_LIST, "...")


class DocumentPart:
    """What of a value matters: `whole`, or its kind with some `fields`, all `values` of a map, all `items` of a list.

    `values` stands for the keys, too, of which `keys` stands for nothing but them; `items` for the length. `matching`
    are values whose keys match a pattern, by that pattern.
    """

    __slots__ = ("fields", "items", "keys", "matching", "values", "whole")

    def __init__(self) -> None:
        self.fields: dict[str, DocumentPart] = {}
        self.keys = False
        self.matching: dict[str, DocumentPart] = {}
        self.items: DocumentPart | None = None
        self.values: DocumentPart | None = None
        self.whole = False

    def field(self, name: str) -> DocumentPart:
        """Let a field matter, or that it is absent."""
        known = self.fields.get(name)
        if known is None:
            known = self.fields[name] = DocumentPart()
        return known

    def every_item(self) -> DocumentPart:
        """Let all items of a list matter."""
        if self.items is None:
            self.items = DocumentPart()
        return self.items

    def values_under(self, pattern: str) -> DocumentPart:
        """Let the values matter whose keys match a pattern of CEL, and those keys."""
        known = self.matching.get(pattern)
        if known is None:
            known = self.matching[pattern] = DocumentPart()
        return known

    def every_value(self) -> DocumentPart:
        """Let all keys and values of a map matter."""
        if self.values is None:
            self.values = DocumentPart()
        return self.values

    def merge(self, other: DocumentPart) -> None:
        """Let everything matter that matters to another, too."""
        self.whole = self.whole or other.whole
        self.keys = self.keys or other.keys
        for pattern, below in other.matching.items():
            self.values_under(pattern).merge(below)
        for name, below in other.fields.items():
            self.field(name).merge(below)
        if other.items is not None:
            self.every_item().merge(other.items)
        if other.values is not None:
            self.every_value().merge(other.values)


def projection_key(part: DocumentPart, value: JsonValue) -> Hashable:
    """Return what matters of a value, such that equal keys mean equal parts; 1, 1.0 and true differ.

    Equal maps whose fields stand in another order have other keys: that costs a comparison, not a verdict.
    """
    if value.__class__ is str:
        return value
    if isinstance(value, dict):
        return _map_key(part, value)
    if isinstance(value, list):
        below = _WHOLE if part.whole else part.items
        return _CLOSED if below is None else (_LIST, *[projection_key(below, item) for item in value])
    return (value.__class__, value)


def _map_key(part: DocumentPart, value: JsonObject) -> Hashable:
    found: list[Hashable] = [_MAP]
    every = _WHOLE if part.whole else part.values
    fields, matching = part.fields, part.matching
    for name, item in value.items():
        below = fields.get(name)
        if below is not None:
            found += (name, item if item.__class__ is str else projection_key(below, item))
        if every is not None:
            found += (name, item if item.__class__ is str else projection_key(every, item))
        if part.keys or matching:
            under = [projection_key(matching[pattern], item) for pattern in matching if _is_under(pattern, name)]
            if under or part.keys:
                found.append((name, *under))
    return tuple(found)


@lru_cache(maxsize=4096)
def _is_under(pattern: str, name: str) -> bool:
    """Whether a key matches as CEL says; under a pattern that is none every value matters."""
    try:
        return regexp_matches(pattern, name)
    except RegexpError:
        return True


def cut(part: DocumentPart, value: JsonValue) -> JsonValue:
    """Return the value without what does not matter, its numbers as the wire has them."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        every = _WHOLE if part.whole else part.values
        if every is not None:
            return {name: cut(every if part.whole else _both(part, name, every), item) for name, item in value.items()}
        if part.keys or part.matching:
            shown = ((name, _shown(part, name), item) for name, item in value.items())
            return {name: cut(below, item) for name, below, item in shown if below is not None}
        fields = part.fields
        return {name: cut(fields[name], item) for name, item in value.items() if name in fields}
    if isinstance(value, list):
        below = _WHOLE if part.whole else part.items
        return [] if below is None else [cut(below, item) for item in value]
    return wire(value)  # type: ignore[return-value]


def _shown(part: DocumentPart, name: str) -> DocumentPart | None:
    """Return what matters of a field by its name and by patterns; None where not even the key does."""
    under = [below for pattern, below in part.matching.items() if _is_under(pattern, name)]
    if name in part.fields:
        under.append(part.fields[name])
    if len(under) > 1:
        return _WHOLE  # all of it, to be plain
    return under[0] if under else _KEY if part.keys else None


def _both(part: DocumentPart, name: str, every: DocumentPart) -> DocumentPart:
    """Return what matters of a field that matters by name and as one of all values: all of it, to be plain."""
    return _WHOLE if name in part.fields else every


_KEY: Final = DocumentPart()  # of the value no more than its kind, or a scalar
_WHOLE: Final = DocumentPart()
_WHOLE.whole = True
