"""The use case `validate PATH…`: manifests that exist already, from paths to a result, without a catalog."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from msgspec import Struct

from kservegen.checks.kserve_version import unreviewed, version_problem
from kservegen.checks.manifests.files import Argument, find_files
from kservegen.checks.manifests.inputs import find_inputs
from kservegen.checks.manifests.reference import Cluster
from kservegen.checks.runner import Checker
from kservegen.commands.result import Result
from kservegen.core.assumptions import Unchecked, merge_assumptions
from kservegen.core.diagnostics import Diagnostic, Finding, Location, Severity
from kservegen.core.errors import GeneratorError
from kservegen.core.manual import by_manual
from kservegen.core.repository import ENVIRONMENTS_FOLDER, STDIN
from kservegen.evaluate.earlier import EarlierObjects
from kservegen.evaluate.manifests import Linter
from kservegen.formats.jsonschema.store import SchemaStore, UnknownSchemaError
from kservegen.formats.yaml.collector import without_collector
from kservegen.kserve.releases import Releases

if TYPE_CHECKING:
    from kservegen.evaluate.project import Project

# What a manifest cannot tell; every result says so.
NOT_CHECKED_OF_MANIFESTS: Final = (
    Unchecked("that images can be pulled", "no registry is asked"),
    Unchecked("that models fit in GPU memory", "manifests do not say which GPU their nodes have"),
)


class LintOptions(Struct, frozen=True, kw_only=True):
    """What to check, and against which cluster. `stdin` holds what was piped in where `-` is among the paths.

    `open_file` opens a file for what memory should not hold. With a `base` the cluster has what that revision holds.
    """

    paths: tuple[Path, ...]
    cluster: Cluster
    schemas: SchemaStore
    open_file: Callable[[], IO[bytes]]
    base: str | None = None
    environment: str = ""
    stdin: bytes | None = None
    fail_on: Severity = Severity.ERROR


def environment_cluster(project: Project, name: str) -> Cluster:
    """Return an environment of a catalog as the cluster to check against; GeneratorError where it cannot be known."""
    # Manifests alone need nothing that reads and builds catalogs.
    from kservegen.catalog.resolve import resolve_environment  # noqa: PLC0415
    from kservegen.evaluate.defaulted import installation_of  # noqa: PLC0415
    from kservegen.evaluate.environment import build_objects, default_environment  # noqa: PLC0415

    chosen = project.choose_one(name)
    environment, _ = resolve_environment(project.catalog, chosen)
    check_version(environment.text("kserve", "version"), project.tools.releases, project.tools.schemas)
    built = build_objects(environment, project.tools)
    if isinstance(built, Finding):
        raise GeneratorError(built.message, subject=chosen, hint=built.hint)
    return Cluster(
        context=default_environment(built, project.tools).context, installation=installation_of(built.settings)
    )


def check_version(version: str, releases: Releases, schemas: SchemaStore) -> None:
    """Raise GeneratorError for a KServe version that there are no schemas or no record of."""
    if version not in releases.versions and version not in schemas.versions():
        raise UnknownSchemaError("unknown KServe version", subject=version, known=releases.versions)
    problem = version_problem(version, releases, schemas)
    if problem is not None:
        raise GeneratorError(problem.message, subject=version, hint=problem.hint)


def lint(checker: Checker, options: LintOptions) -> Result:
    """Check all manifests that the paths name."""
    with without_collector():
        arguments = find_files(options.paths)
        earlier = None if options.base is None else _read_earlier(options.base, arguments, options)
        linter = Linter(checker, options.cluster, options.open_file, earlier)
        if options.stdin is not None and not linter.add(options.stdin, STDIN, named=True):
            linter.note(_nothing(STDIN))
        caveat = unreviewed(options.cluster.context.release)
        if caveat is not None:
            linter.note(_caveat(caveat, options))
        _read(linter, arguments)
        del arguments  # a tenth of what 30,000 files take, and nobody opens one again
        documents, diagnostics = linter.finish()
    return Result(
        command="validate",
        diagnostics=diagnostics,
        environments=(options.environment,) if options.environment else (),
        documents=documents,
        assumptions=merge_assumptions((*options.cluster.context.release.taken_for_granted, *documents.assumptions)),
        unchecked=NOT_CHECKED_OF_MANIFESTS,
        fail_on=options.fail_on,
    )


def _read_earlier(base: str, arguments: Sequence[Argument], options: LintOptions) -> EarlierObjects:
    """Read what the paths held in a commit; files that are still the same change nothing."""
    from kservegen.changes.earlier_manifests import manifests_at  # noqa: PLC0415 - brings git

    earlier = EarlierObjects(options.cluster, options.schemas, options.open_file)
    now = {file.name: file for argument in arguments for file in argument.files}
    for argument in arguments:
        with manifests_at(base, argument.path) as files:
            for file in files:
                data = file.read()
                if isinstance(data, bytes) and (file.name not in now or data != now[file.name].read()):
                    earlier.add(data, file.name)
    return earlier


def _read(linter: Linter, arguments: Sequence[Argument]) -> None:
    left_out, notes = find_inputs(file for argument in arguments for file in argument.files)
    for note in notes:
        linter.note(note)
    for argument in arguments:
        found = argument.repeated
        for file in argument.files:
            if left_out and file.path in left_out:
                found += 1
            else:
                found += linter.add(file.read(), file.name, named=file.named)
        if not found:
            linter.note(_nothing(argument.path.as_posix()))


def _caveat(finding: Finding, options: LintOptions) -> Diagnostic:
    """Place what is said of the release: at the environment that names it, else at what was asked about."""
    place = options.paths[0].as_posix() if options.paths else STDIN
    return finding.at(
        Location(f"{ENVIRONMENTS_FOLDER}/{options.environment}.yaml" if options.environment else place), ()
    )


def _nothing(place: str) -> Diagnostic:
    return by_manual(
        "yaml/no-documents",
        "there are no manifests here",
        Location(place),
        allowed="files *.yaml, *.yml or *.json with documents in them",
        hint="Check the path.",
    )
