"""A container has no image.

Runtimes and presets bring the images of their own containers, which are merged by name; any other container has to name
its image. The object is admitted, its Deployment is refused.

Fix: Add image, or give the container the name of the one that it should change.
Bad:
    transformer: {containers: [{name: kserve-container}]}
Good:
    transformer: {containers: [{name: kserve-container, image: example/transformer:v1}]}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from typing import Final

from kservegen.checks.rules._cached import cached_by_object
from kservegen.checks.rules.base import Context, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.view import containers_of, names_of_kind, of_kind
from kservegen.core.document import mapping, text
from kservegen.kserve.workloads import ContainerAt, containers
from kservegen.kubernetes.containers import image_missing

_LENT: Final = {
    "InferenceService": frozenset({"kserve-container", "worker-container"}),
    "LLMInferenceService": frozenset({"main", "llm-d-routing-sidecar", "storage-initializer", "tokenizer"}),
}
_LENDERS: Final = {
    "InferenceService": ("ServingRuntime", "ClusterServingRuntime"),
    "LLMInferenceService": ("LLMInferenceServiceConfig",),
}


@rule(Stage.DEPLOYMENT, *_LENT, scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    lacking = _lacking(resource)
    if not lacking or _names_unknown_bases(resource, context):
        return
    lent = _lent(resource.kind, context)
    missing = (image_missing(at) for at in lacking if not _is_lent(at, lent))
    yield from (problem for problem in missing if problem)


@cached_by_object
def _lacking(resource: Resource) -> tuple[ContainerAt, ...]:
    listed = (at for at in containers_of(resource) if isinstance(at.path[-1], int))
    return tuple(at for at in listed if not at.container.get("image"))


def _is_lent(at: ContainerAt, lent: frozenset[str]) -> bool:
    # What a scheduler's preset brings differs between releases.
    if at.role == "scheduler":
        return True
    return at.pod.partial and text(at.container.get("name")) in lent


def _lent(kind: str, context: Context) -> frozenset[str]:
    lenders = (lender for name in _LENDERS[kind] for lender in of_kind(context, name))
    return _LENT[kind].union(text(at.container.get("name")) for lender in lenders for at in containers(lender))


def _names_unknown_bases(resource: Resource, context: Context) -> bool:
    """Whether the object builds on a runtime or configuration that is not at hand, which may have any container."""
    spec = mapping(resource.doc.get("spec"))
    known = {lender.name for name in _LENDERS[resource.kind] for lender in names_of_kind(context, name)}
    if resource.kind == "LLMInferenceService":
        bases = spec.get("baseRefs")
        names = [text(mapping(base).get("name")) for base in bases] if isinstance(bases, list) else []
        return any(name not in known for name in names)
    runtime = text(mapping(mapping(spec.get("predictor")).get("model")).get("runtime"))
    return bool(runtime) and runtime not in known and not runtime.startswith("kserve-")
