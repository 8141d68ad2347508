"""An InferenceService in; a finding out where its autoscaler is none that KServe knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._autoscaling import CLASSES
from kservegen.checks.rules.kserve._settings import AUTOSCALER
from kservegen.checks.rules.kserve._suggest import did_you_mean
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping, text
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/autoscaler-class",
    title="The autoscaler class is none that KServe's webhook takes",
    why="The webhook compares the annotation with four words, and an empty one is none of them. Knative's own "
    "autoscaler needs no word: leave the annotation out.",
    fix="Write hpa, keda, external or none, in lower case, or leave the annotation out.",
    bad="metadata: {annotations: {serving.kserve.io/autoscalerClass: kpa}}",
    good="metadata: {annotations: {serving.kserve.io/autoscalerClass: hpa}}",
    upstream=("ISVC-02", "pkg/apis/serving/v1beta1/inference_service_validation.go"),
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    value = mapping(mapping(resource.doc.get("metadata")).get("annotations")).get(AUTOSCALER)
    if isinstance(value, str) and value not in CLASSES:
        yield Finding(
            rule=META.id,
            path=("metadata", "annotations", AUTOSCALER),
            message=f"[{value}] is not a supported autoscaler class type",
            hint=did_you_mean(text(value).lower(), CLASSES) or META.fix,
            seen=value,
            allowed=", ".join(CLASSES),
        )


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService"}))
