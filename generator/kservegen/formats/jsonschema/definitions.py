"""A CustomResourceDefinition in; for each version that is served, the schema file of its kind out.

Structure only: what describes stays behind. Fields that the API server would drop are refused, as in the schemas that
travel with the package, and each shape that stands twice stands once under `definitions`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.jsonschema.store import KSERVE_GROUP, SCOPE

SCHEMA_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
DESCRIBING: Final = frozenset({"description", "example", "externalDocs", "title", "$schema", "$id"})
_OPEN: Final = "x-kubernetes-preserve-unknown-fields"
_OWN: Final = "x-kservegen-"
_MERGE_KEY: Final = "x-kubernetes-patch-merge-key"
_WRITTEN: Final = f"{_OWN}written"
_REFERENCE: Final = "#/definitions/"
_ROOT: Final = ("apiVersion", "kind", "metadata")
# A shape that is shorter than this stands where it is used.
_WORTH_SHARING: Final = 120
# The first and the last number of a format. No JSON Schema validator looks at formats of numbers, and neither does the
# API server; Go does when it decodes: in webhooks and controllers, and in the server for its own kinds. Beyond int64
# the server reads a number as a float, and refuses that itself.
_ENDS: Final = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_WHOLE: Final = ("integer", ["integer", "null"])


class CompiledKind(NamedTuple):
    """A kind in one version, and its schema."""

    group: str
    version: str
    kind: str
    schema: JsonObject


def with_bounds(node: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Give whole numbers the range that their format has room for, where the schema does not state a narrower one."""
    if isinstance(node, list):
        return [with_bounds(item) for item in node]
    if not isinstance(node, dict):
        return node
    out = {key: with_bounds(value) for key, value in node.items()}
    if out.get("type") in _WHOLE:
        low, high = _ENDS[out.get("format", "int64")]
        out = {**out, "minimum": out.get("minimum", low), "maximum": out.get("maximum", high)}
    return out


def compile_definition(doc: JsonObject, metadata: JsonObject, like: Mapping[str, JsonObject]) -> Iterator[CompiledKind]:
    """Compile each version that is served and not deprecated.

    `metadata` is a schema file whose `metadata` the kind takes over. `like` are schema files by `kind_version`: the
    package's own keywords are taken from the one of the same name, where the fields are the same.
    """
    spec = mapping(doc.get("spec"))
    group, kind = text(spec.get("group")), text(mapping(spec.get("names")).get("kind"))
    for entry in map(mapping, sequence(spec.get("versions"))):
        stated = mapping(entry.get("schema")).get("openAPIV3Schema")
        if entry.get("served") is not True or entry.get("deprecated") is True or not isinstance(stated, dict):
            continue
        version = text(entry.get("name"))
        known = like.get(f"{kind.lower()}_{version}")
        root = mapping(_strict(stated))
        if known is not None:
            root = _marked(root, known, mapping(known.get("definitions")))
        schema = _file(f"{group}/{version}", kind, root, metadata)
        if spec.get("scope") == "Cluster" and group != KSERVE_GROUP:  # of KServe's kinds it is known
            schema = {**schema, SCOPE: "Cluster"}
        yield CompiledKind(group, version, kind, schema)


def expanded(node: JsonObject, definitions: JsonObject) -> JsonObject:
    """Put a definition in the place of its reference; what stands beside the reference counts."""
    while isinstance(reference := node.get("$ref"), str):
        target = mapping(definitions.get(reference.removeprefix(_REFERENCE)))
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def field_names(node: JsonObject, definitions: JsonObject, at: str = "") -> Iterator[str]:
    """Yield the path of every field below a schema, and once more with a mark where it is required."""
    whole = expanded(node, definitions)
    for name, field in mapping(whole.get("properties")).items():
        path = f"{at}.{name}"
        yield path
        yield from field_names(mapping(field), definitions, path)
    yield from (f"{at}.{name}!" for name in map(text, sequence(whole.get("required"))))
    for key in ("items", "additionalProperties"):
        if isinstance(inner := whole.get(key), dict):
            yield from field_names(inner, definitions, f"{at}[]")


def _strict(node: JsonValue) -> JsonValue:
    """Keep what binds, and close every object that the API server prunes."""
    if not isinstance(node, dict):
        return node
    out: JsonObject = {key: value for key, value in node.items() if key not in DESCRIBING}
    if out.get("x-kubernetes-int-or-string") is True:
        out.pop("anyOf", None)
        out["type"] = ["integer", "string"]
        return out
    fields = out.get("properties")
    if isinstance(fields, dict):
        out["properties"] = {name: _strict(field) for name, field in sorted(fields.items())}
    for key in ("items", "additionalProperties"):
        if isinstance(out.get(key), dict):
            out[key] = _strict(out[key])
    if out.get("type") == "object" and "additionalProperties" not in out and out.get(_OPEN) is not True:
        out["additionalProperties"] = False
    return out


