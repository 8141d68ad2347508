"""Compiled schemas of KServe in; copies that let a layer leave anything out or delete it, each under one name, out."""

from __future__ import annotations

import json

from msgspec import Struct, field

from kservegen.catalog.merge import MERGE_KEYS, PATCH
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue

# What a layer need not say, or says for itself.
_DROPPED = frozenset({"required", "default", "const", "description"})


class Definitions(Struct):
    """Relaxed copies of compiled definitions, each under one name."""

    found: JsonObject = field(default_factory=dict)

    def add(self, schema: JsonObject, source: JsonObject, name: str) -> JsonObject:
        """Relax `schema`, whose references point into `source`; `name` tells copies of two kinds apart."""
        return self._relax(schema, source, name, "")

    def _relax(self, schema: JsonObject, source: JsonObject, name: str, field_name: str) -> JsonObject:
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return {"$ref": f"#/definitions/{self._define(reference.rpartition('/')[2], source, name)}"}
        out: JsonObject = {}
        for key, value in schema.items():
            if key in _DROPPED or key.startswith("x-"):
                continue
            if key == "properties" and isinstance(value, dict):
                out[key] = {k: self._relax(mapping(v), source, name, k) for k, v in value.items()}
            elif key == "items" and isinstance(value, dict):
                out[key] = self._patchable(self._relax(value, source, name, ""), field_name)
            elif key == "additionalProperties" and isinstance(value, dict):
                out[key] = self._relax(value, source, name, "")
            elif key == "enum" and isinstance(value, list):
                out[key] = [*value, None]
            elif key == "type":
                out[key] = _nullable(value, quantity="pattern" in schema and "x-kubernetes-int-or-string" in schema)
            else:
                out[key] = value
        return out

    def _patchable(self, items: JsonObject, field_name: str) -> JsonObject:
        """Let an item of a list that merges by key say `$patch: delete`."""
        if field_name not in MERGE_KEYS:
            return items
        target = items
        reference = items.get("$ref")
        if isinstance(reference, str):
            target = mapping(self.found[reference.rpartition("/")[2]])
        properties = target.get("properties")
        if isinstance(properties, dict):
            properties[PATCH] = {"enum": ["delete"]}
        return items

    def _define(self, short: str, source: JsonObject, name: str) -> str:
        original = mapping(mapping(source.get("definitions")).get(short))
        for candidate in (short, f"{name}.{short}"):
            if candidate not in self.found:
                self.found[candidate] = {"x-source": original}  # stands in while the shape may refer to itself
                self.found[candidate] = {**self._relax(original, source, name, ""), "x-source": original}
                return candidate
            if mapping(self.found[candidate]).get("x-source") == original:
                return candidate
        raise AssertionError(f"two shapes called {short} in {name}")

    def finished(self) -> JsonObject:
        """Return the definitions without the working marks."""
        return {
            name: {k: v for k, v in mapping(shape).items() if k != "x-source"} for name, shape in self.found.items()
        }


def share(document: JsonObject) -> JsonObject:
    """Keep one of each group of equal definitions: relaxed, shapes of several kinds and versions are often equal."""
    definitions = mapping(document["definitions"])
    while True:
        kept: dict[str, str] = {}
        instead: dict[str, str] = {}
        for name in sorted(definitions, key=lambda name: (len(name), name)):
            first = kept.setdefault(json.dumps(definitions[name], sort_keys=True), name)
            if first != name:
                instead[name] = first
        if not instead:
            return {**document, "definitions": dict(sorted(definitions.items()))}
        document = mapping(_redirect(document, instead))
        definitions = {k: v for k, v in mapping(document["definitions"]).items() if k not in instead}
        document["definitions"] = definitions


def _redirect(value: JsonValue, instead: dict[str, str]) -> JsonValue:
    if isinstance(value, list):
        return [_redirect(item, instead) for item in value]
    if not isinstance(value, dict):
        return value
    out = {key: _redirect(item, instead) for key, item in value.items()}
    reference = out.get("$ref")
    if isinstance(reference, str):
        prefix, _, name = reference.rpartition("/")
        out["$ref"] = f"{prefix}/{instead.get(name, name)}"
    return out


def _nullable(value: JsonValue, *, quantity: bool) -> JsonValue:
    types = value if isinstance(value, list) else [value]
    types = ["number" if quantity and item == "integer" else item for item in types]
    return [*types, *([] if "null" in types else ["null"])]
