"""The gate of a change: validated, rendered files current, guards held, in one evaluation; behind `kservegen check`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from kservegen.changes.bases import CommitBase, NoBase, open_change_base
from kservegen.changes.guards import Allowances, check_permits
from kservegen.changes.plan.model import Plan
from kservegen.checks.engines.choice import EngineChoice
from kservegen.commands.baseline import compare_with_base
from kservegen.commands.codeowners import unreviewed_files
from kservegen.commands.plan import Planned, compare_change, refuse_half_written
from kservegen.commands.render import DIFF_LINES
from kservegen.commands.result import FilePlan, Result
from kservegen.commands.validate import report_on
from kservegen.core.assumptions import assuming
from kservegen.core.diagnostics import Diagnostic, Location, Severity, merge_diagnostics
from kservegen.core.document import mapping, text
from kservegen.core.exit_codes import CLEAN
from kservegen.core.manual import by_manual
from kservegen.core.repository import BASES_FOLDER, ENVIRONMENTS_FOLDER, OUTPUT_FOLDER, Repository
from kservegen.evaluate.repository import EvaluatedRepository, EvaluationOptions, evaluate_repository
from kservegen.formats.yaml.collector import without_collector
from kservegen.git.output import ATTRIBUTES, kept_otherwise, left_out_by_flux
from kservegen.git.process import Git, open_git
from kservegen.render.output.changes import Changes, compare_files
from kservegen.render.output.conflicts import diagnose as diagnose_conflict
from kservegen.render.output.existing import Existing, scan
from kservegen.render.output.synced import SOURCE_IGNORE, is_read

if TYPE_CHECKING:
    from kservegen.checks.waivers.apply import Clock

_NAMED: Final = 3  # so many files fit in a line


class CheckOptions(Struct, frozen=True, kw_only=True):
    """What the catalog is a change of, and how it is judged.

    `base` is None for where HEAD and the default branch of its remote part. With `carries_output` a change carries
    `rendered/`; without, a workflow commits it after the merge, and no change may touch it.
    """

    base: str | None = None
    carries_output: bool = True
    fail_on: Severity = Severity.ERROR
    clock: Clock | None = None
    engine: EngineChoice = EngineChoice.BUILTIN


def check_change(repository: Repository, options: CheckOptions) -> Planned:
    """Judge the work tree as a change of its base: all findings, and whether rendered files are current.

    Nothing is written. What a change cannot grant itself is as the base has it; where there is no base that is said,
    and no guard applies.
    """
    with without_collector():
        base = open_change_base(repository, options.base)
        refuse_half_written(repository)
        wanted = EvaluationOptions(
            names=(),
            out=repository.output,
            lays_out=True,
            despite_findings=True,
            clock=options.clock,
            engine=options.engine,
            base=base.revision,
        )
        evaluated = evaluate_repository(repository, wanted)
        existing = scan(repository.output, None)
        changes = compare_files(evaluated.desired, existing)
        compared = compare_change(base, evaluated, existing, Allowances(), clock=options.clock)
        stale = _stale(changes) if options.carries_output else _touched(changes, existing, base)
        found = compare_with_base(
            base,
            evaluated,
            wanted,
            compared.foreign,
            of_change=(
                *compared.diagnostics,
                *(diagnose_conflict(conflict, out=OUTPUT_FOLDER) for conflict in changes.conflicts),
                *(() if evaluated.has_errors else _diagnose(stale, existing)),
                *_linked(repository),
                *unreviewed_files(evaluated.project, gate=True, base=base.revision),
                *_read_otherwise(repository, evaluated, existing, base),
            ),
            also=partial(check_permits, clock=options.clock),
        )
    plan = replace(compared.plan, stale=() if evaluated.has_errors else tuple(stale))
    result = report_on(evaluated, "check", fail_on=options.fail_on)
    result = replace(
        result,
        diagnostics=merge_diagnostics(found.found),
        plan=FilePlan(
            written=tuple(path for path in changes.write if path.partition("/")[0] not in plan.unknown),
            removed=tuple(path for path in changes.remove if path.partition("/")[0] not in plan.unknown),
            unchanged=len(evaluated.desired) - len(changes.write),
            diff=_diff(existing, changes, stale, evaluated),
            changes=plan,
        ),
        unchecked=(*result.unchecked, *compared.unchecked, *found.unchecked),
        resolved=found.resolved,
    )
    return Planned(replace(result, verdict=_verdict(result, plan, base)), plan)


def _linked(repository: Repository) -> Iterator[Diagnostic]:
    """Find links where the next change's base will have to be read: a commit holds no file behind one."""
    for folder in (repository.root / ENVIRONMENTS_FOLDER, repository.root / BASES_FOLDER, repository.policies):
        for path in (folder, *sorted(folder.glob("*.yaml"))):
            if path.is_symlink():
                name = repository.relative(path)
                yield by_manual("catalog/linked-words", f"{name} is a symbolic link", Location(name))


