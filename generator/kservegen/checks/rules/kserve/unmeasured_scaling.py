"""What scales by cpu or memory measures a share of a request that a container does not state.

Utilization is a share of what the containers of the pod request. Where one of them requests nothing, the autoscaler
reports FailedGetResourceMetric ("missing request for cpu") and the number of pods stays as it is; KEDA's webhook
refuses the ScaledObject. A limit without a request counts as both, and a LimitRange in the namespace may fill requests
in.

Fix: State the request of every container of the pod, or scale by an AverageValue.
Severity: warning
Bad:
    containers:
      - {name: kserve-container, resources: {requests: {cpu: 1, memory: 2Gi}}}
      - {name: proxy, image: example/proxy:v1}             # no request
Good:
    containers:
      - {name: kserve-container, resources: {requests: {cpu: 1, memory: 2Gi}}}
      - {name: proxy, image: example/proxy:v1, resources: {requests: {cpu: 100m, memory: 64Mi}}}
Upstream: pkg/controller/podautoscaler/replica_calculator.go of Kubernetes (calculatePodRequests);
apis/keda/v1alpha1/scaledobject_webhook.go of kedacore/keda (verifyCPUMemoryScalers)
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules._made import MadeView
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.checks.rules.view import names_of_kind
from kservegen.core.document import integer, mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.controllers.made import Made, MadeObject, MadePod
from kservegen.kubernetes.scaled_objects import unrequested

_SCALERS: Final = frozenset({"HorizontalPodAutoscaler", "ScaledObject"})
_CONTAINERS: Final = ("spec", "template", "spec", "containers")


@rule(Stage.ADVICE, "InferenceService", "LLMInferenceService", scope=Scope.MADE_AROUND)
def check(resource: Resource, context: Context) -> Problems:
    # A range of limits gives requests to containers that have none.
    if not any(own.namespace == namespace(resource) for own in names_of_kind(context, "LimitRange")):
        yield from context.simulation.derived(resource, _problems) or ()


def _problems(resource: Resource, made: Made) -> tuple[Problem, ...]:
    return tuple(_found(MadeView(resource, made)))


def _found(view: MadeView) -> Problems:
    scalers = [made for made in view.made.objects if made.doc.get("kind") in _SCALERS]
    if not scalers:
        return
    pods = {pod.of.rpartition("/")[2]: pod for pod in view.pods()}
    for made in scalers:
        spec = mapping(made.doc.get("spec"))
        pod = pods.get(text(mapping(spec.get("scaleTargetRef")).get("name")))
        fixed = integer(spec.get("minReplicas")) == integer(spec.get("maxReplicas"))
        if made.doc.get("kind") == "HorizontalPodAutoscaler" and pod is not None and not fixed:
            for name in _shares(spec):
                yield from _unmeasured(view, pod, name)
        elif made.doc.get("kind") == "ScaledObject":
            yield from _refused(view, made)


def _shares(spec: JsonObject) -> Iterator[str]:
    """List what is measured as a share of requests."""
    for metric in sequence(spec.get("metrics")):
        resource = mapping(mapping(metric).get("resource"))
        if mapping(resource.get("target")).get("averageUtilization") is not None:
            yield text(resource.get("name"))


def _unmeasured(view: MadeView, pod: MadePod, name: str) -> Problems:
    spec = mapping(mapping(pod.pod).get("spec"))
    for index, item in enumerate(sequence(spec.get("containers"))):
        container = mapping(item)
        resources = mapping(container.get("resources"))
        if name not in mapping(resources.get("requests")) and name not in mapping(resources.get("limits")):
            place = view.where(pod.origins, ("spec", "containers", index, "name"))
            who = f"container {text(container.get('name'))} of {pod.of} requests no {name}"
            yield Problem(place.path, f"{who}, so that nothing scales by it: missing request for {name}{place.told}")


def _refused(view: MadeView, scaled: MadeObject) -> Problems:
    """Tell of the containers for whose sake KEDA refuses a ScaledObject."""
    target = f"Deployment/{text(mapping(mapping(scaled.doc.get('spec')).get('scaleTargetRef')).get('name'))}"
    for made in view.made.objects:
        if made.label == target:
            containers = sequence(value_at(made.doc, _CONTAINERS))
            for index, resource in unrequested(scaled.doc, containers):
                place = view.where(made.origins, (*_CONTAINERS, index, "name"))
                who = f"container {text(mapping(containers[index]).get('name'))} of {made.label} requests no {resource}"
                yield Problem(place.path, f"{who}, so that KEDA refuses {scaled.label}{place.told}")
