"""A TrainedModel in; a finding out where its webhook refuses the place the model is stored at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._uris import TRAINED_MODEL_SCHEMES
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/trained-model-uri",
    title="A TrainedModel's URI has a scheme that its webhook does not take",
    why="The agent that downloads TrainedModels knows fewer schemes than an InferenceService, and the webhook says so.",
    fix="Store the model where the agent can reach it: s3, gs, https or http.",
    bad="spec: {model: {storageUri: pvc://claim/model}}",
    good="spec: {model: {storageUri: gs://bucket/model}}",
    upstream=("TM-02", "pkg/apis/serving/v1alpha1/trainedmodel_webhook.go"),
)

_LISTED: Final = ", ".join(TRAINED_MODEL_SCHEMES)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    uri = mapping(mapping(resource.doc.get("spec")).get("model")).get("storageUri")
    if isinstance(uri, str) and not uri.startswith(TRAINED_MODEL_SCHEMES):
        yield Finding(
            rule=META.id,
            path=("spec", "model", "storageUri"),
            message=f"the storage uri must start with one of the prefixes: {_LISTED}. {uri!r} does not",
            hint=META.fix,
            seen=uri,
            allowed=_LISTED,
        )


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"TrainedModel"}))
