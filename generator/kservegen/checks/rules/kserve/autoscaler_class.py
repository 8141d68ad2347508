"""The autoscaler class is none that KServe's webhook takes.

The webhook compares the annotation with four words, and an empty one is none of them. Knative's own autoscaler needs no
word: leave the annotation out.

Fix: Write hpa, keda, external or none, in lower case, or leave the annotation out.
Bad:
    metadata: {annotations: {serving.kserve.io/autoscalerClass: kpa}}
Good:
    metadata: {annotations: {serving.kserve.io/autoscalerClass: hpa}}
Upstream: ISVC-02; pkg/apis/serving/v1beta1/inference_service_validation.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._autoscaling import CLASSES
from kservegen.checks.rules.kserve._settings import AUTOSCALER
from kservegen.core.document import mapping, text
from kservegen.core.suggest import did_you_mean


@rule(Stage.ADMISSION, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    value = mapping(mapping(resource.doc.get("metadata")).get("annotations")).get(AUTOSCALER)
    if isinstance(value, str) and value not in CLASSES:
        yield Problem(
            ("metadata", "annotations", AUTOSCALER),
            f"[{value}] is not a supported autoscaler class type",
            seen=value,
            allowed=", ".join(CLASSES),
            hint=did_you_mean(text(value).lower(), CLASSES, cutoff=0.7),
        )
