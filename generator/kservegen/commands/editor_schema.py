"""A repository in; the schemas that its editors complete and explain from, with the repository's own names, out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from kservegen.catalog.descriptions import DESCRIPTIONS
from kservegen.catalog.editing.journal import replace_files
from kservegen.catalog.editor_schema import editor_schema
from kservegen.catalog.field_mapping import INFERENCE_SERVICE, LLM_INFERENCE_SERVICE
from kservegen.catalog.inventory.operators import OPERATOR_DEFINITIONS
from kservegen.catalog.model import Catalog, CatalogDocument
from kservegen.catalog.sections import ENTRY_SECTIONS, EXTRA_MANIFESTS, KINDS, SECTIONS
from kservegen.checks.gpu.model import GIB
from kservegen.checks.policy.model import Policy
from kservegen.checks.registry import manuals
from kservegen.core.confined import LEADS_OUT, LEADS_OUT_HINT, leads_out
from kservegen.core.document import mapping, sequence, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.repository import Repository, packaged_data
from kservegen.evaluate.project import Project, open_project
from kservegen.kserve.charts.model import Chart, Key, KeyPath
from kservegen.kserve.charts.runtimes import ModelFormat
from kservegen.kserve.releases import Release, Releases

# What a schema is called on the command line, and the name of its file.
FILES: Final = {
    "models": "models",
    "environment": "environments",
    "owners": "owners",
    "lock": "lock",
    "inventory": "inventory",
}
FOLDER: Final = "schemas/kservegen"
_PROTOCOLS: Final = {
    "v1": "TensorFlow Serving's protocol over HTTP: /v1/models/NAME:predict.",
    "v2": "The Open Inference Protocol over HTTP: /v2/models/NAME/infer.",
    "grpc-v1": "TensorFlow Serving's protocol over gRPC.",
    "grpc-v2": "The Open Inference Protocol over gRPC.",
}
_SCHEMES: Final = {
    "hf://": "Hugging Face: hf://org/model, with :revision behind it.",
    "s3://": "S3, or what speaks like it: s3://bucket/path.",
    "gs://": "Google Cloud Storage: gs://bucket/path.",
    "pvc://": "A PersistentVolumeClaim of the namespace: pvc://claim/path.",
    "oci://": "An OCI image that holds the model: oci://registry/name:tag.",
    "https://": "A file over HTTPS, or Azure Blob Storage.",
    "hdfs://": "Hadoop's file system.",
    "webhdfs://": "Hadoop's file system over HTTP.",
}
_RESOURCES: Final = {
    "cpu": "Cores: 2, or 500m for a half.",
    "memory": "Memory: 16Gi; Gi is 1024, G is 1000.",
    "ephemeral-storage": "Room on the node's disk: 20Gi.",
}


class EditorSchema(NamedTuple):
    """A schema of one of the repository's files: its path, the text that it has to have, and the text that is there.

    `present` is None where there is no file.
    """

    path: str
    wanted: bytes
    present: bytes | None

    @property
    def is_current(self) -> bool:
        """Whether the file is there and says what it has to, whatever ends its lines."""
        return self.present is not None and self.present.replace(b"\r\n", b"\n") == self.wanted

    @property
    def change(self) -> str:
        """What becomes of the file when it is written: new, same or changed."""
        return "new" if self.present is None else "same" if self.is_current else "changed"


def schema_for(repository: Repository, name: str) -> str:
    """Return the text of one schema, by its name among `FILES`; GeneratorError where the catalog cannot be read."""
    return _Schemas(_open(repository)).text(name)


def editor_schemas(repository: Repository, names: Iterable[str] = ()) -> tuple[EditorSchema, ...]:
    """Return schemas, all without a name, beside what the repository has of them.

    GeneratorError where the catalog cannot be read, or the repository is kservegen's own, whose published schemas these
    are made from.
    """
    root = repository.root
    if (packaged_data() / FOLDER).resolve() == (root / FOLDER).resolve():
        raise GeneratorError(
            "these are the schemas that kservegen itself reads, and no repository's",
            subject=FOLDER,
            hint="Print one instead: kservegen schema models.",
        )
    schemas = _Schemas(_open(repository))
    found = []
    for name in tuple(names) or FILES:
        path = f"{FOLDER}/{FILES[name]}.schema.json"
        if leads_out(root / path, root):
            raise GeneratorError(LEADS_OUT, subject=path, hint=LEADS_OUT_HINT)
        present = (root / path).read_bytes() if (root / path).is_file() else None
        found.append(EditorSchema(path, schemas.text(name).encode(), present))
    return tuple(found)


def write_schemas(repository: Repository, schemas: Iterable[EditorSchema]) -> None:
    """Write what is not current, all or nothing."""
    stale = [schema for schema in schemas if not schema.is_current]
    before = {schema.path: schema.present for schema in stale if schema.present is not None}
    replace_files(repository.root, before, {schema.path: schema.wanted for schema in stale})


def _open(repository: Repository) -> Project:
    """Open a repository all of whose files can be read: names of one that cannot be would be lost."""
    project = open_project(repository, any_version=True)
    if not project.catalog.complete or project.catalog.unreadable:
        raise GeneratorError(
            "a file of the catalog cannot be read, and its names would be missing",
            subject=str(repository.root),
            hint="Run kservegen validate.",
        )
    return project


class _Schemas:
    def __init__(self, project: Project) -> None:
        releases = _releases_in_use(project)
        self._known = dict(_known_names(project, releases))
        self._charts = _chart_schemas(releases)
        path = packaged_data() / FOLDER / "field-descriptions.json"
        self._fields: Mapping[str, str] = json.loads(path.read_bytes())

    def text(self, name: str) -> str:
        published = json.loads((packaged_data() / FOLDER / f"{FILES[name]}.schema.json").read_bytes())
        schema = editor_schema(published, self._fields, self._known, self._charts)
        return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _documents(catalog: Catalog) -> dict[str, CatalogDocument]:
    """Return the files of environments and bases, each once."""
    sources = (*catalog.environments.values(), *filter(None, catalog.bases.values()))
    return {document.file: document for source in sources for document in source.documents}


def _releases_in_use(project: Project) -> tuple[Release, ...]:
    """Return the releases that environments name and there are records of, oldest first; else the newest reviewed."""
    releases = project.tools.releases
    stated = {text(document.section("kserve").get("version")) for document in _documents(project.catalog).values()}
    used = [version for version in releases.versions if version in stated]
    return tuple(releases.get(version) for version in used or [releases.newest_reviewed])


def _known_names(project: Project, releases: tuple[Release, ...]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """List what is known of each subject, in the order of the names."""
    catalog = project.catalog
    documents = [*_documents(catalog).values()]
    policies = tuple(_once(project.tools.policies().policies))
    gpus = project.tools.facts().gpus
    own = _catalog_names(catalog)
    for subject, found in {
        **own,
        **_environment_names(catalog, documents, own),
        "runtimes": _runtimes(catalog, releases),
        "formats": _formats(catalog, releases),
        "configs": _configs(catalog, releases),
        "versions": _versions(project.tools.releases),
        "gpus": {gpu.name: f"{gpu.memory / GIB:.1f} GiB as its driver reports it." for gpu in gpus},
        "policies": {policy.name: policy.meta.title for policy in policies},
        "rules": {rule: meta.title for rule, meta in manuals().items()}
        | {policy.meta.id: policy.meta.title for policy in policies},
        "kinds": {info.kind if not info.group else f"{info.group}/{info.kind}": "" for info in KINDS.values()},
    }.items():
        yield subject, dict(sorted(found.items()))
    yield "protocols", _PROTOCOLS
    yield "schemes", _SCHEMES
    yield "prerequisites", dict.fromkeys(OPERATOR_DEFINITIONS, "An operator that the cluster has.")


def _once(policies: Iterable[Policy]) -> Iterator[Policy]:
    """Yield one policy of each name: the repository's own comes first."""
    seen: set[str] = set()
    for policy in policies:
        if policy.name not in seen:
            seen.add(policy.name)
            yield policy


