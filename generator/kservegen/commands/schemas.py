"""Definitions of kinds in; schemas of a repository, and the record of the KServe that they are of, out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import Struct, field

from kservegen.catalog.editing.journal import replace_files
from kservegen.core.confined import LEADS_OUT, LEADS_OUT_HINT, leads_out
from kservegen.core.diagnostics import Diagnostic
from kservegen.core.document import mapping, sequence, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.patterns import lazy_pattern
from kservegen.core.repository import Repository, packaged_data
from kservegen.formats.archive import read_chart
from kservegen.formats.jsonschema.definitions import (
    CompiledKind,
    compile_definition,
    expanded,
    field_names,
    schema_text,
)
from kservegen.formats.jsonschema.store import KSERVE_GROUP, KSERVE_VERSION, schema_path, version_order
from kservegen.formats.jsonschema.structural import definition_problems
from kservegen.formats.yaml.manifest import load_manifests
from kservegen.kserve.releases import Releases, ReviewStatus

PACKED: Final = (".tgz", ".tar.gz")
_DEFINITION: Final = "CustomResourceDefinition"
_API: Final = "apiextensions.k8s.io/v1"
_TEMPLATE: Final = b"{{"
_CHART: Final = lazy_pattern(r"[^/]+/Chart\.yaml")
_RENDER_FIRST: Final = "helm template CHART | kservegen schemas add -"
_YAML: Final = (".yaml", ".yml", ".json")
_TOLD: Final = 5  # of what is wrong with one definition
_METADATA: Final = "inferenceservice_v1beta1.json"


class SourceText(NamedTuple):
    """What is read: a file's name as the user knows it, and its bytes; `packed` for one of a chart."""

    name: str
    content: bytes
    packed: bool = False


class SkippedSource(NamedTuple):
    """What is no definition, or one that is left out, and why."""

    name: str
    reason: str


class FoundDefinitions(Struct):
    """The definitions that were found, each under its name, and what was passed over.

    `version` is the one of KServe that a chart says it is of; blank where none does.
    """

    documents: dict[str, JsonObject] = field(default_factory=dict)
    skipped: list[SkippedSource] = field(default_factory=list)
    version: str = ""

    def add(self, doc: JsonObject, name: str) -> None:
        """Take a document; GeneratorError where another definition of the same name says otherwise."""
        kind, own = text(doc.get("kind")), text(mapping(doc.get("metadata")).get("name"))
        if kind.endswith("List") and isinstance(doc.get("items"), list):
            for item in map(mapping, sequence(doc["items"])):
                self.add({"apiVersion": _API, "kind": kind.removesuffix("List"), **item}, name)
            return
        if kind != _DEFINITION:
            self.skipped.append(SkippedSource(f"{kind or 'a document'}/{own}", f"{name}: no {_DEFINITION}"))
            return
        if text(doc.get("apiVersion")) != _API:
            hint = (
                f"Kubernetes has served {_API} alone since 1.22: take the definition from a cluster, or a newer chart."
            )
            raise GeneratorError(f"{own} is not of {_API}", subject=name, hint=hint)
        known = self.documents.setdefault(own, doc)
        if known.get("spec") != doc.get("spec"):
            raise GeneratorError(f"{own} is defined twice, and otherwise", subject=name, hint="Name one of the two.")


def read_definitions(sources: Iterable[SourceText]) -> FoundDefinitions:
    """Collect the definitions of files and packed charts; GeneratorError for what cannot be read."""
    found = FoundDefinitions()
    for source in sources:
        if source.name.endswith(PACKED):
            _take_chart(found, source)
        else:
            _take(found, source)
    return found


def _take_chart(found: FoundDefinitions, source: SourceText) -> None:
    for member in read_chart(source.content, source.name):
        name = f"{source.name}: {member.name}"
        if _CHART.fullmatch(member.name):
            chart = _documents(SourceText(name, member.content))
            stated = next((text(doc.get("appVersion")) or text(doc.get("version")) for doc in chart), "")
            if stated and text(next(iter(chart)).get("name")).startswith("kserve"):
                found.version = as_version(stated)
        elif member.name.endswith(_YAML):
            _take(found, SourceText(name, member.content, packed=True))


def as_version(written: str) -> str:
    """Write a version of KServe with its leading v; blank where it is none."""
    version = written if written.startswith("v") else f"v{written}"
    return version if KSERVE_VERSION.match(version) else ""


def _take(found: FoundDefinitions, source: SourceText) -> None:
    if _TEMPLATE in source.content and source.packed:
        line = source.content[: source.content.index(_TEMPLATE)].count(b"\n") + 1
        if _DEFINITION.encode() in source.content:
            hint = f"Render it first: {_RENDER_FIRST}."
            raise GeneratorError(
                f"line {line} is a Helm template ({{{{), and a {_DEFINITION} stands around it",
                subject=source.name,
                hint=hint,
            )
        found.skipped.append(SkippedSource(source.name, f"a Helm template: {{{{ in line {line}"))
        return
    for doc in _documents(source):
        found.add(doc, source.name)


