"""A model carries a label or annotation of a tool that syncs it.

KServe copies it to the pods. The day it is added, changed or removed, every pod of the model is replaced, for a word
that the model does not know.

Fix: Say it on the Application or Kustomization that syncs the model, for all of its objects.
Severity: warning
Bad:
    metadata: {annotations: {argocd.argoproj.io/sync-wave: "1"}}
Good:
    metadata: {name: iris}
Upstream: gitops 1.2; pkg/constants/constants.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.gitops._marks import MARKED_KINDS
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


@rule(Stage.ADVICE, *MARKED_KINDS)
def check(resource: Resource, _context: Context) -> Problems:
    for mark in marks_of(resource):
        tool = _GROUPS.get(mark.key.partition("/")[0]) or _KEYS.get(mark.key)
        if tool:
            message = f"{mark.key} is {tool}'s, and KServe copies this {mark.noun} to the pods"
            yield Problem(mark.path, message, at_key=True)
