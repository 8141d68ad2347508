"""What runs in an environment in, from files or a cluster; what its people wrote out, by where the catalog has it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.catalog.companions import CompanionKey, identity_refusal
from kservegen.catalog.field_mapping import MODEL_KINDS
from kservegen.catalog.inventory.facts import KSERVE_CONFIG
from kservegen.catalog.sections import GROUP, KINDS, KSERVE_NAMESPACE
from kservegen.changes.adoption import authored, stored_differences
from kservegen.checks.manifests.documents import InputDocument, object_of, read_documents
from kservegen.checks.manifests.files import find_files
from kservegen.checks.manifests.inputs import builder_of, find_inputs
from kservegen.commands.inventory import LARGEST_INPUT
from kservegen.core.diagnostics import Diagnostic, Finding, Location, Severity
from kservegen.core.document import mapping, sequence, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import STDIN
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SchemaStore, is_kserves, missing_schema
from kservegen.kserve.controllers.control_plane import shipped_objects
from kservegen.kserve.controllers.llm.conversion import upgraded_document
from kservegen.kserve.defaulting import Installation
from kservegen.kserve.defaulting.inference_service import MODE, MODES, NEW_MODE
from kservegen.kserve.platform import Platform, reference_platform
from kservegen.kserve.releases import Release
from kservegen.kubernetes.metadata import CLUSTER_SCOPED
from kservegen.render.output.ownership import OWNERSHIP_MARK

# Objects of the engines: what they say is said by `gitops`, and rendered anew.
_ENGINE_GROUPS: Final = (
    "argoproj.io",
    "kustomize.toolkit.fluxcd.io",
    "helm.toolkit.fluxcd.io",
    "source.toolkit.fluxcd.io",
)
_BUILD_FIRST: Final = "Write what helm template or kustomize build makes of it to a file of its own, and adopt that."
_SPLIT: Final = "Write one file for each namespace: kubectl get inferenceservices -n NAMESPACE -o yaml."
STANDARD_INPUT: Final = Path("-")
_WITH_DATA: Final = "a Secret with its data, which stays where it is: prerequisites promise it"
_BY_CHARTS: Final = "installed by KServe's charts"
_CHART_RUNTIME: Final = f"{_BY_CHARTS}, as it is"
_BY_HELM: Final = "of a Helm release, whose values say what it is (--values)"
_CLUSTER_RUNTIME: Final = "ClusterServingRuntime"
_PRESET: Final = "LLMInferenceServiceConfig"
_RELEASE: Final = "meta.helm.sh/release-name"
_DEFINITION: Final = "CustomResourceDefinition"
_USUAL_NAMESPACE: Final = "default"
_KNATIVE: Final = ".knative.dev"
_AUTOSCALER: Final = "serving.kserve.io/autoscalerClass"
_BY_CLUSTER: Final = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")})
_SECRET_FIELDS: Final = frozenset({"apiVersion", "kind", "metadata", "type", "immutable", "status"})
_EVENTS: Final = frozenset({"Event", "EndpointSlice", "Endpoints", "ControllerRevision", "Lease"})


class RunningObject(NamedTuple):
    """An object as its author wants it, in the form that is rendered; what was read, and the comment above it.

    `lines` are those of its manifest.
    """

    resource: Resource
    document: InputDocument
    comment: str
    lines: int

    @property
    def location(self) -> Location:
        """Where it was read: looked for when it is asked for."""
        return self.document.locate(())


class Contradicting(NamedTuple):
    """An object that stands a second time, and says something else there."""

    id: ResourceId
    location: Location
    finding: Diagnostic


class LeftOut(NamedTuple):
    """An object that the catalog does not hold, and why."""

    id: ResourceId
    location: Location
    reason: str


class Inventoried(Struct, eq=False):
    """What one environment holds, under KServe of `version` in `namespace`. `problems` are what could not be read."""

    version: str
    namespace: str = KSERVE_NAMESPACE
    entries: dict[ResourceId, RunningObject] = field(default_factory=dict)
    namespaces: dict[str, RunningObject] = field(default_factory=dict)
    companions: dict[tuple[str, ResourceId], RunningObject] = field(default_factory=dict)  # by API group, too
    promised: list[str] = field(default_factory=list)  # Secrets, as prerequisites name them
    left_out: list[LeftOut] = field(default_factory=list)
    unserved: dict[ResourceId, Diagnostic] = field(default_factory=dict)  # of no version or name that a server takes
    problems: list[Diagnostic] = field(default_factory=list)
    contradicting: list[Contradicting] = field(default_factory=list)
    modes: dict[ResourceId, str] = field(default_factory=dict)  # of models that say none: what their status says
    no_objects: list[Location] = field(default_factory=list)  # documents of folders that are something else
    files: list[Path] = field(default_factory=list)
    firsts: dict[tuple[str, ResourceId], RunningObject] = field(default_factory=dict)  # of each API group


class Target(NamedTuple):
    """Where the objects run: the schemas and the version of its KServe, and what its charts bring themselves.

    `shipped` are the cluster-wide objects of the charts, by kind and name; none of a version whose objects nobody knows
    field by field.
    """

    schemas: SchemaStore
    version: str
    platform: Platform
    shipped: Mapping[tuple[str, str], Resource]

    @classmethod
    def of(cls, schemas: SchemaStore, release: Release) -> Target:
        """Say what an installation of a release brings."""
        documents = shipped_objects(release.nearest or release.version).documents
        shipped = {}
        for doc in documents:
            identity = ResourceId(text(doc.get("kind")), "", text(mapping(doc.get("metadata")).get("name")))
            found = Resource(id=identity, api_version=text(doc.get("apiVersion")), doc=doc, file="")
            shipped[identity.kind, identity.name] = found
        return cls(schemas, release.version, reference_platform(release), shipped)

    def is_of_charts(self, identity: ResourceId) -> bool:
        """Whether the charts install an object of this kind and name."""
        runtime = identity.kind == _CLUSTER_RUNTIME and identity.name in self.platform.runtimes
        return runtime or (identity.kind, identity.name) in self.shipped

    def is_as_shipped(self, resource: Resource) -> bool:
        """Whether an object has the spec that the charts install, or nobody knows what they install."""
        shipped = self.shipped.get((resource.kind, resource.id.name))
        if shipped is None:
            return True
        changes = stored_differences(resource, shipped, Installation(kserve_version=self.version), self.schemas)
        return not any(change.path.startswith("spec") for change in changes)


def read_running(paths: Sequence[Path], target: Target, piped: bytes) -> Inventoried:
    """Read the manifests below paths; what was `piped` to the command stands for the path `-`."""
    found = Inventoried(target.version)
    if STANDARD_INPUT in paths:
        if len(piped) > LARGEST_INPUT:
            raise GeneratorError(f"it is larger than {LARGEST_INPUT >> 20} MiB", subject=STDIN, hint=_SPLIT)
        lines = piped.decode("utf-8", "replace").splitlines() if _has_comment(piped) else ()
        _take(found, read_documents(piped, STDIN, named=True), lines, target)
    files = [
        file for argument in find_files([path for path in paths if path != STANDARD_INPUT]) for file in argument.files
    ]
    found.files += [file.path for file in files]
    inputs, notes = find_inputs(files)
    found.problems += [replace(note, severity=Severity.ERROR, hint=_piped(note.location)) for note in notes]
    for file in files:
        if file.path in inputs:
            continue
        data = file.read()
        if isinstance(data, Diagnostic):
            found.problems.append(_with_way_out(data))
            continue
        lines = data.decode("utf-8", "replace").splitlines() if _has_comment(data) else ()
        _take(found, read_documents(data, file.name, named=file.named), lines, target)
    _leave_presets(found, target, _kserve_namespace(found, target))
    return found


def _piped(place: Location) -> str:
    """Say how to adopt what becomes of a chart or a kustomization."""
    build = f"{builder_of(Path(place.file))} {shlex.quote(Path(place.file).parent.as_posix())}"
    return f"Adopt what becomes of it: {build} | kservegen adopt ENV=-. Of several environments: {build} > ENV.yaml"


def read_cluster(objects: Iterable[JsonObject], place: str, target: Target, namespace: str = "") -> Inventoried:
    """Read the objects that a cluster gave; `place` is what the report calls it.

    `namespace` is that of KServe's controller; blank where it may not be read.
    """
    found = Inventoried(target.version)
    _take(found, (object_of(doc, Location(place)) for doc in objects), (), target)
    _leave_presets(found, target, namespace or _kserve_namespace(found, target))
    return found


def _kserve_namespace(found: Inventoried, target: Target) -> str:
    """Tell where KServe runs: where its ConfigMap is, or else all presets of its release; `kserve` for several."""
    seen = (*found.entries, *(held for _, held in found.companions), *(item.id for item in found.left_out))
    settings = {held.namespace for held in seen if (held.kind, held.name) == ("ConfigMap", KSERVE_CONFIG)}
    presets: dict[str, set[str]] = {}
    for held in seen:
        if held.kind == _PRESET and held.name in target.platform.presets:
            presets.setdefault(held.namespace, set()).add(held.name)
    whole = {namespace for namespace, names in presets.items() if names == target.platform.presets}
    places = settings or whole
    return places.pop() if len(places) == 1 else KSERVE_NAMESPACE


def _leave_presets(found: Inventoried, target: Target, namespace: str) -> None:
    """Leave the presets of KServe to it; one of their names elsewhere is somebody's own."""
    found.namespace = namespace
    presets = {ResourceId(_PRESET, namespace, name) for name in target.platform.presets}
    for group, held in [key for key in found.firsts if key[0] == GROUP and key[1] in presets]:
        found.left_out.append(LeftOut(held, found.firsts[group, held].location, _CHART_RUNTIME))
        found.entries.pop(held, None)
        found.unserved.pop(held, None)
    found.contradicting = [item for item in found.contradicting if item.id not in presets]


