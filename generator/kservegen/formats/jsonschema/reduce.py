"""A schema and the fields of what it is to validate in; a small schema with the same verdict on those documents out.

Compiling takes as long as a schema is large, and most of a large one is about fields that the document does not have.
What a schema says of a field that stands nowhere cannot decide anything, nor can a definition that is no longer used.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from kservegen.core.jsontypes import JsonObject, JsonValue

_DEFINITIONS: Final = "definitions"
_PREFIX: Final = f"#/{_DEFINITIONS}/"
# Words of a schema that hold plain data, which may look like a schema.
_DATA: Final = frozenset({"const", "default", "enum", "examples"})
# Words that decide nothing.
_TEXTS: Final = frozenset({"description", "title"})


def reduced(schema: JsonObject, fields: AbstractSet[str]) -> JsonObject:
    """Keep of a schema what can decide about documents that have no other `fields` anywhere, with their definitions.

    References are those of a compiled schema, `#/definitions/<name>`.
    """
    definitions = schema.get(_DEFINITIONS)
    reduction = _Reduction(definitions if isinstance(definitions, dict) else {}, fields)
    kept = reduction.of({word: value for word, value in schema.items() if word != _DEFINITIONS})
    return {**kept, _DEFINITIONS: reduction.definitions()}


def keys_in(document: JsonValue) -> set[str]:
    """Collect the names of all fields of a document, at any depth; of a schema, those that it has words for, too."""
    found: set[str] = set()
    open_ends = [document]
    while open_ends:
        value = open_ends.pop()
        if isinstance(value, dict):
            found.update(value)
            open_ends += [item for item in value.values() if isinstance(item, (dict, list))]
        elif isinstance(value, list):
            open_ends += [item for item in value if isinstance(item, (dict, list))]
    return found


class _Reduction:
    """One walk over a schema that remembers which definitions were referred to on the way."""

    def __init__(self, definitions: JsonObject, fields: AbstractSet[str]) -> None:
        self._definitions = definitions
        self._fields = fields
        self._wanted: list[str] = []
        self._done: JsonObject = {}

    def definitions(self) -> JsonObject:
        """Reduce the definitions that were referred to, and those that they refer to."""
        while self._wanted:
            name = self._wanted.pop()
            if name not in self._done and isinstance(definition := self._definitions.get(name), dict):
                self._done[name] = self.of(definition)
        return self._done

    def of(self, schema: JsonObject) -> JsonObject:
        """Reduce one schema."""
        kept: JsonObject = {}
        for word, value in schema.items():
            if word == "properties" and isinstance(value, dict):
                kept[word] = {name: self._value(item) for name, item in value.items() if name in self._fields}
            elif word in _DATA:
                kept[word] = value
            elif word not in _TEXTS:
                kept[word] = self._value(value)
            if word == "$ref" and isinstance(value, str):
                self._wanted.append(value.removeprefix(_PREFIX))
        return kept

    def _value(self, value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            return self.of(value)
        if isinstance(value, list):
            return [self._value(item) for item in value]
        return value
