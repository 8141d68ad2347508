"""A component that Knative scales has a metric or strategy that it cannot have.

Without the annotation deploymentMode: Standard - a misspelt mode is as good as none - KServe judges a service as
Knative's: its autoscaler counts concurrency or requests, and it replaces pods in its own way.

Fix: Write deploymentMode: Standard, or scale by concurrency or rps and leave deploymentStrategy out.
Bad:
    metadata: {annotations: {serving.kserve.io/deploymentMode: Knative}}
    spec: {predictor: {scaleMetric: cpu}}
Good:
    metadata: {annotations: {serving.kserve.io/deploymentMode: Knative}}
    spec: {predictor: {scaleMetric: rps}}
Upstream: ISVC-66; ISVC-67; ISVC-68; pkg/apis/serving/v1beta1/inference_service_validation.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._autoscaling import MetricFamily, metric_of, scaled, unknown_metric
from kservegen.checks.rules.kserve._settings import MODE, annotation
from kservegen.core.document import integer
from kservegen.core.jsontypes import JsonObject, Path

_MODES: Final = ("Standard", "Knative", "ModelMesh")
_METRICS: Final = ("concurrency", "rps")


@rule(Stage.ADMISSION, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    for path, _, component in scaled(resource, MetricFamily.KNATIVE):
        hint = _hint(resource)
        if component.get("deploymentStrategy") is not None:
            message = "customizing deploymentStrategy is only supported for raw deployment mode"
            yield Problem((*path, "deploymentStrategy"), message, hint=hint, at_key=True)
        yield from _metric(path, component, hint)


def _hint(resource: Resource) -> str:
    mode = annotation(resource, MODE)
    if mode in _MODES:
        return ""
    if not mode:
        return "Write the annotation deploymentMode: Standard; without it the service is judged as Knative's."
    return f"deploymentMode {mode!r} is none of {', '.join(_MODES)}, and so judged as Knative: write one of them."


def _metric(path: Path, component: JsonObject, hint: str) -> Problems:
    yield from unknown_metric(path, component, _METRICS, hint)
    metric = metric_of(component, _METRICS)
    target = integer(component.get("scaleTarget"))
    if metric == "rps" and target is not None and target < 1:
        yield Problem(
            (*path, "scaleTarget"),
            "the target for rps should be greater than 1",
            seen=str(target),
            allowed="1 and more",
            hint="Write 1 or more requests per second.",
        )