def _documents(source: SourceText) -> list[JsonObject]:
    read = load_manifests(source.content, source.name)
    if read.diagnostics:
        problem: Diagnostic = read.diagnostics[0]
        raise GeneratorError(problem.message, subject=str(problem.location), hint=problem.hint)
    return [mapping(document.value) for document in read.documents if document.value is not None]


class SchemaFile(NamedTuple):
    """A file to write, relative to the repository: `state` is new, same or changed."""

    path: str
    content: bytes
    state: str


class AddedSchemas(Struct, frozen=True, kw_only=True):
    """What is to be written. `version` and `nearest` are blank where no kind is KServe's; `differing` counts fields.

    `refused` are definitions that no API server would take, and why: then there are no files.
    """

    files: tuple[SchemaFile, ...]
    skipped: tuple[SkippedSource, ...]
    version: str
    nearest: str
    differing: int
    refused: tuple[SkippedSource, ...] = ()

    @property
    def changed(self) -> tuple[SchemaFile, ...]:
        """The files that are there and say otherwise."""
        return tuple(file for file in self.files if file.state == "changed")


class SchemaAddition:
    """Adds schemas to a repository."""

    def __init__(self, repository: Repository, releases: Releases) -> None:
        self._repository = repository
        self._releases = releases
        self._root = repository.root / "schemas"

    def compile(self, found: FoundDefinitions, version: str, groups: Sequence[str] = ()) -> AddedSchemas:
        """Compile what was found, of some groups alone where any are named; `version` is KServe's, blank if unknown.

        GeneratorError where nothing is left, or KServe's own kinds are among them and their version is not known, or is
        one that was reviewed.
        """
        own, others = self._apart(found, groups)
        if refused := tuple(_refused((*own, *others))):
            return AddedSchemas(
                files=(), skipped=tuple(found.skipped), version="", nearest="", differing=0, refused=refused
            )
        if not own and not others:
            hint = "Name files of definitions, a packed chart, or --from-cluster."
            raise GeneratorError("no CustomResourceDefinition is among them", subject="schemas add", hint=hint)
        written = {path: schema_text(kind.schema) for path, kind in self._compiled(others, {}).items()}
        stated, nearest, differing = version or found.version, "", 0
        if own:
            self._check(stated)
            nearest = self._nearest(own, stated)
            like = self._schemas(nearest)
            compiled = self._compiled(own, like, stated)
            written.update({path: schema_text(kind.schema) for path, kind in compiled.items()})
            whole = {
                **self._schemas_of_own(stated),
                **{path.rpartition("/")[2]: k.schema for path, k in compiled.items()},
            }
            differing = _distance(whole, like)
            written[f"schemas/releases/{stated}.json"] = _record(stated, nearest)
        files = (self._file(path, content) for path, content in sorted(written.items()))
        return AddedSchemas(
            files=tuple(files),
            skipped=tuple(found.skipped),
            version=stated if own else "",
            nearest=nearest,
            differing=differing,
        )

    def write(self, added: AddedSchemas) -> tuple[str, ...]:
        """Write what is new or changed, all or nothing; return the paths."""
        edits = {file.path: file.content for file in added.files if file.state != "same"}
        before = {path: there for path in edits if (there := self._there(path)) is not None}
        replace_files(self._repository.root, before, edits)
        return tuple(edits)

    def _apart(self, found: FoundDefinitions, groups: Sequence[str]) -> tuple[list[JsonObject], list[JsonObject]]:
        """Tell KServe's definitions from the others."""
        own: list[JsonObject] = []
        others: list[JsonObject] = []
        for name, doc in sorted(found.documents.items()):
            group = text(mapping(doc.get("spec")).get("group"))
            if groups and group not in groups:
                found.skipped.append(SkippedSource(name, "not of a group that was asked for"))
                continue
            versions = [mapping(entry) for entry in sequence(mapping(doc.get("spec")).get("versions"))]
            if versions and not any(map(_is_served, versions)):
                found.skipped.append(SkippedSource(name, "no version is served, or each is deprecated"))
                continue
            (own if group == KSERVE_GROUP else others).append(doc)
        return own, others

    def _check(self, version: str) -> None:
        if not KSERVE_VERSION.match(version):
            raise GeneratorError(
                "definitions of KServe do not say of which version they are",
                subject="schemas add",
                hint="Say it: --version v0.18.0.",
            )
        if version in self._releases.versions and self._is_reviewed(version):
            raise GeneratorError(
                f"KServe {version} is reviewed, and its schemas travel with kservegen",
                subject="schemas add",
                hint=f"Write kserve.version: {version} in the environment.",
            )

    def _schemas(self, version: str) -> dict[str, JsonObject]:
        folder = packaged_data() / "schemas" / "kserve" / version / KSERVE_GROUP
        return {path.name: json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))}

    def _schemas_of_own(self, version: str) -> dict[str, JsonObject]:
        """Return what the repository has of a version already, and no link leads to."""
        folder = f"schemas/kserve/{version}/{KSERVE_GROUP}"
        found: dict[str, JsonObject] = {}
        for path in sorted((self._repository.root / folder).glob("*.json")):
            try:
                found[path.name] = mapping(json.loads(self._there(f"{folder}/{path.name}") or b""))
            except (ValueError, RecursionError):
                continue  # what is no JSON is told where schemas are read
        return found

    def _there(self, path: str) -> bytes | None:
        """Return what stands at a path of the repository; GeneratorError where that leads out of it."""
        file = self._repository.root / path
        if leads_out(file, self._repository.root):
            raise GeneratorError(LEADS_OUT, subject=path, hint=LEADS_OUT_HINT)
        return file.read_bytes() if file.is_file() else None

    def _nearest(self, own: Sequence[JsonObject], version: str) -> str:
        """Return the reviewed release whose schemas differ least; of several the last before the version."""
        plain = self._compiled(own, {}, version)
        whole = {
            **self._schemas_of_own(version),
            **{path.rpartition("/")[2]: kind.schema for path, kind in plain.items()},
        }
        reviewed = [each for each in self._releases.versions if self._is_reviewed(each)]
        order = version_order(version)

        def rank(release: str) -> tuple[int, bool, int]:
            place = reviewed.index(release)
            is_later = version_order(release) > order
            return _distance(whole, self._schemas(release)), is_later, place if is_later else -place

        return min(reviewed, key=rank)

    def _is_reviewed(self, version: str) -> bool:
        release = self._releases.get(version)
        return release.status is ReviewStatus.REVIEWED and not release.own_record

    def _compiled(
        self, documents: Sequence[JsonObject], like: Mapping[str, JsonObject], version: str = ""
    ) -> dict[str, CompiledKind]:
        newest = self._releases.newest_reviewed
        metadata = self._schemas(newest)[_METADATA]
        models = {name.removesuffix(".json"): schema for name, schema in like.items()}
        compiled: dict[str, CompiledKind] = {}
        for doc in documents:
            for kind in compile_definition(doc, metadata, models):
                compiled[_path(kind, version or newest)] = kind
        return compiled

    def _file(self, path: str, content: str) -> SchemaFile:
        there = self._there(path)
        encoded = content.encode()
        state = "new" if there is None else "same" if there == encoded else "changed"
        return SchemaFile(path, encoded, state)


