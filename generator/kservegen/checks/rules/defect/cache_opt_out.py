"""A word that is to leave caches on switches them off.

KServe asks whether the annotation disable-localmodel is there, not what it says.

Fix: Leave the annotation out.
Severity: warning
Bad:
    metadata: {annotations: {serving.kserve.io/disable-localmodel: 'false'}}
Good:
    metadata: {annotations: {}}
Upstream: kserve derive-isvc-2, part 2; pkg/apis/serving/v1beta1/inference_service_defaults.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._settings import annotation
from kservegen.kserve.controllers.local_models import CACHE_SWITCH


@rule(Stage.RUN, "InferenceService", "LLMInferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    if annotation(resource, CACHE_SWITCH).lower() == "false":
        message = "the annotation keeps the model out of every cache, whatever it says"
        yield Problem(("metadata", "annotations", CACHE_SWITCH), message, seen="false")
