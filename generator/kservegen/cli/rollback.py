"""`kservegen rollback`: give a model back the words that it had at a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kservegen.cli.candidates import complete_model
from kservegen.cli.edits import editing
from kservegen.cli.options import complete_environment

if TYPE_CHECKING:
    from kservegen.commands.edits import Agree, ProposedEdits
    from kservegen.core.repository import Repository


@click.command(name="rollback")
@click.argument("model", shell_complete=complete_model)
@click.option(
    "--env",
    "environments",
    required=True,
    multiple=True,
    metavar="ENV",
    shell_complete=complete_environment,
    help="Where it goes back: an environment, or a base for all that extend it.",
)
@click.option(
    "--to", metavar="REV", default=None, help="Commit to go back to. Default: the last one where it was something else."
)
@click.option(
    "--in",
    "layer",
    type=click.Choice(["catalog", "base", "environment"]),
    default=None,
    help="Where it is undone. Default: the lowest of these that changes nothing else.",
)
@click.option("--follow", "follows", is_flag=True, help="Let MODEL follow the catalog again where a rollback keeps it.")
@click.option("--status", "asks", is_flag=True, help="Say where a rollback keeps MODEL from following the catalog.")
@editing
def command(
    repository: Repository,
    agree: Agree,
    *,
    model: str,
    environments: tuple[str, ...],
    to: str | None,
    layer: str | None,
    follows: bool,
    asks: bool,
) -> ProposedEdits:
    """Give MODEL back the words, and the pin, that it had in environments at a commit, by edits of the sources.

    What changed is undone in the file that says it, where that changes nothing else; otherwise environments' own files
    are edited, which from then on do not follow the catalog in these words. Of several environments all go back, or
    none. Nothing is committed.
    """
    from kservegen.commands.following import follow_again, following  # noqa: PLC0415
    from kservegen.commands.rollback import Rollback, RollbackLayer, roll_back  # noqa: PLC0415

    if follows + asks + bool(to or layer) > 1:
        raise click.UsageError("--follow and --status stand alone, without --to and --in")
    if asks:
        return following(repository, model, environments)
    if follows:
        return follow_again(repository, model, environments, agree)
    request = Rollback(environments=environments, to=to, layer=RollbackLayer(layer) if layer else None)
    return roll_back(repository, model, request, agree)
