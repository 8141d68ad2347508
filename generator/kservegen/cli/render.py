"""`kservegen render`: check the catalog and write the manifests."""

from __future__ import annotations

from pathlib import Path

import click

from kservegen.cli.options import (
    ENVIRONMENT_HELP,
    complete_environment,
    emit_result,
    fail_on,
    find_repository,
    findings_option,
    guard_options,
)
from kservegen.core.diagnostics import Severity


@click.command(name="render", epilog=ENVIRONMENT_HELP)
@click.argument("environments", metavar="[ENV]...", nargs=-1, shell_complete=complete_environment)
@click.option("--check", is_flag=True, help="Write nothing; show what would change and exit 1 if anything would.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder to write to. Default: rendered/ in the repository.",
)
@guard_options
@findings_option
@fail_on
def command(  # noqa: PLR0913 - one parameter per option
    *,
    environments: tuple[str, ...],
    check: bool,
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

    repository = find_repository(root)
    options = RenderOptions(
        out=out.absolute() if out is not None else repository.output,
        check=check,
        allow_removals=allow_removals,
        allow_restarts=allow_restarts,
        allow_left_behind=allow_left_behind,
        fail_on=Severity(fail_on),
    )
    return emit_result(render(repository, options, environments=environments), output, repository.root, reports=reports)
