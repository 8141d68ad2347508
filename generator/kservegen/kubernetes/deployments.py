"""Deployments in; what the API server refuses in them out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.document import integer, mapping
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem
from kservegen.core.values import percent
from kservegen.kubernetes.fields import BrokenLaw, bounded, choice
from kservegen.kubernetes.metadata import validate_metadata
from kservegen.kubernetes.selectors import label_selector, selector_matches
from kservegen.kubernetes.templates import validate_pod_template

_ZERO_AND_MORE: Final = ("replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
_DEADLINE: Final = 600
_TYPES: Final = ("Recreate", "RollingUpdate")
_AMOUNTS: Final = ("maxUnavailable", "maxSurge")
_DEFAULT: Final = "25%"
_WHOLE: Final = 100


def deployment_strategy(value: JsonValue, path: Path) -> Iterator[Problem]:
    """Check a strategy: its type, and that it leaves a way to roll out."""
    if not isinstance(value, dict):
        return
    rolling = value.get("rollingUpdate")
    yield from choice(value, "type", path, _TYPES)
    if value.get("type") == "Recreate":
        if rolling is not None:
            message = "rollingUpdate may not be specified when the strategy's type is Recreate"
            yield Problem((*path, "rollingUpdate"), message, at_key=True)
    elif isinstance(rolling, dict):
        yield from _rolling(rolling, (*path, "rollingUpdate"))


def _rolling(rolling: JsonObject, path: Path) -> Iterator[Problem]:
    for field in _AMOUNTS:
        amount = rolling.get(field)
        if isinstance(amount, int) and not isinstance(amount, bool) and amount < 0:
            yield Problem((*path, field), f"{field} is negative", str(amount), "0 and more")
        elif isinstance(amount, str) and percent(amount) is None:
            yield Problem((*path, field), f"{field} is neither a number nor a percentage", amount, "such as 1 or 25%")
    unavailable = rolling.get("maxUnavailable")
    if isinstance(unavailable, str) and (percent(unavailable) or 0) > _WHOLE:
        yield Problem((*path, "maxUnavailable"), "maxUnavailable must not be greater than 100%", unavailable)
    if not any(_amount(rolling.get(field)) for field in _AMOUNTS):
        message = "maxUnavailable may not be 0 when maxSurge is 0"
        yield Problem(path, message, "0", "one of the two above 0")


def _amount(value: JsonValue) -> int:
    """Say how much it is; an absent amount has a default, one that cannot be read counts as nothing."""
    if value is None:
        value = _DEFAULT
    if isinstance(value, str):
        return percent(value) or 0
    return value if isinstance(value, int) else 0


def validate_deployment(deployment: JsonObject) -> Iterator[BrokenLaw]:
    """Check a Deployment that is to be created, defaulted or not, whose values have the types of Kubernetes' schema."""
    yield from validate_metadata("Deployment", deployment.get("metadata"))
    spec, path = mapping(deployment.get("spec")), ("spec",)
    for field in _ZERO_AND_MORE:
        for problem in bounded(spec, field, path, 0):
            yield BrokenLaw("deployment", problem)
    deadline, ready = spec.get("progressDeadlineSeconds"), integer(spec.get("minReadySeconds")) or 0
    seconds = _DEADLINE if deadline is None else integer(deadline)
    if seconds is not None and seconds <= ready:
        message = "progressDeadlineSeconds must be greater than minReadySeconds"
        yield BrokenLaw("deployment", Problem((*path, "progressDeadlineSeconds"), message, str(seconds)))
    for problem in deployment_strategy(spec.get("strategy"), (*path, "strategy")):
        yield BrokenLaw("deployment-strategy", problem)
    for problem in template_selector(spec, path):
        yield BrokenLaw("selector", problem)
    yield from validate_pod_template(mapping(spec.get("template")), (*path, "template"))


def template_selector(spec: JsonObject, path: Path) -> Iterator[Problem]:
    """Check that a workload's selector is there and matches the labels of its own pods."""
    selector, at = mapping(spec.get("selector")), (*path, "selector")
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield Problem(at if "selector" in spec else path, "required value: selector is missing or empty")
        return
    wrong = list(label_selector(selector, at))
    yield from wrong
    labels = mapping(mapping(mapping(spec.get("template")).get("metadata")).get("labels"))
    if not wrong and not selector_matches(selector, labels):
        yield Problem((*path, "template", "metadata", "labels"), "selector does not match template labels")
