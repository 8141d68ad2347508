"""An object in; a finding out where a model carries the label by which Argo CD may know its own objects."""

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

_LABEL: Final = "app.kubernetes.io/instance"

META: Final = RuleMeta(
    id="gitops/tracking-label",
    title="A model carries the label that Argo CD may write itself",
    why="Argo CD that tracks by label, as all did before 3.0, puts the name of the Application there. The value in Git "
    "is then never in the cluster, and KServe copies the label to the pods, so that each change of it replaces them.",
    fix="Use another label, such as app.kubernetes.io/name or app.kubernetes.io/part-of.",
    bad=f"metadata: {{labels: {{{_LABEL}: iris}}}}",
    good="metadata: {labels: {app.kubernetes.io/part-of: search}}",
    severity=Severity.WARNING,
    upstream=("gitops 2.2", "argo-cd docs/operator-manual/upgrading/2.14-3.0.md"),
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    for mark in marks_of(resource):
        if mark.key == _LABEL and mark.field == "labels":
            yield Finding(
                rule=META.id,
                path=mark.path,
                message=f"Argo CD may write {_LABEL} itself, and KServe copies it to the pods",
                hint=META.fix,
                at_key=True,
            )


RULE: Final = Rule(meta=META, check=check, kinds=KINDS)
