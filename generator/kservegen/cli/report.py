"""`kservegen report`: the models of a repository, for whoever has to answer for them."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import replace

from kservegen.cli.options import (
    HTML,
    complete_environment,
    evaluating,
    find_repository,
    html_page,
    reporting,
    write_document,
    write_sections,
)
from kservegen.core.repository import Repository


@click.command(name="report")
@click.argument("environments", metavar="[ENV]...", nargs=-1, shell_complete=complete_environment)
@click.option("--at", "revision", default="", metavar="REV", help="Report on the catalog as a commit has it.")
@reporting("markdown", "csv", "json", HTML)
@evaluating
def command(*, environments: tuple[str, ...], revision: str, root: Path | None, output: str) -> int:
    """List each model of each environment: revision, licence, owner, accelerators, price, waivers, who approved it.

    The licence is that of the environment's lock. The change is the newest commit of the branch that wrote a line of
    the model; its approvers are those whom it names (Approved-by, Reviewed-by, Acked-by), or who merged it.
    """
    if output == HTML and not revision:
        return _page(find_repository(root), environments)
    if output == HTML:
        raise click.UsageError("--output html draws the folder as it is: --at goes with the other forms")
    from kservegen.commands.budget import stop_on_errors  # noqa: PLC0415
    from kservegen.commands.model_report import report_models  # noqa: PLC0415
    from kservegen.report.models import models_as_csv, models_as_json, models_as_markdown  # noqa: PLC0415

    report = report_models(find_repository(root), environments, revision)
    stop_on_errors(report.diagnostics, "models would be missing")
    if output == "json":
        return write_sections(0, models=models_as_json(report.rows))
    write_document(models_as_csv(report) if output == "csv" else models_as_markdown(report))
    return 0


def _page(repository: Repository, environments: tuple[str, ...]) -> int:
    """Write the page of a repository as it is: what validate finds, plots, every model."""
    from kservegen.commands.validate import validate  # noqa: PLC0415

    result = validate(repository, environments=environments)
    write_document(html_page(replace(result, command="report"), repository, repository.root, environments))
    return result.exit_code
