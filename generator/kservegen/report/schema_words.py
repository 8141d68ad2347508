"""What the JSON Schemas of the report are put together from."""

from __future__ import annotations

from typing import Final

from kservegen.core.jsontypes import JsonObject, JsonValue

TEXT: Final[JsonObject] = {"type": "string"}
TEXTS: Final[JsonObject] = {"type": "array", "items": TEXT}
COUNT: Final[JsonObject] = {"type": "integer", "minimum": 0}
FLAG: Final[JsonObject] = {"type": "boolean"}
# The properties of a position in a file.
PLACE: Final[JsonObject] = {
    "file": {"type": "string", "description": "Path relative to the root, with forward slashes."},
    "line": {"type": "integer", "minimum": 1},
    "column": {"type": "integer", "minimum": 1},
}


def closed(properties: JsonObject, optional: tuple[str, ...] = ()) -> JsonObject:
    """Describe a map of these properties and no others, each there unless it is optional."""
    required: JsonValue = [name for name in properties if name not in optional]
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": required}


def list_of(items: JsonObject) -> JsonObject:
    """Describe a list."""
    return {"type": "array", "items": items}


def nullable(schema: JsonObject) -> JsonObject:
    """Let a value be null, too."""
    return {"anyOf": [schema, {"type": "null"}]}
