"""The last touch on a built object: the environment's URIs and images, canonical quantities, one order of keys.

A GitOps tool compares Git with what the API server stores. The server re-marshals quantities (`1000m` becomes `1`), so
a quantity must already stand as the server would write it, or the object is out of sync for ever.
"""

from __future__ import annotations

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.quantity import canonical
from kservegen.formats.jsonschema.shape import QUANTITY_FORMAT, QuantityShape
from kservegen.render.objects.settings import Settings

# Fields that hold the URI of an artefact, wherever they stand in an object of the catalog.
URI_FIELDS = frozenset({"storageUri", "uri", "sourceModelUri"})

_FIRST = ("name", "namespace")


def finish(doc: JsonObject, settings: Settings, quantities: QuantityShape | None) -> JsonObject:
    """Return the finished object: a new map, keys in order; nothing of `doc` is changed."""
    return {
        key: _finish_map(value, settings, quantities.get(key) if quantities else None)
        if key == "spec" and isinstance(value, dict)
        else order(value)
        for key, value in doc.items()
    }


def canonical_form(doc: JsonObject, quantities: QuantityShape) -> JsonObject:
    """Return a document with its quantities as the API server writes them and its keys in order, otherwise as it is."""
    return {key: _canonical_value(doc[key], quantities.get(key)) for key in _ordered_keys(doc)}


def _canonical_value(value: JsonValue, shape: QuantityShape | None) -> JsonValue:
    if shape is QUANTITY_FORMAT:
        return _canonical(value)
    if isinstance(value, dict):
        below = shape or {}
        return {key: _canonical_value(value[key], below.get(key) or below.get("*")) for key in _ordered_keys(value)}
    if isinstance(value, list):
        return [_canonical_value(item, shape) for item in value]
    return value


def order(value: JsonValue) -> JsonValue:
    """Return a copy of `value` whose maps have their keys in order: name and namespace first, the rest by alphabet."""
    if isinstance(value, dict):
        return {key: order(value[key]) for key in _ordered_keys(value)}
    if isinstance(value, list):
        return [order(item) for item in value]
    return value


def _ordered_keys(value: JsonObject) -> list[str]:
    keys = sorted(value)
    if "name" in value:
        return [key for key in _FIRST if key in value] + [key for key in keys if key not in _FIRST]
    return keys


def _finish_map(value: JsonObject, settings: Settings, shape: QuantityShape | None) -> JsonObject:
    out: JsonObject = {}
    for key in _ordered_keys(value):
        item = value[key]
        kind = item.__class__
        below = shape.get(key) or shape.get("*") if shape else None
        if below is QUANTITY_FORMAT:
            out[key] = _canonical(item)
        elif kind is dict:
            out[key] = _finish_map(item, settings, below)  # type: ignore[arg-type]
        elif kind is list:
            out[key] = [_finish_item(element, settings, below) for element in item]  # type: ignore[union-attr]
        elif kind is str and key in URI_FIELDS:
            out[key] = settings.rewrite_uri(item)  # type: ignore[arg-type]
        elif kind is str and key == "image":
            out[key] = settings.images.rewrite(item)  # type: ignore[arg-type]
        else:
            out[key] = item
    if out.get("name") == "STORAGE_URI" and isinstance(out.get("value"), str):
        out["value"] = settings.rewrite_uri(str(out["value"]))  # how a custom container names its artefact
    return out


def _canonical(value: JsonValue) -> JsonValue:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    try:
        return canonical(value)
    except ValueError:
        return value  # no quantity: the checks have a finding for it


def _finish_item(item: JsonValue, settings: Settings, shape: QuantityShape | None) -> JsonValue:
    if isinstance(item, dict):
        return _finish_map(item, settings, shape)
    if isinstance(item, list):
        return [_finish_item(element, settings, shape) for element in item]
    return item
