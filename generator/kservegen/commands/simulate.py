"""The use case `simulate PATH…`: manifests in, what KServe's controllers would make of each document out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path as FilePath
from pathlib import PurePosixPath
from typing import IO, Final

from kservegen.catalog.resolve import resolve_environment
from kservegen.checks.locate import Locator
from kservegen.checks.manifests.documents import read_documents
from kservegen.checks.manifests.files import find_files
from kservegen.checks.manifests.inputs import find_inputs
from kservegen.checks.manifests.reference import Cluster, reference_cluster
from kservegen.checks.rules.base import Context
from kservegen.checks.runner import Checker, is_misshapen
from kservegen.commands.explain import find_entry
from kservegen.core.crashes import contained
from kservegen.core.diagnostics import Finding, Location
from kservegen.core.document import mapping, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource
from kservegen.evaluate.environment import build_objects, default_environment
from kservegen.evaluate.manifests import DocumentReport, LintedDocument, Linter
from kservegen.evaluate.project import Project
from kservegen.formats.jsonschema.defaults import apply_defaults
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.formats.yaml.collector import without_collector
from kservegen.kserve.controllers.charted import chart_objects, chart_settings
from kservegen.kserve.controllers.control_plane import ControlPlane, shipped_objects
from kservegen.kserve.controllers.made import Made, Outcome, Surroundings
from kservegen.kserve.controllers.reconcile import make_objects
from kservegen.kserve.controllers.settings import (
    CONFIG_NAME,
    ControllerSettings,
    read_settings,
    shipped_settings,
)
from kservegen.kserve.defaulting import Defaulted, Installation
from kservegen.kserve.releases import Release


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedDocument:
    """One document, what the API server says of it, and what is made of it; None where nothing is made of its kind.

    `locate` takes a path of the stored object to the line that it was written at.
    """

    report: DocumentReport
    made: Made | None
    locate: Callable[[Path], Location]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateOptions:
    """The cluster that manifests come to; `open_file` opens a file for what memory should not hold."""

    release: Release
    deployment_mode: str
    schemas: SchemaStore
    open_file: Callable[[], IO[bytes]]


def simulate_paths(
    paths: Sequence[FilePath], options: SimulateOptions, checker: Checker
) -> tuple[SimulatedDocument, ...]:
    """Make what KServe would of all manifests that the paths name; those of one folder stand in one cluster together.

    A ConfigMap inferenceservice-config among them is KServe's own.
    """
    with without_collector():
        folders = _by_folder(paths)
        return tuple(document for files in folders.values() for document in _simulate_folder(files, options, checker))


def _by_folder(paths: Sequence[FilePath]) -> Mapping[PurePosixPath, dict[str, bytes]]:
    folders: dict[PurePosixPath, dict[str, bytes]] = {}
    arguments = find_files(paths)
    left_out, _ = find_inputs(file for argument in arguments for file in argument.files)
    for file in (file for argument in arguments for file in argument.files if file.path not in left_out):
        data = file.read()
        if not isinstance(data, bytes):
            raise GeneratorError(data.message, subject=file.name, hint=data.hint)
        folders.setdefault(PurePosixPath(file.name).parent, {})[file.name] = data
    if not folders:
        raise GeneratorError("there are no manifests here", subject=str(paths[0]), hint="Check the path.")
    return folders


def _simulate_folder(
    files: Mapping[str, bytes], options: SimulateOptions, checker: Checker
) -> Iterator[SimulatedDocument]:
    release, settings = options.release, shipped_settings(options.deployment_mode)
    config = next(_configs(files), None)
    if config is not None:
        settings = read_settings(config, settings)
    cluster = _configured(reference_cluster(release, settings.deployment_mode, options.schemas), settings)
    linter = Linter(checker, cluster, options.open_file)
    for name, data in files.items():
        linter.add(data, name, named=False)
    documents = [(item, _stored(item, options.schemas, release.version)) for item in linter.linted()]
    beside = Surroundings(doc for _, doc in documents if doc is not None)
    plane = ControlPlane(release=release, settings=settings, installed=shipped_objects(release.version), beside=beside)
    for item, doc in documents:
        made = _make(doc, plane) if doc is not None and item.report.admitted else None
        yield SimulatedDocument(report=item.report, made=made, locate=partial(_line_of, item))


def _configs(files: Mapping[str, bytes]) -> Iterator[JsonObject]:
    """Find KServe's own ConfigMap among the files, as it is written there."""
    for name, data in files.items():
        if CONFIG_NAME.encode() not in data:
            continue
        documents = contained("reading this file", lambda: read_documents(data, name, named=False), lambda _: None)  # noqa: B023
        for document in documents:
            if document is not None and document.resource is not None and _is_config(document.resource.doc):
                yield document.resource.doc


