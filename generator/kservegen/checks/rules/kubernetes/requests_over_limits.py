"""An object in; findings out where a container requests more than its own limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kubernetes._fields import KINDS
from kservegen.checks.rules.kubernetes._resources import is_extended
from kservegen.checks.rules.stage import Stage
from kservegen.checks.rules.view import amounts_of
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.resource import Resource

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
    for amount in amounts_of(resource):
        limit = amount.limit
        if limit is None or limit.value == amount.value or amount.quantity is None or limit.quantity is None:
            continue
        if amount.quantity.compare(limit.quantity) > 0 and not is_extended(amount.name):
            yield Finding(
                rule=META.id,
                path=amount.path,
                message=f"{amount.name} is requested beyond its limit",
                hint=META.fix,
                seen=str(amount.value),
                allowed=f"at most the limit of {limit.value}",
            )


RULE: Final = Rule(meta=META, check=check, kinds=KINDS)
