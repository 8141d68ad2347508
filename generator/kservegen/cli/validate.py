"""`kservegen validate`: check the catalog, or manifests that exist already."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from kservegen.cli.candidates import complete_environment_or_file
from kservegen.cli.clock import clock, clock_options
from kservegen.cli.options import (
    HTML,
    emit_result,
    evaluating,
    fail_on,
    findings_option,
    html_page,
    open_for_writing,
    show_waived,
    write_document,
    write_error,
    write_text,
)
from kservegen.cli.targets import (
    TARGETS_HELP,
    ClusterOptions,
    base_option,
    choose_environments,
    cluster_options,
    engine_option,
    find_optional_repository,
    lint_targets,
)
from kservegen.core.diagnostics import Severity
from kservegen.formats.inert import printable

if TYPE_CHECKING:
    from kservegen.checks.waivers.apply import Clock
    from kservegen.core.repository import Repository


@click.command(name="validate", epilog=TARGETS_HELP)
@click.argument("targets", metavar="[ENV|PATH]...", nargs=-1, shell_complete=complete_environment_or_file)
@cluster_options
@base_option
@engine_option
@findings_option
@fail_on
@show_waived
@clock_options
@click.option(
    "--fix", "fixes", is_flag=True, help="Mend first what leaves no doubt: misspelt words, quotes, forms of quantities."
)
@click.option("--dry-run", is_flag=True, help="With --fix: show what would be mended, and write nothing.")
@click.option("--write-waivers", is_flag=True, help="Waive every open finding that may be waived.")
@click.option(
    "--ttl",
    default="30d",
    show_default=True,
    help="How long written waivers hold at most: days or weeks. Several end on different days.",
)
@click.option("--owner", default="", help="Who answers for written waivers. Default: the owners of the models.")
@click.option("--reason", default="adopted", show_default=True, help="Why written waivers are accepted.")
@evaluating
def command(  # noqa: PLR0913 - one parameter per option
    *,
    targets: tuple[str, ...],
    kserve_version: str | None,
    deployment_mode: str | None,
    environment: str | None,
    assumed: tuple[str, ...],
    base: str | None,
    engine: str,
    root: Path | None,
    output: str,
    reports: tuple[tuple[str, Path], ...],
    fail_on: str,
    show_waived: bool,
    today: datetime | None,
    waiver_notice: int,
    fixes: bool,
    dry_run: bool,
    write_waivers: bool,
    ttl: str,
    owner: str,
    reason: str,
) -> int:
    """Check the catalog in every environment, or manifests that exist already.

    Nothing is written, unless --fix or --write-waivers asks for it.
    """
    if dry_run and not fixes:
        raise click.UsageError("--dry-run is for --fix: without it nothing is written")
    repository = find_optional_repository(root, needed=not targets or environment is not None)
    environments = choose_environments(targets, repository)
    cluster = ClusterOptions(
        kserve_version=kserve_version,
        deployment_mode=deployment_mode,
        environment=environment,
        engine=engine,
        assumed=assumed,
    )
    if repository is None or len(environments) < len(targets):
        if environments or write_waivers or fixes:
            raise click.UsageError("paths are checked by themselves, without environments, waivers and fixes")
        result, stdin = lint_targets(targets, cluster, repository, Severity(fail_on), base)
        return emit_result(result, output, Path.cwd(), reports=reports, stdin=stdin)
    if base is not None:
        raise click.UsageError("--base is for manifests: kservegen check --base REV judges a change of the catalog")
    if cluster.is_stated:
        raise click.UsageError("the catalog's environments state version and mode: these options are for manifests")
    from kservegen.checks.engines.choice import EngineChoice  # noqa: PLC0415
    from kservegen.commands.validate import validate  # noqa: PLC0415

    now = clock(today, waiver_notice)
    if fixes:
        _mend(repository, output, dry_run=dry_run)
        if dry_run:
            return 0
    if write_waivers:
        open_for_writing(repository.root)
        _adopt(repository, environments, now, ttl=ttl, owner=owner, reason=reason)
    result = validate(
        repository,
        environments=environments,
        fail_on=Severity(fail_on),
        clock=now,
        engine=EngineChoice(engine),
    )

    def page(_colour: bool, _width: int) -> str:
        return html_page(result, repository, repository.root, environments)

    shown = replace(result, lists_waived=show_waived)
    return emit_result(shown, output, repository.root, reports=reports, writers={HTML: page})


def _mend(repository: Repository, output: str, *, dry_run: bool) -> None:
    """Write what can be mended without a doubt, and say what; with `dry_run` show the differences instead."""
    from kservegen.commands.edits import write_edits  # noqa: PLC0415
    from kservegen.commands.fixes import fix_repository  # noqa: PLC0415

    if not dry_run:
        open_for_writing(repository.root)
    edits = fix_repository(repository)
    if not dry_run:
        write_edits(repository, edits)
        said = "".join(f"mended: {printable(note)}\n" for note in edits.notes)
        write_error(said or "nothing can be mended without a doubt\n")
        return
    from kservegen.report.edits import edits_as_json, edits_as_text  # noqa: PLC0415

    if output == "json":
        from kservegen.report.json_report import render_json  # noqa: PLC0415

        write_document(render_json(edits.result, edits=edits_as_json(edits, written=False)))
        return
    write_text(edits_as_text(edits))


def _adopt(
    repository: Repository, environments: tuple[str, ...], now: Clock, *, ttl: str, owner: str, reason: str
) -> None:
    from kservegen.checks.waivers.write import promise  # noqa: PLC0415
    from kservegen.commands.write_waivers import write_waivers  # noqa: PLC0415
    from kservegen.report.summary import plural  # noqa: PLC0415

    given = promise(owner=owner, reason=reason, ttl=ttl, today=now.day)
    for file, days in write_waivers(repository, given, now, environments=environments).items():
        until = f"until {max(days)}" if len(days) == 1 else f"that end from {min(days)} to {max(days)}"
        write_error(f"{file}: {plural(len(days), 'waiver')} {until} written\n")
