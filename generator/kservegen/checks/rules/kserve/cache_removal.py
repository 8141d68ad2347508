"""A cache is removed while a service uses it.

The webhook refuses to delete a LocalModelCache that a service in the cluster is marked with, so a GitOps tool that
prunes it fails. The namespaced kind has the same check, which no installation switches on.

Fix: Remove or move the service first, and the cache with the next change.
Bad:
    kind: InferenceService
    spec: {predictor: {model: {storageUri: s3://b/m}}}  # the cache of s3://b/m goes
Good:
    kind: InferenceService
    spec: {predictor: {model: {storageUri: s3://b/other}}}
Upstream: LMC-02; LMC-03; LMN-02; pkg/webhook/admission/localmodelcache/localmodelcache_validator.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._settings import annotation, namespace
from kservegen.core.document import mapping, text, value_at
from kservegen.core.jsontypes import Path

_CACHES: Final = frozenset({"LocalModelCache", "LocalModelNamespaceCache"})
_OPT_OUT: Final = "serving.kserve.io/disable-localmodel"
_PLACES: Final[dict[str, Path]] = {
    "InferenceService": ("spec", "predictor", "model", "storageUri"),
    "LLMInferenceService": ("spec", "model", "uri"),
}


# It is the removal of the cache that is refused; the service itself is admitted.
@rule(Stage.ADVICE, *_PLACES, scope=Scope.UPDATE)
def check(resource: Resource, context: Context) -> Problems:
    gone = [
        context.old[identity]
        for identity in context.old
        if identity.kind in _CACHES and identity not in context.resources
    ]
    if not gone or annotation(resource, _OPT_OUT):
        return
    path = _PLACES[resource.kind]
    found = value_at(resource.doc, path)
    for cache in gone:
        if isinstance(found, str) and _holds(cache, resource, found):
            name = f"{cache.kind} {cache.id.name}"
            message = f"{name} is being used by {resource.kind} {resource.id.name}, and is removed"
            yield Problem(path, message, seen=found)


def _holds(cache: Resource, service: Resource, uri: str) -> bool:
    """Whether a cache is the one of a URI: the same, or a folder that it lies in."""
    source = text(mapping(cache.doc.get("spec")).get("sourceModelUri")).rstrip("/")
    if not source or (cache.id.namespace and cache.id.namespace != namespace(service)):
        return False
    return uri == source or uri.startswith(f"{source}/")