def _take(found: Inventoried, documents: Iterable[InputDocument], lines: Sequence[str], target: Target) -> None:
    for document in documents:
        errors = [problem for problem in document.problems if problem.severity is Severity.ERROR]
        found.problems += map(_with_way_out, errors)
        if document.resource is None and not errors:
            found.no_objects.append(document.locate(()))
        if document.resource is not None and not errors:
            _sort(found, document, document.resource, lines, target)


def _with_way_out(problem: Diagnostic) -> Diagnostic:
    """Say how to go on where the way of manifests that are only checked does not lead there."""
    hint = {"yaml/template": _BUILD_FIRST, "yaml/too-big": _SPLIT}.get(problem.rule)
    return problem if hint is None else replace(problem, hint=hint)


def _sort(
    found: Inventoried, document: InputDocument, resource: Resource, lines: Sequence[str], target: Target
) -> None:
    """Put an object where it belongs; the same one twice is a problem."""
    reason = _not_ours(resource, target)
    if reason:
        if reason == _WITH_DATA:
            found.promised.append(f"Secret/{resource.id.namespace or _USUAL_NAMESPACE}/{resource.id.name}")
        found.left_out.append(LeftOut(resource.id, document.locate(()), reason))
        return
    recorded = _recorded_mode(resource.doc)
    resource = _placed(_current(authored(resource.doc)), resource, target)
    doc = resource.doc
    comment = _comment_above(lines, document) if lines and not document.inside else ""
    running = RunningObject(resource, document, comment, _size(doc))
    group = resource.api_version.rpartition("/")[0]
    first = found.firsts.setdefault((group, resource.id), running)
    if first is not running:
        if first.resource.doc != doc:
            twice = Finding(
                rule="kubernetes/duplicate-object",
                path=(),
                message=f"{resource.id} stands at {first.location}, too, and differs",
                severity=Severity.ERROR,
                hint="Remove one of them; --leave-out takes the first.",
            )
            told = document.diagnose(twice, Severity.ERROR)
            found.contradicting.append(Contradicting(resource.id, document.locate(()), told))
        return
    refusal = identity_refusal(CompanionKey(group, resource.kind, resource.id.namespace, resource.id.name))
    if refusal is not None:
        unnamed = Finding(rule=refusal.rule, path=("metadata",), message=refusal.message, severity=Severity.ERROR)
        found.unserved[resource.id] = document.diagnose(unnamed, Severity.ERROR)
    elif is_kserves(resource.api_version) and not target.schemas.has(
        running.resource.api_version, resource.kind, kserve_version=target.version
    ):
        missing = missing_schema(target.schemas, resource.api_version, resource.kind, kserve_version=target.version)
        found.unserved[resource.id] = document.diagnose(missing, Severity.ERROR)
    elif group == GROUP and resource.kind in KINDS:
        found.entries[resource.id] = running
        if recorded:
            found.modes[resource.id] = recorded
    elif resource.api_version == "v1" and resource.kind == "Namespace":
        found.namespaces[resource.id.name] = running
    else:
        found.companions[group, resource.id] = running


