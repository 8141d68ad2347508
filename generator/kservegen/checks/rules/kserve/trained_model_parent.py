"""A TrainedModel's parent is missing, or is not a host for several models.

The controller deletes a TrainedModel whose InferenceService does not exist, and does not load one into a service that
has a model of its own, serves huggingface, or is a container without MULTI_MODEL_SERVER=true.

Fix: Name an InferenceService of the same namespace that has a modelFormat and no storage.
Bad:
    spec: {inferenceService: nope, model: {framework: sklearn, storageUri: gs://b/m, memory: 1Gi}}
Good:
    spec: {inferenceService: host, model: {framework: sklearn, storageUri: gs://b/m, memory: 1Gi}}
Upstream: TM-C1; TM-C2; controller v1alpha1 trainedmodel/controller.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._lookup import find, is_available, known_names
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.suggest import did_you_mean

_STORAGE: Final = ("storageUri", "storage")


@rule(Stage.DEPLOYMENT, "TrainedModel", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    parent = text(mapping(resource.doc.get("spec")).get("inferenceService"))
    if not parent:
        return
    here = namespace(resource)
    found = find(context, kind="InferenceService", namespace=here, name=parent)
    if found is not None:
        reason = _unfit(mapping(mapping(found.doc.get("spec")).get("predictor")))
        if reason:
            yield _problem(parent, f"InferenceService {parent} holds no other models: {reason}")
    elif not is_available(context, kind="InferenceService", namespace=here, name=parent):
        known = known_names(context, kind="InferenceService", namespace=here)
        message = f"namespace {here} has no InferenceService {parent!r}"
        yield _problem(parent, message, did_you_mean(parent, known, cutoff=0.7))


def _problem(parent: str, message: str, hint: str = "") -> Problem:
    return Problem(("spec", "inferenceService"), message, seen=parent, hint=hint)


def _unfit(predictor: JsonObject) -> str | None:
    if predictor.get("storageUris"):
        return "it has storageUris"
    model = predictor.get("model")
    if isinstance(model, dict):
        given = next((field for field in _STORAGE if model.get(field)), None)
        if given:
            return f"it has a model of its own in {given}"
        if mapping(model.get("modelFormat")).get("name") == "huggingface":
            return "huggingface serves one model"
        return None
    containers = sequence(predictor.get("containers"))
    if containers and not _is_multi_model(mapping(containers[0])):
        return "its container does not set MULTI_MODEL_SERVER=true"
    return None


def _is_multi_model(container: JsonObject) -> bool:
    variables = (mapping(variable) for variable in sequence(container.get("env")))
    return any(v.get("name") == "MULTI_MODEL_SERVER" and v.get("value") == "true" for v in variables)
