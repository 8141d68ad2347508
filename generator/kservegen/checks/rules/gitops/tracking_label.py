"""A model carries the label that Argo CD may write itself.

Argo CD that tracks by label, as all did before 3.0, puts the name of the Application there. The value in Git is then
never in the cluster, and KServe copies the label to the pods, so that each change of it replaces them.

Fix: Use another label, such as app.kubernetes.io/name or app.kubernetes.io/part-of.
Severity: warning
Bad:
    metadata: {labels: {app.kubernetes.io/instance: iris}}
Good:
    metadata: {labels: {app.kubernetes.io/part-of: search}}
Upstream: gitops 2.2; argo-cd docs/operator-manual/upgrading/2.14-3.0.md
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.gitops._marks import MARKED_KINDS
from kservegen.checks.rules.view import marks_of

_LABEL: Final = "app.kubernetes.io/instance"


@rule(Stage.ADVICE, *MARKED_KINDS)
def check(resource: Resource, _context: Context) -> Problems:
    for mark in marks_of(resource):
        if mark.key == _LABEL and mark.field == "labels":
            message = f"Argo CD may write {_LABEL} itself, and KServe copies it to the pods"
            yield Problem(mark.path, message, at_key=True)
