"""KServe's releases as data: a version in, the record of all that sets it apart out.

A record is `facts/releases/<version>.json` of this package, or `releases/<version>.json` of a user's own schemas, which
stands over it. No code asks how a version is spelt: it asks a capability, a chart, a runtime of the release.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from msgspec import Struct

from kservegen.core.assumptions import Assumption
from kservegen.core.confined import LEADS_OUT, LEADS_OUT_HINT, leads_out
from kservegen.core.diagnostics import Finding
from kservegen.core.document import mapping, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.repository import packaged_data
from kservegen.formats.jsonschema.store import KSERVE_VERSION, version_order
from kservegen.kserve.charts.model import Charts, KeyPath
from kservegen.kserve.charts.runtimes import RuntimeTable, RuntimeTableEntry, read_runtimes
from kservegen.kserve.charts.tables import ChartEntry, Table, build_chart
from kservegen.kserve.records import (
    CHART_VALUES_SCHEMA,
    RECORD_SCHEMA,
    RecordFile,
    check_whole,
    read_record,
    record_error,
)
from kservegen.kserve.servers.images import VLLM, server_in

if TYPE_CHECKING:  # importing it takes 13 ms, a tenth of a small render
    from pathlib import Path

# Sections of a record that are laid over those of its base, entry by entry; all others are the record's own.
_TABLES: Final = ("charts", "runtimes", "presets")
_PRESENT: Final = "present"


class ReviewStatus(StrEnum):
    """How far a record can be relied on.

    REVIEWED was held against the release itself; PREVIEW was written before the release was out; DERIVED has schemas of
    its own and goes by the rules of another release.
    """

    REVIEWED = "reviewed"
    PREVIEW = "preview"
    DERIVED = "derived"


class Capabilities(Struct, frozen=True, kw_only=True):
    """What differs between releases, asked by name. Records use the same names, and state all of them."""

    canary: Annotated[bool, "spec.canary of an InferenceService is there, and its rules"]
    confidential: Annotated[bool, "confidential is there in predictors and LLM services, and its rules"]
    dra_annotations: Annotated[bool, "annotations exp-dra-* of an LLM service make a ResourceClaimTemplate"]
    kv_cache_offloading: Annotated[bool, "kvCacheOffloading of an LLM service is there, and its rules"]
    predictor_name: Annotated[bool, "predictor.name names a version of the model, and changes with it alone"]
    empty_status_is_standard: Annotated[bool, "without a recorded deployment mode a service counts as Standard"]
    spec_labels_reach_prefill: Annotated[bool, "spec.labels and annotations reach prefill pods of one node too"]
    routing_annotation_reaches_pods: Annotated[bool, "annotation model-based-routing-enabled is handed on to pods"]
    services_first: Annotated[bool, "a component's Service is written before its Deployment"]
    images_by_server_type: Annotated[bool, "the variant of a serving image follows from annotation server-type"]
    env_sources_replace: Annotated[bool, "of a variable's value and source, what a service states drops the other"]
    storage_container_names: Annotated[bool, "storageContainerName chooses the container that downloads"]
    native_oci: Annotated[bool, "ociModelMode and oci+native:// mount a model's image as a volume"]
    pythonpath_refused: Annotated[bool, "a container that sets PYTHONPATH is refused"]
    retired_modes_count: Annotated[bool, "a recorded deployment mode of a retired name counts as the mode it became"]
    actuators_agree: Annotated[bool, "decode and prefill of an LLM service scale by the same actuator, or are refused"]
    lora_adapters: Annotated[bool, "LoRA adapters of an LLM service are checked, mounted and served"]
    alpha_checked: Annotated[bool, "LLM services of v1alpha1 are held to the laws of v1alpha2 for LoRA and devices too"]
    direct_keda: Annotated[bool, "scaling.keda of an LLM service scales it without a variant autoscaler, which is gone"]
    rollout_strategy: Annotated[bool, "rolloutStrategy of an LLM workload is there, and its rules"]
    caches_by_uri: Annotated[
        bool, "a local cache's folder is named after its URI, and a namespace has caches of its own"
    ]
    modelcars_by_uri: Annotated[
        bool, "each image among storageUris has a modelcar, and without it the first URI decides"
    ]
    modelcar_keeps_context: Annotated[
        bool, "a modelcar changes the server's user, and leaves its security context else"
    ]
    worker_services: Annotated[bool, "workers that span nodes have a Service of their own, and may share a model by mp"]
    grpc_routes: Annotated[bool, "a Service with a gRPC port beside another has a route rule for each"]
    route_timeout_switch: Annotated[bool, "disableHTTPRouteTimeout leaves timeouts out of HTTPRoutes"]
    agent_probe_path: Annotated[bool, "the agent is probed at the path of the server's own probe"]
    service_schemes: Annotated[tuple[str, ...], "beginnings of a storageUri that the controller takes by itself"]
    llm_schemes: Annotated[tuple[str, ...], "schemes of model.uri that the LLM controller takes"]
    v2_formats: Annotated[tuple[str, ...], "formats that are served by protocol v2 where a model states none"]


class ReleaseChange(Struct, frozen=True):
    """A change of behaviour against the release before, that matters where one of the kinds is used."""

    kinds: frozenset[str]
    text: str


class RemovedCRDs(Struct, frozen=True):
    """CRDs that an upgrade deletes, and all objects of their kinds, where `chart` was in use with `when` on."""

    names: tuple[str, ...]
    chart: str
    when: KeyPath
    instead: str


class Release(Struct, frozen=True, kw_only=True, eq=False):
    """One version of KServe. `nearest` is the reviewed release that one which is not reviewed goes by; else blank.

    `own_record` is the file of a user's own record, blank for one that travels with the package. `runtimes` is what the
    chart kserve-runtime-configs can install. `provenance` says where each part comes from. `defects` are those of the
    known ones that it has: slugs of the rules `defect/…`.
    """

    version: str
    status: ReviewStatus
    nearest: str
    own_record: str
    provenance: Mapping[str, str]
    capabilities: Capabilities
    charts: Charts
    runtimes: RuntimeTable
    removed: tuple[RemovedCRDs, ...]
    changes: tuple[ReleaseChange, ...]
    defects: frozenset[str]

    @property
    def is_reviewed(self) -> bool:
        """Whether what is said of an object under this release can be relied on."""
        return self.status is ReviewStatus.REVIEWED

    @property
    def caveat(self) -> str:
        """What every result must say of a release that is not reviewed, without a full stop; blank for one that is."""
        return "" if self.is_reviewed else f"KServe {self.version} is {self._standing}"

    @property
    def _standing(self) -> str:
        if self.status is ReviewStatus.DERIVED:
            return f"not reviewed: the rules of {self.nearest} were applied to it"
        return f"not reviewed: the rules are those of a preview of it, and of {self.nearest} where that is silent"

    @property
    def taken_for_granted(self) -> tuple[Assumption, ...]:
        """What every result must say of the release: that it is not reviewed, and that its record is a user's own."""
        own = f"it goes by a record of your own, {self.own_record}" if self.own_record else ""
        said = ("" if self.is_reviewed else self._standing, own)
        return tuple(Assumption("KServe release", self.version, why) for why in said if why)


