"""An InferenceService that is updated in; a finding out where its predictor is renamed and its model is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION
SCOPE: Final = Scope.UPDATE

META: Final = RuleMeta(
    id="kserve/predictor-name-change",
    title="A predictor gets another name for the same model",
    why="KServe v0.20 names the version of a model by predictor.name: a new name is for a new storageUri, when a "
    "canary becomes the stable predictor.",
    fix="Keep predictor.name, or change storageUri with it.",
    bad="predictor: {name: v2, model: {storageUri: s3://b/m}}\n# was: {name: v1, model: {storageUri: s3://b/m}}",
    good="predictor: {name: v2, model: {storageUri: s3://b/new}}\n# was: {name: v1, model: {storageUri: s3://b/m}}",
    upstream=("kserve rules, section 11", "KServe v0.20 pkg/apis/serving/v1beta1/inference_service_validation.go"),
)


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    old = context.old.get(resource.id)
    if old is None or context.is_019:
        return
    before, now = _predictor(old), _predictor(resource)
    # A predictor that had no name may get one.
    if before.get("name") and now.get("name") != before.get("name") and _uri(now) == _uri(before):
        yield Finding(
            rule=META.id,
            path=("spec", "predictor", "name"),
            message=f"predictor.name changes from {before.get('name')!r} while storageUri stays the same",
            hint=META.fix,
            seen=str(now.get("name") or ""),
            allowed=str(before.get("name")),
        )


def _predictor(resource: Resource) -> JsonObject:
    return mapping(mapping(resource.doc.get("spec")).get("predictor"))


def _uri(predictor: JsonObject) -> object:
    return mapping(predictor.get("model")).get("storageUri")


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService"}))
