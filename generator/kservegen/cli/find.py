"""`kservegen find`: from a name that a cluster shows to the catalog's line, its owner and its last commits."""

from __future__ import annotations

from pathlib import Path

import click

from kservegen.cli.candidates import complete_model
from kservegen.cli.options import (
    complete_environment,
    find_repository,
    reporting,
    terminal_width,
    write_sections,
    write_text,
)


@click.command(name="find")
@click.argument("name", shell_complete=complete_model)
@click.option(
    "--env", "environments", multiple=True, metavar="ENV", shell_complete=complete_environment, help="Look here alone."
)
@reporting("text", "json")
def command(*, name: str, environments: tuple[str, ...], root: Path | None, output: str) -> int:
    """Find what NAME comes from: a pod, a ReplicaSet, a Deployment, a Service, an object, an Application or a model.

    NAME is a name alone, or with its kind, its namespace, or both before it, as kubectl prints them:
    deploy/chat-kserve, team-a/iris. No cluster is asked: it goes by the names that KServe and Kubernetes give.
    """
    from kservegen.commands.find import find_object  # noqa: PLC0415
    from kservegen.evaluate.project import open_project  # noqa: PLC0415
    from kservegen.report.found import found_as_json, found_as_text  # noqa: PLC0415

    project = open_project(find_repository(root))
    answers = find_object(project, name, environments)
    if output == "json":
        return write_sections(0, found=found_as_json(answers, project.doubt))
    write_text(found_as_text(answers, project.doubt, terminal_width()))
    return 0
