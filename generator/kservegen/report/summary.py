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


def problem_counts(result: Result) -> str:
    """Count what was found, by weight."""
    errors, warnings = result.count(Severity.ERROR), result.count(Severity.WARNING)
    said = [plural(errors, "error")] if errors else []
    if warnings:
        said.append(plural(warnings, "warning"))
    if notes := result.count(Severity.INFO) if not said else 0:
        said.append(plural(notes, "note"))
    if not said:
        said.append("no problems")
    if result.waived:
        said.append(f"{result.waived:,} waived")
    return ", ".join(said)
