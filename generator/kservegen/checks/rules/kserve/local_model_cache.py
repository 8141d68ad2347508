"""A cache of a model on nodes in; findings out where its webhook would compare it with others and say no."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.checks.rules.view import of_kind
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping, text
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kserve/local-model-cache",
    title="A cache caches what another one does, or something else than before",
    why="Two LocalModelCaches of one URI would both claim the services that use it. The URI of a cache is fixed: what "
    "is on the nodes is the old model.",
    fix="Keep one cache per URI; for another model make a cache of another name.",
    bad="kind: LocalModelCache\nspec: {sourceModelUri: s3://b/m}  # as another one has",
    good="kind: LocalModelCache\nspec: {sourceModelUri: s3://b/other}",
    upstream=("LMC-01", "LMC-04", "LMN-03", "pkg/webhook/admission/localmodelcache/localmodelcache_validator.go"),
)

_PATH: Final = ("spec", "sourceModelUri")


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    uri = _uri(resource)
    old = context.old.get(resource.id)
    if old is not None and _uri(old) != uri:
        message = f"sourceModelUri is immutable, it was {_uri(old)!r}"
        yield Finding(rule=META.id, path=_PATH, message=message, hint=META.fix, seen=uri, allowed=_uri(old))
    # The webhook of the namespaced kind is in no installation.
    if not uri or resource.kind != "LocalModelCache":
        return
    for other in of_kind(context, "LocalModelCache"):
        if other.id != resource.id and _uri(other) == uri:
            message = f"LocalModelCache {other.id.name} has the same StorageURI {uri}"
            yield Finding(rule=META.id, path=_PATH, message=message, hint=META.fix, seen=uri)
            return


def _uri(resource: Resource) -> str:
    return text(mapping(resource.doc.get("spec")).get("sourceModelUri"))


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"LocalModelCache", "LocalModelNamespaceCache"}))
