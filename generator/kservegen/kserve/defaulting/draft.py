"""Changing a document without touching the original: a document in, one that shares all that stayed the same out."""

from __future__ import annotations

from kservegen.core.document import sequence
from kservegen.core.jsontypes import JsonObject, JsonValue


class CopyOnWrite:
    """A document and the maps in it that are ours to change; what nobody edits is never copied.

    What is no map where one is edited becomes one: an object of such a shape is refused before anybody looks at it.
    """

    __slots__ = ("_own", "doc")

    def __init__(self, doc: JsonObject) -> None:
        self.doc = doc
        # By identity; the values keep the copies alive, so that no other object can take an identity of theirs.
        self._own: dict[int, JsonObject] = {}

    def edit(self, *keys: str) -> JsonObject:
        """Return the map behind `keys` to write into; maps that are missing on the way are made."""
        self.doc = self._map(self.doc)
        return self.edit_in(self.doc, *keys)

    def edit_in(self, own: JsonObject, *keys: str) -> JsonObject:
        """Return the map behind `keys` of one that was handed out before."""
        for key in keys:
            inner = self._map(own.get(key))
            own[key] = inner
            own = inner
        return own

    def edit_first(self, own: JsonObject, key: str) -> JsonObject:
        """Return the first item of a list, which must have one, of a map that was handed out before."""
        first, *others = sequence(own.get(key))
        mine = self._map(first)
        own[key] = [mine, *others]
        return mine

    def _map(self, value: JsonValue) -> JsonObject:
        known = self._own.get(id(value))
        if known is not None:
            return known
        copy = dict(value) if isinstance(value, dict) else {}
        self._own[id(copy)] = copy
        return copy
