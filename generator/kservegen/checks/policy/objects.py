"""What an environment binds in, the objects for the cluster out: policies, their bindings, the parameters' objects.

The policy is the file's own document. Parameters lie in one namespace that model teams do not write to, so that
nobody loosens his own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.checks.policy.binding import Binding
from kservegen.checks.policy.load import API_VERSION, KIND
from kservegen.checks.policy.params import ParamRef
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.resource import Origin, Resource, ResourceId
from kservegen.render.objects.finish import order

POLICY_OBJECTS_FOLDER: Final = "policies"


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
