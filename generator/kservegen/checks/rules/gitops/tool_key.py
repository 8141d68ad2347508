"""An object in; findings out where a model carries labels or annotations of the tools that sync it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.gitops._marks import KINDS
from kservegen.checks.rules.stage import Stage
from kservegen.checks.rules.view import marks_of
from kservegen.core.diagnostics import Finding, RuleMeta, Severity
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADVICE

META: Final = RuleMeta(
    id="gitops/tool-key",
    title="A model carries a label or annotation of a tool that syncs it",
    why="KServe copies it to the pods. The day it is added, changed or removed, every pod of the model is replaced, "
    "for a word that the model does not know.",
    fix="Say it on the Application or Kustomization that syncs the model, for all of its objects.",
    bad='metadata: {annotations: {argocd.argoproj.io/sync-wave: "1"}}',
    good="metadata: {name: iris}",
    severity=Severity.WARNING,
    upstream=("gitops 1.2", "pkg/constants/constants.go"),
)

_GROUPS: Final = {
    "argocd.argoproj.io": "Argo CD",
    "kustomize.toolkit.fluxcd.io": "Flux",
    "helm.toolkit.fluxcd.io": "Flux",
    "reconcile.fluxcd.io": "Flux",
    "helm.sh": "Helm",
    "meta.helm.sh": "Helm",
}
_KEYS: Final = {"kubectl.kubernetes.io/last-applied-configuration": "kubectl"}


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    for mark in marks_of(resource):
        tool = _GROUPS.get(mark.key.partition("/")[0]) or _KEYS.get(mark.key)
        if tool:
            yield Finding(
                rule=META.id,
                path=mark.path,
                message=f"{mark.key} is {tool}'s, and KServe copies this {mark.noun} to the pods",
                hint=META.fix,
                at_key=True,
            )


RULE: Final = Rule(meta=META, check=check, kinds=KINDS)
