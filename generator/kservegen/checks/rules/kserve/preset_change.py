"""An LLMInferenceServiceConfig that is updated in; a finding out where it is one of KServe's own and changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.core.diagnostics import Finding, RuleMeta, Severity
from kservegen.core.jsontypes import JsonValue
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION
SCOPE: Final = Scope.UPDATE

META: Final = RuleMeta(
    id="kserve/preset-change",
    title="One of KServe's own presets changes",
    why="Every LLM service of the cluster is built on the presets, and the next release of the chart overwrites them. "
    "The webhook warns, of a change as of a removal.",
    fix="Make a configuration of another name, and list it in the baseRefs of the services that want it.",
    bad="kind: LLMInferenceServiceConfig\nmetadata: {name: kserve-config-llm-template, namespace: kserve}",
    good="kind: LLMInferenceServiceConfig\nmetadata: {name: our-template, namespace: kserve}",
    severity=Severity.WARNING,
    upstream=("LLMC-04", "LLMC-05", "pkg/apis/serving/v1alpha2/llm_inference_service_config_validation.go"),
)

_PRESETS: Final = frozenset(
    f"kserve-config-llm-{part}"
    for part in (
        "template",
        "decode-template",
        "prefill-template",
        "worker-data-parallel",
        "decode-worker-data-parallel",
        "prefill-worker-data-parallel",
        "scheduler",
        "router-route",
    )
)


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    old = context.old.get(resource.id)
    if old is None or resource.id.name not in _PRESETS or _is_kept(old.doc.get("spec"), resource.doc.get("spec")):
        return
    name = f"{resource.id.namespace}/{resource.id.name}"
    yield Finding(
        rule=META.id,
        path=("spec",),
        message=f"modifying well-known config {name} is not recommended",
        hint=META.fix,
        at_key=True,
    )


def _is_kept(before: JsonValue, now: JsonValue) -> bool:
    """Whether all that was said still is: what is added is no change to the webhook (apimachinery, DeepDerivative)."""
    if not before and not isinstance(before, bool):
        return True
    if isinstance(before, dict) and isinstance(now, dict):
        return all(_is_kept(value, now.get(key)) for key, value in before.items())
    if isinstance(before, list) and isinstance(now, list):
        return len(before) <= len(now) and all(_is_kept(*pair) for pair in zip(before, now, strict=False))
    return before == now


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"LLMInferenceServiceConfig"}))