def _read_otherwise(
    repository: Repository, evaluated: EvaluatedRepository, existing: Existing, base: CommitBase | NoBase
) -> Iterator[Diagnostic]:
    """Find what has an engine read something else than the rendered files that are judged here."""
    git = open_git(repository.root)
    before = base.revision.environments if base.revision is not None else {}
    for environment in evaluated.environments:
        engines = {
            text(mapping(words.get("gitops")).get("engine"))
            for words in (environment.value, before.get(environment.name, {}))
        }
        if "flux" in engines:
            folder = f"{OUTPUT_FOLDER}/{environment.name}"
            lost = tuple(path for path in left_out_by_flux(git, folder) if is_read(path))
            if lost:
                yield by_manual(
                    "gitops/engine-input",
                    f"Flux leaves out what this file names, and so prunes it: {folder}/{lost[0]}{_more(lost)}",
                    Location(_nearest(repository, git, f"{folder}/{lost[0]}", SOURCE_IGNORE)),
                    environments=(environment.name,),
                )
    ours = sorted(path for path in existing.files if path in evaluated.desired)
    kept = tuple(kept_otherwise(git, (f"{OUTPUT_FOLDER}/{path}" for path in ours)))
    if kept:
        yield by_manual(
            "gitops/output-attributes",
            f"git keeps {kept[0].path} with other bytes than it has here{_more({item.path for item in kept})}",
            Location(_nearest(repository, git, kept[0].path, ATTRIBUTES)),
            seen=", ".join(sorted({item.attribute for item in kept})),
        )


def _more(items: Collection[object]) -> str:
    return f", and {len(items) - 1:,} more" if len(items) > 1 else ""


def _nearest(repository: Repository, git: Git, path: str, name: str) -> str:
    """Return the file of a name in the folder of a path or the next above it, up to git's top; else in the top."""
    inside = (repository.root / path).parent.relative_to(repository.root)
    folders = [repository.root / folder for folder in (inside, *inside.parents)]
    above = repository.root.parents[: git.prefix.count("/")]
    found = next((folder for folder in (*folders, *above) if (folder / name).exists()), repository.root)
    if found in above:
        return "../" * len(repository.root.relative_to(found).parts) + name
    return repository.relative(found / name)


def _stale(changes: Changes) -> dict[str, list[str]]:
    """Return the files that are not what the catalog renders, by environment."""
    found: dict[str, list[str]] = {}
    for path in sorted((*changes.write, *changes.remove)):
        found.setdefault(path.partition("/")[0], []).append(path)
    return found


def _touched(changes: Changes, existing: Existing, base: CommitBase | NoBase) -> dict[str, list[str]]:
    """Return, of the files that are not what the catalog renders, those that the change wrote or removed itself."""
    before: Mapping[str, bytes] = base.output() if isinstance(base, CommitBase) else {}
    return {
        name: touched
        for name, paths in _stale(changes).items()
        if (
            touched := [
                path for path in paths if before.get(path) != (existing.read(path) if path in existing.files else None)
            ]
        )
    }


def _diagnose(stale: Mapping[str, list[str]], existing: Existing) -> Iterator[Diagnostic]:
    for name, paths in stale.items():
        more = ", …" if len(paths) > _NAMED else ""
        is_there = any(path.startswith(f"{name}/") for path in existing.files)
        yield by_manual(
            "gitops/stale-output",
            f"{OUTPUT_FOLDER}/{name} is not what the catalog renders"
            if is_there
            else f"{OUTPUT_FOLDER}/{name} is not there, and the catalog renders it",
            Location(f"{OUTPUT_FOLDER}/{paths[0]}"),
            seen=f"{len(paths)} of its files: {', '.join(paths[:_NAMED])}{more}",
            environments=(name,),
        )


def _diff(existing: Existing, changes: Changes, stale: Mapping[str, list[str]], evaluated: EvaluatedRepository) -> str:
    if not stale or evaluated.has_errors:
        return ""
    from kservegen.render.output.diff import unified_diff  # noqa: PLC0415 - where files are not current

    return "\n".join(unified_diff(existing, changes, limit=DIFF_LINES, prefix=f"{OUTPUT_FOLDER}/"))


def _verdict(result: Result, plan: Plan, base: CommitBase | NoBase) -> str:
    """Write the first line: whether the change may be merged, what it is green by, and what could not be held.

    Models that go on running and take no permit are no error, and still nobody should merge that for a plain green.
    """
    errors = result.count(Severity.ERROR)
    own = {item.waived for item in result.diagnostics if item.waived is not None and item.waived.of_change}
    names = ", ".join(sorted(f"{waived.waiver} ({waived.owner})" for waived in own))
    count = f"{len(own)} {'waiver' if len(own) == 1 else 'waivers'} of this change"
    if result.exit_code == CLEAN:
        said = f"green by {count}: {names}" if own else "green"
        if result.assumptions:
            said += f", {assuming(len(result.assumptions))}"
        running = sum(environment.left.models for environment in plan.environments if not environment.left.guarded)
        if running:
            said += f", but {running:,} {'model keeps' if running == 1 else 'models keep'} running"
    else:
        said = f"red: {errors} {'error' if errors == 1 else 'errors'}" if errors else "red"
        if places := result.places(Severity.ERROR):
            said += f" in {places:,} places"
        said += _stood(sum(item.severity is Severity.ERROR for item in result.standing), errors)
        said += f", beside {count}: {names}" if own else ""
    return said if base.revision is not None else f"{said}; there is no base, so guards do not apply"


def _stood(before: int, errors: int) -> str:
    """Say of errors how many of them stand on the base already; blank where none does."""
    if not before:
        return ""
    if before < errors:
        return f", {before} of them {'stands' if before == 1 else 'stand'} on the base already"
    return f", which {'stands' if before == 1 else 'stand'} on the base already: this change brings none"
