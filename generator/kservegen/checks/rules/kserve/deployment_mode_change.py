"""An InferenceService that is updated in; a finding out where its deployment mode would become another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._settings import MODE, NEW_MODE
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping, text
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION
SCOPE: Final = Scope.UPDATE

META: Final = RuleMeta(
    id="kserve/deployment-mode-change",
    title="The deployment mode of an existing service changes",
    why="Another mode means other objects behind the service, and the webhook compares the annotation with the mode in "
    "the service's status. v0.19 takes an empty status for Standard, so a new Knative service cannot be updated "
    "before its status is written.",
    fix="Keep the mode, or make a service of another name and remove this one.",
    bad="annotations: {serving.kserve.io/deploymentMode: Knative}\n# was: Standard",
    good="annotations: {serving.kserve.io/deploymentMode: Standard}\n# was: Standard",
    upstream=("ISVC-69", "pkg/apis/serving/v1beta1/inference_service_validation.go"),
)


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    old = context.old.get(resource.id)
    if old is None:
        return
    recorded = text(mapping(old.doc.get("status")).get("deploymentMode"))
    before = NEW_MODE.get(recorded, recorded) or ("Standard" if context.is_019 else "")
    now = mapping(mapping(resource.doc.get("metadata")).get("annotations")).get(MODE)
    if before and isinstance(now, str) and now != before:
        yield Finding(
            rule=META.id,
            path=("metadata", "annotations", MODE),
            message=f"update rejected: deploymentMode cannot be changed from '{before}' to '{now}'",
            hint=META.fix,
            seen=now,
            allowed=before,
        )


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService"}))
