"""A component has both storageUri and storageUris.

KServe's webhook takes one or the other. For containers, the variable STORAGE_URI counts as storageUri.

Fix: Move the single URI into storageUris, with a mountPath of its own.
Bad:
    predictor: {storageUris: [{uri: s3://b/a}], model: {modelFormat: {name: sklearn}, storageUri: s3://b/m}}
Good:
    predictor: {storageUris: [{uri: s3://b/a}], model: {modelFormat: {name: sklearn}}}
Upstream: ISVC-21; ISVC-22; ISVC-23; pkg/apis/serving/v1beta1/inference_service_validation.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.view import components_of
from kservegen.core.diagnostics import Counterpart
from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.kserve.workloads import FRAMEWORKS, SERVING_CONTAINER, PodSpecAt

_MODELS: Final = ("model", "art", *FRAMEWORKS)


@rule(Stage.ADMISSION, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    for component in components_of(resource):
        if component.spec.get("storageUris"):
            path = _single(component)
            if path:
                message = f"Setting both StorageURI and StorageURIs is not supported, and the {component.role} has both"
                other = Counterpart((*component.path, "storageUris"), "storageUris is set here")
                yield Problem(path, message, at_key=True, other=other)


def _single(component: PodSpecAt) -> Path | None:
    """Find where the one URI stands."""
    for field in _MODELS:
        uri = mapping(component.spec.get(field)).get("storageUri")
        # An empty one counts, except with an explainer, whose field has no way to be absent.
        if uri is not None and (uri or field != "art"):
            return (*component.path, field, "storageUri")
    for index, container in enumerate(sequence(component.spec.get("containers"))):
        found = _variable(mapping(container))
        if found is not None and _counts(component, index, container):
            return (*component.path, "containers", index, "env", found)
    return None


def _counts(component: PodSpecAt, index: int, container: JsonValue) -> bool:
    if component.role != "predictor":
        return index == 0
    return mapping(container).get("name") == SERVING_CONTAINER and component.spec.get("model") is None


def _variable(container: JsonObject) -> int | None:
    for index, variable in enumerate(sequence(container.get("env"))):
        if mapping(variable).get("name") == "STORAGE_URI":
            return index
    return None
