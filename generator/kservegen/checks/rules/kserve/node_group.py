"""A cache names a group of nodes that is not there.

The group says where the model goes and on what volume, so without it nothing is cached. KServe has a check of it for
the namespaced kind, which no installation switches on.

Fix: Declare the LocalModelNodeGroup, or promise LocalModelNodeGroup/name among the prerequisites.
Severity: warning
Bad:
    kind: LocalModelNamespaceCache
    spec: {sourceModelUri: s3://b/m, modelSize: 1Gi, nodeGroups: [nope]}
Good:
    kind: LocalModelNamespaceCache
    spec: {sourceModelUri: s3://b/m, modelSize: 1Gi, nodeGroups: [workers]}
Upstream: LMN-01; pkg/webhook/admission/localmodelnamespacecache
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._lookup import is_available, known_names
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, sequence
from kservegen.core.suggest import did_you_mean

_KIND: Final = "LocalModelNodeGroup"


@rule(Stage.RUN, "LocalModelCache", "LocalModelNamespaceCache", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    for index, group in enumerate(sequence(mapping(resource.doc.get("spec")).get("nodeGroups"))):
        if isinstance(group, str) and not is_available(context, kind=_KIND, namespace="", name=group):
            known = known_names(context, kind=_KIND, namespace="default")
            is_known_missing = bool(context.directory.lacks(kind=_KIND, namespace=""))
            if context.environment and not is_known_missing:
                context.directory.assume_unsaid(kind=_KIND, namespace="", name=group)
            yield Problem(
                ("spec", "nodeGroups", index),
                f"there is no {_KIND} {group!r}",
                seen=group,
                allowed=", ".join(sorted(known)),
                hint=did_you_mean(group, known, cutoff=0.7),
                severity=Severity.ERROR if is_known_missing else None,
            )
