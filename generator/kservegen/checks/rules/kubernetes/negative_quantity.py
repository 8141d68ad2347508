"""An object in; findings out where a container asks for less than nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kubernetes._fields import KINDS
from kservegen.checks.rules.stage import Stage
from kservegen.checks.rules.view import amounts_of
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.resource import Resource

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/negative-quantity",
    title="A container requests or limits a negative amount",
    why="A custom resource is admitted with it, but the Deployment that the controller makes of it is refused.",
    fix="Write an amount of at least 0.",
    bad="resources: {limits: {memory: -1Gi}}",
    good="resources: {limits: {memory: 1Gi}}",
    upstream=("kserve rules, section 12", "k8s.io/kubernetes pkg/apis/core/validation/validation.go"),
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    for amount in amounts_of(resource):
        if amount.quantity is not None and amount.quantity.unscaled < 0:
            yield Finding(
                rule=META.id,
                path=amount.path,
                message=f"{amount.name} in {amount.side} is negative",
                hint=META.fix,
                seen=str(amount.value),
                allowed="0 and more",
            )


RULE: Final = Rule(meta=META, check=check, kinds=KINDS)
