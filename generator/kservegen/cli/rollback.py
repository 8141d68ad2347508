"""`kservegen rollback`: give a model back the words that it had at a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kservegen.cli.edits import editing
from kservegen.cli.options import complete_environment

if TYPE_CHECKING:
    from kservegen.commands.edits import ProposedEdits
    from kservegen.core.repository import Repository


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
@editing
def command(repository: Repository, *, model: str, environment: str, to: str | None) -> ProposedEdits:
    """Give MODEL back the words, and the pin, that it had in an environment at a commit, by edits of the sources.

    Only the environment's file and lock are edited: other environments stay as they are. Nothing is committed.
    """
    from kservegen.commands.rollback import roll_back  # noqa: PLC0415

    return roll_back(repository, model, environment, to)
