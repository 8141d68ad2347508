"""A CustomResourceDefinition in; why the API server would not take it out, as far as schemas are made of that.

The law is that of apiextensions.k8s.io/v1 (apiextensions-apiserver, pkg/apiserver/schema): a schema is structural, so
that every field is said outside of `allOf`, `anyOf`, `oneOf` and `not`, with its type.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.core.names import subdomain_error
from kservegen.core.patterns import lazy_pattern

_TYPES: Final = ("object", "array", "string", "integer", "number", "boolean")
_INT_OR_STRING: Final = "x-kubernetes-int-or-string"
_ANYTHING: Final = "x-kubernetes-preserve-unknown-fields"
_FORBIDDEN: Final = ("$ref", "definitions", "dependencies", "patternProperties", "additionalItems", "id")
_JUNCTIONS: Final = ("allOf", "anyOf", "oneOf")
_KIND: Final = lazy_pattern(r"[A-Z][A-Za-z0-9]*\Z")
_VERSION: Final = lazy_pattern(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?\Z")
_NUMBERS: Final = ("minimum", "maximum", "multipleOf")
_SIZES: Final = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")


def definition_problems(doc: JsonObject) -> Iterator[str]:
    """Say what is wrong with a definition, each with its place; nothing where schemas can be made of it."""
    spec = mapping(doc.get("spec"))
    if reason := subdomain_error(text(spec.get("group"))):
        yield f"spec.group is no API group: {reason}"
    if not _KIND.match(text(mapping(spec.get("names")).get("kind"))):
        yield "spec.names.kind is no name of a kind, such as Widget"
    if spec.get("scope") not in {"Namespaced", "Cluster"}:
        yield "spec.scope is neither Namespaced nor Cluster"
    versions = spec.get("versions")
    if not isinstance(versions, list) or not versions:
        yield "spec.versions lists no version"
    names: set[str] = set()
    for index, entry in enumerate(map(mapping, sequence(versions))):
        place: Path = ("spec", "versions", index)
        name = text(entry.get("name"))
        if not _VERSION.match(name):
            yield f"{format_path((*place, 'name'))} is no name of a version, such as v1"
        elif name in names:
            yield f"{format_path(place)} is {name} a second time"
        names.add(name)
        schema = mapping(entry.get("schema")).get("openAPIV3Schema")
        if not isinstance(schema, dict):
            yield f"{format_path((*place, 'schema', 'openAPIV3Schema'))} holds no schema"
        elif schema.get("type") != "object":
            yield f"{format_path((*place, 'schema', 'openAPIV3Schema', 'type'))} is not object"
        else:
            yield from _schema(schema, (*place, "schema", "openAPIV3Schema"))


def _schema(node: JsonObject, path: Path) -> Iterator[str]:
    """Check a schema that fields are said by."""
    kind = node.get("type")
    if kind is None and not (node.get(_INT_OR_STRING) is True or node.get(_ANYTHING) is True):
        yield f"{format_path(path)} says no type"
    yield from _keywords(node, path)
    if "properties" in node and isinstance(node.get("additionalProperties"), dict):
        yield f"{format_path(path)} has properties and additionalProperties, which exclude each other"
    if kind == "array" and not isinstance(node.get("items"), dict):
        yield f"{format_path(path)} is an array that says no schema of its items"
    for below, field in _fields(node, path):
        if isinstance(field, dict):
            yield from _schema(field, below)
        else:
            yield f"{format_path(below)} is no schema"
    for below, part in _parts(node, path):
        yield from _part(part, below) if isinstance(part, dict) else (f"{format_path(below)} is no schema",)


def _part(node: JsonObject, path: Path) -> Iterator[str]:
    """Check a schema of a junction, which says of fields that are said already what holds for them."""
    yield from _keywords(node, path)
    if isinstance(node.get("additionalProperties"), dict):
        yield f"{format_path(path)} has additionalProperties, which may not stand below a junction"
    for below, part in (*_fields(node, path), *_parts(node, path)):
        yield from _part(part, below) if isinstance(part, dict) else (f"{format_path(below)} is no schema",)


def _fields(node: JsonObject, path: Path) -> Iterator[tuple[Path, JsonValue]]:
    for name, field in mapping(node.get("properties")).items():
        yield (*path, "properties", name), field
    if "items" in node:
        yield (*path, "items"), node["items"]
    if not isinstance(node.get("additionalProperties", False), bool):
        yield (*path, "additionalProperties"), node["additionalProperties"]


def _parts(node: JsonObject, path: Path) -> Iterator[tuple[Path, JsonValue]]:
    for word in _JUNCTIONS:
        for index, part in enumerate(sequence(node.get(word))):
            yield (*path, word, index), part
    if "not" in node:
        yield (*path, "not"), node["not"]


def _keywords(node: JsonObject, path: Path) -> Iterator[str]:
    """Check what each keyword holds."""
    wrong: list[tuple[str, str]] = [(word, "may not stand in a definition") for word in _FORBIDDEN if word in node]
    kind = node.get("type")
    if kind is not None and kind not in _TYPES:
        wrong.append(("type", f"is none of {', '.join(_TYPES)}"))
    if "properties" in node and not isinstance(node["properties"], dict):
        wrong.append(("properties", "is no map"))
    wrong += [(word, "is no list") for word in _JUNCTIONS if word in node and not isinstance(node[word], list)]
    required = node.get("required")
    if required is not None and not (isinstance(required, list) and all(isinstance(name, str) for name in required)):
        wrong.append(("required", "is no list of names"))
    if "enum" in node and not isinstance(node["enum"], list):
        wrong.append(("enum", "is no list"))
    wrong += [(word, "is no number") for word in _NUMBERS if word in node and not _is_number(node[word])]
    wrong += [(word, "is no whole number from 0") for word in _SIZES if word in node and not _is_size(node[word])]
    if "pattern" in node and not isinstance(node["pattern"], str):
        wrong.append(("pattern", "is no text"))
    yield from (f"{format_path((*path, word))} {why}" for word, why in wrong)


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_size(value: JsonValue) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
