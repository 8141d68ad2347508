"""Parameters of a policy: the environment's words in, the ConfigMap that a policy sees as `params` out.

In the cluster a binding's `paramRef` names a ConfigMap that is rendered beside it, so this is the shape that both
sides can honour: `params.data.<key>`, strings only. A list of scalars is joined by commas (`hf,s3,pvc`, hence no item
holds one), a number or boolean is written as YAML writes it. A policy with a paramKind always gets a ConfigMap; one
without parameters has no `data`, as the API server leaves an empty map out. Policies read with a default:
`params.?data.?schemes.orValue('hf,s3')`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from kservegen.jsontypes import JsonObject, JsonValue

_READ = re.compile(
    r"""\bparams\s*(?:\.\s*\??\s*data)\s*(?:\.\s*\??\s*([A-Za-z_]\w*)|\[\s*\??\s*['"]([^'"]+)['"]\s*\])"""
)


def config_map(name: str, params: Mapping[str, JsonValue]) -> JsonObject:
    """Write parameters as the ConfigMap of a policy; ValueError where a value is no string and no list of scalars."""
    doc: JsonObject = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    data: JsonObject = {key: _text(key, value) for key, value in params.items() if value is not None}
    return {**doc, "data": data} if data else doc


def read_keys(expressions: Iterable[str]) -> frozenset[str]:
    """List the parameters that expressions read by name."""
    return frozenset(m[1] or m[2] for text in expressions for m in _READ.finditer(text))


def _text(key: str, value: JsonValue) -> str:
    if isinstance(value, list):
        items = [_scalar(key, item) for item in value]
        if any("," in item for item in items):
            raise ValueError(f"an item of {key} holds a comma, which separates items in the cluster's ConfigMap")
        return ",".join(items)
    return _scalar(key, value)


def _scalar(key: str, value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError(f"{key} is a {type(value).__name__}, where a text, a number or a list of them is allowed")
