"""An LLMInferenceServiceConfig in; a finding out where it builds on other configurations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/llm-config-base",
    title="A configuration builds on another configuration",
    why="Only a service has baseRefs: KServe merges one level, and its webhook refuses more.",
    fix="List all configurations in the baseRefs of the service, the more general first.",
    bad="kind: LLMInferenceServiceConfig\nspec: {baseRefs: [{name: common}]}",
    good="kind: LLMInferenceService\nspec: {baseRefs: [{name: common}, {name: special}]}",
    upstream=("LLMC-01", "pkg/apis/serving/v1alpha2/llm_inference_service_config_validation.go"),
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    if mapping(resource.doc.get("spec")).get("baseRefs"):
        yield Finding(
            rule=META.id,
            path=("spec", "baseRefs"),
            message="baseRefs is not a permitted field in LLMInferenceServiceConfig",
            hint=META.fix,
            at_key=True,
        )


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"LLMInferenceServiceConfig"}))
