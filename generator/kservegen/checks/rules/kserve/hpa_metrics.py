"""The HPA of a component has a metric or target that KServe refuses.

With autoscalerClass hpa, KServe takes cpu and memory only, and a scaleTarget from 1 to 100 - for memory too, although
it is then no percentage. The metrics of autoScaling must be of type Resource.

Fix: Scale by cpu or memory with a target from 1 to 100; for other metrics use keda, or Knative for requests.
Bad:
    metadata: {annotations: {serving.kserve.io/autoscalerClass: hpa}}
    spec: {predictor: {scaleMetric: rps}}
Good:
    metadata: {annotations: {serving.kserve.io/autoscalerClass: hpa}}
    spec: {predictor: {scaleMetric: cpu, scaleTarget: 80}}
Upstream: ISVC-43; ISVC-44; ISVC-45; ISVC-46; ISVC-47; ISVC-48; pkg/apis/serving/v1beta1/inference_service_validation.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._autoscaling import MetricFamily, metric_of, scaled, unknown_metric
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path

_METRICS: Final = ("cpu", "memory")
_HIGHEST: Final = 100


@rule(Stage.ADMISSION, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    for path, _, component in scaled(resource, MetricFamily.HPA):
        yield from _metric(path, component)
        metrics = sequence(mapping(component.get("autoScaling")).get("metrics"))
        for index, metric in enumerate(metrics):
            yield from _source((*path, "autoScaling", "metrics", index), mapping(metric))


def _metric(path: Path, component: JsonObject) -> Problems:
    yield from unknown_metric(path, component, _METRICS)
    metric = metric_of(component, _METRICS)
    target = integer(component.get("scaleTarget"))
    if target is None or (1 <= target <= _HIGHEST) or (target < 1 and metric not in _METRICS):
        return
    if metric == "memory" and target < 1:
        message = "the target memory should be greater than 1 MiB"
    else:
        message = "the target utilization percentage should be a [1-100] integer"
    yield Problem((*path, "scaleTarget"), message, seen=str(target), allowed="1 to 100")


def _source(path: Path, metric: JsonObject) -> Problems:
    kind = text(metric.get("type"))
    if kind != "Resource":
        message = f"invalid HPA metric source type with value [{kind}],valid metric source types are Resource"
        yield Problem((*path, "type"), message, seen=kind, allowed="Resource")
    elif metric.get("resource") is None:
        message = "metricSpec.Resource is not set for resource metric source type"
        yield Problem(path, message, hint="Add the block resource to the metric.")
