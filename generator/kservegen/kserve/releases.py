"""KServe's releases as data: a version in, the record of all that sets it apart out.

A record is `facts/releases/<version>.json` of this package, or `releases/<version>.json` of a user's own schemas, which
stands over it. No code asks how a version is spelt: it asks a capability, a chart, a runtime of the release.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, cast, get_type_hints

from kservegen.core.document import mapping, text, value_at
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.repository import packaged_data
from kservegen.formats.jsonschema.store import KSERVE_VERSION, version_order
from kservegen.kserve.charts.model import Charts, KeyPath
from kservegen.kserve.charts.runtimes import RuntimeTable, RuntimeTableEntry, read_runtimes
from kservegen.kserve.charts.tables import ChartEntry, Table, build_chart

if TYPE_CHECKING:  # importing it takes 13 ms, a tenth of a small render
    from importlib.resources.abc import Traversable

# Sections of a record that are laid over those of its base, entry by entry; all others are the record's own.
_TABLES: Final = ("charts", "runtimes", "presets")
_OWN: Final = ("status", "nearest", "base", "provenance", "capabilities", "images", "removedCRDs", "changes", "defects")
_SECTIONS: Final = frozenset(("version", *_OWN, *_TABLES))


class ReviewStatus(StrEnum):
    """How far a record can be relied on.

    REVIEWED was held against the release itself; PREVIEW was written before the release was out; DERIVED has schemas of
    its own and goes by the rules of another release.
    """

    REVIEWED = "reviewed"
    PREVIEW = "preview"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What differs between releases, asked by name. Records use the same names, and state all of them."""

    canary: Annotated[bool, "spec.canary of an InferenceService is there, and its rules"]
    confidential: Annotated[bool, "confidential is there in predictors and LLM services, and its rules"]
    dra_annotations: Annotated[bool, "annotations exp-dra-* of an LLM service make a ResourceClaimTemplate"]
    kv_cache_offloading: Annotated[bool, "kvCacheOffloading of an LLM service is there, and its rules"]
    predictor_name: Annotated[bool, "predictor.name names a version of the model, and changes with it alone"]
    empty_status_is_standard: Annotated[bool, "without a recorded deployment mode a service counts as Standard"]
    spec_labels_reach_prefill: Annotated[bool, "spec.labels and annotations reach prefill pods of one node too"]
    routing_annotation_reaches_pods: Annotated[bool, "annotation model-based-routing-enabled is handed on to pods"]
    tensor_flag_on_single_node: Annotated[bool, "presets of one node pass parallelism.tensor to the server"]
    service_schemes: Annotated[tuple[str, ...], "beginnings of a storageUri that the controller takes by itself"]
    llm_schemes: Annotated[tuple[str, ...], "schemes of model.uri that the LLM controller takes"]
    v2_formats: Annotated[tuple[str, ...], "formats that are served by protocol v2 where a model states none"]
    pod_templates: Annotated[
        str, "the first release that writes the same pod templates for services and graphs that use nothing new"
    ]


class ReleaseChange(NamedTuple):
    """A change of behaviour against the release before, that matters where one of the kinds is used."""

    kinds: frozenset[str]
    text: str


class KnownDefect(NamedTuple):
    """What is wrong in a release, for objects of the kinds that have the field; `upstream` is KServe's issue."""

    id: str
    kinds: frozenset[str]
    field: tuple[str, ...]
    text: str
    upstream: str = ""

    def is_in(self, doc: JsonObject) -> bool:
        """Whether an object of one of the kinds has what the defect is about."""
        return value_at(doc, self.field) is not None


