"""An InferenceService in; a finding out where its ART explainer has storage of a kind that the webhook refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._storage_spec import storage_finding
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/art-explainer",
    title="The storage of an ART explainer is of a kind that the webhook refuses",
    why="Beside storage, an explainer's storageUri must be s3, hdfs or webhdfs, and without a storageUri so must the "
    "type in storage.parameters. A predictor's storage is not checked.",
    fix="Leave storage out, or point at s3, hdfs or webhdfs.",
    bad="explainer: {art: {storageUri: gs://b/m, storage: {key: k}}}",
    good="explainer: {art: {storageUri: s3://b/m, storage: {key: k}}}",
    upstream=("ISVC-35", "ISVC-36", "pkg/apis/serving/v1beta1/explainer.go"),
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    explainer = mapping(mapping(resource.doc.get("spec")).get("explainer"))
    if "art" in explainer:
        finding = storage_finding(META.id, ("spec", "explainer", "art"), mapping(explainer.get("art")))
        if finding is not None:
            yield finding


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService"}))
