"""Parameters of a policy: the environment's words in, the objects that the policy sees as `params` out.

In the cluster a binding's `paramRef` names an object that is rendered beside it, so this is the shape that both sides
can honour. For a paramKind ConfigMap it is `params.data.<key>`, strings only: a list of scalars is joined by commas
(`hf,s3,pvc`, hence no item holds one), a number or boolean is written as YAML writes it, and without parameters there
is no `data`, as the API server leaves an empty map out. Policies read with a default:
`params.?data.?schemes.orValue('hf,s3')`. For another kind the words are the object's own fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from kservegen.checks.policy.match import satisfied
from kservegen.checks.policy.model import ParamKind, SelectorRequirement
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern

_READ = lazy_pattern(
    r"""\bparams\s*(?:\.\s*\??\s*data)\s*(?:\.\s*\??\s*([A-Za-z_]\w*)|\[\s*\??\s*['"]([^'"]+)['"]\s*\])"""
)


class ParamRef(Struct, frozen=True, kw_only=True):
    """Which objects of a paramKind a binding hands to its policy.

    Without `namespace` it takes those beside the request's object; `denies_absence` is parameterNotFoundAction Deny.
    """

    kind: ParamKind
    name: str = ""
    namespace: str = ""
    selector: tuple[SelectorRequirement, ...] = ()
    denies_absence: bool = True

    def choose(self, pool: Iterable[JsonObject], namespace: str) -> tuple[JsonObject, ...]:
        """Pick from the objects that are known, for a request in `namespace`."""
        return tuple(doc for doc in pool if self._takes(doc, self.namespace or namespace))

    def _takes(self, doc: JsonObject, namespace: str) -> bool:
        if (doc.get("apiVersion"), doc.get("kind")) != (self.kind.api_version, self.kind.kind):
            return False
        metadata = mapping(doc.get("metadata"))
        if "namespace" in metadata and metadata["namespace"] != namespace:
            return False
        if self.name:
            return metadata.get("name") == self.name
        return satisfied(self.selector, mapping(metadata.get("labels")))


def param_object(kind: ParamKind, name: str, namespace: str, params: Mapping[str, JsonValue]) -> JsonObject:
    """Write parameters as an object; ValueError where a ConfigMap cannot hold a value."""
    metadata: JsonObject = {"name": name, "namespace": namespace} if namespace else {"name": name}
    doc: JsonObject = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}
    if not kind.is_config_map:
        return {**doc, **{key: value for key, value in params.items() if key not in doc}}
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