class RemovedCRDs(NamedTuple):
    """CRDs that an upgrade deletes, and all objects of their kinds, where `chart` was in use with `when` on."""

    names: tuple[str, ...]
    chart: str
    when: KeyPath
    instead: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Release:
    """One version of KServe. `nearest` is the reviewed release that one which is not reviewed goes by; else blank.

    `runtimes` is what the chart kserve-runtime-configs can install. `provenance` says where each part comes from.
    """

    version: str
    status: ReviewStatus
    nearest: str
    provenance: Mapping[str, str]
    capabilities: Capabilities
    charts: Charts
    runtimes: RuntimeTable
    removed: tuple[RemovedCRDs, ...]
    changes: tuple[ReleaseChange, ...]
    defects: tuple[KnownDefect, ...]

    @property
    def is_reviewed(self) -> bool:
        """Whether what is said of an object under this release can be relied on."""
        return self.status is ReviewStatus.REVIEWED

    @property
    def caveat(self) -> str:
        """What every result must say of a release that is not reviewed, without a full stop; blank for one that is."""
        if self.is_reviewed:
            return ""
        if self.status is ReviewStatus.DERIVED:
            return f"KServe {self.version} is not reviewed: the rules of {self.nearest} were applied to it"
        return (
            f"KServe {self.version} is not reviewed: the rules are those of a preview of it, "
            f"and of {self.nearest} where that is silent"
        )


class Releases:
    """Reads the records below each of `roots` (schema folders, the user's first) and of this package, each once."""

    def __init__(self, roots: Sequence[Traversable]) -> None:
        self._roots = tuple(roots)
        self._folders = (*(root.joinpath("releases") for root in roots), packaged_data() / "facts" / "releases")
        self._documents: dict[str, JsonObject] = {}
        self._read: dict[str, Release] = {}

    @cached_property
    def _files(self) -> dict[str, Traversable]:
        found: dict[str, Traversable] = {}
        for folder in self._folders:
            for entry in folder.iterdir() if folder.is_dir() else ():
                version = entry.name.removesuffix(".json")
                if entry.name.endswith(".json") and KSERVE_VERSION.match(version):
                    found.setdefault(version, entry)
        return found

    @cached_property
    def versions(self) -> tuple[str, ...]:
        """The KServe versions that there are records of, oldest first."""
        return tuple(sorted(self._files, key=version_order))

    @property
    def newest_reviewed(self) -> str:
        """The newest version whose record is reviewed."""
        reviewed = (v for v in reversed(self.versions) if self._document(v).get("status") == ReviewStatus.REVIEWED)
        return next(reviewed)

    def get(self, version: str) -> Release:
        """Read a release; GeneratorError where there is no record, or a broken one."""
        release = self._read.get(version)
        if release is None:
            try:
                release = self._read[version] = self._release(version)
            except (KeyError, TypeError, ValueError, AttributeError) as problem:
                raise GeneratorError(
                    f"the record of the release is malformed: {problem!r}", subject=version
                ) from problem
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
        return ""

    def _document(self, version: str) -> JsonObject:
        file = self._files.get(version)
        if file is None:
            raise GeneratorError(
                f"no record of KServe {version!r}, known: {', '.join(self.versions) or 'none'}",
                subject="kserve.version",
                hint="Use a known version, or add schemas/releases/<version>.json: CONTRIBUTING.md says how.",
            )
        if version not in self._documents:
            self._documents[version] = _read_json(file)
        return self._documents[version]

    def _release(self, version: str) -> Release:
        own = self._document(version)
        if own.get("version") != version or not own.keys() <= _SECTIONS:
            unknown = ", ".join(own.keys() - _SECTIONS)
            problem = f"has {unknown}, which nothing reads" if unknown else f"says version {own.get('version')!r}"
            raise GeneratorError(f"the release's record {problem}", subject=f"{version}.json")
        status, nearest = ReviewStatus(text(own.get("status"))), text(own.get("nearest"))
        if status is not ReviewStatus.REVIEWED and self._status(nearest) != ReviewStatus.REVIEWED:
            raise GeneratorError(
                f"a record of status {status} names the reviewed release that it goes by as nearest",
                subject=version,
                hint=f"Write nearest: one of {', '.join(v for v in self.versions if v != version)}.",
            )
        lineage = self._lineage(version)
        merged: JsonObject = {}
        for document in lineage.values():
            merged = _overlay(merged, {name: document.get(name, {}) for name in _TABLES})
        answers = mapping(own.get("capabilities"))
        rules = own
        if status is ReviewStatus.DERIVED:
            rules = self._document(nearest)
            answers = {**mapping(rules.get("capabilities")), **answers}
        return Release(
            version=version,
            status=status,
            nearest=nearest,
            provenance=cast("dict[str, str]", own["provenance"]),
            capabilities=_capabilities(version, answers),
            charts=self._charts(version, cast("dict[str, ChartEntry]", merged["charts"]), tuple(lineage)),
            runtimes=read_runtimes(cast("RuntimeTableEntry", merged)),
            removed=tuple(
                RemovedCRDs(tuple(entry["names"]), entry["chart"], tuple(entry["when"]), entry["instead"])
                for entry in _entries(own, "removedCRDs")
            ),
            changes=tuple(ReleaseChange(frozenset(e["kinds"]), e["text"]) for e in _entries(own, "changes")),
            defects=tuple(map(_defect, _entries(rules, "defects"))),
        )

    def _status(self, version: str) -> str:
        return text(self._document(version).get("status")) if version in self._files else ""

    def _lineage(self, version: str) -> dict[str, JsonObject]:
        """Return the records to lay over each other, the oldest base first."""
        documents: dict[str, JsonObject] = {}
        wanted = version
        while wanted:
            if wanted in documents:
                raise GeneratorError(f"records name each other as base: {', '.join(documents)}", subject=version)
            documents[wanted] = self._document(wanted)
            wanted = text(documents[wanted].get("base") or documents[wanted].get("nearest"))
        return dict(reversed(documents.items()))

    def _charts(self, version: str, entries: dict[str, ChartEntry], lineage: Sequence[str]) -> Charts:
        names = dict.fromkeys(name for entry in entries.values() for name in entry.get("values", {}))
        tables = {name: cast("Table", self._table(lineage, name)) for name in names}
        charts = {name: build_chart(name, entry, tables, version) for name, entry in entries.items()}
        return Charts(version=version, by_name=dict(sorted(charts.items(), key=lambda item: item[1].info.layer)))

    def _table(self, lineage: Iterable[str], name: str) -> JsonObject:
        merged: JsonObject = {}
        for version in lineage:
            places = (root.joinpath("charts").joinpath(version).joinpath(f"{name}.json") for root in self._roots)
            file = next((place for place in places if place.is_file()), None)
            if file is not None:
                merged = _overlay(merged, _read_json(file))
        return merged


