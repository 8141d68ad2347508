"""`kservegen validate`: check the catalog."""

from __future__ import annotations

from pathlib import Path

import click

from kservegen.cli.options import ENVIRONMENT_HELP, common, complete_environment, emit_result, fail_on, find_repository
from kservegen.diagnostics import Severity


@click.command(name="validate", epilog=ENVIRONMENT_HELP)
@click.argument("environments", metavar="[ENV]...", nargs=-1, shell_complete=complete_environment)
@common
@fail_on
def command(*, environments: tuple[str, ...], root: Path | None, output: str, fail_on: str) -> int:
    """Check the catalog in every environment: its files, what they build, and Kubernetes' and KServe's rules.

    Nothing is written.
    """
    from kservegen.app import validate  # noqa: PLC0415

    repository = find_repository(root)
    result = validate(repository, environments=environments, fail_on=Severity(fail_on))
    return emit_result(result, output, repository.root)
