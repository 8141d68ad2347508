"""`kservegen promote`: bring to one environment what another runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kservegen.cli.edits import editing
from kservegen.cli.options import complete_environment

if TYPE_CHECKING:
    from kservegen.commands.edits import ProposedEdits
    from kservegen.core.repository import Repository


@click.command(name="promote")
@click.argument("source", metavar="FROM", shell_complete=complete_environment)
@click.argument("target", metavar="TO", shell_complete=complete_environment)
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option("--field", "fields", multiple=True, metavar="PATH", help="Bring over this word, too: args, resources.")
@click.option("--add", "adds", is_flag=True, help="Let models that TO lacks live there.")
@editing
def command(
    repository: Repository,
    *,
    source: str,
    target: str,
    models: tuple[str, ...],
    fields: tuple[str, ...],
    adds: bool,
) -> ProposedEdits:
    """Bring to TO the versions that FROM runs: pins of the lock, addresses of models, tags of images, KServe's version.

    With MODEL, only what is said of these. How much runs, where, and from which bucket or registry stays as it is in
    TO. TO's file and lock are edited; nothing is committed. TO may be a base: what runs in all that extend it.
    """
    from kservegen.catalog.editing.assignment import parse_path  # noqa: PLC0415
    from kservegen.commands.promote import Promotion, promote  # noqa: PLC0415

    request = Promotion(
        source=source,
        target=target,
        names=models,
        fields=tuple((typed, parse_path(typed)) for typed in fields),
        adds=adds,
    )
    return promote(repository, request)
