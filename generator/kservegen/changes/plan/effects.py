"""An environment's change, read, and its plan in; what the change does to pods and budgets out, held against guards."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from msgspec.structs import replace

from kservegen.changes.bases import Compared, DiskBase, WantedBase
from kservegen.changes.guards import (
    Allowances,
    GuardLimits,
    Removed,
    guard_left_behind,
    guard_removals,
    guard_restarts,
    guard_rights,
    is_emptied,
)
from kservegen.changes.impact.assess import assess
from kservegen.changes.impact.model import Impact, ImpactSide
from kservegen.changes.plan.budgets import BudgetComparison
from kservegen.changes.plan.environment import EnvironmentChange, plan_environment, read_change
from kservegen.changes.plan.model import EnvironmentPlan, Fate, Presence, Verb
from kservegen.changes.plan.moves import left_running
from kservegen.changes.plan.syncing import Syncing
from kservegen.changes.plan.trees import Differences
from kservegen.checks.locate import Locator
from kservegen.core.diagnostics import Diagnostic
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.evaluate.base import BaseRevision
from kservegen.evaluate.defaulted import installation_of
from kservegen.evaluate.environment import Evaluation, Tools
from kservegen.evaluate.repository import EvaluatedRepository
from kservegen.kserve.releases import Release
from kservegen.render.objects.environment import BuiltEnvironment
from kservegen.render.objects.settings import promises_of
from kservegen.render.output.existing import Existing

_SYNC = "sync/"


def with_effects(
    change: EnvironmentChange,
    plan: EnvironmentPlan,
    tools: Tools,
    evaluation: Evaluation | None,
    revision: BaseRevision | None = None,
) -> EnvironmentPlan:
    """Add to a plan what its change does to what runs, and to budgets.

    `evaluation` is of the environment as it is, `revision` the commit that the plan compares with, if it is one.
    """
    if evaluation is None or evaluation.defaulted is None:
        return plan
    words = evaluation.environment.mapping("budgets")
    if not plan and not any(mapping(budget).get("owner") for budget in words.values()):
        return plan  # a hand-over alone changes no object, and what budgets hold
    budgets = BudgetComparison(
        change=change, evaluation=evaluation, after=evaluation.defaulted, tools=tools, revision=revision
    )
    return replace(
        plan,
        impact=impact_of(change, plan, tools),
        budgets=tuple(budgets.changes()),
        pools=tuple(budgets.pools()),
        models=tuple(budgets.models(plan.objects)),
    )


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
    renamed = [c.old_key.subject for c in plan.objects if c.verb is Verb.RENAMED and c.is_model and c.old_key]
    sides = _sides(change, change.built, releases)
    return assess(*sides, installation_of(now), tools.checker, tools.schemas, renamed)


def _sides(
    change: EnvironmentChange, built: BuiltEnvironment, releases: tuple[Release, Release]
) -> tuple[ImpactSide, ImpactSide]:
    """Return both sides of a change of an environment that is there before and after."""
    promises = frozenset(promises_of(built.environment))

    def side(
        resources: Collection[Resource],
        release: Release,
        mode: str,
        values: dict[str, JsonObject],
        accelerators: JsonObject,
        namespace: str,
    ) -> ImpactSide:
        syncing = Syncing.of(resources)
        return ImpactSide(
            release=release,
            deployment_mode=mode,
            values=values,
            resources={resource.id: resource for resource in resources},
            engine=syncing.engine or "none",
            synced_by={folder: syncing.owner(f"{folder}/") for folder in syncing.by_folder},
            accelerators=accelerators,
            prerequisites=promises,
            inventory=built.environment.inventory,
            namespace=namespace,
        )

    now, accelerators = built.settings.deployment_mode, built.settings.accelerators
    # What the file called an accelerator before is one still, in what ran then.
    known = accelerators | mapping((change.words or {}).get("accelerators"))
    here = built.platform.namespace
    there = replace(built.environment, value=change.words).kserve_namespace if change.words is not None else here
    return (
        side(change.before.values(), releases[0], _mode_before(change) or now, change.values_before, known, there),
        side(change.after.values(), releases[1], now, change.values_after, accelerators, here),
    )


def _mode_before(change: EnvironmentChange) -> str:
    """Return the deployment mode as the charts' values or the environment's file had it; blank where neither did."""
    for values in change.old.values.values():
        mode = text(mapping(mapping(values.get("kserve")).get("controller")).get("deploymentMode"))
        if mode:
            return mode
    return text(mapping((change.words or {}).get("kserve")).get("deploymentMode"))


def refused_by_cluster(impact: Impact, built: BuiltEnvironment, tools: Tools) -> Iterator[Diagnostic]:
    """Yield the updates that the API server, a webhook or a controller refuses, at their lines."""
    if impact.refused:
        locator = Locator.of(built)
        for resource, finding in impact.refused:
            yield locator.diagnose(resource, finding, tools.checker.severity(finding))


def unknown_release(plan: EnvironmentPlan, tools: Tools) -> str:
    """Return the release of KServe before the change where nothing is known of it; else blank."""
    before = plan.version[0] if plan.version else ""
    return before if before and before not in tools.releases.versions else ""


def plan_against(
    name: str, evaluated: EvaluatedRepository, compared: Compared
) -> tuple[EnvironmentChange, EnvironmentPlan]:
    """Say what a change does in one environment, to what runs and to budgets, too."""
    change = read_change(name, evaluated.built.get(name), compared.differences[name], compared.words.get(name))
    planned = plan_environment(change)
    planned = replace(planned, left=left_running(change, planned))
    evaluation = evaluated.evaluations.get(name)
    return change, with_effects(change, planned, evaluated.project.tools, evaluation, compared.revision)


def guard_plan(change: EnvironmentChange, planned: EnvironmentPlan, limits: GuardLimits) -> Iterator[Diagnostic]:
    """Hold what a change does in one environment against the guards."""
    name, built = planned.name, change.built
    environment = built.environment if built is not None else None
    moving = _moving(planned.impact, limits)
    told = (
        *guard_removals(name, environment, _removed(change, planned), limits, moving),
        *guard_left_behind(name, environment, planned.left, limits, moving),
    )
    yield from told
    if environment is not None:
        if not (told and moving):  # one move, one finding: it says what its permit needs
            yield from guard_restarts(environment, holding_of(planned.impact), limits)
        if change.words is not None:
            yield from guard_rights(environment, change.words, limits)


def _moving(impact: Impact, limits: GuardLimits) -> int:
    """Return the accelerators of all that restarts, where they are too many and only by models that move; else 0."""
    staying, total = sum(restart.held for restart in impact.certain), sum(holding_of(impact).values())
    return total if limits.restarts is not None and staying <= limits.restarts < total else 0


def permits_needed(change: EnvironmentChange, planned: EnvironmentPlan, limits: GuardLimits) -> dict[str, int]:
    """Return, by word of a permit, what it has to say for the guards to let a change pass; empty where they do."""
    counts = {
        "gitops/removal-guard": ("removals", len(_removed(change, planned).names)),
        "gitops/left-behind-guard": ("leftBehind", len(planned.left.names)),
        "gitops/restart-guard": ("restartingAccelerators", sum(holding_of(planned.impact).values())),
    }
    asked = {found.rule for found in guard_plan(change, planned, limits)}
    if asked and _moving(planned.impact, limits):
        asked.add("gitops/restart-guard")
    return dict(counts[rule] for rule in counts if rule in asked)


def guard_files(
    name: str, built: BuiltEnvironment | None, files: Mapping[str, bytes], limits: GuardLimits
) -> Iterator[Diagnostic]:
    """Hold files that go against the guards of their environment, counted as a plan counts; by path in its folder.

    Without `built` the environment itself is gone.
    """
    differences = Differences(old=files, new={}, was_there=True, is_there=built is not None)
    yield from _guard(read_change(name, built, differences, None), limits)


def _guard(change: EnvironmentChange, limits: GuardLimits, tools: Tools | None = None) -> Iterator[Diagnostic]:
    """Hold a change against the guards; with `tools` also by what restarts."""
    planned = plan_environment(change)
    impact = impact_of(change, planned, tools) if tools is not None else Impact()
    yield from guard_plan(change, replace(planned, left=left_running(change, planned), impact=impact), limits)


def holding_of(impact: Impact) -> dict[str, int]:
    """Say how many accelerators the pods of each object hold that restart for sure, a renamed one's among them."""
    held = {restart.subject: restart.held for restart in impact.certain}
    held |= {subject: sum(accelerators.values()) for subject, accelerators in impact.recreated.items()}
    return {str(subject): count for subject, count in held.items()}


