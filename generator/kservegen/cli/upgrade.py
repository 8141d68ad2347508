"""`kservegen upgrade`: what another KServe version changes here, and the order to go there."""

from __future__ import annotations

from pathlib import Path

import click

from kservegen.cli.options import (
    complete_environment,
    find_repository,
    line_reader,
    open_for_writing,
    read_named_file,
    reporting,
    wants_colour,
    write_document,
    write_text,
)


@click.command(name="upgrade")
@click.argument("environments", metavar="[ENV]...", nargs=-1, shell_complete=complete_environment)
@click.option("--to", "after", required=True, metavar="VERSION", help="The version to go to, such as v0.20.0.")
@click.option("--from", "installed", metavar="VERSION", help="What is installed, where the catalog does not say so.")
@click.option(
    "--values",
    "values_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Values of the one chart from before v0.17, handed to the charts that read them now.",
)
@click.option("--write", "writes", is_flag=True, help="Set kserve.version, unless something stands in the way.")
@click.option("--all", "everything", is_flag=True, help="Write each object by itself, what is alike for many, too.")
@reporting("text", "json")
def command(
    *,
    environments: tuple[str, ...],
    after: str,
    installed: str | None,
    values_file: Path | None,
    writes: bool,
    everything: bool,
    root: Path | None,
    output: str,
) -> int:
    """Say what another KServe version changes for this catalog: refusals, CRDs that go, defaults, images, restarts.

    Then the order to do it in. For an installation from before v0.17, whose one chart became several, give --from with
    its version, and --values with its values. Exit code 1 where the new version refuses something.
    """
    from kservegen.commands.upgrade import carry_values, parse_values, plan_upgrades, write_version  # noqa: PLC0415

    repository = open_for_writing(root) if writes else find_repository(root)
    upgrades = plan_upgrades(repository, after, environments=environments, installed=installed)
    carried = {}
    if values_file:
        values = parse_values(
            read_named_file(values_file, "Name a file with the values of the old chart."), str(values_file)
        )
        carried = dict(carry_values(values, upgrades))
    written = write_version(upgrades) if writes and not upgrades.exit_code else ()
    if output == "json":
        from kservegen.report.upgrade import upgrades_as_json  # noqa: PLC0415

        write_document(upgrades_as_json(upgrades, carried, written))
    else:
        from kservegen.report.upgrade import upgrades_as_text  # noqa: PLC0415

        lines = line_reader(repository.root)
        text = upgrades_as_text(upgrades, carried, written, lines, colour=wants_colour(), everything=everything)
        write_text(text)
    return upgrades.exit_code
