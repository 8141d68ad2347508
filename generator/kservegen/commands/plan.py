"""What a change does, by meaning: the use case behind `kservegen plan`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.owners import Owners
from kservegen.changes.bases import CommitBase, Compared, DiskBase, NoBase, WantedBase, open_base
from kservegen.changes.departed import departed_limits
from kservegen.changes.guards import Allowances, GuardLimits
from kservegen.changes.plan.effects import guard_plan, plan_against, refused_by_cluster, unknown_release
from kservegen.changes.plan.holdings import holdings_changed
from kservegen.changes.plan.model import EntryMoves, EnvironmentPlan, Plan
from kservegen.changes.plan.moves import left_by_deletion
from kservegen.changes.plan.relocation import entry_moves
from kservegen.commands.baseline import compare_with_base
from kservegen.commands.result import FilePlan, Result
from kservegen.commands.validate import unchecked
from kservegen.core.assumptions import Unchecked
from kservegen.core.crashes import contained
from kservegen.core.diagnostics import Diagnostic, Finding, Location, Severity, merge_diagnostics
from kservegen.core.errors import GeneratorError
from kservegen.core.progress import tell
from kservegen.core.repository import ENVIRONMENTS_FOLDER, OUTPUT_FOLDER, Repository
from kservegen.evaluate.environment import Tools
from kservegen.evaluate.repository import EvaluatedRepository, EvaluationOptions, evaluate_repository
from kservegen.formats.yaml.collector import without_collector
from kservegen.render.output.conflicts import diagnose as diagnose_conflict
from kservegen.render.output.existing import Existing, scan
from kservegen.render.output.store import needs_recovery

if TYPE_CHECKING:
    from kservegen.checks.waivers.apply import Clock


class PlanOptions(Struct, frozen=True, kw_only=True):
    """What to compare with (None: the output folder), what is allowed beyond guards, what makes the exit code 1.

    With `any_version` the catalog may be for another version of kservegen.
    """

    base: str | None = None
    allow_removals: int = 0
    allow_restarts: int = 0
    allow_left_behind: int = 0
    fail_on: Severity = Severity.ERROR
    differences_fail: bool = False
    any_version: bool = False

    @property
    def allowed(self) -> Allowances:
        """What is allowed beyond guards."""
        return Allowances(self.allow_removals, self.allow_restarts, self.allow_left_behind)


class Planned(NamedTuple):
    """The result of the command, and the plan in it."""

    result: Result
    plan: Plan


class ComparedChange(Struct, frozen=True, kw_only=True, eq=False):
    """A change, compared with its base: the plan, what guards and updates say of it, and files by what they do.

    `foreign` are files of others that the base has in the output folder.
    """

    plan: Plan
    diagnostics: tuple[Diagnostic, ...]
    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchecked: tuple[Unchecked, ...]
    foreign: frozenset[str]


def plan_changes(
    repository: Repository,
    options: PlanOptions,
    *,
    environments: Sequence[str] = (),
    evaluated: EvaluatedRepository | None = None,
) -> Planned:
    """Say what the catalog changes in the given environments, or in all; nothing is written.

    `evaluated` is the repository evaluated as it is for a plan that compares with the disk, where that was done before.
    """
    with without_collector():
        base = open_base(repository, options.base)
        if options.base is None:
            refuse_half_written(repository)
        wanted = EvaluationOptions(
            names=tuple(environments),
            out=repository.output,
            lays_out=True,
            despite_findings=True,
            base=base.revision,
            any_version=options.any_version,
        )
        if evaluated is None:
            evaluated = evaluate_repository(repository, wanted)
        existing = scan(repository.output, evaluated.scope)
        compared = compare_change(base, evaluated, existing, options.allowed, asked=environments)
        found = compare_with_base(base, evaluated, wanted, compared.foreign, of_change=compared.diagnostics)
    changes = compared.plan
    current = len(evaluated.desired) - sum(1 for path in compared.written if path in evaluated.desired)
    result = Result(
        command="plan",
        diagnostics=merge_diagnostics(found.found),
        environments=evaluated.chosen,
        objects=evaluated.objects,
        plan=FilePlan(written=compared.written, removed=compared.removed, unchanged=current, changes=changes),
        assumptions=evaluated.assumptions,
        unchecked=(*unchecked(evaluated), *compared.unchecked, *found.unchecked),
        fail_on=options.fail_on,
        drift_fails=options.differences_fail,
        resolved=found.resolved,
    )
    return Planned(result, changes)


def compare_change(
    base: DiskBase | CommitBase | NoBase,
    evaluated: EvaluatedRepository,
    existing: Existing,
    allowed: Allowances,
    *,
    asked: Sequence[str] = (),
    clock: Clock | None = None,
) -> ComparedChange:
    """Compare what was evaluated with a base, and hold it against the guards as the base has them."""
    tell("comparing with the base")
    wanted = WantedBase(desired=evaluated.desired, existing=existing, scope=evaluated.scope)
    compared = base.compare(wanted)
    found = tuple(_environments(base, evaluated, compared, allowed, clock))
    plans = tuple(_undone(plan, base, evaluated, existing) for plan, _ in found if plan is not None)
    unreadable = {name for name in evaluated.project.catalog.unreadable if not asked or name in asked}
    known = [(planned.name, compared.differences[planned.name]) for planned in plans]
    return ComparedChange(
        plan=Plan(
            base=base.label,
            environments=plans,
            holdings=_holdings(base, evaluated),
            moves=_entry_moves(base, evaluated),
            unknown=tuple(sorted({*evaluated.chosen, *unreadable} - {plan.name for plan in plans})),
        ),
        diagnostics=(
            *(diagnose_conflict(conflict, out=OUTPUT_FOLDER) for conflict in compared.conflicts),
            *(diagnostic for _, diagnostics in found for diagnostic in diagnostics),
        ),
        written=tuple(f"{name}/{path}" for name, d in known for path in d.new),
        removed=tuple(f"{name}/{path}" for name, d in known for path in d.old if path not in d.new),
        unchecked=tuple(_not_told(plans, evaluated.project.tools)),
        foreign=compared.foreign(wanted) if compared.revision is not None else frozenset(),
    )


def _entry_moves(base: DiskBase | CommitBase | NoBase, evaluated: EvaluatedRepository) -> EntryMoves:
    if base.revision is None:
        return EntryMoves()
    project = evaluated.project
    return entry_moves(base.revision, project.repository, project.catalog, evaluated.environments)


def _holdings(base: DiskBase | CommitBase | NoBase, evaluated: EvaluatedRepository) -> tuple[str, ...]:
    if base.revision is None:
        return ()
    file = evaluated.project.catalog.owners
    now = Owners.of(file.value) if file is not None else None
    return tuple(holdings_changed(base.revision.owners, now))


def _undone(
    plan: EnvironmentPlan, base: DiskBase | CommitBase | NoBase, evaluated: EvaluatedRepository, existing: Existing
) -> EnvironmentPlan:
    """Add what runs on where the base carries the rendered files of an environment, and the work tree has none."""
    built = evaluated.built.get(plan.name)
    prefix = f"{plan.name}/"
    if built is None or not isinstance(base, CommitBase) or any(path.startswith(prefix) for path in existing.files):
        return plan
    return replace(plan, left=left_by_deletion(built)) if base.carries(plan.name) else plan


def refuse_half_written(repository: Repository) -> None:
    """Raise GeneratorError where a render was killed, as nothing says what was there before it."""
    if not repository.output.exists() or not needs_recovery(repository.output):
        return
    from kservegen.render.output.apply import is_half_written  # noqa: PLC0415 - after a kill only

    if is_half_written(repository.output):
        raise GeneratorError(
            "a render was killed here, and nothing says what was there before it",
            subject=str(repository.output),
            hint="Run kservegen render: it completes or undoes what that one began. Or compare with --base.",
        )


# The plan of an environment, None where it could not be made, and what is wrong with what it does.
_Compared: TypeAlias = "tuple[EnvironmentPlan | None, tuple[Diagnostic, ...]]"


def _environments(
    base: DiskBase | CommitBase | NoBase,
    evaluated: EvaluatedRepository,
    compared: Compared,
    allowed: Allowances,
    clock: Clock | None,
) -> Iterator[_Compared]:
    """Plan each environment that can be built, and each that is gone; beside it what is wrong with what it does."""
    command = "render" if base.revision is None else ""
    for name in compared.differences:
        built = evaluated.built.get(name)
        if built is None and (
            evaluated.is_partial or name in evaluated.chosen or name in evaluated.project.catalog.unreadable
        ):
            continue  # its findings say why
        if built is not None:
            limits = GuardLimits.of(built.environment.value, allowed, clock=clock, command=command)
        else:
            limits = departed_limits(
                evaluated.project.repository.root, name, allowed, revision=base.revision, clock=clock, command=command
            )
        yield from contained(
            "comparing this environment",
            partial(_environment, name, evaluated, compared, limits),
            partial(_uncompared, f"{ENVIRONMENTS_FOLDER}/{name}.yaml"),
        )


def _environment(
    name: str, evaluated: EvaluatedRepository, compared: Compared, limits: GuardLimits
) -> Iterator[_Compared]:
    change, planned = plan_against(name, evaluated, compared)
    built = evaluated.built.get(name)
    refusals = refused_by_cluster(planned.impact, built, evaluated.project.tools) if built is not None else ()
    yield planned, (*refusals, *guard_plan(change, planned, limits))


def _uncompared(file: str, crash: Finding) -> _Compared:
    """Say that nobody knows what the change does there: no guard has been asked."""
    return None, (crash.at(Location(file), ()),)


def _not_told(plans: Sequence[EnvironmentPlan], tools: Tools) -> Iterator[Unchecked]:
    for planned in plans:
        release = unknown_release(planned, tools)
        if release:
            what = f"what the end of KServe {release} does to pods of {planned.name}"
            yield Unchecked(what, f"kservegen upgrade --from {release} says it")
