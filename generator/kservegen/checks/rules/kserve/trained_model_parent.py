"""A TrainedModel in; a finding out where its parent is missing or cannot hold it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._lookup import find, is_promised, names
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.checks.rules.kserve._suggest import did_you_mean
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource

STAGE: Final = Stage.DEPLOYMENT
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kserve/trained-model-parent",
    title="A TrainedModel's parent is missing, or is not a host for several models",
    why="The controller deletes a TrainedModel whose InferenceService does not exist, and does not load one into a "
    "service that has a model of its own, serves huggingface, or is a container without MULTI_MODEL_SERVER=true.",
    fix="Name an InferenceService of the same namespace that has a modelFormat and no storage.",
    bad="spec: {inferenceService: nope, model: {framework: sklearn, storageUri: gs://b/m, memory: 1Gi}}",
    good="spec: {inferenceService: host, model: {framework: sklearn, storageUri: gs://b/m, memory: 1Gi}}",
    upstream=("TM-C1", "TM-C2", "controller v1alpha1 trainedmodel/controller.go"),
)

_STORAGE: Final = ("storageUri", "storage")


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    parent = text(mapping(resource.doc.get("spec")).get("inferenceService"))
    if not parent:
        return
    here = namespace(resource)
    found = find(context, kind="InferenceService", namespace=here, name=parent)
    if found is not None:
        reason = _unfit(mapping(mapping(found.doc.get("spec")).get("predictor")))
        if reason:
            yield _finding(parent, f"InferenceService {parent} holds no other models: {reason}", META.fix)
    elif not is_promised(context, kind="InferenceService", namespace=here, name=parent):
        known = names(context, kind="InferenceService", namespace=here)
        hint = did_you_mean(parent, known) or META.fix
        yield _finding(parent, f"namespace {here} has no InferenceService {parent!r}", hint)


def _finding(parent: str, message: str, hint: str) -> Finding:
    return Finding(rule=META.id, path=("spec", "inferenceService"), message=message, hint=hint, seen=parent)


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


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"TrainedModel"}))
