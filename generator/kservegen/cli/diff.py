"""`kservegen diff`: what differs between two environments."""

from __future__ import annotations

from pathlib import Path

import click

from kservegen.cli.candidates import complete_model
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
from kservegen.core.exit_codes import CLEAN, FINDINGS


@click.command(name="diff")
@click.argument("left", metavar="ENV_A", shell_complete=complete_environment)
@click.argument("right", metavar="ENV_B", shell_complete=complete_environment)
@click.argument("models", metavar="[MODEL]...", nargs=-1, shell_complete=complete_model)
@click.option("--exit-code", is_flag=True, help="Exit with 1 where anything differs, as git diff --exit-code does.")
@click.option("--all", "everything", is_flag=True, help="Write each entry by itself, what many have in common, too.")
@reporting("text", "json", "markdown")
@evaluating
def command(
    *,
    left: str,
    right: str,
    models: tuple[str, ...],
    exit_code: bool,
    everything: bool,
    root: Path | None,
    output: str,
) -> int:
    """Say what differs between two environments, by meaning: models, fields, charts, policies, versions.

    Each value comes with the line that it is written on.
    """
    from kservegen.commands.diff import diff  # noqa: PLC0415
    from kservegen.report import comparison as report  # noqa: PLC0415

    repository = find_repository(root)
    found = diff(repository, left, right, models)
    code = FINDINGS if found and exit_code else CLEAN
    if output == "json":
        return write_sections(code, diff=report.comparison_as_json(found))
    if output == "markdown":
        from kservegen.render.layout import open_templates  # noqa: PLC0415

        write_document(report.comparison_as_markdown(found, open_templates(repository)))
    else:
        write_text(
            report.comparison_as_text(found, colour=wants_colour(), everything=everything, width=terminal_width())
        )
    return code
