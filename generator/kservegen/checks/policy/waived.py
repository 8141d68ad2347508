"""Bindings and what is waived of their policies in; the same bindings as the cluster gets them out.

There a waived object is named in the parameters of each binding, `data.waived`, and one more match condition lets it
through: Kubernetes' CEL has no clock, so a waiver holds until it leaves Git. Here nothing changes: the engine is handed
the bindings as they are written, still finds the violation, and reports who answers for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from kservegen.checks.policy.binding import Binding
from kservegen.checks.policy.model import ParamKind, Policy
from kservegen.checks.policy.params import ParamRef, param_object
from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject

KEY: Final = "waived"
_CONFIG_MAP: Final = ParamKind(api_version="v1", kind="ConfigMap")
_CONDITION: Final[JsonObject] = {
    "name": "not-waived",
    "expression": "params == null || !params.?data.?waived.orValue('').split(',')"
    ".exists(w, w == request.kind.kind + '/' + request.namespace + '/' + request.name)",
}


def with_waivers(
    bindings: Iterable[Binding], waived: Mapping[str, Iterable[str]], namespace: str
) -> tuple[Binding, ...]:
    """Let waived objects through; `waived` names them as kind/namespace/name, by policy.

    `namespace` is where parameters lie. What `acts` is false for stays as it is.
    """
    return tuple(
        _with(binding, sorted(waived[binding.policy.name]), namespace)
        if binding.policy.name in waived and acts(binding)
        else binding
        for binding in bindings
    )


def acts(binding: Binding) -> bool:
    """Whether a waiver can reach a binding: its parameters are a ConfigMap that is rendered for it, or none."""
    kind = binding.policy.param_kind
    return (kind is None or kind.is_config_map) and (binding.param_ref is None or binding.params is not None)


def _with(binding: Binding, waived: list[str], namespace: str) -> Binding:
    reference = binding.param_ref or ParamRef(
        kind=_CONFIG_MAP, name=f"policy-{binding.name}", namespace=namespace, denies_absence=False
    )
    params = binding.params or param_object(_CONFIG_MAP, reference.name, reference.namespace, {})
    data: JsonObject = {**mapping(params.get("data")), KEY: ",".join(waived)}
    return replace(binding, policy=_open(binding.policy), param_ref=reference, params={**params, "data": data})


def _open(policy: Policy) -> Policy:
    spec = mapping(policy.source.doc.get("spec"))
    opened: JsonObject = {
        **spec,
        "paramKind": spec.get("paramKind") or {"apiVersion": _CONFIG_MAP.api_version, "kind": _CONFIG_MAP.kind},
        "matchConditions": [*sequence(spec.get("matchConditions")), _CONDITION],
    }
    return replace(policy, source=replace(policy.source, doc={**policy.source.doc, "spec": opened}))
