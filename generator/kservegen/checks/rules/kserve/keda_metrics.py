"""A metric for KEDA is incomplete, or of a kind that KServe refuses.

With autoscalerClass keda, scaleMetric is refused and every entry of autoScaling.metrics must be whole: cpu with a
Utilization from 1 to 100, memory with a Utilization or an AverageValue of 1Mi and more, External and PodMetric with a
query and target.value, whatever the target's type says.

Fix: Describe the metric in autoScaling.metrics, with the block and the value that its types name.
Bad:
    metadata: {annotations: {serving.kserve.io/autoscalerClass: keda}}
    spec: {predictor: {scaleMetric: cpu}}
Good:
    metadata: {annotations: {serving.kserve.io/autoscalerClass: keda}}
    spec: {predictor: {autoScaling: {metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]}}}
Upstream: ISVC-49; ISVC-50; ISVC-51; ISVC-52; ISVC-53; ISVC-54; ISVC-55; ISVC-56; ISVC-57; ISVC-58; ISVC-59; ISVC-60;
ISVC-61; ISVC-62; ISVC-63; ISVC-64; ISVC-65; pkg/apis/serving/v1beta1/inference_service_validation.go
"""  # noqa: E501

from typing import Final

from msgspec import Struct

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._autoscaling import MetricFamily, scaled
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.quantity import parse_quantity

_KINDS: Final = {"Resource": "resource", "External": "external", "PodMetric": "podmetric"}
_NAMES: Final = {"External": "external metric", "PodMetric": "pod metric", "Resource": "resource metric"}
_HIGHEST: Final = 100
# What each type of target needs, and how KServe asks for it.
_NEEDS: Final = {"Utilization": "averageUtilization", "AverageValue": "averageValue", "Value": "value"}
_MEBIBYTE: Final = parse_quantity("1Mi")


class _Problem(Struct, frozen=True):
    path: Path  # within the metric
    message: str
    seen: str = ""
    allowed: str = ""


@rule(Stage.ADMISSION, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    for path, _, component in scaled(resource, MetricFamily.KEDA):
        metric = component.get("scaleMetric")
        if metric is not None:
            where = (*path, "scaleMetric")
            yield Problem(where, "ScaleMetric is not supported for KEDA", seen=text(metric), at_key=True)
        metrics = sequence(mapping(component.get("autoScaling")).get("metrics"))
        for index, item in enumerate(metrics):
            problem = _metric(mapping(item))
            if problem is not None:
                here = (*path, "autoScaling", "metrics", index, *problem.path)
                yield Problem(here, problem.message, seen=problem.seen, allowed=problem.allowed)


def _metric(metric: JsonObject) -> _Problem | None:
    """Find the first thing that is wrong with a metric, in the webhook's order."""
    kind = text(metric.get("type"))
    field = _KINDS.get(kind)
    if field is None:
        message = f"unknown KEDA metric type with value [{kind}]. Valid types are Resource,External,PodMetric"
        return _Problem(("type",), message, kind, ", ".join(_KINDS))
    block = metric.get(field)
    if not isinstance(block, dict):
        return _Problem((), f"metricSpec.{kind} is not set for {_NAMES[kind]} source type")
    target = mapping(block.get("target"))
    if kind == "Resource":
        return _resource(text(block.get("name")), target) or _target(field, target)
    if not text(mapping(block.get("metric")).get("query")):
        return _Problem((field, "metric", "query"), "the query should not be empty")
    if target.get("value") is None:
        return _Problem((field, "target", "value"), "the target threshold value should not be empty")
    return _target(field, target)


def _resource(name: str, target: JsonObject) -> _Problem | None:
    kind = text(target.get("type"))
    where: Path = ("resource", "target", "type")
    if name == "cpu":
        if kind == "Utilization":
            return None
        return _Problem(where, "the cpu target value type should be Utilization", kind, "Utilization")
    if name != "memory":
        return _Problem(("resource", "name"), f"resource type {name} is not supported", name, "cpu, memory")
    if kind not in {"AverageValue", "Utilization"}:
        message = "the memory target value type should be AverageValue or Utilization"
        return _Problem(where, message, kind, "AverageValue, Utilization")
    return _memory(target) if kind == "AverageValue" else None


def _memory(target: JsonObject) -> _Problem | None:
    value = target.get("averageValue")
    amount = parse_quantity(value) if isinstance(value, (str, int, float)) else None
    if amount is not None and _MEBIBYTE is not None and amount.compare(_MEBIBYTE) >= 0:
        return None
    message = "the memory target value should be greater than 1 MiB"
    return _Problem(
        ("resource", "target", "averageValue"), message, "" if value is None else str(value), "1Mi and more"
    )


def _target(field: str, target: JsonObject) -> _Problem | None:
    kind = text(target.get("type"))
    needed = _NEEDS.get(kind)
    if needed is None:
        return None
    value = target.get(needed)
    if value is None:
        word = f"{needed[0].upper()}{needed[1:]}"
        return _Problem((field, "target", needed), f"the {word} type should be set")
    number = integer(value)
    if needed == "averageUtilization" and number is not None and not 1 <= number <= _HIGHEST:
        message = "the target utilization percentage should be a [1-100] integer"
        return _Problem((field, "target", needed), message, str(number), "1 to 100")
    return None
