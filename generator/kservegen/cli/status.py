"""`kservegen status`: what is where, from Git to Ready."""

from __future__ import annotations

from pathlib import Path

import click

from kservegen.cli.candidates import complete_model
from kservegen.cli.clusters import LiveOptions, cluster_sources, live_options
from kservegen.cli.options import (
    complete_environment,
    find_repository,
    reporting,
    terminal_width,
    write_sections,
    write_text,
)
from kservegen.core.exit_codes import CLEAN, FINDINGS, OPERATIONAL


@click.command(name="status")
@click.argument("models", metavar="[MODEL]...", nargs=-1, shell_complete=complete_model)
@click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    shell_complete=complete_environment,
    help="Look at this environment, or at all that extend a base. May be given several times. Default: all.",
)
@live_options
@click.option(
    "--all", "everything", is_flag=True, help="Tell each model by itself, where equal ones are told together."
)
@click.option("--exit-code", "gates", is_flag=True, help="Exit 1 where a model has not come as far as was looked.")
@reporting("text", "json")
def command(  # noqa: PLR0913 - one parameter per option
    *,
    models: tuple[str, ...],
    environments: tuple[str, ...],
    sources: tuple[str, ...],
    from_cluster: bool,
    contexts: tuple[str, ...],
    everything: bool,
    gates: bool,
    root: Path | None,
    output: str,
) -> int:
    """Tell how far each model has come in each environment, in the order of stages: Git, rendered, live, Ready.

    Without --from and --from-cluster it tells what files and Git do. A cluster is only read: models, what syncs them,
    and pods and Deployments of those that are not Ready. kservegen explain says what a state or a reason means. Exit
    codes: 0 told; with --exit-code 1 where a model is behind or not
    Ready; 2 where it could not be told, as a cluster does not answer.
    """
    from kservegen.catalog.stages import read_stages  # noqa: PLC0415
    from kservegen.commands.status import in_order, report_status  # noqa: PLC0415
    from kservegen.evaluate.project import open_project  # noqa: PLC0415
    from kservegen.report.status import status_as_json, status_as_text  # noqa: PLC0415

    project = open_project(find_repository(root), any_version=True)
    chosen = in_order(read_stages(project.catalog), project.choose(environments))
    clusters = cluster_sources(LiveOptions(sources, contexts, from_cluster), chosen)
    report = report_status(project, models, environments, clusters)
    code = FINDINGS if gates and not all(row.is_settled for row in report.rows) else CLEAN
    code = OPERATIONAL if report.failures else code
    if output == "json":
        return write_sections(code, status=status_as_json(report))
    write_text(status_as_text(report, width=terminal_width(), everything=everything or bool(models)))
    return code
