"""The use cases `simulate PATH…` and `simulate MODEL`: what KServe's controllers would make of each object."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path as FilePath
from pathlib import PurePosixPath
from typing import IO, Final

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.resolve import Entry, resolve_environment
from kservegen.checks.locate import Locator
from kservegen.checks.manifests.documents import read_documents
from kservegen.checks.manifests.files import ManifestFile, find_files
from kservegen.checks.manifests.inputs import find_inputs
from kservegen.checks.manifests.reference import Cluster, reference_cluster
from kservegen.checks.rules.base import Context
from kservegen.checks.runner import Checker, ObjectFinding, is_misshapen
from kservegen.checks.simulation import KServeInstallation
from kservegen.commands.explain import find_entry, match_entry
from kservegen.commands.made_summary import make_stored
from kservegen.core.crashes import contained
from kservegen.core.diagnostics import Diagnostic, Finding, Location, Severity
from kservegen.core.document import mapping, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import ResourceId
from kservegen.evaluate.environment import DefaultedEnvironment, build_objects, default_environment
from kservegen.evaluate.manifests import DocumentReport, LintedDocument, Linter
from kservegen.evaluate.project import Project
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.formats.yaml.collector import without_collector
from kservegen.kserve.controllers.control_plane import shipped_objects
from kservegen.kserve.controllers.made import Made
from kservegen.kserve.controllers.settings import CONFIG_NAME, read_settings, shipped_settings
from kservegen.kserve.defaulting import Defaulted, Installation
from kservegen.kserve.releases import Release


class SimulatedObject(Struct, frozen=True, kw_only=True, eq=False):
    """A document or an entry of the catalog, what the API server says of it, and what is made of it.

    `made` is None where nothing is made of its kind, or it is not admitted. `locate` takes a path of the stored object
    to the line that it was written at. `environment` is blank for manifests by themselves. `faults` are the errors in
    what is made, for which it never runs; of KServe's own ConfigMap, what it cannot read there.
    """

    report: DocumentReport
    made: Made | None
    locate: Callable[[Path], Location]
    environment: str = ""
    faults: tuple[Diagnostic, ...] = ()

    @property
    def runs(self) -> bool | None:
        """Whether it can ever be Ready, as far as files tell; None where they do not, or nothing is made of it.

        What is never ready without an error was stopped on purpose, or meets a defect of a release that nobody chose.
        """
        if self.made is None:
            return False if self.report.admitted is False else None
        if self.errors or self.faults:
            return False
        return None if self.made.never_ready else self.made.runs

    @property
    def id(self) -> ResourceId:
        """What it is called."""
        return ResourceId(self.report.kind, self.report.namespace, self.report.name)

    @property
    def is_unread(self) -> bool:
        """Whether it is KServe's own ConfigMap, and what KServe cannot read of it was left out."""
        return self.made is None and bool(self.faults)

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """What speaks against it; where it is not admitted, why."""
        return tuple(found for found in self.report.diagnostics if found.severity is Severity.ERROR)


class SimulateOptions(Struct, frozen=True, kw_only=True):
    """The cluster that manifests come to; `open_file` opens a file for what memory should not hold.

    Where `cluster` is None it is one of the release alone, and a ConfigMap inferenceservice-config among the manifests
    is KServe's own. `environment` is the name of the one that the cluster stands for.
    """

    release: Release
    deployment_mode: str
    schemas: SchemaStore
    open_file: Callable[[], IO[bytes]]
    cluster: Cluster | None = None
    environment: str = ""


def simulate_paths(paths: Sequence[FilePath], options: SimulateOptions, checker: Checker) -> Iterator[SimulatedObject]:
    """Make what KServe would of all manifests that the paths name; those of one folder stand in one cluster together.

    They come one by one: memory does not grow with them.
    """
    folders = manifest_folders(file for argument in find_files(paths) for file in argument.files)
    if not folders:
        raise GeneratorError("there are no manifests here", subject=str(paths[0]), hint="Check the path.")
    with without_collector():
        for files in folders.values():
            yield from simulate_folder(files, options, checker)


