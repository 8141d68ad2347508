"""A document and its kind's shape in; the document with the schema's defaults in, as the API server stores it, out.

What the server does to a custom resource while it reads it, and again behind each mutating webhook
(k8s.io/apiextensions-apiserver pkg/apiserver/schema/defaulting): a null that the schema neither calls nullable nor has
a default for is dropped, list items excepted; then every absent field with a default gets it, and so does every null
that is not nullable, item of a list or entry of a map. A default that is put in may have defaults of its own below it.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Final

from msgspec.json import encode

from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue
from kservegen.formats.jsonschema.marks import Marks
from kservegen.formats.jsonschema.shape import Defaults, Shape, is_nullable

_CONTAINERS: Final = (dict, list)


def apply_defaults(document: JsonObject, shape: Shape) -> JsonObject:
    """Return the document with its schema's defaults; parts that nothing changes are shared, never written to."""
    pruned = _without_nulls(document, shape.schema, shape) if _holds_null(document) else document
    filled = _filled(pruned, shape.defaults)
    return filled if isinstance(filled, dict) else document


def _holds_null(document: JsonObject) -> bool:
    try:
        return b"null" in encode(document) and _has_null(document)
    except (TypeError, ValueError, RecursionError):  # what is no JSON is looked through
        return _has_null(document)


def _has_null(value: JsonObject | JsonArray) -> bool:
    for item in value.values() if isinstance(value, dict) else value:
        if item is None or (isinstance(item, dict | list) and _has_null(item)):
            return True
    return False


def _without_nulls(value: JsonValue, node: JsonObject, shape: Shape) -> JsonValue:
    """Drop nulls that may not stand; what the schema does not describe is not looked at."""
    if isinstance(value, list):
        items = shape.step(node, 0)
        return value if items is None else [_without_nulls(item, items, shape) for item in value]
    if not isinstance(value, dict):
        return value
    out: JsonObject = {}
    for key, item in value.items():
        below = shape.step(node, key)
        if below is None:
            out[key] = item
        elif item is not None or is_nullable(below) or below.get("default") is not None:
            out[key] = _without_nulls(item, below, shape)
    return out


def _filled(value: JsonValue, marks: Marks[Defaults]) -> JsonValue:
    if isinstance(value, dict):
        return _filled_map(value, marks)
    if isinstance(value, list):
        changed = _changes(value, marks)
        return [changed.get(index, item) for index, item in enumerate(value)] if changed else value
    return value


def _filled_map(value: JsonObject, marks: Marks[Defaults]) -> JsonObject:
    added: JsonObject = {}
    for name, default, nullable in marks.own.fields if marks.own is not None else ():
        if name not in value or (value[name] is None and not nullable):
            added[name] = deepcopy(default)
    whole = {**value, **added} if added else value
    changed = _changes(whole, marks)
    return {**whole, **{str(name): new for name, new in changed.items()}} if changed else whole


def _changes(value: JsonObject | JsonArray, marks: Marks[Defaults]) -> dict[str | int, JsonValue]:
    """Say which parts of a map or list become something else, and what."""
    changed: dict[str | int, JsonValue] = {}
    fields, each = marks.fields, marks.each
    instead = marks.own.each if marks.own is not None else None
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if item is None and instead is not None:
            default = deepcopy(instead)
            changed[key] = _filled(default, each) if each is not None else default
        elif item.__class__ in _CONTAINERS:
            below = fields.get(key, each) if isinstance(key, str) else each
            if below is not None and (new := _filled(item, below)) is not item:
                changed[key] = new
    return changed
