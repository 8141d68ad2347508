"""`kservegen owners`: who answers for which pods, for tools that sum up costs."""

from __future__ import annotations

from pathlib import Path

import click

from kservegen.cli.options import (
    complete_environment,
    evaluating,
    find_repository,
    reporting,
    write_document,
    write_sections,
)


@click.command(name="owners")
@click.argument("environments", metavar="[ENV]...", nargs=-1, shell_complete=complete_environment)
@click.option("--at", "revision", default="", metavar="REV", help="Export the catalog as a commit has it.")
@reporting("csv", "json")
@evaluating
def command(*, environments: tuple[str, ...], revision: str, root: Path | None, output: str) -> int:
    """List the pods of each model with its owner: namespace, workload, labels, accelerators.

    Nothing on a pod says who owns it, for a label there restarts it. Tools that sum up costs join these rows by
    cluster, namespace and workload, or by cluster, namespace and labels.
    """
    from kservegen.commands.budget import stop_on_errors  # noqa: PLC0415
    from kservegen.commands.owner_export import export_owners  # noqa: PLC0415
    from kservegen.report.owners import owners_as_csv, owners_as_json  # noqa: PLC0415

    found = export_owners(find_repository(root), environments, revision)
    stop_on_errors(found.diagnostics, "pods would be missing")
    if output == "json":
        return write_sections(0, owners=owners_as_json(found.rows))
    write_document(owners_as_csv(found.rows))
    return 0