def _refused(documents: Iterable[JsonObject]) -> Iterator[SkippedSource]:
    for doc in documents:
        name = text(mapping(doc.get("metadata")).get("name")) or _DEFINITION
        problems = tuple(definition_problems(doc))
        yield from (SkippedSource(name, problem) for problem in problems[:_TOLD])
        if len(problems) > _TOLD:
            yield SkippedSource(name, f"{len(problems) - _TOLD} more of these")


def _is_served(entry: JsonObject) -> bool:
    return entry.get("served") is True and entry.get("deprecated") is not True


def _path(kind: CompiledKind, version: str) -> str:
    """Return where a kind's schema belongs; GeneratorError for names that no kind has."""
    known = schema_path(f"{kind.group}/{kind.version}", kind.kind, kserve_version=version)
    if known is None or not kind.group:
        raise GeneratorError(
            f"{kind.kind}.{kind.group}/{kind.version} is no name of a kind", subject="schemas add", hint="Mend the CRD."
        )
    if kind.group == KSERVE_GROUP:
        return f"schemas/{known.as_posix()}"
    return f"schemas/crds/{kind.group}/{known.name}"


def _distance(one: Mapping[str, JsonObject], other: Mapping[str, JsonObject]) -> int:
    """Count the fields that one of two sets of schemas has alone, in the kinds of the first."""
    return sum(
        len(_fields(schema) ^ (_fields(other[name]) if name in other else frozenset())) for name, schema in one.items()
    )


def _fields(schema: JsonObject) -> frozenset[str]:
    definitions = mapping(schema.get("definitions"))
    spec = mapping(mapping(schema.get("properties")).get("spec"))
    return frozenset(field_names(expanded(spec, definitions), definitions))


def _record(version: str, nearest: str) -> str:
    record = {
        "version": version,
        "status": ReviewStatus.DERIVED.value,
        "nearest": nearest,
        "provenance": {"schemas": f"compiled by kservegen schemas add from the CRDs of KServe {version}"},
    }
    return json.dumps(record, indent=2) + "\n"
