"""An LLMInferenceService in; findings out where it contradicts itself once its bases lie under it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve import llm_lora, llm_parallelism, llm_router, llm_scaling, llm_scheduler, replicas
from kservegen.checks.rules.merged import merged
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.resource import Resource

STAGE: Final = Stage.DEPLOYMENT
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kserve/llm-merged",
    title="The service contradicts itself once its bases lie under it",
    why="The controller judges what it merged by the rules of v1alpha2 once more. So a base can spoil a service that "
    "the webhook has let through, and a v1alpha1 service meets rules that only v1alpha2 has: there is no workload but "
    "the condition CombineBaseError.",
    fix="Change the service or the base so that both together are sound.",
    bad="spec: {baseRefs: [{name: with-replicas}], scaling: {maxReplicas: 2, wva: {hpa: {}}}}",
    good="spec: {baseRefs: [{name: with-replicas}]}",
    upstream=("LLM-C01", "controller v1alpha2 llmisvc/config_merge.go"),
)

_JUDGES: Final = (
    llm_lora.check,
    llm_parallelism.check,
    llm_router.check,
    llm_scaling.check,
    llm_scheduler.check,
    replicas.check,
)
_VERSION: Final = "serving.kserve.io/v1alpha2"


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    spec, _, based = merged(resource, context)
    if not based and resource.api_version == _VERSION:
        return
    whole = replace(resource, api_version=_VERSION, doc={**resource.doc, "apiVersion": _VERSION, "spec": spec})
    known = {(finding.path, finding.message) for finding in _judge(resource, context)}
    for finding in _judge(whole, context):
        if finding.severity is None and (finding.path, finding.message) not in known:
            said = _is_said(resource.doc, finding.path)
            yield replace(
                finding,
                rule=META.id,
                path=finding.path if said else ("spec", "baseRefs"),
                message=f"once merged with its bases: {finding.message}" if based else finding.message,
                at_key=finding.at_key or not said,
            )


def _judge(resource: Resource, context: Context) -> Iterator[Finding]:
    for judge in _JUDGES:
        yield from judge(resource, context)


def _is_said(doc: JsonObject, path: Path) -> bool:
    """Whether the service itself has the field; otherwise a base has."""
    value: JsonValue = doc
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return False
    return True


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"LLMInferenceService"}))