def _catalog_names(catalog: Catalog) -> dict[str, dict[str, str]]:
    """Read what the files of the catalog, and owners.yaml, call things."""
    profiles: dict[str, str] = {}
    owners: dict[str, str] = {}
    namespaces: dict[str, str] = {}
    for document in catalog.documents:
        for name in catalog.profiles_of(document):
            profiles[name] = "Says " + ", ".join(_said_by(catalog, document, name)) + "."
        for words in _layers(document):
            if owner := text(words.get("owner")):
                owners[owner] = "An owner in the catalog."
            if namespace := text(words.get("namespace")):
                namespaces[namespace] = "A namespace in the catalog."
    for name in mapping(catalog.owners.value.get("teams")) if catalog.owners is not None else ():
        owners[name] = "A team of owners.yaml."
    found: dict[str, dict[str, str]] = {"profiles": profiles, "owners": owners, "namespaces": namespaces}
    for (section, key), definition in catalog.definitions.items():
        found.setdefault(section, {})[key] = f"Defined in {definition.document.file}."
    services = {key.rpartition("/")[2]: "" for key in found.get("models", ())}
    groups = {
        key: ""
        for (section, key), definition in catalog.definitions.items()
        if _entry(definition.document, section, key).get("kind") == "LocalModelNodeGroup"
    }
    return {
        **{section: {} for section in ENTRY_SECTIONS},
        **found,
        "services": services,
        "groups": groups,
        "words": {word: DESCRIPTIONS.get(word, "") for word in INFERENCE_SERVICE | LLM_INFERENCE_SERVICE},
    }


def _entry(document: CatalogDocument, section: str, key: str) -> JsonObject:
    return mapping(document.section(section).get(key))


def _said_by(catalog: Catalog, document: CatalogDocument, profile: str) -> Iterator[str]:
    yield from dict.fromkeys(word for part in catalog.profile_of(document, profile) for word in mapping(part.value))


