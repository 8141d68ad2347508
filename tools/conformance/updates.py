"""Recorded changes of objects in, what `kservegen validate PATH --base REV` says of them held against the webhooks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from tempfile import TemporaryFile
from typing import Any

from tools.conformance.cases import RECORDS, RELEASES, ROOT, checker

from kservegen.checks.manifests.reference import reference_cluster
from kservegen.evaluate.earlier import EarlierObjects
from kservegen.evaluate.manifests import Linter
from kservegen.formats.jsonschema.store import SchemaStore

Json = dict[str, Any]

UPDATES = RECORDS / "updates.jsonl"
LEAST = 99.0


def score_updates(records: Sequence[Json]) -> list[str]:
    """Print how often we say the same of a change; return what misses its target."""
    alarms = [record["id"] for record in records if record["admitted"] and not _admitted(record)]
    misses = [record["id"] for record in records if not record["admitted"] and _admitted(record)]
    share = 100 * (1 - (len(alarms) + len(misses)) / len(records))
    print(f"\n## updates: {share:.2f} % of {len(records)} equal (target {LEAST} %)")
    print(f"false alarms {len(alarms)} {' '.join(alarms)}\nmisses {len(misses)} {' '.join(misses)}")
    failures = [f"updates: {share:.2f} % is below {LEAST} %"] if share < LEAST else []
    if alarms:
        failures.append(f"updates: {len(alarms)} good changes are refused")
    return failures


def _admitted(record: Json) -> bool:
    """Judge one change alone, as a file that held `old` in Git and holds `manifest` now."""
    cluster = reference_cluster(RELEASES.get(record["version"]), "Standard", _SCHEMAS)
    earlier = EarlierObjects(cluster, _SCHEMAS, TemporaryFile)
    earlier.add(json.dumps(record["old"]).encode(), "object.json")
    linter = Linter(checker(), cluster, TemporaryFile, earlier)
    linter.add(json.dumps(record["manifest"]).encode(), "object.json", named=True)
    documents, _ = linter.finish()
    earlier.close()
    return documents.not_admitted == 0


def recorded_updates() -> list[Json]:
    """Read the changes."""
    return [json.loads(line) for line in UPDATES.read_text("utf-8").splitlines()]


_SCHEMAS = SchemaStore((ROOT / "schemas",))
