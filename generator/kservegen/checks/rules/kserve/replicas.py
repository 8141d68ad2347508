"""The numbers of replicas are negative or contradict each other.

KServe's webhook refuses negative numbers and a minimum above the maximum. An absent minReplicas counts as 1, a
maxReplicas of 0 as no maximum. An LLM workload has replicas or scaling, not both.

Fix: Raise maxReplicas or lower minReplicas; with scaling, leave replicas out.
Bad:
    predictor: {minReplicas: 3, maxReplicas: 2}
Good:
    predictor: {minReplicas: 2, maxReplicas: 3}
Upstream: ISVC-38; ISVC-39; ISVC-40; LLM-17; LLM-18; pkg/apis/serving/v1beta1/component.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.view import components_of
from kservegen.core.document import integer
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.kserve.llm_laws import LLM_LAWS, replica_order


@rule(Stage.ADMISSION, "InferenceService", "LLMInferenceService", "LLMInferenceServiceConfig")
def check(resource: Resource, context: Context) -> Problems:
    if resource.kind == "InferenceService":
        for path, _, component in components_of(resource):
            yield from _component(path, component)
        return
    yield from LLM_LAWS["replicas"](resource.doc, context.release.capabilities)


def _component(path: Path, component: JsonObject) -> Problems:
    least, most = component.get("minReplicas"), component.get("maxReplicas")
    for field, value in (("minReplicas", least), ("maxReplicas", most)):
        number = integer(value)
        if number is not None and number < 0:
            message = f"'{field[0].upper()}{field[1:]}' cannot be less than 0"
            yield Problem((*path, field), message, seen=str(number), allowed="0 and more", hint="Write 0 or more.")
    yield from replica_order(path, least=1 if least is None else integer(least), most=integer(most) or None)
