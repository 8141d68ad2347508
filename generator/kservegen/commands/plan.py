"""What a change does, by meaning: the use case behind `kservegen plan`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kservegen.changes.bases import Compared, WantedBase, open_base
from kservegen.changes.guards import Removals, guard_removals, guard_restarts
from kservegen.changes.plan.effects import unknown_release, with_effects
from kservegen.changes.plan.environment import plan_environment, read_change
from kservegen.changes.plan.model import EnvironmentPlan, Plan
from kservegen.checks.locate import Locator
from kservegen.checks.runner import Checker
from kservegen.commands.render import assumptions
from kservegen.commands.result import FilePlan, Result
from kservegen.core.diagnostics import Diagnostic, Severity, merge_diagnostics
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import OUTPUT_FOLDER, Repository
from kservegen.evaluate.environment import Tools
from kservegen.evaluate.repository import EvaluatedRepository, EvaluationOptions, evaluate_repository
from kservegen.formats.yaml.collector import without_collector
from kservegen.render.objects.environment import BuiltEnvironment
from kservegen.render.output.conflicts import diagnose as diagnose_conflict
from kservegen.render.output.existing import scan
from kservegen.render.output.store import needs_recovery


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """What to compare with (None: the output folder), what is allowed beyond guards, what makes the exit code 1."""

    base: str | None = None
    allow_removals: int = 0
    allow_restarts: int = 0
    fail_on: Severity = Severity.ERROR
    differences_fail: bool = True


class Planned(NamedTuple):
    """The result of the command, and the plan in it."""

    result: Result
    plan: Plan


def plan_changes(repository: Repository, options: PlanOptions, *, environments: Sequence[str] = ()) -> Planned:
    """Say what the catalog changes in the given environments, or in all; nothing is written."""
    with without_collector():
        base = open_base(repository, options.base)
        if options.base is None:
            _refuse_half_written(repository)
        wanted = EvaluationOptions(
            names=tuple(environments), out=repository.output, lays_out=True, despite_findings=True
        )
        evaluated = evaluate_repository(repository, wanted)
        existing = scan(repository.output, evaluated.scope)
        compared = base.compare(WantedBase(desired=evaluated.desired, existing=existing, scope=evaluated.scope))
        found = tuple(_environments(evaluated, compared, options))
    changes = Plan(
        base=base.label,
        environments=tuple(plan for plan, _ in found),
        unknown=tuple(sorted({*evaluated.chosen, *_unreadable(evaluated, environments)} - evaluated.built.keys())),
    )
    wrong = (diagnostic for _, diagnostics in found for diagnostic in diagnostics)
    return Planned(_result(evaluated, compared, changes, options, wrong), changes)


def _unreadable(evaluated: EvaluatedRepository, asked: Sequence[str]) -> list[str]:
    """Return the environments that are there and are not known, out of those asked for."""
    return [name for name in evaluated.project.catalog.unreadable if not asked or name in asked]


def _refuse_half_written(repository: Repository) -> None:
    if not repository.output.exists() or not needs_recovery(repository.output):
        return
    from kservegen.render.output.apply import is_half_written  # noqa: PLC0415 - after a kill only

    if is_half_written(repository.output):
        raise GeneratorError(
            "a render was killed here, and nothing says what was there before it",
            subject=str(repository.output),
            hint="Run kservegen render: it completes or undoes what that one began. Or compare with --base.",
        )


def _environments(
    evaluated: EvaluatedRepository, compared: Compared, options: PlanOptions
) -> Iterator[tuple[EnvironmentPlan, tuple[Diagnostic, ...]]]:
    """Plan each environment that can be built, and each that is gone; beside it what is wrong with what it does."""
    for name, differences in compared.differences.items():
        built = evaluated.built.get(name)
        if built is None and (
            evaluated.is_partial or name in evaluated.chosen or name in evaluated.project.catalog.unreadable
        ):
            continue  # its findings say why
        change = read_change(name, built, differences, compared.words.get(name))
        found = with_effects(change, plan_environment(change), evaluated.project.tools, evaluated.evaluations.get(name))
        yield found, tuple(_wrong(found, built, evaluated.project.tools.checker, options)) if built else ()


def _wrong(
    found: EnvironmentPlan, built: BuiltEnvironment, checker: Checker, options: PlanOptions
) -> Iterator[Diagnostic]:
    """Yield the updates that are refused, and too many restarts."""
    if found.impact.refused:
        locator = Locator.of(built)
        for resource, finding in found.impact.refused:
            yield locator.diagnose(resource, finding, checker.severity(finding))
    yield from guard_restarts(built.environment, found.impact, allowed=options.allow_restarts, command="render")


def _result(
    evaluated: EvaluatedRepository, compared: Compared, changes: Plan, options: PlanOptions, found: Iterable[Diagnostic]
) -> Result:
    known = [(planned.name, compared.differences[planned.name]) for planned in changes.environments]
    written = tuple(f"{name}/{path}" for name, d in known for path in d.new)
    removed = tuple(f"{name}/{path}" for name, d in known for path in d.old if path not in d.new)
    asked = Removals(removed, evaluated.desired, options.allow_removals, "render")
    diagnostics = (
        *evaluated.diagnostics,
        *(diagnose_conflict(conflict, out=OUTPUT_FOLDER) for conflict in compared.conflicts),
        *guard_removals(evaluated.environments, asked),
        *found,
    )
    return Result(
        command="plan",
        diagnostics=merge_diagnostics(diagnostics),
        environments=evaluated.chosen,
        objects=evaluated.objects,
        plan=FilePlan(
            written=written,
            removed=removed,
            unchanged=len(evaluated.desired) - sum(1 for path in written if path in evaluated.desired),
            changes=changes,
        ),
        assumptions=(
            *assumptions(evaluated.unestimated),
            *evaluated.assumptions,
            *_not_told(changes, evaluated.project.tools),
        ),
        fail_on=options.fail_on,
        drift_fails=options.differences_fail,
    )


def _not_told(changes: Plan, tools: Tools) -> Iterator[str]:
    for planned in changes.environments:
        release = unknown_release(planned, tools)
        if release:
            more = f"kservegen upgrade --from {release}"
            yield f"what the end of KServe {release} does to pods of {planned.name} ({more})"
