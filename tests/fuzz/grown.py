"""A JSON Schema and a source of chance in; a value that mostly obeys the schema out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.repository import packaged_data

_DEEPEST: Final = 7
_WORDS: Final = ("a", "b", "ml", "kserve-container", "x.example.com/y", "nvidia.com/gpu", "1", "8Gi", "0.5", "GPU")


@cache
def schema_of(path: str) -> JsonObject:
    """Read a schema below `schemas/`."""
    read: JsonObject = json.loads((packaged_data() / "schemas" / Path(path)).read_bytes())
    return read


class Grower:
    """Grows values of one schema."""

    def __init__(self, schema: JsonObject) -> None:
        self._schema = schema
        self._definitions = mapping(schema.get("definitions"))

    def grow(self, random: Random, path: tuple[str, ...] = (), deepest: int = _DEEPEST) -> JsonValue:
        """Grow a value of the part of the schema that lies under some properties; `*` stands for any key."""
        part = self._schema
        for step in path:
            part = self._resolved(part)
            below = mapping(part.get("properties")).get(step)
            part = mapping(below if below is not None else part.get("additionalProperties"))
        return self._grow(part, random, deepest)

    def _resolved(self, part: JsonObject) -> JsonObject:
        for _ in range(8):
            reference = text(part.get("$ref"))
            if not reference:
                break
            part = mapping(self._definitions.get(reference.rpartition("/")[2]))
        return part

    def _grow(self, part: JsonObject, random: Random, depth: int) -> JsonValue:
        part = self._resolved(part)
        if "const" in part:
            return part["const"]
        if choices := sequence(part.get("enum")):
            return random.choice(choices)
        for word in ("anyOf", "oneOf"):
            if branches := sequence(part.get(word)):
                return self._grow({**mapping(random.choice(branches)), **_shallow(part)}, random, depth)
        return self._of_kind(part, random, depth)

    def _of_kind(self, part: JsonObject, random: Random, depth: int) -> JsonValue:
        kind = part.get("type")
        if isinstance(kind, list):
            kind = random.choice(kind)
        if kind is None:
            kind = "object" if "properties" in part else "array" if "items" in part else "string"
        if kind == "object":
            return self._map(part, random, depth)
        if kind == "array":
            items = mapping(part.get("items"))
            return [self._grow(items, random, depth - 1) for _ in range(random.choice((0, 1, 1, 2)))] if depth else []
        return _scalar(text(kind), part, random)

    def _map(self, part: JsonObject, random: Random, depth: int) -> JsonObject:
        if not depth:
            return {}
        properties, needed = mapping(part.get("properties")), sequence(part.get("required"))
        others = [name for name in properties if name not in needed]
        wanted = [*map(text, needed), *random.sample(others, min(len(others), random.choice((0, 1, 2, 3))))]
        found: JsonObject = {name: self._grow(mapping(properties.get(name)), random, depth - 1) for name in wanted}
        more = part.get("additionalProperties")
        if isinstance(more, dict):
            for _ in range(random.choice((0, 1, 2))):
                found[random.choice(_WORDS)] = self._grow(more, random, depth - 1)
        return found


def _shallow(part: Mapping[str, JsonValue]) -> JsonObject:
    return {word: part[word] for word in ("pattern", "minimum", "maximum") if word in part}


def _scalar(kind: str, part: JsonObject, random: Random) -> JsonValue:
    if kind == "integer":
        return random.choice((0, 1, 2, 7, 8, 80, 8080, 100))
    if kind == "number":
        return random.choice((0, 0.5, 1, 2.5, 100))
    if kind == "boolean":
        return random.random() < 0.5
    if kind == "null":
        return None
    if "://" in text(part.get("pattern")):
        return random.choice(("hf://org/m", "s3://b/x", "pvc://c/p", "https://h.example.com/m.tar.gz"))
    return random.choice(_WORDS)
