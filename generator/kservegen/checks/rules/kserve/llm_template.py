"""An LLMInferenceService in; a finding out where its text is no template that the controller can fill."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._templates import LLM_SERVICE, mistake_in
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta, Severity
from kservegen.core.resource import Resource

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kserve/llm-template",
    title="A placeholder in the service's text cannot be filled",
    why="The controller lays the service over its presets and reads the whole as a Go template, filled from the "
    "service itself and GlobalConfig. Where that fails there is no workload but the condition CombineBaseError: "
    "failed to merge config.",
    fix="Write a field of the service, such as {{ .Name }} or {{ .Spec.Model.Name }}, or remove the braces.",
    bad='spec: {template: {containers: [{name: main, args: ["{{ .Nope }}"]}]}}',
    good='spec: {template: {containers: [{name: main, args: ["{{ .Name }}"]}]}}',
    upstream=("kserve rules, section 12", "controller v1alpha2 llmisvc/config_merge.go"),
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    found = mistake_in(resource.doc.get("spec"), ("spec",), LLM_SERVICE)
    if found is not None:
        yield Finding(
            rule=META.id,
            path=found.at.path,
            message=f"failed to merge config: {found.mistake.message}",
            hint=found.hint or META.fix,
            seen=found.at.text,
            severity=None if found.mistake.certain else Severity.WARNING,
        )


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"LLMInferenceService"}))
