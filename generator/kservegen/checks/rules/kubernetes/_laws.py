"""What binds Kubernetes' own laws to KServe's kinds: a law of `kubernetes/` in, the rule of its module out."""

from collections.abc import Callable, Iterable
from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Rule, Stage, rule
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.kubernetes.resources import Amount
from kservegen.kubernetes.templates import CONTAINER_LAWS, POD_LAWS

POD_KINDS: Final = frozenset(
    {
        "ClusterServingRuntime",
        "ClusterStorageContainer",
        "InferenceGraph",
        "InferenceService",
        "LLMInferenceService",
        "LLMInferenceServiceConfig",
        "ServingRuntime",
    }
)


def law_rule(name: str, stage: Stage = Stage.DEPLOYMENT, kinds: frozenset[str] = POD_KINDS) -> Rule:
    """Return the rule of the laws that `kubernetes/templates.py` has under a name: of pods, containers or both."""
    return Rule(stage=stage, kinds=kinds, pod=POD_LAWS.get(name, {}), container=CONTAINER_LAWS.get(name, {}))


def metadata_rule(field: str, law: Callable[[JsonValue, Path], Iterable[Problem]]) -> Rule:
    """Return the rule of a law of one field of `metadata`, whatever the kind."""

    @rule(Stage.ADMISSION)
    def check(resource: Resource, _context: Context) -> Problems:
        metadata = mapping(resource.doc.get("metadata"))
        if field in metadata:
            yield from law(metadata[field], ("metadata", field))

    return check


def amounts_rule(
    law: Callable[[Iterable[Amount]], Iterable[Problem]],
    amounts: Callable[[Resource], Iterable[Amount]],
    stage: Stage = Stage.DEPLOYMENT,
) -> Rule:
    """Return the rule of a law of what the containers of an object request and are limited to."""
    return Rule(stage=stage, kinds=POD_KINDS, check=lambda resource, _: law(amounts(resource)))
