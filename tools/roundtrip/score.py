"""Manifests in; how many of them a catalog brings back as they were, each alone, and what differs in the others."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from kservegen.catalog.sections import GROUP, KINDS
from kservegen.checks.manifests.documents import read_documents
from kservegen.checks.manifests.files import find_files
from kservegen.commands.adopt import AdoptOptions, adopt
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import Repository
from kservegen.core.resource import ResourceId
from kservegen.kserve.releases import Releases

ROOT: Final = Path(__file__).resolve().parents[2]
SHARED: Final = Path(os.environ.get("KSERVEGEN_SHARED", ROOT.parent / "shared"))
_RECORDS: Final = ROOT / "tests" / "conformance"
_LISTED: Final = 20


class Source(NamedTuple):
    """Manifests of one KServe version, by what they are called; `admitted` says that real servers took them all."""

    title: str
    version: str
    manifests: dict[str, JsonObject]


def recordings() -> Iterator[Source]:
    """Yield every admitted manifest of the recorded banks, by version; nothing where they are not here."""
    found: dict[tuple[str, str], dict[str, JsonObject]] = {}
    for file in sorted((*_RECORDS.glob("*.jsonl"), *(SHARED / "conformance").glob("*.jsonl"))):
        named = next((version for version in Releases([ROOT / "schemas"]).versions if version in file.name), "")
        for line in file.read_text("utf-8").splitlines():
            record = json.loads(line)
            if record.get("accept", record.get("admitted", True)) is not True or "refused" in record:
                continue
            version = record.get("version") or named
            manifest = record.get("manifest")
            if (
                version and isinstance(manifest, dict) and _is_ours(manifest)
            ):  # a bank without one is here by another name
                found.setdefault((file.name, version), {})[str(record["id"])] = manifest
    for (name, version), manifests in found.items():
        yield Source(f"{name} ({version})", version, manifests)


def samples() -> Iterator[Source]:
    """Yield upstream's samples; nothing where they are not here. Those that are not admissible are left out later."""
    folder = SHARED / "kserve" / "samples"
    if folder.is_dir():
        yield sources_of([folder])


def sources_of(paths: Sequence[Path]) -> Source:
    """Read the manifests below paths, for the newest reviewed release."""
    manifests: dict[str, JsonObject] = {}
    for argument in find_files(paths):
        for file in argument.files:
            data = file.read()
            if not isinstance(data, bytes):
                continue
            for document in read_documents(data, file.name, named=False):
                if document.resource is not None and _is_ours(document.resource.doc):
                    manifests[f"{file.name}:{document.number}"] = document.resource.doc
    return Source(", ".join(map(str, paths)), newest(), manifests)


def newest() -> str:
    """Return the newest reviewed release."""
    releases = Releases([ROOT / "schemas"])
    return next(v for v in reversed(releases.versions) if releases.get(v).is_reviewed)


def _is_ours(doc: JsonObject) -> bool:
    info = KINDS.get(text(doc.get("kind")))
    return info is not None and text(doc.get("apiVersion")).startswith(f"{GROUP}/")


def score(source: Source) -> bool:
    """Print how many manifests come back equal; True where one that is admissible does not.

    All stand in one catalog, each in a namespace of its own, cluster-wide ones under a name of their own: what is made
    of a manifest does not depend on others.
    """
    titles: dict[ResourceId, str] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "running"
        folder.mkdir()
        for number, (title, manifest) in enumerate(source.manifests.items()):
            apart = _apart(manifest, number)
            (folder / f"{number:05}.json").write_text(json.dumps(apart), "utf-8")
            titles[_identity(apart)] = title
        options = AdoptOptions(paths={"prod": (folder,)}, version=source.version, mode="Standard", leaves_out=True)
        adoption = adopt(Repository(Path(name), {}), options)
    left_out = adoption.left_out.get("prod", ())
    equal, total = adoption.equal, len(titles) - len(left_out)
    share = 100 * equal / total if total else 100.0
    print(
        f"{source.title}: {share:.2f} % of {total:,} come back equal ({len(adoption.literal)} of them by spec alone),"
        f" {len(adoption.kept)} stay plain manifests, {len(left_out)} left out"
    )
    for (_, identity), changes in [*adoption.kept.items()][:_LISTED]:
        print(f"  plain, {titles[identity]}: {', '.join(change.path or 'all of it' for change in changes)}")
    if adoption.literal:
        print(f"  spec alone: {', '.join(titles[identity] for identity in adoption.literal[:_LISTED])}")
    for item in left_out[:_LISTED]:
        print(f"  left out, {titles.get(item.id, str(item.id))}: {item.reason}")
    return bool(equal + len(adoption.kept) < total or adoption.problems)


def _apart(manifest: JsonObject, number: int) -> JsonObject:
    info = KINDS[text(manifest.get("kind"))]
    metadata = mapping(manifest.get("metadata"))
    own: JsonObject = {"namespace": f"m{number}"} if info.namespaced else {"name": f"m{number}-{metadata.get('name')}"}
    return {**manifest, "metadata": {**metadata, **own}}


def _identity(manifest: JsonObject) -> ResourceId:
    metadata = mapping(manifest.get("metadata"))
    return ResourceId(text(manifest.get("kind")), text(metadata.get("namespace")), text(metadata.get("name")))
