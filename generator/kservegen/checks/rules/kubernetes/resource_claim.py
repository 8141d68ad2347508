"""A pod's resource claims and its containers' use of them in; findings out where one is not what a claim can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, lawful, maps, needed, required
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import text
from kservegen.core.jsontypes import JsonValue
from kservegen.core.names import label_error, subdomain_error
from kservegen.core.problem import Problem

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/resource-claim",
    title="A resource claim is not declared as a pod declares it, or not declared at all",
    why="A pod lists its claims, each by one name of a ResourceClaim or a ResourceClaimTemplate, and a container uses "
    "what the pod lists. The object is admitted, its Deployment is refused.",
    fix="List the claim under resourceClaims of the pod, with resourceClaimName or resourceClaimTemplateName.",
    bad="resourceClaims: [{name: gpu}]",
    good="resourceClaims: [{name: gpu, resourceClaimTemplateName: one-gpu}]",
    upstream=SOURCE,
)

_TARGETS: Final = ("resourceClaimName", "resourceClaimTemplateName")


def _claims(value: JsonValue, place: Place) -> Iterator[Problem]:
    names: set[str] = set()
    for claim, path in maps(value, place.path):
        yield from needed(claim, "name", path, label_error)
        name = text(claim.get("name"))
        if name and name in names and not place.overlaid:
            yield Problem((*path, "name"), f"two resource claims are called {name!r}", name)
        names.add(name)
        given = [field for field in _TARGETS if claim.get(field) is not None]
        if len(given) != 1:
            message = "must specify one of resourceClaimName and resourceClaimTemplateName"
            yield Problem(path, message, " ".join(given))
        for field in given:
            if claim.get(field) == "":
                yield from required(claim, field, path)
            yield from lawful(claim, field, path, subdomain_error)


def _uses(value: JsonValue, place: Place) -> Iterable[Problem]:
    return _claimed(value["claims"], place) if isinstance(value, dict) and "claims" in value else ()


def _claimed(claims: JsonValue, place: Place) -> Iterator[Problem]:
    declared = {text(claim.get("name")) for claim, _ in maps(place.pod.spec.get("resourceClaims"), ())}
    used: set[tuple[str, str]] = set()
    for claim, path in maps(claims, (*place.path, "claims")):
        name, request = text(claim.get("name")), text(claim.get("request"))
        yield from required(claim, "name", path)
        yield from lawful(claim, "request", path, label_error)
        if name and name not in declared and not place.overlaid:
            message = f"the pod has no resource claim {name!r}"
            yield Problem((*path, "name"), message, name, ", ".join(sorted(declared)))
        whole = {(other, part) for other, part in used if other == name and "" in {part, request}}
        if name and (whole or (name, request) in used):
            yield Problem((*path, "name"), f"the claim {name!r} is already referenced", name)
        used.add((name, request))


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"resourceClaims": _claims}, container={"resources": _uses})
