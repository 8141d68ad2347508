"""Careful looks into plain documents: any value in, the shape that was hoped for out, empty where it is another.

Checks read objects that may be odd in any way; with these, a wrong shape is no finding of theirs and never a crash.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from msgspec.json import encode

from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path

# Handed out instead of what is not there; nobody writes to a document he was handed.
_NO_MAP: Final[JsonObject] = {}
_NO_LIST: Final[JsonArray] = []


def mapping(value: JsonValue) -> JsonObject:
    """Return the map, or an empty one that must not be changed."""
    return value if isinstance(value, dict) else _NO_MAP


def sequence(value: JsonValue) -> JsonArray:
    """Return the list, or an empty one that must not be changed."""
    return value if isinstance(value, list) else _NO_LIST


def text(value: JsonValue) -> str:
    """Return the string, or an empty one."""
    return value if isinstance(value, str) else ""


def integer(value: JsonValue) -> int | None:
    """Return the integer, or None; a boolean is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def child(value: JsonValue, part: str | int) -> JsonValue:
    """Return what stands in a map under a key, or in a list at a place; None where there is nothing."""
    if isinstance(value, dict) and isinstance(part, str):
        return value.get(part)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


def value_at(value: JsonValue, path: Path) -> JsonValue:
    """Return what stands at a path; None where there is nothing."""
    for part in path:  # most are fields of maps, and a call for each costs more than the look
        value = value.get(part) if isinstance(value, dict) and isinstance(part, str) else child(value, part)
    return value


def as_json(value: JsonValue) -> str:
    """Return a value as JSON: at a tenth of the price where nothing in it is null, or would be written so."""
    try:
        written = encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        written = "null"
    return json.dumps(value) if "null" in written else written


def nested(path: Path, value: JsonValue) -> JsonValue:
    """Return maps, and lists of one item, in which `value_at` finds a value at a path."""
    for part in reversed(path):
        value = [value] if isinstance(part, int) else {part: value}
    return value


def texts_in(value: JsonValue) -> list[str]:
    """List the texts in a value, however deep; keys are none."""
    found: list[str] = []
    _add_texts([value], found)
    return found


def _add_texts(items: Iterable[JsonValue], found: list[str]) -> None:
    for item in items:
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            _add_texts(item.values(), found)
        elif isinstance(item, list):
            _add_texts(item, found)
