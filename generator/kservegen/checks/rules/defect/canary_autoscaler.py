"""The autoscaler of a canary outlives it.

KServe makes a HorizontalPodAutoscaler for each canary and does not own it: nobody deletes it with the canary, nor with
the service.

Fix: Delete the HorizontalPodAutoscaler by hand when the canary goes, or write autoscalerClass: none.
Severity: info
Bad:
    canary: [{trafficPercent: 10, predictor: {name: v2, model: {modelFormat: {name: sklearn}, storageUri: s3://b/new}}}]
Good:
    metadata: {annotations: {serving.kserve.io/autoscalerClass: none}}
Upstream: kserve derive-isvc, part 10.3; kserve versions, part 5.4
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._settings import AUTOSCALER, annotation
from kservegen.core.document import mapping, sequence, text, value_at

_WITHOUT: Final = frozenset({"none", "external", "keda"})


@rule(Stage.ADVICE, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    if annotation(resource, AUTOSCALER) in _WITHOUT:
        return
    for index, entry in enumerate(sequence(value_at(resource.doc, ("spec", "canary")))):
        name = f"{resource.id.name}-{text(mapping(mapping(entry).get('predictor')).get('name'))}-predictor"
        message = f"HorizontalPodAutoscaler {name} stays when the canary goes"
        yield Problem(("spec", "canary", index), message, at_key=True)
