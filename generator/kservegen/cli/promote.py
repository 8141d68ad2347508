"""`kservegen promote`: bring to one environment what another runs, or to a stage what the one before runs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from kservegen.cli.candidates import complete_promoted
from kservegen.cli.clock import moment as moment_of
from kservegen.cli.clock import moment_option
from kservegen.cli.clusters import LiveOptions, cluster_sources, live_options
from kservegen.cli.edits import editing
from kservegen.cli.options import complete_environment, early_option

if TYPE_CHECKING:
    from kservegen.commands.edits import Agree, ProposedEdits
    from kservegen.core.repository import Repository


@click.command(name="promote")
@click.argument("names", metavar="FROM TO [MODEL]...", nargs=-1, shell_complete=complete_promoted)
@click.option(
    "--stage",
    default="",
    metavar="STAGE",
    shell_complete=complete_environment,
    help="Bring to this stage what the one before runs, in place of FROM and TO: its name, or one of its environments.",
)
@click.option(
    "--next",
    "takes_next",
    is_flag=True,
    help="The same, to the first stage that does not run what the one before runs.",
)
@click.option("--field", "fields", multiple=True, metavar="PATH", help="Bring over this word, too: args, resources.")
@click.option("--add", "adds", is_flag=True, help="Let models that TO lacks live there.")
@live_options
@early_option
@moment_option
@editing
def command(  # noqa: PLR0913 - one parameter per option
    repository: Repository,
    agree: Agree,
    *,
    names: tuple[str, ...],
    stage: str,
    takes_next: bool,
    fields: tuple[str, ...],
    adds: bool,
    sources: tuple[str, ...],
    from_cluster: bool,
    contexts: tuple[str, ...],
    allow_early: int,
    moment: datetime | None,
) -> ProposedEdits:
    """Bring to TO the versions that FROM runs: pins of the lock, addresses of models, tags of images, KServe's version.

    With MODEL, only what is said of these. How much runs, where, and from which bucket or registry stays as it is in
    TO. TO's file and lock are edited; nothing is committed. TO may be a base: what runs in all that extend it.

    With --stage or --next, the environments of a stage get what the stage before runs. It is refused, with exit code 1,
    while the stage before lacks what stages of environments/defaults.yaml ask for: a soak by the commits of this clone,
    Ready by --from-cluster or --from.
    """
    from kservegen.catalog.editing.assignment import parse_path  # noqa: PLC0415
    from kservegen.commands.promote import Promotion, promote  # noqa: PLC0415
    from kservegen.commands.stages import StagePromotion, promote_stage  # noqa: PLC0415

    live = LiveOptions(sources, contexts, from_cluster)
    steps = tuple((typed, parse_path(typed)) for typed in fields)
    if stage or takes_next:
        if stage and takes_next:
            raise click.UsageError("--stage names a stage, and --next finds one: say one of them")
        request = StagePromotion(
            stage=stage, moment=moment_of(moment), names=names, fields=steps, adds=adds, early=allow_early
        )
        return promote_stage(repository, request, lambda environments: cluster_sources(live, environments), agree)
    if any(live) or allow_early or moment is not None:
        raise click.UsageError(
            "--from, --from-cluster, --context, --allow-early and --now are about stages: say --stage"
        )
    if len(names) < 2:
        raise click.UsageError("say FROM and TO, or the stage that is to change: --stage STAGE, --next")
    source, target, *models = names
    return promote(repository, Promotion(source=source, target=target, names=models, fields=steps, adds=adds), agree)