class Releases:
    """Reads the records below each of `roots` (schema folders, the user's first) and of this package, each once."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(roots)
        self._documents: dict[str, JsonObject] = {}
        self._read: dict[str, Release] = {}

    @cached_property
    def _files(self) -> dict[str, RecordFile]:
        """Return the file of every version, a user's own first."""
        found: dict[str, RecordFile] = {}
        own = [(root / "releases", f"{root.name}/releases", True) for root in self._roots]
        for folder, name, is_own in (*own, (packaged_data() / "facts/releases", "facts/releases", False)):
            root = folder.parents[1]
            if leads_out(folder, root):
                raise GeneratorError(LEADS_OUT, subject=name, hint=LEADS_OUT_HINT)
            for entry in folder.iterdir() if folder.is_dir() else ():
                version = entry.name.removesuffix(".json")
                if entry.name.endswith(".json") and KSERVE_VERSION.match(version):
                    found.setdefault(version, RecordFile(entry, f"{name}/{entry.name}", is_own, root))
        return found

    @cached_property
    def versions(self) -> tuple[str, ...]:
        """The KServe versions that there are records of, oldest first."""
        return tuple(sorted(self._files, key=version_order))

    @property
    def newest_reviewed(self) -> str:
        """The newest version whose record is reviewed."""
        reviewed = (v for v in reversed(self.versions) if self._document(v).get("status") == ReviewStatus.REVIEWED)
        newest = next(reviewed, None)
        if newest is None:
            raise GeneratorError(
                "no release is reviewed: records of your own stand over all that are",
                subject="schemas/releases",
                hint="Remove one of them, or hold it against the release and write status: reviewed.",
            )
        return newest

    def get(self, version: str) -> Release:
        """Read a release; GeneratorError where there is no record, or a broken one."""
        release = self._read.get(version)
        if release is None:
            release = self._read[version] = self._release(version)
        return release

    def passed(self, after: str, *, since: str) -> tuple[Release, ...]:
        """Return every release later than `since`, up to `after`, oldest first."""
        first, last = version_order(since), version_order(after)
        return tuple(self.get(version) for version in self.versions if first < version_order(version) <= last)

    def server_version(self, image: str) -> str:
        """Return the version of vLLM in an image, by its name and tag; blank where no record knows it."""
        name, _, tag = image.rpartition("/")[2].partition("@")[0].partition(":")
        tag = tag.removesuffix("-gpu")
        for version in self.versions:
            known = mapping(mapping(mapping(self._document(version).get("images")).get(name)).get("versions"))
            if tag in known:
                return text(known[tag])
            if known.get("*") == "tag" and tag[:1] == "v":
                return tag.removeprefix("v")
        server = server_in(image)
        if server is None:
            return ""
        return server.version if server.name == VLLM else server.vllm

    def meant(self, said: str) -> str:
        """Ask whether a known version is meant by one without its v or its last number; blank where none is."""
        whole = f"v{said.removeprefix('v')}"
        near = [version for version in self.versions if version == whole or version.rpartition(".")[0] == whole]
        return f"Did you mean {near[-1]}?" if near else ""

    def _document(self, version: str) -> JsonObject:
        file = self._files.get(version)
        if file is None:
            raise GeneratorError(
                f"no record of KServe {version!r}, known: {', '.join(self.versions) or 'none'}",
                subject="kserve.version",
                hint=self.meant(version)
                or "Use a known version, or add its CRDs: kservegen schemas add CRDS.yaml --version VERSION --write.",
            )
        if version not in self._documents:
            document = self._documents[version] = read_record(file, RECORD_SCHEMA)
            if document["version"] != version:
                raise self._error(version, "version", f"must be {version}, as the file is called")
        return self._documents[version]

    def _error(self, version: str, section: str, message: str, hint: str = "") -> GeneratorError:
        finding = Finding(rule="schema/not-allowed", path=tuple(section.split("/")), message=message, hint=hint)
        return record_error(self._files[version].name, [finding])

    def _release(self, version: str) -> Release:
        own = self._document(version)
        status, nearest = ReviewStatus(text(own["status"])), text(own.get("nearest"))
        if status is not ReviewStatus.REVIEWED and self._status(nearest) != ReviewStatus.REVIEWED:
            known = ", ".join(v for v in self.versions if self._status(v) == ReviewStatus.REVIEWED)
            message = f"{nearest} is not a reviewed release; allowed: {known}"
            raise self._error(version, "nearest", message, f"A record of status {status} names the one it goes by.")
        lineage = self._lineage(version)
        merged: JsonObject = {}
        for document in lineage.values():
            merged = _overlay(merged, {name: document[name] for name in _TABLES if name in document})
        if any(self._files[each].is_own for each in lineage):
            self._check_whole(version, merged, lineage)
        answers, defects = mapping(own.get("capabilities")), mapping(own.get("defects"))
        if status is ReviewStatus.DERIVED:
            rules = self._document(nearest)
            answers = {**mapping(rules.get("capabilities")), **answers}
            defects = {**mapping(rules.get("defects")), **defects}
        return Release(
            version=version,
            status=status,
            nearest=nearest,
            own_record=self._files[version].name if self._files[version].is_own else "",
            provenance=cast("dict[str, str]", own["provenance"]),
            capabilities=Capabilities(**cast("dict[str, Any]", {n: _frozen(v) for n, v in answers.items()})),
            charts=self._charts(version, cast("dict[str, ChartEntry]", merged["charts"]), tuple(lineage)),
            runtimes=read_runtimes(cast("RuntimeTableEntry", merged)),
            removed=tuple(
                RemovedCRDs(tuple(entry["names"]), entry["chart"], tuple(entry["when"]), entry["instead"])
                for entry in _entries(own, "removedCRDs")
            ),
            changes=tuple(ReleaseChange(frozenset(e["kinds"]), e["text"]) for e in _entries(own, "changes")),
            defects=frozenset(slug for slug, state in defects.items() if state == _PRESENT),
        )

    def _check_whole(self, version: str, merged: JsonObject, lineage: Mapping[str, JsonObject]) -> None:
        """Check that a user's record is whole where it is laid over its bases, and takes away nothing that is named."""
        if len(lineage) == 1 and not merged.keys() >= set(_TABLES):
            hint = f"Write base: the release that it is laid over, such as {self.newest_reviewed}."
            raise self._error(version, "base", f"is missing, and {', '.join(_TABLES)} are not all stated", hint)
        check_whole(self._files[version].name, merged, RECORD_SCHEMA)
        charts = cast("dict[str, ChartEntry]", merged["charts"])
        removed = {name for document in lineage.values() for name in mapping(document.get("charts"))} - charts.keys()
        for name, entry in charts.items():
            needed = {each for need in entry.get("needs", ()) for each in need["oneOf"]}
            for other in sorted(removed & {*needed, *entry.get("completedBy", ()), entry.get("minimalOf", "")}):
                raise self._error(version, f"charts/{other}", f"is removed, and the chart {name} needs it")

    def _status(self, version: str) -> str:
        return text(self._document(version).get("status")) if version in self._files else ""

    def _lineage(self, version: str) -> dict[str, JsonObject]:
        """Return the records to lay over each other, the oldest base first."""
        documents: dict[str, JsonObject] = {}
        wanted = version
        while wanted:
            if wanted in documents:
                raise self._error(version, "base", f"records name each other as base: {', '.join(documents)}")
            document = documents[wanted] = self._document(wanted)
            section = "base" if "base" in document else "nearest"
            below = text(document.get(section))
            if below and below not in self._files:
                known = ", ".join(each for each in self.versions if each != wanted)
                raise self._error(wanted, section, f"there is no record of {below}; allowed: {known}")
            wanted = below
        return dict(reversed(documents.items()))

    def _charts(self, version: str, entries: dict[str, ChartEntry], lineage: Sequence[str]) -> Charts:
        users = {name: chart for chart, entry in entries.items() for name in entry.get("values", {})}
        tables = {name: cast("Table", self._table(lineage, chart, name)) for name, chart in users.items()}
        charts = {name: build_chart(name, entry, tables, version) for name, entry in entries.items()}
        return Charts(version=version, by_name=dict(sorted(charts.items(), key=lambda item: item[1].info.layer)))

    def _table(self, lineage: Sequence[str], chart: str, name: str) -> JsonObject:
        merged: JsonObject = {}
        own = ""
        for version in lineage:
            file = self._table_file(version, name)
            if file is not None:
                own = file.name if file.is_own else own
                merged = _overlay(merged, read_record(file, CHART_VALUES_SCHEMA))
        if not merged:
            message, hint = "there is no such table", f"Add schemas/charts/{lineage[-1]}/{name}.json."
            raise self._error(lineage[-1], f"charts/{chart}/values/{name}", message, hint)
        if own:
            check_whole(own, merged, CHART_VALUES_SCHEMA)
        return merged

    def _table_file(self, version: str, name: str) -> RecordFile | None:
        for root in self._roots:
            file = root / "charts" / version / f"{name}.json"
            if file.is_file():
                is_own = root != packaged_data() / "schemas"
                return RecordFile(file, f"{root.name}/charts/{version}/{name}.json", is_own, root.parent)
        return None


def _frozen(value: JsonValue) -> object:
    return tuple(value) if isinstance(value, list) else value


def _entries(record: JsonObject, section: str) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", record.get(section, []))


def _overlay(base: JsonObject, own: JsonObject) -> JsonObject:
    """Lay a later table over an earlier one: section by section, entry by entry, attribute by attribute."""
    merged = dict(base)
    for section, entries in own.items():
        below = merged.get(section)
        if not isinstance(entries, dict) or not isinstance(below, dict):
            merged[section] = entries
            continue
        changed = dict(below)
        for name, entry in entries.items():
            old = below.get(name)
            changed[name] = {**old, **entry} if isinstance(old, dict) and isinstance(entry, dict) else entry
        merged[section] = {name: entry for name, entry in changed.items() if entry is not None}
    return merged
