"""What an environment binds in, the objects for the cluster out: policies, their bindings, the parameters' objects.

The policy is the file's own document. Parameters lie in one namespace that model teams do not write to, so that
nobody loosens his own.
In the cluster a waived object is named in the parameters of each binding, `data.waived`, and one more match condition
lets it through: Kubernetes' CEL has no clock, so a waiver holds until it leaves Git. Here nothing changes: the engine
is handed the bindings as they are written, still finds the violation, and reports who answers for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from kservegen.checks.policy.binding import Binding
from kservegen.checks.policy.load import API_VERSION, KIND
from kservegen.checks.policy.model import ParamKind, Policy
from kservegen.checks.policy.params import ParamRef, param_object
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.resource import Origin, Resource, ResourceId
from kservegen.render.objects.finish import order

POLICY_OBJECTS_FOLDER: Final = "policies"
_WAIVED: Final = "waived"
_CONFIG_MAP: Final = ParamKind(api_version="v1", kind="ConfigMap")
_NOT_WAIVED: Final[JsonObject] = {
    "name": "not-waived",
    "expression": "params == null || !params.?data.?waived.orValue('').split(',')"
    ".exists(w, w == request.kind.kind + '/' + request.namespace + '/' + request.name)",
}


def policy_objects(bindings: Iterable[Binding]) -> tuple[Resource, ...]:
    """Return each bound policy once, each binding, and each object of parameters, in a fixed order."""
    bindings = sorted(bindings, key=lambda binding: binding.name)
    policies = {binding.policy.name: binding for binding in reversed(bindings)}
    resources = [
        *(_resource(binding.policy.source.doc, binding) for _, binding in sorted(policies.items())),
        *(_resource(_binding(binding), binding) for binding in bindings),
        *(_resource(binding.params, binding) for binding in bindings if binding.params is not None),
    ]
    return tuple({resource.id: resource for resource in resources}.values())


def _binding(binding: Binding) -> JsonObject:
    spec: JsonObject = {"policyName": binding.policy.name, "validationActions": list(binding.actions)}
    if binding.param_ref is not None:
        spec["paramRef"] = dict(_reference(binding.param_ref))
    if binding.match_resources:
        spec["matchResources"] = binding.match_resources
    return {"apiVersion": API_VERSION, "kind": f"{KIND}Binding", "metadata": {"name": binding.name}, "spec": spec}


def _reference(reference: ParamRef) -> Iterator[tuple[str, JsonValue]]:
    if reference.name:
        yield "name", reference.name
    if reference.namespace:
        yield "namespace", reference.namespace
    yield "parameterNotFoundAction", "Deny" if reference.denies_absence else "Allow"
    if not reference.name:
        rows: list[JsonValue] = [
            {"key": r.key, "operator": r.operator, **({"values": list(r.values)} if r.values else {})}
            for r in reference.selector
        ]
        yield "selector", {"matchExpressions": rows} if rows else {}


def _resource(doc: JsonObject, binding: Binding) -> Resource:
    metadata = mapping(doc.get("metadata"))
    kind, name, namespace = text(doc.get("kind")), text(metadata.get("name")), text(metadata.get("namespace"))
    words: Path = ("policies", "bindings", binding.name)
    return Resource(
        id=ResourceId(kind, namespace, name),
        api_version=text(doc.get("apiVersion")),
        doc={key: order(value) for key, value in doc.items()},
        file=f"{POLICY_OBJECTS_FOLDER}/{kind.lower()}-{name}.yaml",
        subject=binding.name,
        origins=(
            Origin((), words),
            Origin(("data",), (*words, "params")),
            Origin(("spec", "validationActions"), (*words, "actions")),
        ),
    )


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
    data: JsonObject = {**mapping(params.get("data")), _WAIVED: ",".join(waived)}
    return replace(binding, policy=_open(binding.policy), param_ref=reference, params={**params, "data": data})


def _open(policy: Policy) -> Policy:
    spec = mapping(policy.source.doc.get("spec"))
    opened: JsonObject = {
        **spec,
        "paramKind": spec.get("paramKind") or {"apiVersion": _CONFIG_MAP.api_version, "kind": _CONFIG_MAP.kind},
        "matchConditions": [*sequence(spec.get("matchConditions")), _NOT_WAIVED],
    }
    return replace(policy, source=replace(policy.source, doc={**policy.source.doc, "spec": opened}))
