"""The one line that a person wants at the end: files, environments, problems, what was not checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kservegen.commands.result import FilePlan, Result
from kservegen.core.diagnostics import Severity

if TYPE_CHECKING:
    from kservegen.evaluate.manifests import Documents


def summarise(result: Result) -> str:
    """Write the closing line of a command."""
    parts = [_environments(result) if result.documents is None else _documents(result.documents, result)]
    if result.plan is not None:
        parts.append(_files(result.plan, result))
    parts.append(problem_counts(result))
    if result.assumptions:
        parts.append("not checked: " + "; ".join(result.assumptions))
    return f"{result.command}: " + " · ".join(parts)


def plural(count: int, one: str, many: str = "") -> str:
    """Write a count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _documents(documents: Documents, result: Result) -> str:
    against = f" against {', '.join(result.environments)}" if result.environments else ""
    said = f"{plural(len(documents.reports), 'document')} in {plural(documents.files, 'file')}{against}"
    counts = (
        (documents.not_admitted, "not admitted"),
        (documents.not_deployable, "not deployable"),
        (documents.not_checked, "of unknown kinds"),
    )
    return ", ".join([said, *(f"{count:,} {what}" for count, what in counts if count)])


def _environments(result: Result) -> str:
    names = ", ".join(result.environments)
    objects = f" · {plural(result.objects, 'object')}" if result.objects else ""
    return f"{names or 'no environment'}{objects}"


def _files(plan: FilePlan, result: Result) -> str:
    is_gate = bool(result.verdict)  # its plan is against the base, its files are those on disk
    if not (plan.written or plan.removed if is_gate else plan.drift):
        return f"{plural(plan.unchanged, 'file')}, all current"
    blocked = not plan.applied and not result.drift_fails and not is_gate
    will = "would be " if not plan.applied else ""
    said = [f"{len(plan.written):,} {will}written"]
    if plan.removed:
        said.append(f"{len(plan.removed):,} {will}removed")
    said.append(f"{plan.unchanged:,} unchanged")
    return ", ".join(said) + (" (nothing was written)" if blocked else "")


def in_places(result: Result, least: Severity) -> str:
    """Say in how many places findings stand that weigh at least so much; blank where each stands in one."""
    told = [item for item in result.diagnostics if item.waived is None and item.severity.rank <= least.rank]
    places = sum(len(item.everywhere) for item in told)
    return f" in {plural(places, 'place')}" if places > len(told) else ""


def problem_counts(result: Result) -> str:
    """Count what was found, by weight; where something stands in several places, those too."""
    said = [
        plural(count, noun)
        for severity, noun in ((Severity.ERROR, "error"), (Severity.WARNING, "warning"))
        if (count := result.count(severity))
    ]
    least = Severity.WARNING if said else Severity.INFO
    if notes := result.count(Severity.INFO) if not said else 0:
        said.append(plural(notes, "note"))
    if said:
        said[-1] += in_places(result, least)
    if result.waived:
        said.append(f"{result.waived:,} waived")
    if not said:
        said.append("no problems")
    return ", ".join(said)
