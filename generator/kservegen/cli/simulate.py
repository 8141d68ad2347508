"""`kservegen simulate`: what KServe's controllers and webhooks would make of models or manifests."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

import click

from kservegen.cli.options import (
    complete_environment,
    find_repository,
    reporting,
    write_sections,
    write_text,
)
from kservegen.cli.targets import find_optional_repository
from kservegen.core.repository import packaged_data

_EPILOG = """With --env the arguments name entries of the catalog, which are followed in that environment, under its
charts' values. Without it they are paths: files or folders of manifests. The documents of one folder stand in one
cluster together, with the runtimes and presets of the KServe version; a ConfigMap inferenceservice-config among them is
read as KServe's own. Objects are printed as the API server would store them, in the order in which they are written, up
to the step at which the controllers stop; behind each part stands where it came from."""


@click.command(name="simulate", epilog=_EPILOG)
@click.argument("targets", metavar="MODEL|PATH...", nargs=-1, required=True)
@click.option(
    "--env", "environment", metavar="ENV", shell_complete=complete_environment, help="Environment of a model."
)
@click.option("--kserve-version", metavar="VERSION", help="Version whose controllers to follow. Default: the newest.")
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
    kserve_version: str | None,
    deployment_mode: str | None,
    root: Path | None,
    output: str,
) -> int:
    """Print what KServe's controllers would make of models or manifests."""
    if environment is None:
        return _simulate_paths(targets, kserve_version, deployment_mode or "Standard", root, output)
    if kserve_version or deployment_mode:
        raise click.UsageError("--env states the version and the mode: leave out the other options")
    from kservegen.commands.simulate import simulate_entry  # noqa: PLC0415
    from kservegen.evaluate.project import open_project  # noqa: PLC0415
    from kservegen.report.simulated import simulated_entry_as_json, simulated_entry_as_text  # noqa: PLC0415

    project = open_project(find_repository(root))
    entries = [simulate_entry(project, environment, target) for target in targets]
    exit_code = int(not all(entry.admitted for entry in entries))
    if output == "json":
        return write_sections(exit_code, simulated=[simulated_entry_as_json(entry) for entry in entries])
    write_text("".join(map(simulated_entry_as_text, entries)))
    return exit_code


def _simulate_paths(
    targets: tuple[str, ...], kserve_version: str | None, deployment_mode: str, root: Path | None, output: str
) -> int:
    from kservegen.checks.engines.choice import EngineChoice, open_engine  # noqa: PLC0415
    from kservegen.checks.runner import open_checker  # noqa: PLC0415
    from kservegen.commands.simulate import SimulateOptions, simulate_paths  # noqa: PLC0415
    from kservegen.commands.validate_manifests import check_version  # noqa: PLC0415
    from kservegen.formats.jsonschema.store import SchemaStore  # noqa: PLC0415
    from kservegen.kserve.releases import Releases  # noqa: PLC0415
    from kservegen.report.simulated import simulated_as_json, simulated_as_text  # noqa: PLC0415

    repository = find_optional_repository(root, needed=False)
    schemas = SchemaStore(repository.schema_roots if repository is not None else (packaged_data() / "schemas",))
    releases = Releases(schemas.roots)
    version = kserve_version or releases.newest_reviewed
    check_version(version, releases, schemas)
    checker = open_checker(open_engine(EngineChoice.BUILTIN, schemas))
    options = SimulateOptions(
        release=releases.get(version), deployment_mode=deployment_mode, schemas=schemas, open_file=TemporaryFile
    )
    documents = simulate_paths([Path(target) for target in targets], options, checker)
    exit_code = int(any(document.report.admitted is False for document in documents))
    if output == "json":
        return write_sections(exit_code, documents=simulated_as_json(documents))
    write_text(simulated_as_text(documents))
    return exit_code
