"""Recorded verdicts and upstream's samples in, as cases; the way each is judged, the one that users take."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile

from kservegen.checks.engines.builtin import BuiltinEngine
from kservegen.checks.manifests.reference import reference_cluster
from kservegen.checks.runner import Checker, open_checker
from kservegen.core.document import text
from kservegen.core.jsontypes import JsonObject
from kservegen.evaluate.manifests import DocumentReport, Linter
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.releases import Releases

ROOT = Path(__file__).resolve().parents[2]
RECORDS = ROOT / "tests" / "conformance"
# The same manifests sent to every release.
ALIKE = RECORDS / "versions"
RELEASES = Releases([ROOT / "schemas"])
SAMPLES = Path(os.environ.get("KSERVEGEN_SHARED", ROOT.parent / "shared")) / "kserve" / "samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A manifest, what became of it, and why; `verdict` is `admitted` or `deployed`."""

    id: str
    manifest: bytes
    verdict: bool
    reason: str

    @property
    def group(self) -> str:
        """The class of the case: what was done to a good manifest, or which rule it was made for."""
        parts = self.id.split("/")
        return f"mut/{parts[3]}" if parts[0] == "mut" else parts[0]


def recorded(bank: str, folder: Path = RECORDS) -> tuple[str, ...]:
    """Return the releases that a folder has recorded verdicts of, oldest first."""
    return tuple(version for version in RELEASES.versions if (folder / f"{bank}-{version}.jsonl").is_file())


def admission_cases(version: str, folder: Path = RECORDS) -> Iterator[Case]:
    """Read a folder's recorded admissions of a release."""
    for record in _records(folder / f"admission-{version}.jsonl"):
        accepted = record["accept"] is True
        reason = "admitted" if accepted else f"{record['code']} {_who(text(record['message']))}"
        yield Case(
            id=text(record["id"]),
            manifest=json.dumps(record["manifest"]).encode(),
            verdict=accepted,
            reason=reason,
        )


def controller_cases(version: str) -> Iterator[Case]:
    """Read what controllers of a release did."""
    for record in _records(RECORDS / f"controller-{version}.jsonl"):
        deployed = record.get("deployed") is True
        yield Case(
            id=text(record["id"]),
            manifest=json.dumps(record["manifest"]).encode(),
            verdict=deployed,
            reason="deployed" if deployed else text(record.get("reason")) or "no reason given",
        )


def _records(file: Path) -> Iterator[JsonObject]:
    for line in file.read_text("utf-8").splitlines():
        yield json.loads(line)


def _who(message: str) -> str:
    if "admission webhook" in message:
        return "webhook"
    return "CEL" if 'Invalid value: "object"' in message else "API server"


_SCHEMAS = SchemaStore([ROOT / "schemas"])


@cache
def checker() -> Checker:
    """Return a checker with all rules."""
    return open_checker(BuiltinEngine(_SCHEMAS))


def judge(files: Iterable[tuple[str, bytes]], version: str) -> Sequence[DocumentReport]:
    """Judge files as `kservegen validate PATH…` does, every document alone."""
    cluster = reference_cluster(RELEASES.get(version), "Standard", _SCHEMAS)
    linter = Linter(checker(), cluster, TemporaryFile, apart=True)
    for name, data in files:
        linter.add(data, name, named=True)
    documents, _ = linter.finish()
    return documents.reports
