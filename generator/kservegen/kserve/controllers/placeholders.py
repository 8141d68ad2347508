"""Placeholders of runtimes: a container with `{{.Name}}` in its texts and an object's metadata in, both filled out.

As isvcutils.ReplacePlaceholders does it: the container's JSON is executed as a Go template on ObjectMeta. A key that a
map lacks is empty text.
"""

from __future__ import annotations

import json
import re
from operator import is_
from typing import Final

from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern

_ACTION: Final = lazy_pattern(r"\{\{(-?\s*)(?:\$?\.([A-Za-z]+)(?:\.(\w+))?)(\s*-?)\}\}")
_PLAIN: Final = {
    "Name": "name",
    "GenerateName": "generateName",
    "Namespace": "namespace",
    "SelfLink": "selfLink",
    "UID": "uid",
    "ResourceVersion": "resourceVersion",
    "Generation": "generation",
}
_MAPS: Final = {"Labels": "labels", "Annotations": "annotations"}


class PlaceholderError(Exception):
    """A text that cannot be filled."""


def fill_placeholders(container: JsonObject, metadata: JsonObject) -> JsonObject:
    """Fill every text of a container; PlaceholderError where the template, or the JSON that it makes, is broken."""
    filled = _filled(container, metadata)
    return filled if isinstance(filled, dict) else container


def _filled(value: JsonValue, metadata: JsonObject) -> JsonValue:
    """Fill a value; one that has no placeholder is returned itself."""
    if isinstance(value, str):
        return _text(value, metadata) if "{{" in value else value
    if isinstance(value, dict):
        changed: JsonObject = {}
        for key, item in value.items():
            if (filled := _filled(item, metadata)) is not item:
                changed[key] = filled
        return {**value, **changed} if changed else value
    if isinstance(value, list):
        items = [_filled(item, metadata) for item in value]
        return value if all(map(is_, items, value)) else items
    return value


def _text(value: str, metadata: JsonObject) -> str:
    filled = _ACTION.sub(lambda match: _field(match, metadata), json.dumps(value, ensure_ascii=False))
    if "{{" in filled:
        raise PlaceholderError(value)
    try:
        text = json.loads(filled)
    except ValueError as problem:
        raise PlaceholderError(value) from problem
    return str(text)


def _field(match: re.Match[str], metadata: JsonObject) -> str:
    field, key = match[2], match[3]
    if field in _PLAIN and key is None:
        default: JsonValue = 0 if field == "Generation" else ""
        return str(metadata.get(_PLAIN[field], default))
    if field in _MAPS and key is not None:
        return str(mapping(metadata.get(_MAPS[field])).get(key, ""))
    raise PlaceholderError(match[0])
