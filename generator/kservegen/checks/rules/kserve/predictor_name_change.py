"""A predictor gets another name for the same model.

KServe v0.20 names the version of a model by predictor.name: a new name is for a new storageUri, when a canary becomes
the stable predictor.

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
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject


@rule(Stage.ADMISSION, "InferenceService", scope=Scope.UPDATE)
def check(resource: Resource, context: Context) -> Problems:
    old = context.old.get(resource.id)
    if old is None or not context.release.capabilities.predictor_name:
        return
    before, now = _predictor(old), _predictor(resource)
    # A predictor that had no name may get one.
    if before.get("name") and now.get("name") != before.get("name") and _uri(now) == _uri(before):
        yield Problem(
            ("spec", "predictor", "name"),
            f"predictor.name changes from {before.get('name')!r} while storageUri stays the same",
            seen=str(now.get("name") or ""),
            allowed=str(before.get("name")),
        )


def _predictor(resource: Resource) -> JsonObject:
    return mapping(mapping(resource.doc.get("spec")).get("predictor"))


def _uri(predictor: JsonObject) -> object:
    return mapping(predictor.get("model")).get("storageUri")
