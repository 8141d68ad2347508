"""A cache of a model on nodes in; findings out where a group of nodes that it names is not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._lookup import find, is_promised, names
from kservegen.checks.rules.kserve._suggest import did_you_mean
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.core.diagnostics import Finding, RuleMeta, Severity
from kservegen.core.document import mapping, sequence
from kservegen.core.resource import Resource

STAGE: Final = Stage.RUN
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kserve/node-group",
    title="A cache names a group of nodes that is not there",
    why="The group says where the model goes and on what volume, so without it nothing is cached. KServe has a check "
    "of it for the namespaced kind, which no installation switches on.",
    fix="Declare the LocalModelNodeGroup, or promise LocalModelNodeGroup/name among the prerequisites.",
    bad="kind: LocalModelNamespaceCache\nspec: {sourceModelUri: s3://b/m, modelSize: 1Gi, nodeGroups: [nope]}",
    good="kind: LocalModelNamespaceCache\nspec: {sourceModelUri: s3://b/m, modelSize: 1Gi, nodeGroups: [workers]}",
    severity=Severity.WARNING,
    upstream=("LMN-01", "pkg/webhook/admission/localmodelnamespacecache"),
)

_KIND: Final = "LocalModelNodeGroup"


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    for index, group in enumerate(sequence(mapping(resource.doc.get("spec")).get("nodeGroups"))):
        if not isinstance(group, str) or find(context, kind=_KIND, namespace="", name=group) is not None:
            continue
        if not is_promised(context, kind=_KIND, namespace="", name=group):
            known = names(context, kind=_KIND, namespace="default")
            yield Finding(
                rule=META.id,
                path=("spec", "nodeGroups", index),
                message=f"there is no {_KIND} {group!r}",
                hint=did_you_mean(group, known) or META.fix,
                seen=group,
                allowed=", ".join(sorted(known)),
            )


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"LocalModelCache", "LocalModelNamespaceCache"}))
