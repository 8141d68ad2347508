"""The service contradicts itself once its bases lie under it.

The controller judges what it merged by the rules of v1alpha2 once more. So a base can spoil a service that the webhook
has let through, and a v1alpha1 service meets rules that only v1alpha2 has: there is no workload but the condition
CombineBaseError.

Fix: Change the service or the base so that both together are sound.
Bad:
    spec: {baseRefs: [{name: with-replicas}], scaling: {maxReplicas: 2, wva: {hpa: {}}}}
Good:
    spec: {baseRefs: [{name: with-replicas}]}
Upstream: LLM-C01; controller v1alpha2 llmisvc/config_merge.go
"""

from types import ModuleType
from typing import Final

from kservegen.checks.rules.base import Context, Problems, Resource, Scope, Stage, manual_of, rule
from kservegen.checks.rules.kserve import (
    llm_lora,
    llm_parallelism,
    llm_rollout,
    llm_router,
    llm_scaling,
    llm_scheduler,
    replicas,
)
from kservegen.checks.rules.merged import merged
from kservegen.core.document import value_at
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.kserve.llm_laws import LLM_LAWS

_MANUALS: Final[dict[str, ModuleType]] = {
    "llm-lora": llm_lora,
    "llm-parallelism": llm_parallelism,
    "llm-router": llm_router,
    "llm-scaling": llm_scaling,
    "llm-rollout": llm_rollout,
    "llm-scheduler": llm_scheduler,
    "replicas": replicas,
}
_VERSION: Final = "serving.kserve.io/v1alpha2"


@rule(Stage.DEPLOYMENT, "LLMInferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    spec, _, based = merged(resource, context)
    if not based and resource.api_version == _VERSION:
        return
    whole: JsonObject = {**resource.doc, "apiVersion": _VERSION, "spec": spec}
    known = {(problem.path, problem.message) for problem in _problems(resource.doc, context)}
    for problem in _problems(whole, context):
        if problem.severity is None and (problem.path, problem.message) not in known:
            is_own = _has(resource.doc, problem.path)
            yield problem._replace(
                path=problem.path if is_own else ("spec", "baseRefs"),
                message=f"once merged with its bases: {problem.message}" if based else problem.message,
                at_key=problem.at_key or not is_own,
            )


def _problems(doc: JsonObject, context: Context) -> Problems:
    for name, law in LLM_LAWS.items():
        for problem in law(doc, context.release.capabilities):
            yield problem._replace(hint=problem.hint or manual_of(_MANUALS[name]).fix)


def _has(doc: JsonObject, path: Path) -> bool:
    """Whether the service itself has the field; otherwise a base has."""
    holder, last = value_at(doc, path[:-1]), path[-1]
    if isinstance(holder, list):
        return isinstance(last, int) and last < len(holder)
    return isinstance(holder, dict) and last in holder