def _make(doc: JsonObject, plane: ControlPlane) -> Made | None:
    """Make the objects of one document; where that crashes, the outcome says so, and the next document has its turn."""

    def told(crash: Finding) -> Made:
        return Made(outcome=Outcome(step="internal", reason=crash.rule, message=crash.message))

    return next(contained("making its objects", lambda: (make_objects(doc, plane),), told))


def _line_of(item: LintedDocument, path: Path) -> Location:
    if item.document is None:
        return Location(item.report.file)
    return item.document.locate(path if item.stored is None else item.stored.words(path))


def _stored(item: LintedDocument, schemas: SchemaStore, version: str) -> JsonObject | None:
    """Return a document with the defaults of its kind's schema, which controllers cannot tell from what is written."""
    if item.stored is None:
        return None
    kind = (item.stored.api_version, item.stored.kind)
    if not schemas.has(*kind, kserve_version=version):
        return item.stored.doc
    return apply_defaults(item.stored.doc, schemas.shape(*kind, kserve_version=version))


def _is_config(doc: JsonObject) -> bool:
    return doc.get("kind") == "ConfigMap" and mapping(doc.get("metadata")).get("name") == CONFIG_NAME


_RESOURCES: Final = (("cpu", "cpu"), ("memory", "memory"))


def _configured(cluster: Cluster, settings: ControllerSettings) -> Cluster:
    """Let the defaulter read the same ConfigMap."""
    amounts = mapping(settings.section("inferenceService").get("resource"))
    art = mapping(settings.section("explainers").get("art"))
    installation = Installation(
        kserve_version=cluster.installation.kserve_version,
        deployment_mode=settings.deployment_mode,
        default_requests=_amounts(amounts, "Request"),
        default_limits=_amounts(amounts, "Limit"),
        mounts_token=settings.is_on("security", "autoMountServiceAccountToken"),
        explainer_version=text(art.get("defaultImageVersion")),
    )
    return replace(cluster, installation=installation)


def _amounts(resource: JsonObject, side: str) -> JsonObject:
    return {name: resource[key + side] for name, key in _RESOURCES if resource.get(key + side)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedEntry:
    """An entry of the catalog as KServe would have it in one environment; `locate` takes a stored path to its line.

    Nothing is made of what is not admitted.
    """

    environment: str
    resource: Resource
    admitted: bool
    made: Made | None
    locate: Callable[[Path], Location]


def simulate_entry(project: Project, environment: str, key: str) -> SimulatedEntry:
    """Make what KServe would of the entry called `key`; GeneratorError where the environment has none."""
    name = project.choose_one(environment)
    resolved, _ = resolve_environment(project.catalog, name)
    entry = find_entry(resolved, key)
    built = build_objects(resolved, project.tools)
    if isinstance(built, Finding):
        raise GeneratorError(built.message, subject=name, hint=built.hint)
    defaulted = default_environment(built, project.tools, project.tools.schemas)
    release, values = defaulted.context.release, built.platform.values()
    plane = ControlPlane(
        release=release,
        settings=chart_settings(release, values, built.settings.deployment_mode),
        installed=chart_objects(release, values),
        beside=Surroundings(resource.doc for resource in defaulted.context.resources.values()),
    )
    own = next(item.resource for item in built.entries if item.entry.key == entry.key)
    stored = defaulted.context.resources[own.id]
    checked = [item for item in defaulted.objects if item.resource.id == own.id]
    admitted = _is_admitted(checked, defaulted.context, project.tools.checker)
    locator = Locator.of(built)
    return SimulatedEntry(
        environment=name,
        resource=stored,
        admitted=admitted,
        made=_make(stored.doc, plane) if admitted else None,
        locate=lambda path: locator.locate(stored, path),
    )


def _is_admitted(objects: Sequence[Defaulted], context: Context, checker: Checker) -> bool:
    (own,) = checker.alone(objects, context)
    around = [] if is_misshapen(own) else checker.around(objects, context)
    return checker.verdict(finding for found in (own, *around) for _, finding in found).admitted
