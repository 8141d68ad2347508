"""An object in; findings out where GPUs and other extended resources are asked for in a way no pod may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kubernetes._fields import KINDS
from kservegen.checks.rules.kubernetes._resources import is_extended, may_come_from_runtime
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.checks.rules.view import Amount, exotic_amounts_of
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.resource import Resource

STAGE: Final = Stage.DEPLOYMENT
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kubernetes/extended-resource",
    title="A GPU or another extended resource is not asked for in whole pieces, as many as its limit",
    why="Extended resources are never overcommitted nor divided: the request has to equal the limit, be whole, and "
    "cannot stand without a limit. The Deployment is refused otherwise, after the object was admitted.",
    fix="Write the same whole number under requests and limits, or under limits alone.",
    bad='resources: {requests: {nvidia.com/gpu: "1"}, limits: {nvidia.com/gpu: "2"}}',
    good='resources: {requests: {nvidia.com/gpu: "1"}, limits: {nvidia.com/gpu: "1"}}',
    upstream=("kserve rules, section 12", "k8s.io/kubernetes pkg/apis/core/validation/validation.go"),
)


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    for amount in exotic_amounts_of(resource):
        if "/" in amount.name and is_extended(amount.name):
            if amount.quantity is not None and not amount.quantity.is_whole:
                yield _finding(amount, f"{amount.name} cannot be divided", "a whole number")
            if amount.side == "requests":
                yield from _request(amount, context)


def _request(amount: Amount, context: Context) -> Iterator[Finding]:
    name, limit = amount.name, amount.limit
    if limit is None:
        if not may_come_from_runtime(amount.at, name, context):
            yield _finding(amount, f"{name} is requested without a limit", "a limit of the same amount")
    elif amount.quantity is not None and limit.quantity is not None and amount.quantity.compare(limit.quantity):
        yield _finding(amount, f"{name} is not requested as it is limited", f"the limit of {limit.value}")


def _finding(amount: Amount, message: str, allowed: str) -> Finding:
    return Finding(
        rule=META.id, path=amount.path, message=message, hint=META.fix, seen=str(amount.value), allowed=allowed
    )


RULE: Final = Rule(meta=META, check=check, kinds=KINDS)
