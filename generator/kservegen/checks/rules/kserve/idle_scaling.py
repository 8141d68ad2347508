"""A word about scaling or traffic does nothing in mode Standard.

In mode Standard KServe makes a HorizontalPodAutoscaler unless the annotation serving.kserve.io/autoscalerClass says
otherwise. It never goes below one pod, counts cpu or memory alone, and takes nothing but metrics from autoScaling;
what else is stated is dropped without a word: another metric becomes 80 % of cpu. canaryTrafficPercent splits requests
between revisions, which Knative alone has.

Fix: Leave the word out; or use autoscalerClass keda to reach zero pods or to count other metrics, mode Knative for
  concurrency, and spec.canary for a share of the requests.
Severity: warning
Bad:
    predictor: {minReplicas: 0, maxReplicas: 3}          # one pod stays
Good:
    predictor: {minReplicas: 1, maxReplicas: 3}
Upstream: pkg/controller/v1beta1/inferenceservice/reconcilers/{hpa,knative}
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._settings import AUTOSCALER, annotation, deployment_mode
from kservegen.checks.rules.view import components_of
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, Path

_MEASURED: Final = ("cpu", "memory")


@rule(Stage.ADVICE, "InferenceService")
def check(resource: Resource, context: Context) -> Problems:
    if deployment_mode(resource, context) != "Standard":
        return
    for path, _, component in components_of(resource):
        if component.get("canaryTrafficPercent") is not None:
            message = "canaryTrafficPercent does nothing in mode Standard: all requests go to what is written here"
            hint = "Write an entry of spec.canary, which v0.20.0 and later have, or leave it out."
            seen = str(component["canaryTrafficPercent"])
            yield Problem((*path, "canaryTrafficPercent"), message, seen, hint=hint, at_key=True)
        stated = mapping(component.get("annotations")).get(AUTOSCALER) or annotation(resource, AUTOSCALER) or "hpa"
        if stated == "hpa" and path[1] != "canary":
            yield from _of_autoscaler(path, component)


def _of_autoscaler(path: Path, component: JsonObject) -> Problems:
    if component.get("minReplicas") == 0:
        message = "minReplicas 0 keeps one pod: a HorizontalPodAutoscaler never goes below one"
        hint = "Write 1, or let autoscalerClass keda scale by a metric that is there without a pod."
        yield Problem((*path, "minReplicas"), message, "0", "1 and more", hint=hint)
    metric, scaling = text(component.get("scaleMetric")), component.get("autoScaling")
    if isinstance(scaling, dict):
        if scaling.get("behavior") is not None:
            message = "a HorizontalPodAutoscaler is made without this behavior, which only autoscalerClass keda reads"
            yield Problem((*path, "autoScaling", "behavior"), message, at_key=True)
    elif metric and metric not in _MEASURED:
        message = f"scaleMetric {metric} scales nothing: the HorizontalPodAutoscaler counts 80 % of cpu instead"
        yield Problem((*path, "scaleMetric"), message, metric, ", ".join(_MEASURED))
    elif metric == "memory" and component.get("scaleTarget") is None:
        message = "scaleMetric memory without scaleTarget: the HorizontalPodAutoscaler counts 80 % of cpu instead"
        yield Problem((*path, "scaleMetric"), message, metric)
