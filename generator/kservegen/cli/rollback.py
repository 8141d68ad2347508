"""`kservegen rollback`: give a model back the words that it had at a commit."""

from __future__ import annotations

from pathlib import Path

import click

from kservegen.cli.amendments import settle, writing
from kservegen.cli.options import complete_environment, find_repository, reporting


@click.command(name="rollback")
@click.argument("model")
@click.option(
    "--env",
    "environment",
    required=True,
    metavar="ENV",
    shell_complete=complete_environment,
    help="Where it goes back.",
)
@click.option(
    "--to", metavar="REV", default=None, help="Commit to go back to. Default: the last one where it was something else."
)
@writing
@reporting("text", "json")
def command(
    *,
    model: str,
    environment: str,
    to: str | None,
    dry_run: bool,
    yes: bool,
    root: Path | None,
    output: str,
) -> int:
    """Give MODEL back the words, and the pin, that it had in an environment at a commit, by edits of the sources.

    Only the environment's file and lock are edited: other environments stay as they are. Nothing is committed.
    """
    from kservegen.commands.rollback import roll_back  # noqa: PLC0415

    amendment = roll_back(find_repository(root), model, environment, to)
    return settle(amendment, root, output, dry_run=dry_run, yes=yes)