def manifest_folders(files: Iterable[ManifestFile]) -> Mapping[PurePosixPath, list[ManifestFile]]:
    """Sort files by folder; those that are the input of Helm or kustomize are left out."""
    files = tuple(files)
    left_out, _ = find_inputs(files)
    folders: dict[PurePosixPath, list[ManifestFile]] = {}
    for file in files:
        if file.path not in left_out:
            folders.setdefault(PurePosixPath(file.name).parent, []).append(file)
    return folders


def simulate_folder(
    files: Collection[ManifestFile], options: SimulateOptions, checker: Checker
) -> Iterator[SimulatedObject]:
    """Make what KServe would of the documents of one folder, in their order."""
    cluster = options.cluster or _configured(options, next(_configs(files), None))
    # What is made is no matter of its rules here: it is shown.
    unmade = replace(cluster, context=replace(cluster.context, installation=None))
    linter = Linter(checker, unmade, options.open_file)
    for file in files:
        data = file.read()
        linter.add(data, file.name, named=file.named)
        if isinstance(data, Diagnostic):
            yield _unread(data, options.environment)
    judged = linter.together()
    around = replace(judged, installation=cluster.context.installation)
    for item in linter.linted(judged):
        yield _simulated(item, around, options.environment, checker)
    linter.close()


def _unread(problem: Diagnostic, environment: str) -> SimulatedObject:
    """Return a file of which nothing is known."""
    return SimulatedObject(
        report=_report(problem.location.file, ResourceId("", "", ""), (problem,), admitted=False),
        made=None,
        locate=lambda _: problem.location,
        environment=environment,
    )


def _report(file: str, identity: ResourceId, diagnostics: tuple[Diagnostic, ...], *, admitted: bool) -> DocumentReport:
    """Return what is said of the only document of a file."""
    return DocumentReport(
        file=file,
        number=1,
        **identity._asdict(),
        admitted=admitted,
        deployable=None,
        runs=None,
        diagnostics=diagnostics,
    )


def _simulated(item: LintedDocument, around: Context, environment: str, checker: Checker) -> SimulatedObject:
    report, document, stored = item

    def locate(path: Path) -> Location:
        if document is None:
            return Location(report.file)
        return document.locate(path if stored is None else stored.words(path))

    made = make_stored(stored, around) if stored is not None and report.admitted else None
    faults: tuple[Diagnostic, ...] = ()
    if made is not None and made.deployable and stored is not None and document is not None:
        found = _faults(Defaulted(written=stored, resource=stored), around, checker)
        faults = tuple(document.diagnose(fault, Severity.ERROR, resource) for resource, fault in found)
    elif made is None and stored is not None and report.admitted and _is_config(stored.doc):
        faults = tuple(found for found in report.diagnostics if found.rule == _UNREADABLE)
    return SimulatedObject(report=report, made=made, locate=locate, environment=environment, faults=faults)


def _faults(own: Defaulted, context: Context, checker: Checker) -> list[ObjectFinding]:
    """List what is wrong with what is made of an object, if it is why it never runs."""
    (found,) = checker.made([own], [()], context)
    return [item for item in found if checker.severity(item[1]) is Severity.ERROR]


def _configs(files: Iterable[ManifestFile]) -> Iterator[JsonObject]:
    """Find KServe's own ConfigMap among the files, as it is written there."""
    for file in files:
        data = file.read()
        if not isinstance(data, bytes) or CONFIG_NAME.encode() not in data:
            continue
        read = partial(read_documents, data, file.name, named=False)
        for document in contained("reading this file", read, lambda _: None):
            if document is not None and document.resource is not None and _is_config(document.resource.doc):
                yield document.resource.doc


