"""`kservegen upgrade`: what another KServe version changes here, and the order to go there."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click

from kservegen.cli.candidates import complete_version
from kservegen.cli.clock import clock as day_of
from kservegen.cli.clock import clock_options
from kservegen.cli.options import (
    complete_environment,
    evaluating,
    find_repository,
    line_reader,
    open_for_writing,
    read_named_file,
    reporting,
    terminal_width,
    wants_colour,
    write_document,
    write_text,
)

_PERMITTED: Final = timedelta(days=30)


@click.command(name="upgrade")
@click.argument("environments", metavar="[ENV]...", nargs=-1, shell_complete=complete_environment)
@click.option(
    "--to",
    "after",
    required=True,
    metavar="VERSION",
    shell_complete=complete_version,
    help="The version to go to, such as v0.20.0.",
)
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
@click.option(
    "--write-permit", "permits", is_flag=True, help="Write the permits that guards want first; needs --owner."
)
@click.option("--tidy", "tidies", is_flag=True, help="Clear away what the way took, once it is behind you.")
@click.option("--owner", default="", metavar="NAME", help="Who answers for permits.")
@click.option(
    "--until",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    default=None,
    help="Last day of permits. Default: 30 days from today.",
)
@clock_options
@reporting("text", "json")
@evaluating
def command(  # noqa: PLR0913 - one parameter per option
    *,
    environments: tuple[str, ...],
    after: str,
    installed: str | None,
    values_file: Path | None,
    writes: bool,
    everything: bool,
    permits: bool,
    tidies: bool,
    owner: str,
    until: datetime | None,
    today: datetime | None,
    waiver_notice: int,
    root: Path | None,
    output: str,
) -> int:
    """Say what another KServe version changes for this catalog: refusals, CRDs that go, defaults, images, restarts.

    Then the order to do it in, environment by environment, each step one that guards let pass. For an installation from
    before v0.17, whose one chart became several, give --from with its version, and --values with its values. Exit code
    1 where the new version refuses something.
    """
    from kservegen.changes.upgrade.model import UpgradePermit  # noqa: PLC0415
    from kservegen.commands.upgrade import carry_values, parse_values, plan_upgrades  # noqa: PLC0415
    from kservegen.commands.upgrade_edits import tidy, write_permits, write_version  # noqa: PLC0415

    if writes + permits + tidies > 1:
        raise click.UsageError("one step at a time: --write-permit, --write or --tidy")
    repository = open_for_writing(root) if writes or permits or tidies else find_repository(root)
    now = day_of(today, waiver_notice)
    if until is not None and until.date() < now.day:
        raise click.UsageError(f"--until {until.date()} is before {now.day}: such a permit raises no guard")
    given = UpgradePermit(owner, until.date() if until is not None else now.day + _PERMITTED)
    upgrades = plan_upgrades(repository, after, given, now, environments=environments, installed=installed)
    carried = {}
    if values_file:
        values = parse_values(
            read_named_file(values_file, "Name a file with the values of the old chart."), str(values_file)
        )
        carried = dict(carry_values(values, upgrades))
    written: tuple[str, ...] = ()
    done = f"kserve.version is {after} now; next: kservegen render"
    if permits:
        written, done = write_permits(upgrades, given), f"a permit until {given.expires}; next: merge it alone"
    elif tidies and not upgrades.exit_code:
        written, done = tidy(upgrades), "cleared of what the way took; next: merge it"
    elif writes and not upgrades.exit_code:
        written = write_version(upgrades)
    if output == "json":
        from kservegen.report.upgrade import upgrades_as_json  # noqa: PLC0415

        write_document(upgrades_as_json(upgrades, carried, written))
    else:
        from kservegen.report.upgrade import upgrades_as_text  # noqa: PLC0415

        lines = line_reader(repository.root)
        text = upgrades_as_text(
            upgrades,
            carried,
            written,
            lines,
            done=done,
            colour=wants_colour(),
            everything=everything,
            width=terminal_width(),
        )
        write_text(text)
    return upgrades.exit_code
