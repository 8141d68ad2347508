"""The files of `manifests/` in; the objects in them out, each with the environments it is for, and what is wrong there.

Objects stand there as they are, whole. A file is for all environments, for those that extend a base, or for one, by the
folder that it lies in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import PurePosixPath
from typing import Final

from msgspec.structs import replace

from kservegen.catalog.companions import (
    ALL_ENVIRONMENTS,
    CompanionKey,
    CompanionRefusal,
    identity_refusal,
    refused_kind,
)
from kservegen.catalog.load import MOST_ENTRIES
from kservegen.catalog.model import Catalog, CatalogDocument, PlainManifest
from kservegen.checks.manifests.documents import InputDocument, read_documents
from kservegen.core.crashes import contained
from kservegen.core.diagnostics import Diagnostic, Finding, Location
from kservegen.core.jsontypes import format_path
from kservegen.core.manual import by_manual
from kservegen.core.repository import BASES_FOLDER, ENVIRONMENTS_FOLDER, MANIFESTS_FOLDER, Repository
from kservegen.core.resource import Resource
from kservegen.core.suggest import did_you_mean
from kservegen.formats.yaml.files import find_clashes, read_bytes
from kservegen.kubernetes.metadata import CLUSTER_SCOPED

_SUFFIXES: Final = frozenset({".json", ".yaml", ".yml"})
# What explains or guards a folder, and was never meant for a cluster.
_NOTES: Final = frozenset({".md", ".txt", ".adoc", ".rst"})
_NOTE_NAMES: Final = frozenset({"CODEOWNERS", "LICENSE", "OWNERS", "README"})
_TOOLS: Final = {
    **dict.fromkeys(("kustomization.yaml", "kustomization.yml", "Kustomization"), "kustomize build"),
    "Chart.yaml": "helm template",
}


def read_plain_manifests(repository: Repository, catalog: Catalog) -> tuple[Catalog, list[Diagnostic]]:
    """Return the catalog with what its repository has in `manifests/`, and what is wrong there."""
    files = {_label(repository.relative(path)): path for path in repository.manifest_files()}
    if not files:
        return catalog, []
    diagnostics = [*_taken_name(catalog), *find_clashes(files)]
    known = (ALL_ENVIRONMENTS, *catalog.environments, *catalog.unreadable, *catalog.bases)
    told = set[str]()
    found: list[PlainManifest] = []
    for file, path in files.items():
        refusal = _refused_file(file, is_link=repository.sources is None and path.is_symlink())
        folder = PurePosixPath(file).parts[1]
        if refusal is not None:
            diagnostics.append(refusal)
        elif not _is_manifest(file):
            continue
        elif PurePosixPath(file).parts[1:] == (folder,) or folder not in known:
            if folder not in told:
                told.add(folder)
                diagnostics.append(_no_environment(file, folder, known))
        else:
            data = (
                repository.sources[file] if repository.sources is not None else read_bytes(path, file, repository.root)
            )
            found.extend(_contained(data, file, folder, diagnostics))
    if len(found) > MOST_ENTRIES:
        message = f"{MANIFESTS_FOLDER}/ holds more than {MOST_ENTRIES:,} objects; from here on they are not judged"
        where = found[MOST_ENTRIES].location
        diagnostics.append(by_manual("catalog/too-many-entries", message, where, allowed=f"{MOST_ENTRIES:,}"))
    return replace(catalog, manifests=tuple(found[:MOST_ENTRIES])), diagnostics


def _label(file: str) -> str:
    """Return the name of a file as reports have it; names on disk need not be UTF-8."""
    return file.encode("utf-8", "backslashreplace").decode()


def _taken_name(catalog: Catalog) -> Iterator[Diagnostic]:
    for folder, names in ((ENVIRONMENTS_FOLDER, catalog.environments), (BASES_FOLDER, catalog.bases)):
        if ALL_ENVIRONMENTS in names:
            yield by_manual(
                "catalog/file-name",
                f"the file's name is what {MANIFESTS_FOLDER}/ calls every environment: {ALL_ENVIRONMENTS}",
                Location(f"{folder}/{ALL_ENVIRONMENTS}.yaml"),
                hint="Rename the file.",
            )


def _is_manifest(file: str) -> bool:
    return PurePosixPath(file).suffix in _SUFFIXES


def _refused_file(file: str, *, is_link: bool) -> Diagnostic | None:
    """Say why a file cannot be used, whatever is in it; None for a manifest, and for what is no business of ours."""
    path = PurePosixPath(file)
    hidden = any(part.startswith(".") for part in path.parts)
    if is_link:
        hint = "Put a copy of the file, or the folder itself, in its place."
        return _file_problem(file, "the file is a symbolic link, which is not followed here", hint)
    if path.name in _TOOLS:
        tool = _TOOLS[path.name]
        message = f"the file is input of `{tool}`, and nothing of it is applied here"
        return _file_problem(file, message, f"Write down what `{tool}` makes of the folder.")
    if hidden:
        message = "the file is hidden, and so it is not read"
        hint = "Rename it, and its folder, so that no name begins with a dot; or remove it."
        return _file_problem(file, message, hint) if _is_manifest(file) else None
    if _is_manifest(file) or path.suffix in _NOTES or path.stem in _NOTE_NAMES:
        return None
    return _file_problem(
        file, "the file's name ends in none of .yaml, .yml and .json, and so it is not read", "Rename it, or remove it."
    )


def _file_problem(file: str, message: str, hint: str) -> Diagnostic:
    return by_manual("catalog/manifests-file", message, Location(file), hint=hint)


def _no_environment(file: str, folder: str, known: Collection[str]) -> Diagnostic:
    path = PurePosixPath(file)
    otherwise = f"Move it to {MANIFESTS_FOLDER}/{ALL_ENVIRONMENTS}/, or to the folder of an environment or a base."
    if path.parts[1:] == (folder,):
        return by_manual(
            "catalog/manifests-folder",
            f"the file lies in no folder of {MANIFESTS_FOLDER}/, and so it is for no environment",
            Location(file),
            allowed=", ".join(sorted(known)),
            hint=otherwise,
        )
    return by_manual(
        "catalog/manifests-folder",
        f"there is no environment {folder}, nor a base of that name",
        Location(file),
        seen=f"{MANIFESTS_FOLDER}/{folder}/",
        allowed=", ".join(sorted(known)),
        hint=did_you_mean(folder, known, otherwise),
    )


def _contained(data: bytes | Diagnostic, file: str, folder: str, diagnostics: list[Diagnostic]) -> list[PlainManifest]:
    def judge() -> Iterator[list[PlainManifest]]:
        yield list(_objects(data, file, folder, diagnostics))

    def told(finding: Finding) -> list[PlainManifest]:
        diagnostics.append(finding.at(Location(file), ()))
        return []

    return next(contained("reading this file", judge, told))


def _objects(
    data: bytes | Diagnostic, file: str, folder: str, diagnostics: list[Diagnostic]
) -> Iterator[PlainManifest]:
    """Yield the objects of a file; what is wrong with it goes to the diagnostics."""
    if isinstance(data, Diagnostic):
        diagnostics.append(data)
        return
    is_empty = True
    for document in read_documents(data, file, named=True):
        is_empty = False
        diagnostics.extend(document.problems)
        resource = document.resource
        if resource is None or isinstance(document.source, Location):
            continue
        key = _key(resource)
        refusal = _refused_object(key)
        if refusal is not None:
            diagnostics.append(_refused(document, key, refusal))
            continue
        source = CatalogDocument(file, {}, document.source.source)
        yield PlainManifest(folder, key, resource.api_version, source, document.inside, resource.doc)
    if is_empty:
        diagnostics.append(_file_problem(file, "the file holds no object", "Write one, or remove the file."))


def _key(resource: Resource) -> CompanionKey:
    """Identify an object; one of a kind without namespaces has none, whatever it says."""
    namespace = "" if resource.kind in CLUSTER_SCOPED else resource.id.namespace
    return CompanionKey(resource.group, resource.kind, namespace, resource.id.name)


def _refused_object(key: CompanionKey) -> CompanionRefusal | None:
    refused = refused_kind(key.group, key.kind)
    if refused is not None:
        return refused
    if not key.name:
        hint = "Write metadata.name: a generated name would be another at every sync."
        return CompanionRefusal("catalog/companion-key", f"this {key.kind} has no name", hint)
    return identity_refusal(key)


def _refused(document: InputDocument, key: CompanionKey, refusal: CompanionRefusal) -> Diagnostic:
    by_kind = refusal.rule == "catalog/companion-kind"
    path = ("kind",) if by_kind else ("metadata",)
    return by_manual(
        refusal.rule,
        refusal.message,
        document.locate(path, at_key=not by_kind),
        path=format_path((*document.inside, *path)),
        seen=key.kind if by_kind else "",
        hint=refusal.hint,
    )
