"""A word about scaling or traffic does nothing in the mode of the service.

In mode Standard KServe makes a HorizontalPodAutoscaler unless the annotation serving.kserve.io/autoscalerClass says
otherwise. It never goes below one pod, counts cpu or memory alone, and takes nothing but metrics from autoScaling;
what else is stated is dropped without a word: another metric becomes 80 % of cpu. canaryTrafficPercent splits requests
between revisions, which Knative alone has, and containerConcurrency and autoscaling.knative.dev/… are Knative's words.
In mode Knative nobody reads serving.kserve.io/autoscalerClass.

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
from kservegen.core.document import integer, mapping, text
from kservegen.core.jsontypes import JsonObject, Path

_KNATIVE: Final = "autoscaling.knative.dev/"
_LEFT_TO_OTHERS: Final = ("external", "none")
_SCALING: Final = ("scaleTarget", "scaleMetric", "autoScaling")
_MEASURED: Final = ("cpu", "memory")


@rule(Stage.ADVICE, "InferenceService")
def check(resource: Resource, context: Context) -> Problems:
    mode = deployment_mode(resource, context)
    # A manifest by itself that speaks Knative's words may well be one for a cluster in mode Knative.
    is_sure = bool(context.environment)
    if is_sure:
        yield from _annotations(resource, mode)
    if mode != "Standard":
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
        elif stated in _LEFT_TO_OTHERS:
            for word in _SCALING:
                if component.get(word) is not None:
                    message = f"{word} does nothing with autoscalerClass {stated}: KServe makes no autoscaler"
                    yield Problem((*path, word), message, at_key=True)
        if is_sure and path[1] == "predictor" and integer(component.get("containerConcurrency")):
            message = "containerConcurrency does nothing in mode Standard: Knative alone counts requests"
            number = str(component["containerConcurrency"])
            yield Problem((*path, "containerConcurrency"), message, number, hint="Leave it out, or use mode Knative.")


def _annotations(resource: Resource, mode: str) -> Problems:
    """Find annotations that scale in another mode alone."""
    for key in mapping(mapping(resource.doc.get("metadata")).get("annotations")):
        at: Path = ("metadata", "annotations", key)
        if mode == "Standard" and key.startswith(_KNATIVE):
            message = f"{key} does nothing in mode Standard, where there is no Knative Service"
            yield Problem(at, message, at_key=True, hint="Leave it out, or use mode Knative.")
        elif mode == "Knative" and key == AUTOSCALER:
            message = f"{key} does nothing in mode Knative, which scales by itself"
            yield Problem(at, message, at_key=True, hint=f"Leave it out, or write {_KNATIVE}class.")


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