def _is_config(doc: JsonObject) -> bool:
    return doc.get("kind") == "ConfigMap" and mapping(doc.get("metadata")).get("name") == CONFIG_NAME


# The rule of a ConfigMap that KServe cannot read whole: `read_settings` leaves out what it is about.
_UNREADABLE: Final = "kserve/config-data"
_RESOURCES: Final = (("cpu", "cpu"), ("memory", "memory"))


def _configured(options: SimulateOptions, config: JsonObject | None) -> Cluster:
    """Return a cluster of a release alone; its defaulter and its controllers read the same ConfigMap."""
    settings = shipped_settings(options.deployment_mode)
    if config is not None:
        namespace = text(mapping(config.get("metadata")).get("namespace")) or settings.namespace
        settings = read_settings(config, replace(settings, namespace=namespace))
    cluster = reference_cluster(options.release, settings.deployment_mode, options.schemas, settings=settings)
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
    made = KServeInstallation(
        settings=lambda: settings,
        objects=lambda: shipped_objects(options.release.nearest or options.release.version),
        schemas=options.schemas,
        assumed=frozenset(),
    )
    return Cluster(context=replace(cluster.context, installation=made), installation=installation)


def _amounts(resource: JsonObject, side: str) -> JsonObject:
    return {name: resource[key + side] for name, key in _RESOURCES if resource.get(key + side)}


def simulate_entries(project: Project, environment: str, keys: Sequence[str]) -> list[SimulatedObject]:
    """Make what KServe would of entries; GeneratorError for a key that the environment has no entry of."""
    name = project.choose_one(environment)
    found = simulate_known_entries(project, name, keys)
    for key in keys:
        if key not in found:
            find_entry(project.catalog, resolve_environment(project.catalog, name)[0], key)
    return [found[key] for key in keys]


def simulate_known_entries(project: Project, environment: str, keys: Sequence[str]) -> dict[str, SimulatedObject]:
    """Make what KServe would of the entries that are there, by key; of none where the environment is not there."""
    if environment not in project.catalog.environments:
        return {}
    resolved, _ = resolve_environment(project.catalog, environment)
    found = {key: entry for key in keys if (entry := match_entry(resolved, key)) is not None}
    if not found:
        return {}
    built = build_objects(resolved, project.tools)
    if isinstance(built, Finding):
        raise GeneratorError(built.message, subject=environment, hint=built.hint)
    defaulted = default_environment(built, project.tools)
    locator, checker = Locator.of(built), project.tools.checker
    return {key: _simulate_entry(entry, defaulted, locator, checker) for key, entry in found.items()}


def _simulate_entry(
    entry: Entry, defaulted: DefaultedEnvironment, locator: Locator, checker: Checker
) -> SimulatedObject:
    built = next(item for item in defaulted.built.entries if item.entry.key == entry.key)
    (own,) = (item for item in defaulted.objects if item.written is built.resource)
    found = _findings(own, defaulted.context, checker)
    admitted = checker.verdict(finding for _, finding in found).admitted
    diagnosed = tuple(locator.diagnose(resource, finding, checker.severity(finding)) for resource, finding in found)
    made = make_stored(own.resource, defaulted.context) if admitted else None
    faults = _faults(own, defaulted.context, checker) if made is not None and made.deployable else []
    return SimulatedObject(
        report=_report(entry.own_location.file, built.resource.id, diagnosed, admitted=admitted),
        made=made,
        locate=lambda path: locator.locate(own.resource, path),
        environment=defaulted.context.environment,
        faults=tuple(locator.diagnose(resource, fault, Severity.ERROR) for resource, fault in faults),
    )


def _findings(own: Defaulted, context: Context, checker: Checker) -> tuple[ObjectFinding, ...]:
    (alone,) = checker.alone([own], context)
    if is_misshapen(alone):
        return alone
    (around,) = checker.around([own], context)
    return (*alone, *around)
