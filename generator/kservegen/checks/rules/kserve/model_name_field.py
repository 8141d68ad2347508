"""A predictor's model has a name of its own.

The model becomes the container kserve-container, so KServe's webhook refuses any name, even that one. Clients address
the model by the name of the InferenceService.

Fix: Remove name from the model, and name the InferenceService as clients shall call it.
Bad:
    predictor: {model: {name: iris, modelFormat: {name: sklearn}}}
Good:
    predictor: {model: {modelFormat: {name: sklearn}}}
Upstream: ISVC-20; pkg/apis/serving/v1beta1/inference_service_validation.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.view import components_of
from kservegen.core.document import mapping
from kservegen.kserve.workloads import FRAMEWORKS

_FIELDS: Final = frozenset({"model", *FRAMEWORKS})


@rule(Stage.ADMISSION, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    for path, component, spec in components_of(resource):
        if component != "predictor":
            continue
        for field, value in spec.items():
            if field in _FIELDS and (name := mapping(value).get("name")):
                message = f"the 'name' field is not allowed in standard predictor: {field} has one"
                yield Problem((*path, field, "name"), message, seen=str(name), at_key=True)
