"""An evaluated repository and the output folder in; what a render would restart, held against the guards, out."""

from __future__ import annotations

from collections.abc import Iterator

from kservegen.changes.bases import DiskBase, WantedBase
from kservegen.changes.guards import guard_restarts, max_restarting
from kservegen.changes.plan.effects import impact_of
from kservegen.changes.plan.environment import plan_environment, read_change
from kservegen.core.diagnostics import Diagnostic
from kservegen.evaluate.repository import EvaluatedRepository
from kservegen.render.output.existing import Existing


def guard_all(
    evaluated: EvaluatedRepository, existing: Existing, *, allowed: int, command: str
) -> Iterator[Diagnostic]:
    """Hold each environment that sets a guard against it; where nothing changes there is nothing to be found out."""
    wanted = WantedBase(desired=evaluated.desired, existing=existing, scope=evaluated.scope)
    differences = DiskBase().compare(wanted).differences
    for environment in evaluated.environments:
        differing, built = differences.get(environment.name), evaluated.built.get(environment.name)
        if differing is None or built is None or not (differing.old or differing.new):
            continue
        if max_restarting(environment) is not None:
            change = read_change(environment.name, built, differing, None)
            impact = impact_of(change, plan_environment(change), evaluated.project.tools)
            yield from guard_restarts(environment, impact, allowed=allowed, command=command)
