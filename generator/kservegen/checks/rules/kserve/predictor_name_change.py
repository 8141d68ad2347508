"""A predictor gets another name for the same model.

KServe v0.20 names the version of a model by predictor.name: a new name is for a new storageUri, when a canary becomes
the stable predictor. A first name, and none any more, are changes like any other.

Fix: Keep predictor.name, or change storageUri with it.
Bad:
    predictor: {name: v2, model: {storageUri: s3://b/m}}
    # was: {name: v1, model: {storageUri: s3://b/m}}
Good:
    predictor: {name: v2, model: {storageUri: s3://b/new}}
    # was: {name: v1, model: {storageUri: s3://b/m}}
Upstream: kserve rules, section 11; KServe v0.20 pkg/apis/serving/v1beta1/inference_service_validation.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.controllers.components import source_env


@rule(Stage.ADMISSION, "InferenceService", scope=Scope.UPDATE)
def check(resource: Resource, context: Context) -> Problems:
    old = context.old.get(resource.id)
    if old is None or not context.release.capabilities.predictor_name:
        return
    before, now = _predictor(old), _predictor(resource)
    was, name = text(before.get("name")), text(now.get("name"))
    if name != was and _source(now) == _source(before):
        change = f"changes from {was!r}" if was else f"becomes {name!r}"
        yield Problem(
            ("spec", "predictor", "name"),
            f"predictor.name {change} while the model stays the same",
            seen=name,
            allowed=was or "none",
            at_key=not name,
        )


def _predictor(resource: Resource) -> JsonObject:
    return mapping(mapping(resource.doc.get("spec")).get("predictor"))


def _source(predictor: JsonObject) -> object:
    """Return where the model comes from: the fields that say it, or what a container of one's own is told."""
    model = mapping(predictor.get("model"))
    told = [source_env(mapping(item)) for item in sequence(predictor.get("containers"))]
    return [model.get("storageUri"), model.get("storage"), predictor.get("storageUris"), told]
