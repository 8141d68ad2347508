"""An object in; findings out where GPUs and other extended resources are asked for in a way no pod may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.build.resource import Resource
from kservegen.diagnostics import Finding, RuleMeta
from kservegen.jsontypes import JsonObject, JsonValue
from kservegen.rules.base import Context, Rule
from kservegen.rules.kubernetes._resources import both_sides, is_extended, may_come_from_runtime, quantity
from kservegen.rules.stage import Stage
from kservegen.rules.view import containers_of
from kservegen.workloads import ContainerAt

STAGE: Final = Stage.DEPLOYMENT

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
    for at in containers_of(resource):
        requests, limits = both_sides(at)
        for name, value in limits.items():
            if "/" in name and is_extended(name):
                yield from _whole(at, "limits", name, value)
        for name, value in requests.items():
            if "/" in name and is_extended(name):
                yield from _request(at, name, value, limits, context)


def _request(at: ContainerAt, name: str, value: JsonValue, limits: JsonObject, context: Context) -> Iterator[Finding]:
    yield from _whole(at, "requests", name, value)
    limit = limits.get(name)
    if limit == value:
        return
    if limit is None:
        if not may_come_from_runtime(at, name, context):
            yield _finding(
                at, "requests", name, value, f"{name} is requested without a limit", "a limit of the same amount"
            )
        return
    requested, most = quantity(value), quantity(limit)
    if requested is not None and most is not None and requested.compare(most):
        yield _finding(
            at, "requests", name, value, f"{name} is not requested as it is limited", f"the limit of {limit}"
        )


def _whole(at: ContainerAt, side: str, name: str, value: JsonValue) -> Iterator[Finding]:
    amount = quantity(value)
    if amount is not None and not amount.is_whole:
        yield _finding(at, side, name, value, f"{name} cannot be divided", "a whole number")


def _finding(at: ContainerAt, side: str, name: str, value: JsonValue, message: str, allowed: str) -> Finding:  # noqa: PLR0913, PLR0917
    return Finding(
        rule=META.id,
        path=(*at.path, "resources", side, name),
        message=message,
        hint=META.fix,
        seen=str(value),
        allowed=allowed,
    )


RULE: Final = Rule(meta=META, check=check)