def _not_ours(resource: Resource, target: Target) -> str:
    """Say why an object is nobody's to write down; blank where it is.

    A runtime that somebody changed under the name of one of KServe's charts is what models get: it comes in.
    """
    metadata = mapping(resource.doc.get("metadata"))
    owner = next(
        (o for o in map(mapping, sequence(metadata.get("ownerReferences"))) if o.get("controller") is True), None
    )
    if owner is not None:
        return f"made by {text(owner.get('kind'))} {text(owner.get('name'))}"
    if metadata.get("generateName") and not resource.id.name:
        return "it has no name (generateName gives another one every time)"
    group, annotations = resource.api_version.rpartition("/")[0], mapping(metadata.get("annotations"))
    by_charts = target.is_of_charts(resource.id)
    reasons = (
        (resource.kind in KINDS and resource.kind not in MODEL_KINDS and _RELEASE in annotations, _BY_HELM),
        (by_charts and target.is_as_shipped(resource), _CHART_RUNTIME),
        (resource.kind == _DEFINITION and mapping(resource.doc.get("spec")).get("group") == GROUP, _BY_CHARTS),
        (group in _ENGINE_GROUPS, "an object of a GitOps engine, which `gitops` of the environment renders anew"),
        (resource.kind in _EVENTS, "written by the cluster itself"),
        (resource.kind.lower() == "secret" and _has_data(resource.doc), _WITH_DATA),
        ((resource.kind, resource.id.name) in _BY_CLUSTER, "made in every namespace by the cluster itself"),
    )
    return next((reason for holds, reason in reasons if holds), "")