def _marked(node: JsonObject, like: JsonObject, definitions: JsonObject) -> JsonObject:
    """Take over what only this package knows of a schema from one with the same fields."""
    model = expanded(like, definitions)
    own = {key: value for key, value in model.items() if key == _MERGE_KEY or key.startswith(_OWN)}
    out: JsonObject = {**node, **own}
    if written := sequence(own.get(_WRITTEN)):
        present = [name for name in written if text(name) in mapping(node.get("properties"))]
        names = sorted({*map(text, sequence(node.get("required"))), *map(text, present)})
        out["required"] = list[JsonValue](names)
    theirs = mapping(model.get("properties"))
    if isinstance(fields := out.get("properties"), dict):
        out["properties"] = {
            name: _marked(mapping(field), mapping(theirs[name]), definitions) if name in theirs else field
            for name, field in fields.items()
        }
    for key in ("items", "additionalProperties"):
        inner, model_inner = out.get(key), model.get(key)
        if isinstance(inner, dict) and isinstance(model_inner, dict):
            out[key] = _marked(inner, model_inner, definitions)
    return out


def _file(api_version: str, kind: str, root: JsonObject, metadata: JsonObject) -> JsonObject:
    fields = mapping(root.get("properties"))
    beside: JsonObject = {name: with_bounds(field) for name, field in fields.items() if name not in (*_ROOT, "status")}
    shared = _Shared(beside)
    properties: JsonObject = {
        "apiVersion": {"const": api_version},
        "kind": {"const": kind},
        "metadata": mapping(metadata.get("properties"))["metadata"],
        **{name: shared.replace(field) for name, field in beside.items()},
    }
    if "status" in fields:
        properties["status"] = {"type": "object", _OPEN: True}
    required = [name for name in map(text, sequence(root.get("required"))) if name in beside]
    rules: JsonObject = {key: root[key] for key in (f"{_OWN}defaulter", "x-kubernetes-validations") if key in root}
    taken = mapping(metadata.get("definitions"))
    definitions = {name: taken[name] for name in sorted(taken) if name.startswith("meta.")}
    return {
        "$schema": SCHEMA_DRAFT,
        "type": "object",
        "properties": properties,
        "required": [*_ROOT, *required],
        "additionalProperties": root.get(_OPEN) is True,
        f"{_OWN}custom-resource": True,
        **rules,
        "definitions": {**definitions, **shared.definitions},
    }


class _Shared:
    """The shapes that stand more than once below some fields, each under a name by where it stands first."""

    def __init__(self, fields: JsonObject) -> None:
        self._seen = Counter[str]()
        self._names: dict[str, str] = {}
        self.definitions: JsonObject = {}
        for field in fields.values():
            self._count(field)

    def _count(self, node: JsonValue) -> None:
        if isinstance(node, list):
            for item in node:
                self._count(item)
        if not isinstance(node, dict):
            return
        if "properties" in node:
            written = _written(node)
            self._seen[written] += 1
            if self._seen[written] > 1:  # all below it was counted with the first
                return
        for item in node.values():
            self._count(item)

    def replace(self, node: JsonValue) -> JsonValue:
        """Put a reference in the place of each shape that stands more than once."""
        if isinstance(node, list):
            return [self.replace(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "properties" not in node:
            return {key: self.replace(value) for key, value in node.items()}
        written = _written(node)
        if self._seen[written] < 2 or len(written) < _WORTH_SHARING:
            return {key: self.replace(value) for key, value in node.items()}
        name = self._names.get(written)
        if name is None:
            name = self._names[written] = f"shape{len(self._names) + 1}"
            self.definitions[name] = {key: self.replace(value) for key, value in node.items()}
        return {"$ref": f"{_REFERENCE}{name}"}


def _written(node: JsonObject) -> str:
    return json.dumps(node, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def schema_text(schema: JsonObject) -> str:
    """Write a schema: one definition a line, so that a difference reads well and the file stays small."""
    lines = [f"{_compact(key)}:{_compact(value)}" for key, value in schema.items() if key != "definitions"]
    shapes = mapping(schema.get("definitions"))
    inner = [f" {_compact(key)}:{_compact(value)}" for key, value in shapes.items()]
    lines.append('"definitions":{\n' + ",\n".join(inner) + "\n}")
    return "{" + ",\n".join(lines) + "}\n"


def _compact(value: JsonValue) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
