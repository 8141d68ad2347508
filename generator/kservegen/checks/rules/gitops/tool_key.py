"""A model carries a label or annotation that a tool writes, or that its tool does not read there.

KServe copies it to the pods. The day it is added, changed or removed, every pod of the model is replaced, for a word
that the model does not know. What a tool reads from the object itself, such as sync options in metadata.annotations,
can stand nowhere else, and is not meant. In an environment's catalog a sync wave is: its models share an Application
with models that know nothing of each other, and one of a later wave is not synced before all of the earlier ones are
healthy.

Fix: Leave out what the tool writes itself; state what it reads in metadata.annotations of the object.
Severity: warning
Bad:
    metadata: {annotations: {meta.helm.sh/release-name: iris}}
Good:
    metadata: {annotations: {argocd.argoproj.io/sync-options: Prune=confirm}}
Upstream: gitops 1.2; pkg/constants/constants.go
"""

from typing import Final

from kservegen.checks.rules._cached import cached_by_object
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.gitops._marks import MARKED_KINDS, Mark
from kservegen.checks.rules.view import marks_of

_GROUPS: Final = {
    "argocd.argoproj.io": "Argo CD",
    "kustomize.toolkit.fluxcd.io": "Flux",
    "helm.toolkit.fluxcd.io": "Flux",
    "reconcile.fluxcd.io": "Flux",
    "helm.sh": "Helm",
    "meta.helm.sh": "Helm",
}
_KEYS: Final = {"kubectl.kubernetes.io/last-applied-configuration": "kubectl"}
# What people write in metadata.annotations for the tool to read.
_READ: Final = frozenset(
    {
        *(f"argocd.argoproj.io/{name}" for name in ("compare-options", "hook", "hook-delete-policy")),
        *(f"argocd.argoproj.io/{name}" for name in ("ignore-healthcheck", "sync-options", "sync-wave")),
        *(f"kustomize.toolkit.fluxcd.io/{name}" for name in ("force", "prune", "reconcile", "ssa", "substitute")),
        *(f"helm.sh/{name}" for name in ("hook", "hook-delete-policy", "hook-weight", "resource-policy")),
    }
)


_WAVE: Final = "argocd.argoproj.io/sync-wave"


@cached_by_object
def _of_tools(resource: Resource) -> tuple[tuple[Mark, str], ...]:
    """List the marks that are some tool's own."""
    named = ((mark, _GROUPS.get(mark.key.partition("/")[0]) or _KEYS.get(mark.key, "")) for mark in marks_of(resource))
    return tuple((mark, tool) for mark, tool in named if tool)


@rule(Stage.ADVICE, *MARKED_KINDS, scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    for mark, tool in _of_tools(resource):
        message = f"{mark.key} is {tool}'s, and KServe copies this {mark.noun} to the pods"
        if mark.path[:-1] != ("metadata", "annotations") or mark.key not in _READ:
            yield Problem(mark.path, message, at_key=True)
        elif mark.key == _WAVE and context.environment:
            message += "; the object waits until all of earlier waves are healthy"
            yield Problem(mark.path, message, at_key=True, hint="Leave it out: layers order what needs an order.")
