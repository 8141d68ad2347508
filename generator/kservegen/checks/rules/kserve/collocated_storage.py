"""A transformer in the predictor's pod has STORAGE_URI.

Only the container that serves gets a model downloaded; the webhook refuses the variable on the container
transformer-container.

Fix: Set STORAGE_URI on kserve-container, or mount what the transformer needs.
Bad:
    predictor: {containers: [{name: transformer-container, env: [{name: STORAGE_URI, value: s3://b/m}]}]}
Good:
    predictor: {containers: [{name: transformer-container}, {name: kserve-container}]}
Upstream: ISVC-19; pkg/apis/serving/v1beta1/inference_service_validation.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._env import variable
from kservegen.core.document import mapping, sequence

_TRANSFORMER: Final = "transformer-container"


@rule(Stage.ADMISSION, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    predictor = mapping(mapping(resource.doc.get("spec")).get("predictor"))
    for index, container in enumerate(sequence(predictor.get("containers"))):
        if not isinstance(container, dict) or container.get("name") != _TRANSFORMER:
            continue
        found = variable(container, "STORAGE_URI")
        if found is not None:
            message = "storage uri should not be specified in transformer container"
            yield Problem(("spec", "predictor", "containers", index, "env", found), message, seen="STORAGE_URI")
        return  # KServe looks at the first of the name
