"""A cache caches what another one does.

Two LocalModelCaches of one URI would both claim the services that use it.

Fix: Keep one cache per URI.
Bad:
    kind: LocalModelCache
    spec: {sourceModelUri: s3://b/m}  # as another one has
Good:
    kind: LocalModelCache
    spec: {sourceModelUri: s3://b/other}
Upstream: LMC-01; pkg/webhook/admission/localmodelcache/localmodelcache_validator.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.view import of_kind
from kservegen.core.document import mapping, text

_PATH: Final = ("spec", "sourceModelUri")


# The webhook of the namespaced kind is in no installation.
@rule(Stage.ADMISSION, "LocalModelCache", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    uri = _uri(resource)
    if not uri:
        return
    for other in of_kind(context, "LocalModelCache"):
        if other.id != resource.id and _uri(other) == uri:
            yield Problem(_PATH, f"LocalModelCache {other.id.name} has the same StorageURI {uri}", seen=uri)
            return


def _uri(resource: Resource) -> str:
    return text(mapping(resource.doc.get("spec")).get("sourceModelUri"))
