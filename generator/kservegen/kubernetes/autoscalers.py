"""HorizontalPodAutoscalers of autoscaling/v2 in; what the API server refuses in them out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from kservegen.core.document import integer, mapping, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.names import label_error, path_segment_error
from kservegen.core.problem import Problem
from kservegen.core.quantity import parse_quantity
from kservegen.kubernetes.fields import BrokenLaw, bounded, choice, counted, lawful, maps, needed, required, word
from kservegen.kubernetes.metadata import validate_metadata
from kservegen.kubernetes.resources import resource_name_error

# The source that a metric's type asks for, and the targets of which each wants one; at most one where it says so.
_SOURCES: Final = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
_TARGETS: Final = {
    "containerResource": ("averageUtilization", "averageValue"),
    "external": ("value", "averageValue"),
    "object": ("value", "averageValue"),
    "pods": ("averageValue",),
    "resource": ("averageUtilization", "averageValue"),
}
_BOTH_TARGETS: Final = frozenset({"object"})
_NAMED: Final = frozenset({"external", "object", "pods"})
_TARGET_TYPES: Final = ("AverageValue", "Utilization", "Value")
_SELECTIONS: Final = ("Disabled", "Max", "Min")
_POLICY_TYPES: Final = ("Percent", "Pods")
_LONGEST_WINDOW: Final = 3600
_LONGEST_PERIOD: Final = 1800


def validate_autoscaler(autoscaler: JsonObject) -> Iterator[BrokenLaw]:
    """Check an autoscaler that is to be created, defaulted or not, whose values have the types of the schema."""
    yield from validate_metadata("HorizontalPodAutoscaler", autoscaler.get("metadata"))
    spec, path = mapping(autoscaler.get("spec")), ("spec",)
    behavior, at_behavior = mapping(spec.get("behavior")), (*path, "behavior")
    problems = (
        _replicas(spec, path),
        _reference(spec, "scaleTargetRef", path, of_core=False),
        *(_metric(metric, at) for metric, at in maps(spec.get("metrics"), (*path, "metrics"))),
        *(_rules(mapping(behavior.get(side)), (*at_behavior, side)) for side in ("scaleUp", "scaleDown")),
    )
    for problem in chain(*problems):
        yield BrokenLaw("autoscaler", problem)


def _replicas(spec: JsonObject, path: Path) -> Iterator[Problem]:
    least, most = integer(spec.get("minReplicas")), integer(spec.get("maxReplicas"))
    yield from bounded(spec, "minReplicas", path, 1)
    yield from counted(spec, "maxReplicas", path, 1)
    if least is not None and most is not None and most < least:
        message = "maxReplicas must be greater than or equal to minReplicas"
        yield Problem((*path, "maxReplicas"), message, str(most), f"{least} and more")


def _reference(owner: JsonObject, field: str, path: Path, *, of_core: bool) -> Iterator[Problem]:
    reference, at = mapping(owner.get(field)), (*path, field)
    for part in ("kind", "name"):
        yield from needed(reference, part, at, path_segment_error)
    version, kind = text(reference.get("apiVersion")), reference.get("kind")
    if version.count("/") > 1:
        yield Problem((*at, "apiVersion"), f"{version!r} is no group and version", version)
    elif not version.rpartition("/")[0] and not of_core and kind != "ReplicationController":
        where = (*at, "apiVersion") if "apiVersion" in reference else at
        yield Problem(where, "apiVersion must specify API group", version)


def _metric(metric: JsonObject, path: Path) -> Iterator[Problem]:
    kind = text(metric.get("type"))
    given = [field for field in _TARGETS if metric.get(field) is not None]
    if kind not in _SOURCES:
        where = (*path, "type") if "type" in metric else path
        yield Problem(where, f"unsupported type {kind!r} of a metric", kind, ", ".join(_SOURCES))
    elif _SOURCES[kind] not in given:
        yield Problem(path, f"a metric of type {kind} needs {_SOURCES[kind]}")
    for field in given if len(given) > 1 else ():
        if field != _SOURCES.get(kind):
            yield Problem((*path, field), "must populate the given metric source only", field, at_key=True)
    if len(given) == 1:
        yield from _source(given[0], mapping(metric.get(given[0])), (*path, given[0]))


def _source(kind: str, source: JsonObject, path: Path) -> Iterator[Problem]:
    if kind == "object":
        yield from _reference(source, "describedObject", path, of_core=True)
    if kind in _NAMED:
        yield from needed(mapping(source.get("metric")), "name", (*path, "metric"), path_segment_error)
    else:
        yield from required(source, "name", path)
    if kind == "containerResource":
        yield from lawful(source, "name", path, resource_name_error)
        yield from needed(source, "container", path, label_error)
    target, at = mapping(source.get("target")), (*path, "target")
    yield from required(target, "type", at)
    yield from choice(target, "type", at, _TARGET_TYPES)
    yield from bounded(target, "averageUtilization", at, 1)
    for field in ("value", "averageValue"):
        amount = target.get(field)
        if isinstance(amount, (str, int, float)) and (quantity := parse_quantity(amount)) and quantity.sign <= 0:
            yield Problem((*at, field), f"{field} must be positive", str(amount))
    given = [field for field in _TARGETS[kind] if target.get(field) is not None]
    if not given:
        yield Problem(at, f"must set {' or '.join(_TARGETS[kind])}")
    elif len(given) > 1 and kind not in _BOTH_TARGETS:
        yield Problem((*at, given[1]), f"may not set both {given[0]} and {given[1]}", at_key=True)


def _rules(rules: JsonObject, path: Path) -> Iterator[Problem]:
    yield from bounded(rules, "stabilizationWindowSeconds", path, 0, _LONGEST_WINDOW)
    yield from word(rules, "selectPolicy", path, _SELECTIONS)
    if rules.get("policies") == []:
        yield Problem((*path, "policies"), "must specify at least one policy")
    for policy, at in maps(rules.get("policies"), (*path, "policies")):
        yield from required(policy, "type", at)
        yield from choice(policy, "type", at, _POLICY_TYPES)
        yield from counted(policy, "value", at, 1)
        yield from counted(policy, "periodSeconds", at, 1, _LONGEST_PERIOD)
