"""Shapes and a table of patches in, shapes with variants along the patched paths out.

KServe loosens what controller-gen wrote at some paths of its CRDs. A shape that a patch reaches is copied under a new
name (`core.Probe.patched`), so that the other places that use it keep the original.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tools.schemas.notation import NotationError, Schema
from tools.schemas.sources import Kind, Shapes

KEYWORDS = {
    "pattern": ("pattern",),
    "length": ("minLength", "maxLength"),
    "props": ("minProperties", "maxProperties"),
    "rules": ("x-kubernetes-validations",),
}

LOOSE = "loose"
LOOSENED = frozenset({"pattern", "minLength", "minItems", "minProperties", "x-kubernetes-validations"})

# What is to change below a field: steps to deeper trees, and under "" the changes of the place itself.
Tree = dict[str, Any]


def apply(kind: Kind, patches: Mapping[str, str], shapes: Shapes) -> Kind:
    """Apply every `path: change` of a kind's table."""
    tree: Tree = {}
    for pattern, change in patches.items():
        for path in braces(pattern):
            place = tree
            for step in steps(path):
                place = place.setdefault(step, {})
            place.setdefault("", []).append(change)
    fields = {name: _patch(field, tree.get(name, {}), shapes) for name, field in kind.fields.items()}
    return replace(kind, fields=fields)


def braces(pattern: str) -> Iterator[str]:
    """Expand `a.{b,c}.d` to `a.b.d` and `a.c.d`."""
    parts = [part.split(",") for part in re.split(r"[{}]", pattern)]
    choices = [part if index % 2 else [",".join(part)] for index, part in enumerate(parts)]
    return ("".join(choice) for choice in itertools.product(*choices))


def steps(path: str) -> list[str]:
    """Cut `spec.rules[].path` into `spec`, `rules`, `[]`, `path`."""
    return [
        step
        for part in path.split(".")
        for step in (part.removesuffix("[]"), "[]" if part.endswith("[]") else "")
        if step
    ]


def _patch(node: Schema, tree: Tree, shapes: Shapes) -> Schema:
    if not tree:
        return node
    if "$ref" in node:
        if tree == {"": [LOOSE]}:
            return _loosened(node, shapes)
        name = node["$ref"]
        return {**node, "$ref": _variant(name, _patch(shapes[name], tree, shapes), shapes)}
    out = node
    for change in tree.get("", ()):
        out = _loosened(out, shapes) if change == LOOSE else _without(out, change)
    for step, below in tree.items():
        if step == "[]":
            key = "items" if "items" in out else "additionalProperties"
            out = {**out, key: _patch(out[key], below, shapes)}
        elif step:
            out = _patch_field(out, step, below, shapes)
    return out


def _patch_field(node: Schema, name: str, tree: Tree, shapes: Shapes) -> Schema:
    if name not in node.get("properties", {}):
        raise NotationError(f"a patch meets no field {name!r}")
    changes = tree.get("", [])
    inner = {**tree, "": [change for change in changes if change not in ("optional", "drop")]}
    patched = _patch(node["properties"][name], {step: below for step, below in inner.items() if below}, shapes)
    out = {**node, "properties": {**node["properties"], name: patched}}
    for change in changes:
        if change in ("optional", "drop"):
            out = _without_field(out, name, drop=change == "drop")
    return out


def _loosened(node: Schema, shapes: Shapes) -> Schema:
    """Take away what binds the texts, the lists and the rules of a whole shape, and of those below it."""
    if "$ref" in node:
        name = node["$ref"]
        inner = _loosened(shapes[name], shapes)
        return node if inner == shapes[name] else {**node, "$ref": _variant(name, inner, shapes)}
    out = {key: value for key, value in node.items() if key not in LOOSENED}
    if "properties" in out:
        out["properties"] = {name: _loosened(field, shapes) for name, field in out["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(out.get(key), dict):
            out[key] = _loosened(out[key], shapes)
    return out


def _without(node: Schema, change: str) -> Schema:
    words = change.removeprefix("- ").split()
    gone = {key for word in words for key in KEYWORDS[word]}
    if not gone & node.keys():
        raise NotationError(f"a patch leaves out {words}, which are not there")
    return {key: value for key, value in node.items() if key not in gone}


def _without_field(node: Schema, name: str, *, drop: bool) -> Schema:
    required = [other for other in node.get("required", ()) if other != name]
    if not drop and len(required) == len(node.get("required", ())):
        raise NotationError(f"a patch makes {name!r} optional, which it is already")
    out = {key: value for key, value in node.items() if key != "required"}
    if required:
        out["required"] = required
    if drop:
        out["properties"] = {key: value for key, value in node["properties"].items() if key != name}
    return out


def _variant(name: str, shape: Schema, shapes: Shapes) -> str:
    for number in itertools.count(1):
        candidate = f"{name}.patched{number if number > 1 else ''}"
        if shapes.parsed.setdefault(candidate, shape) == shape:
            return candidate
    raise AssertionError
