"""An object in; findings out where a container requests more than its own limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.build.resource import Resource
from kservegen.diagnostics import Finding, RuleMeta
from kservegen.rules.base import Context, Rule
from kservegen.rules.kubernetes._resources import both_sides, is_extended, quantity
from kservegen.rules.stage import Stage
from kservegen.rules.view import containers_of
from kservegen.workloads import ContainerAt

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/requests-over-limits",
    title="A container requests more than its limit",
    why="A custom resource is admitted with it, but the Deployment that the controller makes of it is refused: "
    "the object stays without a workload and the reason stands in an event only.",
    fix="Raise the limit to the request, or lower the request.",
    bad="resources: {requests: {memory: 8Gi}, limits: {memory: 6Gi}}",
    good="resources: {requests: {memory: 6Gi}, limits: {memory: 6Gi}}",
    upstream=("kserve rules, section 12", "k8s.io/kubernetes pkg/apis/core/validation/validation.go"),
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    for at in containers_of(resource):
        yield from _container(at)


def _container(at: ContainerAt) -> Iterator[Finding]:
    requests, limits = both_sides(at)
    for name, requested in requests.items():
        limit = limits.get(name)
        if limit is None or requested == limit or is_extended(name):
            continue
        request, most = quantity(requested), quantity(limit)
        if request is not None and most is not None and request.compare(most) > 0:
            yield Finding(
                rule=META.id,
                path=(*at.path, "resources", "requests", name),
                message=f"{name} is requested beyond its limit",
                hint=META.fix,
                seen=str(requested),
                allowed=f"at most the limit of {limit}",
            )


RULE: Final = Rule(meta=META, check=check)
