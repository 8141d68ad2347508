"""A repository in, its files written and what was found of it out, without printing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from kservegen.changes.guards import Allowances, GuardLimits, left_behind
from kservegen.commands.codeowners import unreviewed_files
from kservegen.commands.result import FilePlan, Result
from kservegen.commands.validate import report_on
from kservegen.core.diagnostics import Diagnostic, Severity, merge_diagnostics
from kservegen.core.progress import tell
from kservegen.core.repository import Repository
from kservegen.evaluate.repository import EvaluatedRepository, EvaluationOptions, evaluate_repository
from kservegen.formats.yaml.collector import without_collector
from kservegen.render.output.changes import Changes, compare_files
from kservegen.render.output.conflicts import diagnose as diagnose_conflict
from kservegen.render.output.existing import Existing, scan
from kservegen.render.output.lock import lock
from kservegen.render.output.store import needs_recovery

DIFF_LINES = 2000
_PAGE: Final = ".md"


class RenderOptions(Struct, frozen=True, kw_only=True, eq=False):
    """How to render: where to, whether to write, and what is allowed beyond the guards.

    `allow_removals` counts files, `allow_restarts` accelerators of pods that restart, `allow_left_behind` objects.
    """

    out: Path
    check: bool = False
    allow_removals: int = 0
    allow_restarts: int = 0
    allow_left_behind: int = 0
    fail_on: Severity = Severity.ERROR

    @property
    def allowed(self) -> Allowances:
        """What is allowed beyond guards."""
        return Allowances(self.allow_removals, self.allow_restarts, self.allow_left_behind)


def render(repository: Repository, options: RenderOptions, *, environments: Sequence[str] = ()) -> Result:
    """Render environments to files; all of them or, while an error stands, none."""
    wanted = evaluation_options(options, environments)
    with without_collector():
        if options.out.exists():
            with lock(options.out):
                recover_output(options.out)
                return write_out(evaluate_repository(repository, wanted), options)
        evaluated = evaluate_repository(repository, wanted)
        if options.check or evaluated.has_errors:
            return write_out(evaluated, options)
        with lock(options.out):
            return write_out(evaluated, options)


def evaluation_options(options: RenderOptions, environments: Sequence[str]) -> EvaluationOptions:
    """Return what a render has to evaluate."""
    return EvaluationOptions(names=tuple(environments), out=options.out, lays_out=True)


def recover_output(out: Path) -> None:
    """Complete or undo what a killed run left; the caller holds the lock of the output."""
    if needs_recovery(out):
        from kservegen.render.output.apply import recover  # noqa: PLC0415

        recover(out)


def write_out(evaluated: EvaluatedRepository, options: RenderOptions, command: str = "render") -> Result:
    """Compare what was laid out with the output folder, and write it; nothing is written while an error stands."""
    result = report_on(evaluated, command, fail_on=options.fail_on, drift_fails=options.check)
    return result if evaluated.has_errors else _compare_and_apply(evaluated, result, options)


def _compare_and_apply(evaluated: EvaluatedRepository, result: Result, options: RenderOptions) -> Result:
    tell("comparing files")
    desired = evaluated.desired
    existing = scan(options.out, evaluated.scope)
    changes = compare_files(desired, existing)
    out = evaluated.project.repository.relative(options.out)
    diagnostics = [diagnose_conflict(conflict, out=out) for conflict in changes.conflicts]
    departed = [path for path in changes.remove if path.partition("/")[0] not in evaluated.built]
    diagnostics.extend(
        guard_removed_files(evaluated, departed, options.allowed, result.command, partial(_read_all, existing))
    )
    diagnostics.extend(left_behind(evaluated.environments, changes.remove, desired))
    diagnostics.extend(_guard_effects(evaluated, existing, changes, options, result.command))
    blocked = changes.blocked or any(d.severity is Severity.ERROR for d in diagnostics)
    apply_now = bool(changes) and not options.check and not blocked
    if apply_now:
        from kservegen.render.output.apply import apply  # noqa: PLC0415 - a run that changes nothing needs no journal

        apply(options.out, changes)
    diagnostics.extend(unreviewed_files(evaluated.project, gate=options.check))
    return replace(
        result,
        diagnostics=merge_diagnostics([*result.diagnostics, *diagnostics]),
        plan=_plan(desired, existing, changes, applied=apply_now, check=options.check, prefix=f"{out}/"),
    )


def guard_removed_files(
    evaluated: EvaluatedRepository,
    removed: Iterable[str],
    allowed: Allowances,
    command: str,
    read: Callable[[Iterable[str]], Mapping[str, bytes]],
) -> Iterator[Diagnostic]:
    """Hold files that go against the guards of their environments; paths begin with those, `read` returns them.

    Guards of an environment that is gone are those of its last commit.
    """
    by_environment: dict[str, list[str]] = {}
    for path in removed:
        if not path.endswith(_PAGE):  # nothing of the cluster goes with a page for people
            by_environment.setdefault(path.partition("/")[0], []).append(path)
    for name, gone in sorted(by_environment.items()):
        from kservegen.changes.plan.effects import guard_files  # noqa: PLC0415 - brings all that a plan needs

        built = evaluated.built.get(name)
        if built is None:
            from kservegen.changes.departed import departed_limits  # noqa: PLC0415 - where an environment is gone

            limits = departed_limits(evaluated.project.repository.root, name, allowed, command=command)
        else:
            limits = GuardLimits.of(built.environment.value, allowed, command=command)
        files = {path.partition("/")[2]: content for path, content in read(gone).items()}
        yield from guard_files(name, built, files, limits)


def _read_all(existing: Existing, paths: Iterable[str]) -> dict[str, bytes]:
    return {path: existing.read(path) for path in paths}


def _guard_effects(
    evaluated: EvaluatedRepository, existing: Existing, changes: Changes, options: RenderOptions, command: str
) -> Iterator[Diagnostic]:
    """Hold what the files do to what runs against the guards, where one of them may say something."""
    guards = (environment.mapping("guards") for environment in evaluated.environments)
    limits = any(guard.get("maxRestartingAccelerators") is not None for guard in guards)
    goes = any(path.partition("/")[0] in evaluated.built and not path.endswith(_PAGE) for path in changes.remove)
    if changes and (limits or goes or any("/sync/" in path for path in changes.write)):
        from kservegen.changes.plan.effects import guard_render  # noqa: PLC0415 - brings all that a plan needs

        yield from guard_render(evaluated, existing, options.allowed, command)


def _plan(
    desired: dict[str, bytes], existing: Existing, changes: Changes, *, applied: bool, check: bool, prefix: str
) -> FilePlan:
    diff = ""
    if check and changes:
        from kservegen.render.output.diff import unified_diff  # noqa: PLC0415

        diff = "\n".join(unified_diff(existing, changes, limit=DIFF_LINES, prefix=prefix))
    return FilePlan(
        written=tuple(changes.write),
        removed=changes.remove,
        unchanged=len(desired) - len(changes.write),
        applied=applied,
        diff=diff,
    )
