"""A repository in, what is found of it out: nothing is written, and nothing of writing is imported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from kservegen.checks.engines.choice import EngineChoice
from kservegen.commands.result import Result
from kservegen.core.assumptions import Unchecked
from kservegen.core.diagnostics import Diagnostic, Severity, merge_diagnostics
from kservegen.core.repository import OUTPUT_FOLDER, Repository
from kservegen.evaluate.project import Project
from kservegen.evaluate.repository import EvaluatedRepository, EvaluationOptions, evaluate_repository
from kservegen.evaluate.unmanaged import find_stale
from kservegen.formats.yaml.collector import without_collector

if TYPE_CHECKING:
    from kservegen.checks.waivers.apply import Clock

# What files cannot tell; every result says so.
NOT_CHECKED: Final = (Unchecked("that images can be pulled", "no registry is asked"),)


def validate(
    repository: Repository,
    *,
    environments: Sequence[str] = (),
    fail_on: Severity = Severity.ERROR,
    clock: Clock | None = None,
    engine: EngineChoice = EngineChoice.BUILTIN,
) -> Result:
    """Check the catalog in the given environments, or in all; nothing is written. `clock` ends waivers."""
    out = repository.root / OUTPUT_FOLDER
    wanted = EvaluationOptions(names=tuple(environments), out=out, emits=True, clock=clock, engine=engine)
    with without_collector():
        evaluated = evaluate_repository(repository, wanted)
        result = report_on(evaluated, "validate", fail_on=fail_on)
        catalog = evaluated.project.catalog
        names = None if evaluated.is_partial else (*catalog.environments, *catalog.unreadable)
        built = [evaluation.built for evaluation in evaluated.evaluations.values() if evaluation.built is not None]
        stale = find_stale(built, evaluated.output, names, evaluated.shared.files)
        if evaluated.has_errors:  # nothing is rendered while they stand: that files are not current follows from them
            living = evaluated.evaluations.keys()
            stale = (each for each in stale if each.severity is Severity.ERROR or living.isdisjoint(each.environments))
        found = [*result.diagnostics, *stale, *_unreviewed(evaluated.project)]
        return replace(result, diagnostics=merge_diagnostics(found))


def _unreviewed(project: Project) -> Iterator[Diagnostic]:
    if project.catalog.owners is not None:  # nothing else is a reason to have CODEOWNERS
        from kservegen.commands.codeowners import unreviewed_files  # noqa: PLC0415 - writes files, too

        yield from unreviewed_files(project, gate=False)


def report_on(evaluated: EvaluatedRepository, command: str, *, fail_on: Severity, drift_fails: bool = False) -> Result:
    """Return what was found, and what could not be checked."""
    return Result(
        command=command,
        diagnostics=merge_diagnostics(evaluated.diagnostics),
        environments=evaluated.chosen,
        objects=evaluated.objects,
        assumptions=evaluated.assumptions,
        unchecked=unchecked(evaluated),
        fail_on=fail_on,
        drift_fails=drift_fails,
    )


_NAMED = 3  # so many names fit in a line


def unchecked(evaluated: EvaluatedRepository) -> tuple[Unchecked, ...]:
    """Say what was not checked: what files never tell, models that were not estimated, and what else is left open."""
    by_reason: dict[str, set[str]] = {}
    for subject, reason in evaluated.unestimated:
        by_reason.setdefault(reason, set()).add(subject)
    estimates = (_unestimated(reason, sorted(by_reason[reason])) for reason in sorted(by_reason))
    return (*NOT_CHECKED, *estimates, *evaluated.unchecked)


def _unestimated(reason: str, subjects: Sequence[str]) -> Unchecked:
    more = f" and {len(subjects) - _NAMED} more" if len(subjects) > _NAMED else ""
    return Unchecked(f"that {', '.join(subjects[:_NAMED])}{more} fit in accelerator memory", reason)