def _entries(record: JsonObject, section: str) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", record.get(section, []))


def _defect(entry: dict[str, Any]) -> KnownDefect:
    path = tuple(entry["field"].split("."))
    return KnownDefect(entry["id"], frozenset(entry["kinds"]), path, entry["text"], entry.get("upstream", ""))


def _capabilities(version: str, answers: JsonObject) -> Capabilities:
    known = get_type_hints(Capabilities, include_extras=True)
    missing = [f"{name} ({hint.__metadata__[0]})" for name, hint in known.items() if name not in answers]
    unknown = [name for name in answers if name not in known]
    if missing or unknown:
        problems = [f"does not state {'; '.join(missing)}"] if missing else []
        problems += [f"states {', '.join(unknown)}, which nothing asks for"] if unknown else []
        raise GeneratorError(
            f"the record of the release {' and '.join(problems)}",
            subject=f"{version}.json: capabilities",
            hint="State each of them, and nothing else: as in facts/releases/.",
        )
    read = {name: _answer(version, name, hint.__origin__, answers[name]) for name, hint in known.items()}
    return Capabilities(**cast("dict[str, Any]", read))


def _answer(version: str, name: str, wanted: type, value: JsonValue) -> object:
    if wanted in (bool, str) and isinstance(value, wanted):
        return value
    if isinstance(value, list) and wanted not in (bool, str) and all(isinstance(item, str) for item in value):
        return tuple(value)
    words = {bool: "true or false", str: "a text"}.get(wanted, "a list of texts")
    raise GeneratorError(f"{name} must be {words}", subject=f"{version}.json: capabilities")


def _read_json(file: Traversable) -> JsonObject:
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError) as problem:
        raise GeneratorError(f"cannot read a record or a table of charts: {problem}", subject=file.name) from problem
    if not isinstance(document, dict):
        raise GeneratorError("a record or a table of charts must be a JSON object", subject=file.name)
    return document


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
