"""What a change brings and what stood before it, told apart: the step that `plan --base` and `check` have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.changes.baseline import compare_findings
from kservegen.changes.bases import CommitBase, DiskBase, NoBase
from kservegen.core.assumptions import Unchecked
from kservegen.core.diagnostics import BaselineState, Diagnostic
from kservegen.core.errors import GeneratorError
from kservegen.evaluate.baseline import evaluate_base
from kservegen.evaluate.repository import EvaluatedRepository, EvaluationOptions


class BaselineResult(Struct, frozen=True, kw_only=True):
    """All findings of a change; `resolved` are those of the base that it has no more, None where there is no base."""

    found: tuple[Diagnostic, ...]
    resolved: tuple[Diagnostic, ...] | None = None
    unchecked: tuple[Unchecked, ...] = ()


def compare_with_base(
    base: DiskBase | CommitBase | NoBase,
    evaluated: EvaluatedRepository,
    options: EvaluationOptions,
    foreign: Iterable[str],
    *,
    of_change: Iterable[Diagnostic],
    also: Callable[[ResolvedEnvironment], Iterable[Diagnostic]] = lambda _: (),
) -> BaselineResult:
    """Tell the findings that the base has from those of the change: `of_change` are so by what they say.

    `foreign` are files of others below the output folder at the base. `also` finds more in an environment, on both
    sides.
    """
    new = tuple(of_change)
    found = _all_of(evaluated, also)
    if not isinstance(base, CommitBase):
        return BaselineResult(found=(*found, *new))
    try:
        before = evaluate_base(base.revision, evaluated, options, foreign)
    except GeneratorError as error:
        why = f"the base cannot be judged: {error.message}"
        return BaselineResult(found=(*found, *new), unchecked=(Unchecked("what of this stood before", why),))
    names = frozenset(before.chosen if before is not None else ())
    compared = compare_findings(
        found,
        _all_of(before, also) if before is not None else (),
        came=frozenset(evaluated.chosen) - names,
        gone=names - frozenset(evaluated.chosen),
    )
    marked = (replace(item, baseline=BaselineState.NEW) for item in new)
    return BaselineResult(found=(*compared.found, *marked), resolved=compared.resolved)


def _all_of(
    evaluated: EvaluatedRepository, also: Callable[[ResolvedEnvironment], Iterable[Diagnostic]]
) -> tuple[Diagnostic, ...]:
    return (*evaluated.diagnostics, *(found for environment in evaluated.environments for found in also(environment)))
