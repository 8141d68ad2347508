"""`kservegen render`: check the catalog and write the manifests."""

from __future__ import annotations

from pathlib import Path

import click

from kservegen.cli.options import (
    ENVIRONMENT_HELP,
    HTML,
    complete_environment,
    emit_result,
    evaluating,
    fail_on,
    find_repository,
    findings_option,
    guard_options,
    html_page,
    line_reader,
    open_for_writing,
    terminal_width,
    wants_colour,
    write_document,
    write_text,
)
from kservegen.core.diagnostics import Severity
from kservegen.core.repository import Repository


@click.command(name="render", epilog=ENVIRONMENT_HELP)
@click.argument("environments", metavar="[ENV]...", nargs=-1, shell_complete=complete_environment)
@click.option("--check", is_flag=True, help="Write nothing; show what would change and exit 1 if anything would.")
@click.option(
    "--explain-drift",
    is_flag=True,
    help="Write nothing; say by meaning what would change and which pods restart, as after an upgrade of kservegen.",
)
@click.option(
    "--staged",
    is_flag=True,
    help="Exit 1 where git's index lacks what was rendered, or what it was rendered from: for a pre-commit hook.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder to write to. Default: rendered/ in the repository.",
)
@guard_options
@findings_option
@fail_on
@evaluating
def command(  # noqa: PLR0913 - one parameter per option
    *,
    environments: tuple[str, ...],
    check: bool,
    explain_drift: bool,
    staged: bool,
    out: Path | None,
    allow_removals: int,
    allow_restarts: int,
    allow_left_behind: int,
    root: Path | None,
    output: str,
    reports: tuple[tuple[str, Path], ...],
    fail_on: str,
) -> int:
    """Check the catalog and write the manifests of every environment; nothing is written while an error stands."""
    from kservegen.commands.render import RenderOptions, render  # noqa: PLC0415

    if staged and (check or explain_drift or out is not None):
        raise click.UsageError("--staged goes with none of --check, --explain-drift and --out")
    repository = find_repository(root) if check or explain_drift else open_for_writing(root)
    if explain_drift:
        if out is not None or check or reports or output not in {"text", "json"}:
            raise click.UsageError("--explain-drift goes with --output text or json, and with none of the others")
        return _explain_drift(repository, environments, output, Severity(fail_on))
    options = RenderOptions(
        out=out.absolute() if out is not None else repository.output,
        check=check,
        allow_removals=allow_removals,
        allow_restarts=allow_restarts,
        allow_left_behind=allow_left_behind,
        fail_on=Severity(fail_on),
    )
    result = render(repository, options, environments=environments)
    if staged:
        from kservegen.commands.staging import require_staged  # noqa: PLC0415 - asks git

        result = require_staged(repository, result)

    def page(_colour: bool, _width: int) -> str:
        return html_page(result, repository, repository.root, environments)

    return emit_result(result, output, repository.root, reports=reports, writers={HTML: page})


def _explain_drift(repository: Repository, environments: tuple[str, ...], output: str, fail_on: Severity) -> int:
    """Plan from the rendered files as they are, whatever version the repository is for."""
    from kservegen.commands.plan import PlanOptions, plan_changes  # noqa: PLC0415

    result, changes = plan_changes(
        repository, PlanOptions(fail_on=fail_on, any_version=True), environments=environments
    )
    if output == "json":
        from kservegen.report.json_report import render_json  # noqa: PLC0415

        write_document(render_json(result))
    else:
        from kservegen.report.plan_text import plan_as_text  # noqa: PLC0415

        lines, width = line_reader(repository.root), terminal_width()
        write_text(plan_as_text(result, changes, lines, colour=wants_colour(), everything=True, width=width))
    return result.exit_code
