"""A service in; a finding out where the cache that holds its model goes while the service stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._settings import annotation, namespace
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.checks.rules.view import named
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import Path
from kservegen.core.resource import Resource

# It is the removal of the cache that is refused; the service itself is admitted.
STAGE: Final = Stage.ADVICE
SCOPE: Final = Scope.UPDATE

META: Final = RuleMeta(
    id="kserve/cache-removal",
    title="A cache is removed while a service uses it",
    why="The webhook refuses to delete a LocalModelCache that a service in the cluster is marked with, so a GitOps "
    "tool that prunes it fails. The namespaced kind has the same check, which no installation switches on.",
    fix="Remove or move the service first, and the cache with the next change.",
    bad="kind: InferenceService\nspec: {predictor: {model: {storageUri: s3://b/m}}}  # the cache of s3://b/m goes",
    good="kind: InferenceService\nspec: {predictor: {model: {storageUri: s3://b/other}}}",
    upstream=("LMC-02", "LMC-03", "LMN-02", "pkg/webhook/admission/localmodelcache/localmodelcache_validator.go"),
)

_CACHES: Final = frozenset({"LocalModelCache", "LocalModelNamespaceCache"})
_OPT_OUT: Final = "serving.kserve.io/disable-localmodel"
_PLACES: Final[dict[str, Path]] = {
    "InferenceService": ("spec", "predictor", "model", "storageUri"),
    "LLMInferenceService": ("spec", "model", "uri"),
}


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    gone = [item for identity, item in context.old.items() if named(context, identity) is None]
    if not gone or annotation(resource, _OPT_OUT):
        return
    path = _PLACES[resource.kind]
    found: object = resource.doc
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    for cache in gone:
        if cache.kind in _CACHES and isinstance(found, str) and _holds(cache, resource, found):
            name = f"{cache.kind} {cache.id.name}"
            message = f"{name} is being used by {resource.kind} {resource.id.name}, and is removed"
            yield Finding(rule=META.id, path=path, message=message, hint=META.fix, seen=found)


def _holds(cache: Resource, service: Resource, uri: str) -> bool:
    """Whether a cache is the one of a URI: the same, or a folder that it lies in."""
    source = text(mapping(cache.doc.get("spec")).get("sourceModelUri")).rstrip("/")
    if not source or (cache.id.namespace and cache.id.namespace != namespace(service)):
        return False
    return uri == source or uri.startswith(f"{source}/")


RULE: Final = Rule(meta=META, check=check, kinds=frozenset(_PLACES))
