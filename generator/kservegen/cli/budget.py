"""`kservegen budget`: what environments take, against what was granted."""

from __future__ import annotations

from pathlib import Path

import click

from kservegen.cli.options import (
    complete_environment,
    evaluating,
    find_repository,
    reporting,
    terminal_width,
    wants_colour,
    write_document,
    write_sections,
    write_text,
)


@click.command(name="budget")
@click.argument("environments", metavar="[ENV]...", nargs=-1, shell_complete=complete_environment)
@reporting("text", "json", "csv")
@evaluating
def command(*, environments: tuple[str, ...], root: Path | None, output: str) -> int:
    """Sum up what the models of each environment take: accelerators, cores, memory; per budget, type and owner.

    Counted as the scheduler counts, at minReplicas, at maxReplicas and during a rolling update. "change" is against
    what is rendered. Exit code 1 where a budget is exceeded.
    """
    from kservegen.commands.budget import account_environments, stop_on_errors  # noqa: PLC0415
    from kservegen.report.budget import budget_as_csv, budget_as_json, budget_as_text  # noqa: PLC0415

    overviews, diagnostics = account_environments(find_repository(root), environments)
    stop_on_errors(diagnostics)
    exit_code = int(any(d.rule == "budget/exceeded" and d.waived is None for d in diagnostics))
    if output == "json":
        return write_sections(exit_code, budget=budget_as_json(overviews))
    if output == "csv":
        write_document(budget_as_csv(overviews))
    else:
        write_text(budget_as_text(overviews, colour=wants_colour(), width=terminal_width()))
    return exit_code
