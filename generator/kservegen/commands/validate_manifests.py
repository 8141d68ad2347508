"""The use case `validate PATH…`: manifests that exist already, from paths to a result, without a catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kservegen.catalog.resolve import resolve
from kservegen.checks.manifests.files import Argument, find_files
from kservegen.checks.manifests.inputs import find_inputs
from kservegen.checks.manifests.reference import Cluster
from kservegen.checks.runner import Judge
from kservegen.commands.linter import Linter
from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic, Location, Severity
from kservegen.core.repository import STDIN
from kservegen.evaluate.defaulted import context_of, installation_of
from kservegen.evaluate.project import Project
from kservegen.formats.jsonschema.store import Shapes, UnknownSchemaError
from kservegen.formats.yaml.collector import without_collector
from kservegen.kserve.defaulting import default
from kservegen.render.objects.environment import build_environment

# What a manifest cannot tell; every result says so.
NOT_CHECKED: Final = (
    "that images can be pulled",
    "that Secrets, ServiceAccounts and volumes are there",
    "that models fit in GPU memory",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LintOptions:
    """What to judge, and against which cluster. `stdin` holds what was piped in where `-` is among the paths."""

    paths: tuple[Path, ...]
    cluster: Cluster
    environment: str = ""
    stdin: bytes | None = None
    fail_on: Severity = Severity.ERROR


def environment_cluster(project: Project, name: str) -> Cluster:
    """Return an environment of a catalog as the cluster to judge against; GeneratorError where it cannot be known."""
    chosen = project.choose_one(name)
    environment, _ = resolve(project.catalog, chosen)
    version = environment.text("kserve", "version")
    check_version(version, project.tools.releases.versions)
    release = project.tools.releases.get(version)
    built = build_environment(environment, release.charts, Shapes(project.tools.schemas, version))
    installation = installation_of(built.settings)
    stored = [default(resource, installation) for resource in built.resources]
    return Cluster(context=context_of(built, stored, release), installation=installation)


def check_version(version: str, known: Sequence[str]) -> None:
    """Raise GeneratorError for a KServe version that there are no schemas of."""
    if version not in known:
        raise UnknownSchemaError("unknown KServe version", subject=version, known=known)


def lint(judge: Judge, options: LintOptions) -> Result:
    """Judge all manifests that the paths name."""
    with without_collector():
        linter = Linter(judge, options.cluster)
        if options.stdin is not None and not linter.add(options.stdin, STDIN, named=True):
            linter.note(_nothing(STDIN))
        _read(linter, find_files(options.paths))
        documents, diagnostics = linter.finish()
    return Result(
        command="validate",
        diagnostics=diagnostics,
        environments=(options.environment,) if options.environment else (),
        documents=documents,
        assumptions=NOT_CHECKED,
        fail_on=options.fail_on,
    )


def _read(linter: Linter, arguments: Sequence[Argument]) -> None:
    left_out, notes = find_inputs(file for argument in arguments for file in argument.files)
    for note in notes:
        linter.note(note)
    for argument in arguments:
        found = argument.repeated
        for file in argument.files:
            if file.path in left_out:
                found += 1
            else:
                found += linter.add(file.read(), file.name, named=file.named)
        if not found:
            linter.note(_nothing(argument.path.as_posix()))


def _nothing(place: str) -> Diagnostic:
    return Diagnostic(
        rule="yaml/no-documents",
        severity=Severity.WARNING,
        message="there are no manifests here",
        location=Location(place),
        allowed="files *.yaml, *.yml or *.json with documents in them",
        hint="Check the path.",
    )
