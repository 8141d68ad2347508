"""`kservegen check`: the gate of a change, in one command."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from kservegen.cli.clock import clock, clock_options
from kservegen.cli.options import (
    HTML,
    change_option,
    emit_result,
    evaluating,
    fail_on,
    files_at,
    find_repository,
    html_page,
    line_reader,
    show_waived,
)
from kservegen.cli.targets import engine_option
from kservegen.core.diagnostics import Severity

if TYPE_CHECKING:
    from kservegen.formats.templates import PageTemplates


@click.command(name="check")
@click.option(
    "--base",
    metavar="REV",
    default=None,
    help="Commit that this is a change of: where REV and HEAD part. Default: REV is the default branch of the remote.",
)
@click.option(
    "--rendered-by",
    type=click.Choice(["pull-request", "main"]),
    default="pull-request",
    show_default=True,
    help="Who commits rendered/: each pull request, so that it has to be current, or main, so that none may touch it.",
)
@click.option("--all", "everything", is_flag=True, help="List what stood before the change, too, however much.")
@files_at
@engine_option
@change_option
@fail_on
@show_waived
@clock_options
@evaluating
def command(  # noqa: PLR0913 - one parameter per option
    *,
    base: str | None,
    rendered_by: str,
    everything: bool,
    files_at: str,
    engine: str,
    root: Path | None,
    output: str,
    reports: tuple[tuple[str, Path], ...],
    fail_on: str,
    show_waived: bool,
    today: datetime | None,
    waiver_notice: int,
) -> int:
    """Judge a change as a whole: the gate of a pull request. Nothing is written.

    What validate finds, whether rendered/ is what the catalog renders, and what the change does, held against guards,
    permits, severities and owners as the base has them: a change cannot grant itself what it needs. The first line is
    the verdict, the exit code the gate: 0 green, 1 red, 2 where it could not be told.
    """
    from kservegen.checks.engines.choice import EngineChoice  # noqa: PLC0415
    from kservegen.commands.check import CheckOptions, check_change  # noqa: PLC0415

    repository = find_repository(root)
    options = CheckOptions(
        base=base,
        carries_output=rendered_by == "pull-request",
        fail_on=Severity(fail_on),
        clock=clock(today, waiver_notice),
        engine=EngineChoice(engine),
    )
    checked = check_change(repository, options)

    def as_text(colour: bool, width: int) -> str:
        from kservegen.report.plan_text import plan_as_text  # noqa: PLC0415

        lines = line_reader(repository.root)
        return plan_as_text(
            replace(checked.result, lists_waived=show_waived),
            checked.plan,
            lines,
            colour=colour,
            everything=everything,
            width=width,
        )

    def as_markdown(_colour: bool, _width: int) -> str:
        from kservegen.report.links import links_to  # noqa: PLC0415
        from kservegen.report.plan_markdown import plan_as_markdown  # noqa: PLC0415

        return plan_as_markdown(checked.result, checked.plan, templates(), links_to(files_at))

    def as_html(_colour: bool, _width: int) -> str:
        return html_page(checked.result, repository, repository.root, files_at=files_at, templates=templates())

    @cache
    def templates() -> PageTemplates:
        from kservegen.changes.bases import open_change_base  # noqa: PLC0415

        return open_change_base(repository, base).templates(repository)

    writers = {"text": as_text, "markdown": as_markdown, HTML: as_html}
    return emit_result(checked.result, output, repository.root, reports=reports, writers=writers)
