"""The replicas of a graph are lost without an autoscaler.

minReplicas of an InferenceGraph is read by its autoscaler alone: with autoscalerClass none or external there is none,
and the router has one pod.

Fix: Leave autoscalerClass out, or scale the graph's Deployment yourself.
Severity: warning
Bad:
    metadata: {annotations: {serving.kserve.io/autoscalerClass: external}}
    spec: {minReplicas: 2}
Good:
    metadata: {annotations: {}}
    spec: {minReplicas: 2}
Upstream: kserve derive-isvc-2, part 13; pkg/controller/v1alpha1/inferencegraph/raw_ig.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._settings import AUTOSCALER, annotation, deployment_mode
from kservegen.core.document import integer, value_at

_WITHOUT: Final = frozenset({"none", "external"})
_LEAST: Final = ("spec", "minReplicas")


@rule(Stage.RUN, "InferenceGraph")
def check(resource: Resource, context: Context) -> Problems:
    least = integer(value_at(resource.doc, _LEAST)) or 1
    chosen = annotation(resource, AUTOSCALER)
    if least > 1 and chosen in _WITHOUT and deployment_mode(resource, context) == "Standard":
        message = f"the router has one pod: with autoscalerClass {chosen} nothing reads minReplicas"
        yield Problem(_LEAST, message, seen=str(least), allowed="1")