def _has_data(secret: JsonObject) -> bool:
    """Whether a Secret holds anything, under a key of whatever spelling."""
    return any(value for name, value in secret.items() if name not in _SECRET_FIELDS)


def _recorded_mode(doc: JsonObject) -> str:
    """Return the mode that the status of a model records; blank where it says its own, or none is recorded."""
    if text(doc.get("kind")) != "InferenceService":
        return ""
    said = mapping(mapping(doc.get("metadata")).get("annotations")).get(MODE)
    mode = text(mapping(doc.get("status")).get("deploymentMode"))
    mode = NEW_MODE.get(mode, mode)
    return mode if said is None and mode in MODES else ""


def asks_for_knative(doc: JsonObject) -> bool:
    """Whether a model says what only Knative reads: no pods at rest, a canary, its annotations."""
    annotations = mapping(mapping(doc.get("metadata")).get("annotations"))
    if any(key.partition("/")[0].endswith(_KNATIVE) for key in annotations):
        return True
    components = map(mapping, mapping(doc.get("spec")).values())
    return any(
        component.get("canaryTrafficPercent") is not None
        or (component.get("minReplicas") == 0 and annotations.get(_AUTOSCALER) is None)
        for component in components
    )


def with_annotation(doc: JsonObject, key: str, value: str) -> JsonObject:
    """Return an object with one more annotation."""
    metadata = mapping(doc.get("metadata"))
    return {**doc, "metadata": {**metadata, "annotations": {**mapping(metadata.get("annotations")), key: value}}}


def _placed(doc: JsonObject, resource: Resource, target: Target) -> Resource:
    """Return an object with its document; one of a namespace that names none is where kubectl would create it."""
    info = KINDS.get(resource.kind)
    identity = resource.id
    api_version = text(doc.get("apiVersion"))
    if not api_version.startswith(f"{GROUP}/"):
        known, scoped = (
            ask(api_version, resource.kind, kserve_version=target.version)
            for ask in (target.schemas.has, target.schemas.is_cluster_scoped)
        )
        namespaced = known and not scoped and resource.kind not in CLUSTER_SCOPED
    else:
        namespaced = info is not None and info.namespaced
    if namespaced and not identity.namespace:
        identity = identity._replace(namespace=_USUAL_NAMESPACE)
        doc = {**doc, "metadata": {**mapping(doc.get("metadata")), "namespace": _USUAL_NAMESPACE}}
    return replace(resource, id=identity, doc=doc, api_version=text(doc.get("apiVersion")))


def _current(doc: JsonObject) -> JsonObject:
    """Return an object of the catalog's kinds in the version that is stored; one of another kind as it is."""
    info = KINDS.get(text(doc.get("kind")))
    group, _, version = text(doc.get("apiVersion")).rpartition("/")
    if info is None or group != GROUP or version == info.version:
        return doc
    if info.version != "v1alpha2" or version != "v1alpha1":
        return doc
    return upgraded_document(doc)


def _size(doc: JsonObject) -> int:
    """Count the lines of a document as they would stand in a file of their own."""
    from kservegen.formats.yaml.emit import emit  # noqa: PLC0415

    return emit(doc).count("\n")


def _has_comment(data: bytes) -> bool:
    """Whether a line of a file is a comment that people wrote."""
    return (data[:1] == b"#" or b"\n#" in data) and any(
        _people_said(line) for line in data.decode("utf-8", "replace").splitlines() if line.startswith("#")
    )


def _comment_above(lines: Sequence[str], document: InputDocument) -> str:
    """Return the comment that stands above the first line of a document, without the markers of files and tools."""
    found: list[str] = []
    for above in reversed(lines[: document.locate(()).line - 1]):
        if not above.startswith("#"):
            break
        found.append(above)
    return "\n".join(reversed([line for line in found if _people_said(line)]))


def _people_said(comment: str) -> bool:
    return "$schema" not in comment and comment != OWNERSHIP_MARK
