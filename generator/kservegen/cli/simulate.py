"""`kservegen simulate`: what KServe's controllers and webhooks would make of models or manifests."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from shutil import get_terminal_size
from tempfile import SpooledTemporaryFile, TemporaryFile
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from kservegen.cli.candidates import complete_model_or_file, complete_version
from kservegen.cli.options import (
    complete_environment,
    find_repository,
    reporting,
    write_document,
    write_text,
)
from kservegen.cli.targets import find_optional_repository
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import packaged_data

if TYPE_CHECKING:
    from kservegen.checks.runner import Checker
    from kservegen.commands.simulate import SimulatedObject, SimulateOptions
    from kservegen.commands.simulate_changes import ComparedObject
    from kservegen.core.diagnostics import Diagnostic
    from kservegen.core.jsontypes import JsonObject
    from kservegen.evaluate.project import Project

_EPILOG: Final = """With --env an argument names an entry of the catalog, or else manifests that come to that
environment's cluster: under its charts' values, beside its objects. Without it arguments are paths: the documents of
one folder stand in one cluster together, with the runtimes and presets of the KServe version; a ConfigMap
inferenceservice-config among them is read as KServe's own. Objects are printed as the API server would store them, in
the order in which they are written, up to the step at which the controllers stop; beside each part stands where it
came from. With --against and --base what differs is printed, old before new. Exit code 1: something is not admitted,
or that ConfigMap cannot be read whole, and why is said."""
# What lines may be as wide as, where nobody sits at a terminal.
_WIDTH: Final = 140
_BASE: Final = "the base {}"
_IN_MEMORY: Final = 1 << 22
_PART: Final = 1 << 16


@click.command(name="simulate", epilog=_EPILOG)
@click.argument("targets", metavar="MODEL|PATH...", nargs=-1, required=True, shell_complete=complete_model_or_file)
@click.option("--env", "environment", metavar="ENV", shell_complete=complete_environment, help="Environment of models.")
@click.option(
    "--against", metavar="ENV", shell_complete=complete_environment, help="Show what differs from that environment."
)
@click.option("--base", metavar="REV", help="Show what the change since REV and HEAD parted alters.")
@click.option(
    "--kserve-version",
    metavar="VERSION",
    shell_complete=complete_version,
    help="Version whose controllers to follow. Default: the newest.",
)
@click.option(
    "--deployment-mode",
    type=click.Choice(["Standard", "Knative"]),
    help="The cluster's default mode for manifests. Default: Standard.",
)
@reporting("text", "json")
def command(
    *,
    targets: tuple[str, ...],
    environment: str | None,
    against: str | None,
    base: str | None,
    kserve_version: str | None,
    deployment_mode: str | None,
    root: Path | None,
    output: str,
) -> int:
    """Print what KServe's controllers would make of models or manifests."""
    if against is not None and base is not None:
        raise click.UsageError("--against and --base are two comparisons: choose one")
    if environment is None and against is not None:
        raise click.UsageError("--against compares with --env: name both environments")
    if environment is None:
        options, checker = _of_release(kserve_version, deployment_mode or "Standard", root)
        sides = _Sides(_paths(targets), options, checker)
        if base is None:
            return _show(sides.simulated(), output)
        return _show_changes(sides.changed(base), output, _BASE.format(base))
    if kserve_version or deployment_mode:
        raise click.UsageError("--env states the version and the mode: leave out the other options")
    return _in_environment(targets, environment, (against, base), root, output)


def _in_environment(
    targets: Sequence[str],
    environment: str,
    comparison: tuple[str | None, str | None],
    root: Path | None,
    output: str,
) -> int:
    from kservegen.commands import simulate_changes as changes  # noqa: PLC0415
    from kservegen.commands.simulate import simulate_entries  # noqa: PLC0415
    from kservegen.evaluate.project import open_project  # noqa: PLC0415

    project = open_project(find_repository(root))
    against, base = comparison
    keys, paths = _split(targets, project, [environment, *([against] if against else [])])
    sides = _Sides(paths, *_of_environment(project, environment)) if paths else None
    if against is not None:
        other = _of_environment(project, against)[0] if paths else None
        compared = changes.compare_entries(project, environment, keys, against)
        return _show_changes(chain(compared, sides.against(other) if sides and other else ()), output, against)
    if base is not None:
        compared = changes.compare_entries_to_base(project, environment, keys, base) if keys else iter(())
        return _show_changes(chain(compared, sides.changed(base) if sides else ()), output, _BASE.format(base))
    return _show(chain(simulate_entries(project, environment, keys), sides.simulated() if sides else ()), output)


class _Sides(NamedTuple):
    """Manifests, and the cluster that they come to now."""

    paths: list[Path]
    options: SimulateOptions
    checker: Checker

    def simulated(self) -> Iterator[SimulatedObject]:
        from kservegen.commands.simulate import simulate_paths  # noqa: PLC0415

        return simulate_paths(self.paths, self.options, self.checker)

    def changed(self, base: str) -> Iterator[ComparedObject]:
        from kservegen.commands.simulate_changes import compare_paths_to_base  # noqa: PLC0415

        return compare_paths_to_base(self.paths, self.options, self.checker, base)

    def against(self, other: SimulateOptions) -> Iterator[ComparedObject]:
        from kservegen.commands.simulate_changes import compare_paths  # noqa: PLC0415

        return compare_paths(self.paths, self.options, other, self.checker)


