"""A cache caches what another one does, or something else than before.

Two LocalModelCaches of one URI would both claim the services that use it. The URI of a cache is fixed: what is on the
nodes is the old model.

Fix: Keep one cache per URI; for another model make a cache of another name.
Bad:
    kind: LocalModelCache
    spec: {sourceModelUri: s3://b/m}  # as another one has
Good:
    kind: LocalModelCache
    spec: {sourceModelUri: s3://b/other}
Upstream: LMC-01; LMC-04; LMN-03; pkg/webhook/admission/localmodelcache/localmodelcache_validator.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.view import of_kind
from kservegen.core.document import mapping, text

_PATH: Final = ("spec", "sourceModelUri")


@rule(Stage.ADMISSION, "LocalModelCache", "LocalModelNamespaceCache", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    uri = _uri(resource)
    old = context.old.get(resource.id)
    if old is not None and _uri(old) != uri:
        yield Problem(_PATH, f"sourceModelUri is immutable, it was {_uri(old)!r}", seen=uri, allowed=_uri(old))
    # The webhook of the namespaced kind is in no installation.
    if not uri or resource.kind != "LocalModelCache":
        return
    for other in of_kind(context, "LocalModelCache"):
        if other.id != resource.id and _uri(other) == uri:
            yield Problem(_PATH, f"LocalModelCache {other.id.name} has the same StorageURI {uri}", seen=uri)
            return


def _uri(resource: Resource) -> str:
    return text(mapping(resource.doc.get("spec")).get("sourceModelUri"))
