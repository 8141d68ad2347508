"""An environment's change, read, and its plan in; what the change does to pods and budgets out, held against guards."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from kservegen.changes.bases import DiskBase, WantedBase
from kservegen.changes.guards import guard_restarts, max_restarting
from kservegen.changes.impact.assess import assess
from kservegen.changes.impact.model import Impact, ImpactSide
from kservegen.changes.plan.budgets import BudgetComparison
from kservegen.changes.plan.environment import EnvironmentChange, plan_environment, read_change
from kservegen.changes.plan.model import EnvironmentPlan
from kservegen.changes.plan.syncing import Syncing
from kservegen.core.diagnostics import Diagnostic
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.evaluate.defaulted import installation_of
from kservegen.evaluate.environment import Evaluation, Tools
from kservegen.evaluate.repository import EvaluatedRepository
from kservegen.kserve.releases import Release
from kservegen.render.objects.environment import BuiltEnvironment
from kservegen.render.objects.settings import promises_of
from kservegen.render.output.existing import Existing


def with_effects(
    change: EnvironmentChange, plan: EnvironmentPlan, tools: Tools, evaluation: Evaluation | None
) -> EnvironmentPlan:
    """Add to a plan what its change does to what runs, and to budgets; `evaluation` is of the environment as it is."""
    if evaluation is None or evaluation.defaulted is None or not plan:
        return plan
    budgets = BudgetComparison(change=change, evaluation=evaluation, after=evaluation.defaulted, tools=tools)
    return replace(plan, impact=impact_of(change, plan, tools), budgets=tuple(budgets.changes()))


def impact_of(change: EnvironmentChange, plan: EnvironmentPlan, tools: Tools) -> Impact:
    """Say which pods restart and which updates are refused; nothing can where nothing was.

    Of a release of KServe that nothing is known of, what its end does to pods is left out: see `unknown_release`.
    """
    if change.built is None or not change.differences.was_there:
        return Impact()
    now = change.built.settings
    known = plan.version is not None and not unknown_release(plan, tools)
    before = plan.version[0] if known and plan.version else now.kserve_version
    releases = tools.releases.get(before), tools.releases.get(now.kserve_version)
    return assess(*_sides(change, change.built, releases), installation_of(now), tools.checker, tools.schemas)


def _sides(
    change: EnvironmentChange, built: BuiltEnvironment, releases: tuple[Release, Release]
) -> tuple[ImpactSide, ImpactSide]:
    """Return both sides of a change of an environment that is there before and after."""
    promises = frozenset(promises_of(built.environment))

    def side(resources: Collection[Resource], release: Release, mode: str, values: dict[str, JsonObject]) -> ImpactSide:
        syncing = Syncing.of(resources)
        return ImpactSide(
            release=release,
            deployment_mode=mode,
            values=values,
            resources={resource.id: resource for resource in resources},
            engine=syncing.engine or "none",
            synced_by={folder: syncing.owner(f"{folder}/") for folder in syncing.by_folder},
            accelerators=built.settings.accelerators,
            prerequisites=promises,
        )

    now = built.settings.deployment_mode
    return (
        side(change.before.values(), releases[0], _mode_before(change) or now, change.values_before),
        side(change.after.values(), releases[1], now, change.values_after),
    )


def _mode_before(change: EnvironmentChange) -> str:
    """Return the deployment mode as the charts' values or the environment's file had it; blank where neither did."""
    for values in change.old.values.values():
        mode = text(mapping(mapping(values.get("kserve")).get("controller")).get("deploymentMode"))
        if mode:
            return mode
    return text(mapping((change.words or {}).get("kserve")).get("deploymentMode"))


def unknown_release(plan: EnvironmentPlan, tools: Tools) -> str:
    """Return the release of KServe before the change where nothing is known of it; else blank."""
    before = plan.version[0] if plan.version else ""
    return before if before and before not in tools.releases.versions else ""


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