def _paths(targets: Sequence[str]) -> list[Path]:
    for target in targets:
        if not Path(target).exists() and not Path(target).is_symlink():
            raise GeneratorError(
                "there is no such file or folder",
                subject=target,
                hint="Check the path; a model of the catalog needs its environment: --env ENV.",
            )
    return [Path(target) for target in targets]


def _split(targets: Sequence[str], project: Project, environments: Sequence[str]) -> tuple[list[str], list[Path]]:
    """Tell entries of the environments from paths; what is neither is left to whoever looks for entries."""
    from kservegen.catalog.resolve import resolve_environment  # noqa: PLC0415
    from kservegen.commands.explain import match_entry  # noqa: PLC0415

    resolved = [resolve_environment(project.catalog, project.choose_one(name))[0] for name in environments]
    keys, paths = [], []
    for target in targets:
        is_entry = any(match_entry(one, target) is not None for one in resolved)
        if is_entry or not Path(target).exists():
            keys.append(target)
        else:
            paths.append(Path(target))
    return keys, paths


def _of_environment(project: Project, name: str) -> tuple[SimulateOptions, Checker]:
    from kservegen.commands.simulate import SimulateOptions  # noqa: PLC0415
    from kservegen.commands.validate_manifests import environment_cluster  # noqa: PLC0415

    cluster = environment_cluster(project, name)
    options = SimulateOptions(
        release=cluster.context.release,
        deployment_mode=cluster.context.deployment_mode,
        schemas=project.tools.schemas,
        open_file=TemporaryFile,
        cluster=cluster,
        environment=name,
    )
    return options, project.tools.checker


def _of_release(kserve_version: str | None, deployment_mode: str, root: Path | None) -> tuple[SimulateOptions, Checker]:
    from kservegen.checks.engines.choice import EngineChoice, open_engine  # noqa: PLC0415
    from kservegen.checks.runner import open_checker  # noqa: PLC0415
    from kservegen.commands.simulate import SimulateOptions  # noqa: PLC0415
    from kservegen.commands.validate_manifests import check_version  # noqa: PLC0415
    from kservegen.formats.jsonschema.store import SchemaStore  # noqa: PLC0415
    from kservegen.kserve.releases import Releases  # noqa: PLC0415

    repository = find_optional_repository(root, needed=False)
    schemas = SchemaStore(repository.schema_roots if repository is not None else (packaged_data() / "schemas",))
    releases = Releases(schemas.roots)
    version = kserve_version or releases.newest_reviewed
    check_version(version, releases, schemas)
    options = SimulateOptions(
        release=releases.get(version), deployment_mode=deployment_mode, schemas=schemas, open_file=TemporaryFile
    )
    return options, open_checker(open_engine(EngineChoice.BUILTIN, schemas))


def _show(items: Iterator[SimulatedObject], output: str) -> int:
    """Print objects as they come; return the exit code."""
    from kservegen.report.simulated import simulated_as_json, simulated_as_text  # noqa: PLC0415

    if output == "json":
        return _write_json((item, simulated_as_json(item)) for item in items)
    width = _width()
    return _write_text((item, simulated_as_text(item, width)) for item in items)


def _show_changes(items: Iterator[ComparedObject], output: str, other: str) -> int:
    """Print what differs from the `other` side; return the exit code."""
    from kservegen.report.simulated import compared_as_json, compared_as_text  # noqa: PLC0415
    from kservegen.report.summary import plural  # noqa: PLC0415

    if output == "json":
        return _write_json((item.new, compared_as_json(item) if item.differs else None) for item in items)
    width, differing = _width(), 0

    def told() -> Iterator[tuple[SimulatedObject | None, str]]:
        nonlocal differing
        for item in items:
            differing += item.differs
            yield item.new, compared_as_text(item, width) if item.differs else ""

    code = _write_text(told())
    count = plural(differing, "object differs", "objects differ") if differing else "nothing differs"
    write_text(f"{count} from {other}\n")
    return code


def _width() -> int:
    return get_terminal_size((_WIDTH, 0)).columns if sys.stdout.isatty() else _WIDTH


def _write_text(items: Iterator[tuple[SimulatedObject | None, str]]) -> int:
    code = 0
    for item, said in items:
        code |= item is not None and (item.report.admitted is False or item.is_unread)
        if said:
            write_text(said)
    return code


def _write_json(items: Iterator[tuple[SimulatedObject | None, JsonObject | None]]) -> int:
    """Write one report, whose items are set aside until its exit code is known."""
    from kservegen.report.json_report import render_item, render_listing  # noqa: PLC0415

    code = 0
    errors: list[Diagnostic] = []
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as held:
        for item, said in items:
            if item is not None and (item.report.admitted is False or item.is_unread):
                code = 1
                errors.extend(item.errors)
            if said is not None:
                held.write(f"{',' if held.tell() else ''}{render_item(said)}".encode())
        held.seek(0)
        head, tail = render_listing(code, "documents", errors)
        write_document(head)
        while part := held.read(_PART):
            write_document(part.decode())
        write_document(tail)
    return code
