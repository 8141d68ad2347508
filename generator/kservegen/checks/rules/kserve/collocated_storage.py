"""An InferenceService in; a finding out where the transformer beside its predictor names a model of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._env import variable
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping, sequence
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/collocated-storage",
    title="A transformer in the predictor's pod has STORAGE_URI",
    why="Only the container that serves gets a model downloaded; the webhook refuses the variable on the container "
    "transformer-container.",
    fix="Set STORAGE_URI on kserve-container, or mount what the transformer needs.",
    bad="predictor: {containers: [{name: transformer-container, env: [{name: STORAGE_URI, value: s3://b/m}]}]}",
    good="predictor: {containers: [{name: transformer-container}, {name: kserve-container}]}",
    upstream=("ISVC-19", "pkg/apis/serving/v1beta1/inference_service_validation.go"),
)

_TRANSFORMER: Final = "transformer-container"


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    predictor = mapping(mapping(resource.doc.get("spec")).get("predictor"))
    for index, container in enumerate(sequence(predictor.get("containers"))):
        if not isinstance(container, dict) or container.get("name") != _TRANSFORMER:
            continue
        found = variable(container, "STORAGE_URI")
        if found is not None:
            yield Finding(
                rule=META.id,
                path=("spec", "predictor", "containers", index, "env", found),
                message="storage uri should not be specified in transformer container",
                hint=META.fix,
                seen="STORAGE_URI",
            )
        return  # KServe looks at the first of the name


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService"}))