def _layers(document: CatalogDocument) -> Iterator[JsonObject]:
    """Yield the words of every default, profile and entry of a file."""
    shared = document.section("shared")
    for top in (document.value, shared):
        yield mapping(top.get("defaults"))
        yield from map(mapping, mapping(top.get("profiles")).values())
    for section in (*SECTIONS, EXTRA_MANIFESTS):
        yield from map(mapping, document.section(section).values())


def _environment_names(
    catalog: Catalog, documents: list[CatalogDocument], own: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """Read what the files of environments call things; `own` are the catalog's names, which some stand beside."""
    accelerators: dict[str, str] = {}
    namespaces: dict[str, str] = {}
    budgets: dict[str, str] = {}
    owners: dict[str, str] = {}
    resources = dict(_RESOURCES)
    for document in documents:
        for name, words in document.section("accelerators").items():
            said = (text(mapping(words).get("resource")), text(mapping(words).get("gpu")))
            accelerators[name] = accelerators.get(name) or ", ".join(filter(None, said))
            if said[0]:
                resources[said[0]] = "Devices: a whole number."
        namespaces |= dict.fromkeys(document.section("namespaces"), f"A namespace of {document.file}.")
        budgets |= dict.fromkeys(document.section("budgets"), f"A budget of {document.file}.")
        for section in ("budgets", "waivers", "permits", "unmanaged"):
            for words in document.section(section).values():
                if owner := text(mapping(words).get("owner")):
                    owners.setdefault(owner, f"An owner in {document.file}.")
    bases = {name: f"A base: stands for {', '.join(catalog.reached(name)) or 'none'}." for name in catalog.bases}
    environments = {name: _cluster_of(source.own) for name, source in catalog.environments.items()}
    return {
        "accelerators": accelerators,
        "resources": resources,
        "namespaces": {**namespaces, **own["namespaces"]},
        "owners": {**owners, **own["owners"]},
        "budgets": budgets,
        "bases": bases,
        "environments": {**environments, **bases},
    }


def _cluster_of(document: CatalogDocument) -> str:
    name = text(document.section("cluster").get("name"))
    return f"The environment on cluster {name}." if name else "An environment."


def _runtimes(catalog: Catalog, releases: tuple[Release, ...]) -> dict[str, str]:
    found = {
        name: f"ClusterServingRuntime of KServe {release.version} for {_formats_in_words(runtime.formats)}."
        for release in releases
        for name, runtime in release.runtimes.runtimes.items()
    }
    for (section, key), definition in catalog.definitions.items():
        if section == "runtimes":
            found[key.rpartition("/")[2]] = f"A runtime of {definition.document.file}."
    return found


def _formats_in_words(formats: Iterable[ModelFormat]) -> str:
    return ", ".join(dict.fromkeys(each.name for each in formats)) or "no format"


def _formats(catalog: Catalog, releases: tuple[Release, ...]) -> dict[str, str]:
    served: dict[str, list[str]] = {}
    for release in releases:
        for name, runtime in release.runtimes.runtimes.items():
            for each in runtime.formats:
                served.setdefault(each.name, []).append(name)
    for (section, key), definition in catalog.definitions.items():
        if section == "runtimes":
            words = _entry(definition.document, section, key)
            for item in sequence(words.get("supportedModelFormats")):
                if name := text(mapping(item).get("name")):
                    served.setdefault(name, []).append(key)
    return {name: f"Served by {', '.join(dict.fromkeys(by))}." for name, by in served.items()}


def _configs(catalog: Catalog, releases: tuple[Release, ...]) -> dict[str, str]:
    found = {
        name: f"A preset of KServe {release.version}."
        for release in releases
        for name in release.runtimes.presets.names
    }
    own = (key.rpartition("/")[2] for section, key in catalog.definitions if section == "llmConfigs")
    return {**found, **dict.fromkeys(own, "A configuration of the catalog.")}


def _versions(releases: Releases) -> dict[str, str]:
    return {version: releases.get(version).caveat or "A reviewed release." for version in releases.versions}


def _chart_schemas(releases: tuple[Release, ...]) -> dict[str, JsonObject]:
    """Return a schema of the values of each chart, of the newest release that has it. Types are told, not asked for."""
    charts = {name: chart for release in releases for name, chart in release.charts.by_name.items()}
    return {name: _branch(chart, ()) for name, chart in charts.items() if chart.info.has_values}


def _branch(chart: Chart, path: KeyPath) -> JsonObject:
    below: JsonObject = {}
    for name in chart.branches.get(path, ()):
        here = (*path, name)
        key = chart.keys.get(here)
        if key is None:
            below[name] = {"description": f"Values below {'.'.join(here)}.", **_branch(chart, here)}
        elif key.live:
            below[name] = _value(key)
    return {"type": ["object", "null"], "properties": below}


def _value(key: Key) -> JsonObject:
    said = f"{key.about.rstrip('.')}. Default: {json.dumps(key.default)}." if key.default is not None else key.about
    values: list[JsonValue] = [*key.allowed] or ([True, False] if key.type in {"bool", "switch"} else [])
    offered: JsonObject = {"anyOf": [{"enum": values}, {}]} if values else {}
    return {"description": said, **offered}