def _removed(change: EnvironmentChange, planned: EnvironmentPlan) -> Removed:
    """Count what goes by what it is, not by its file: a renamed object is deleted, and a file may hold many.

    What stays in the cluster whole is counted as left behind, and not twice.
    """
    gone = [c for c in planned.objects if c.verb in {Verb.REMOVED, Verb.RENAMED}]
    charts = sorted(change.old.values.keys() - change.new.values.keys() - change.values_after.keys())
    if planned.left.is_removed and planned.left.guarded:
        gone = [c for c in gone if c.fate is not Fate.LEFT]
        charts = charts if planned.presence is not Presence.GONE else []
    if planned.left.guarded:
        gone = [c for c in gone if c.fate is not Fate.LEFT or str(c.old_key or c.key) not in planned.left.names]
    unread = [path for path in change.old.unreadable if path not in change.differences.new]
    names = [*(str(c.old_key or c.key) for c in gone), *(f"chart {chart}" for chart in charts), *unread]
    files = [f"{change.name}/{path}" for path in (*(c.old_file or c.file for c in gone), *unread)]
    wanted = (f"{change.name}/{r.file}" for r in (change.built.resources if change.built is not None else ()))
    return Removed(names, is_emptied(change.name, files, wanted))


def guard_render(
    evaluated: EvaluatedRepository, existing: Existing, allowed: Allowances, command: str
) -> Iterator[Diagnostic]:
    """Hold what a render does to what runs against the guards of each environment that stays.

    Where nothing changes that a guard looks at there is nothing to be found out.
    """
    wanted = WantedBase(desired=evaluated.desired, existing=existing, scope=evaluated.scope)
    compared = DiskBase().compare(wanted)
    for environment in evaluated.environments:
        name = environment.name
        differing, built = compared.differences.get(name), evaluated.built.get(name)
        if differing is None or built is None or not differing.was_there or not (differing.old or differing.new):
            continue
        limits = GuardLimits.of(environment.value, allowed, command=command)
        files = (*differing.old, *differing.new)
        goes = differing.old.keys() - differing.new.keys()
        if goes or limits.restarts is not None or any(path.startswith(_SYNC) for path in files):
            tools = evaluated.project.tools if limits.restarts is not None else None
            yield from _guard(read_change(name, built, differing, None), limits, tools)
