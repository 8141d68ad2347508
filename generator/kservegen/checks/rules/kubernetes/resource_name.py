"""An object in; findings out where a container asks for a resource that cannot exist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kubernetes._fields import KINDS
from kservegen.checks.rules.kubernetes._resources import name_error
from kservegen.checks.rules.stage import Stage
from kservegen.checks.rules.view import exotic_amounts_of
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.resource import Resource

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/resource-name",
    title="A container asks for a resource that has no such name",
    why="A resource without a domain has to be one of Kubernetes' own; the Deployment is refused otherwise, after the "
    "object was admitted.",
    fix="Write the device plugin's full name, such as nvidia.com/gpu.",
    bad='resources: {limits: {gpu: "1"}}',
    good='resources: {limits: {nvidia.com/gpu: "1"}}',
    upstream=("kserve rules, section 12", "k8s.io/kubernetes pkg/apis/core/validation/validation.go"),
)

_ALLOWED: Final = "cpu, memory, ephemeral-storage, hugepages-<size> or a name with a domain"


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    for amount in exotic_amounts_of(resource):
        name = amount.name
        if reason := name_error(name):
            yield Finding(
                rule=META.id,
                path=amount.path,
                message=f"there is no resource {name!r}: {reason}",
                hint=META.fix,
                seen=name,
                allowed=_ALLOWED,
                at_key=True,
            )


RULE: Final = Rule(meta=META, check=check, kinds=KINDS)
