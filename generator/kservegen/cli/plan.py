"""`kservegen plan`: what a change does, by meaning."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kservegen.cli.options import (
    ENVIRONMENT_HELP,
    HTML,
    change_option,
    complete_environment,
    emit_result,
    evaluating,
    fail_on,
    files_at,
    find_repository,
    guard_options,
    html_page,
    line_reader,
)
from kservegen.core.diagnostics import Severity

if TYPE_CHECKING:
    from kservegen.formats.templates import PageTemplates


@click.command(name="plan", epilog=ENVIRONMENT_HELP)
@click.argument("environments", metavar="[ENV]...", nargs=-1, shell_complete=complete_environment)
@click.option(
    "--base",
    metavar="REV",
    default=None,
    help="Compare with the commit where REV and HEAD part, as a pull request does. Default: with rendered/ as it is.",
)
@guard_options
@click.option("--all", "everything", is_flag=True, help="Leave nothing out of the text, however long.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 where anything changes, as git diff --exit-code does.")
@files_at
@change_option
@fail_on
@evaluating
def command(  # noqa: PLR0913 - one parameter per option
    *,
    environments: tuple[str, ...],
    base: str | None,
    allow_removals: int,
    allow_restarts: int,
    allow_left_behind: int,
    everything: bool,
    exit_code: bool,
    files_at: str,
    root: Path | None,
    output: str,
    reports: tuple[tuple[str, Path], ...],
    fail_on: str,
) -> int:
    """Say what a change does in each environment, by meaning; nothing is written.

    Which objects come, go and change, field by field, what the engine deletes and what it leaves behind, which pods
    restart and why, what budgets hold before and after. The first line is the verdict. Exit code 1 for findings alone.
    """
    from kservegen.commands.plan import PlanOptions, plan_changes  # noqa: PLC0415

    repository = find_repository(root)
    options = PlanOptions(
        base=base,
        allow_removals=allow_removals,
        allow_restarts=allow_restarts,
        allow_left_behind=allow_left_behind,
        fail_on=Severity(fail_on),
        differences_fail=exit_code,
    )
    result, changes = plan_changes(repository, options, environments=environments)
    reader = line_reader(repository.root)

    def as_text(colour: bool, width: int) -> str:
        from kservegen.report.plan_text import plan_as_text  # noqa: PLC0415

        return plan_as_text(result, changes, reader, colour=colour, everything=everything, width=width)

    def as_markdown(_colour: bool, _width: int) -> str:
        from kservegen.report.links import links_to  # noqa: PLC0415
        from kservegen.report.plan_markdown import plan_as_markdown  # noqa: PLC0415

        return plan_as_markdown(result, changes, templates(), links_to(files_at))

    def as_html(_colour: bool, _width: int) -> str:
        return html_page(result, repository, repository.root, environments, files_at=files_at, templates=templates())

    @cache
    def templates() -> PageTemplates:
        from kservegen.changes.bases import open_base  # noqa: PLC0415

        return open_base(repository, base).templates(repository)

    writers = {"text": as_text, "markdown": as_markdown, HTML: as_html}
    return emit_result(result, output, repository.root, reports=reports, writers=writers)
