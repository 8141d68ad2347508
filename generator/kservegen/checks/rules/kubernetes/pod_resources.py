"""The resources of a pod as a whole, and its overhead, in; findings out where the API server refuses them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, maps
from kservegen.checks.rules.kubernetes._resources import HUGE_PAGES, is_extended, name_error
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem
from kservegen.core.quantity import Quantity, parse

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/pod-resources",
    title="The resources of a pod as a whole do not fit together, or with its containers'",
    why="Beside its containers a pod may limit cpu, memory and huge pages as a whole: requests stay within limits and "
    "cover what the containers request, no container's limit exceeds the pod's. The object is admitted, its "
    "Deployment is refused.",
    fix="Raise the pod's amount, or lower the containers'.",
    bad="{resources: {limits: {cpu: 1}}, containers: [{name: app, resources: {limits: {cpu: 2}}}]}",
    good="{resources: {limits: {cpu: 2}}, containers: [{name: app, resources: {limits: {cpu: 2}}}]}",
    upstream=SOURCE,
)

_WHOLE: Final = ("cpu", "memory")
_SIDES: Final = ("limits", "requests")


def _resources(value: JsonValue, place: Place) -> Iterator[Problem]:
    if place.pod.role == "graph":  # those are its router's
        return
    resources, path = mapping(value), place.path
    if resources.get("claims") is not None:
        yield Problem((*path, "claims"), "claims may not be set for resources of a pod", at_key=True)
    for side in _SIDES:
        for name, quantity, at in _amounts(resources, side, path):
            if name not in _WHOLE and not name.startswith(HUGE_PAGES):
                yield Problem(at, f"unsupported resource {name!r} of a pod", name, "cpu, memory, hugepages-<size>")
            elif quantity.sign < 0:
                yield Problem(at, f"{name} in {side} is negative", quantity.text, "0 and more")
    yield from _within_limits(resources, path)
    yield from _with_containers(resources, place)


def _within_limits(resources: JsonObject, path: Path) -> Iterator[Problem]:
    limits = {name: quantity for name, quantity, _ in _amounts(resources, "limits", path)}
    for name, quantity, at in _amounts(resources, "requests", path):
        limit = limits.get(name)
        if limit is not None and quantity.compare(limit) > 0:
            yield Problem(at, f"{name} is requested beyond its limit", quantity.text, f"at most {limit.text}")


def _with_containers(resources: JsonObject, place: Place) -> Iterator[Problem]:
    running = [mapping(c.get("resources")) for c, _ in maps(place.pod.spec.get("containers"), ())]
    for name, quantity, at in _amounts(resources, "requests", place.path):
        total = sum((amount.value for own in running for amount in _of(own, "requests", name)), Fraction(0))
        if total > quantity.value:
            message = f"{name} must cover what the containers request together"
            yield Problem(at, message, quantity.text)
    for name, quantity, at in _amounts(resources, "limits", place.path):
        if any(amount.compare(quantity) > 0 for own in running for amount in _of(own, "limits", name)):
            yield Problem(at, f"{name} must be at least the limit of every container", quantity.text)


def _of(resources: JsonObject, side: str, wanted: str) -> list[Quantity]:
    return [quantity for name, quantity, _ in _amounts(resources, side, ()) if name == wanted]


def _amounts(resources: JsonObject, side: str, path: Path) -> Iterator[tuple[str, Quantity, Path]]:
    for name, value in mapping(resources.get(side)).items():
        if isinstance(value, (str, int, float)) and (quantity := parse(value)) is not None:
            yield name, quantity, (*path, side, name)


def _overhead(value: JsonValue, place: Place) -> Iterator[Problem]:
    for name, quantity, at in _amounts({"overhead": value}, "overhead", place.path[:-1]):
        if reason := name_error(name):
            yield Problem(at, f"there is no resource {name!r}: {reason}", name, at_key=True)
        elif quantity.sign < 0:
            yield Problem(at, f"{name} is negative", quantity.text, "0 and more")
        elif is_extended(name) and not quantity.is_whole:
            yield Problem(at, f"{name} cannot be divided", quantity.text, "a whole number")


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"resources": _resources, "overhead": _overhead})
