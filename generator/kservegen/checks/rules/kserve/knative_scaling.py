"""An InferenceService that Knative scales in; findings out where it is told something that Knative cannot do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._autoscaling import Family, metric_of, scaled, unknown_metric
from kservegen.checks.rules.kserve._settings import MODE, annotation
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import integer
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/knative-scaling",
    title="A component that Knative scales has a metric or strategy that it cannot have",
    why="Without the annotation deploymentMode: Standard - a misspelt mode is as good as none - KServe judges a "
    "service as Knative's: its autoscaler counts concurrency or requests, and it replaces pods in its own way.",
    fix="Write deploymentMode: Standard, or scale by concurrency or rps and leave deploymentStrategy out.",
    bad="metadata: {annotations: {serving.kserve.io/deploymentMode: Knative}}\nspec: {predictor: {scaleMetric: cpu}}",
    good="metadata: {annotations: {serving.kserve.io/deploymentMode: Knative}}\nspec: {predictor: {scaleMetric: rps}}",
    upstream=("ISVC-66", "ISVC-67", "ISVC-68", "pkg/apis/serving/v1beta1/inference_service_validation.go"),
)

_MODES: Final = ("Standard", "Knative", "ModelMesh")
_METRICS: Final = ("concurrency", "rps")


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    for path, _, component in scaled(resource, Family.KNATIVE):
        hint = _hint(resource)
        if component.get("deploymentStrategy") is not None:
            message = "customizing deploymentStrategy is only supported for raw deployment mode"
            where = (*path, "deploymentStrategy")
            yield Finding(rule=META.id, path=where, message=message, hint=hint, at_key=True)
        yield from _metric(path, component, hint)


def _hint(resource: Resource) -> str:
    mode = annotation(resource, MODE)
    if mode in _MODES:
        return META.fix
    return f"deploymentMode {mode!r} is none of {', '.join(_MODES)}, and so judged as Knative: write one of them."


def _metric(path: Path, component: JsonObject, hint: str) -> Iterator[Finding]:
    yield from unknown_metric(META.id, path, component, _METRICS, hint)
    metric = metric_of(component, _METRICS)
    target = integer(component.get("scaleTarget"))
    if metric == "rps" and target is not None and target < 1:
        yield Finding(
            rule=META.id,
            path=(*path, "scaleTarget"),
            message="the target for rps should be greater than 1",
            hint="Write 1 or more requests per second.",
            seen=str(target),
            allowed="1 and more",
        )


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService"}))
