"""Whether real controllers created the workloads of a manifest, held against what `validate` and `simulate` say.

`validate` answers of a document alone, `simulate` of all that stand in its namespace. One that came up for real and not
here is a false alarm.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tools.conformance.cases import RECORDS, judge
from tools.conformance.folders import simulate_folders
from tools.conformance.made import read_records

from kservegen.core.document import mapping, sequence

Json = dict[str, Any]

RANDOM = RECORDS / "random-controller.jsonl"
LEAST = 99.5
_FAILED = "ReconcileFailed"


def score_random(records: Sequence[Json]) -> list[str]:
    """Print how often we are right of services that stand together in namespaces; return what misses its target."""
    known = {record["id"] for record in records}
    whole = [record for record in records if not _lacks_runtime(record, known)]
    left_out = len(records) - len(whole)
    failures = []
    for version in sorted({record["version"] for record in whole}):
        own = [record for record in whole if record["version"] == version]
        failures += score_together("random services", own, version)
    print(f"left out, for their runtime is not recorded: {left_out}")
    return failures


def score_together(title: str, records: Iterable[Json], version: str) -> list[str]:
    """Print how often we are right of manifests, those of a namespace together; return what misses its target."""
    namespaces: defaultdict[str, list[Json]] = defaultdict(list)
    for record in records:
        namespaces[record["manifest"]["metadata"].get("namespace", "")].append(record)
    return _score(f"{title}, KServe {version}", list(namespaces.values()), version)


def score_alone(records: Iterable[Json], version: str) -> list[str]:
    """Print how often we are right of manifests, each alone in its cluster; return what misses its target."""
    return _score(f"recorded services, KServe {version}", [[record] for record in records], version)


def _lacks_runtime(record: Json, known: set[str]) -> bool:
    """Whether a service was written for a runtime of its own, which is another record that is not there."""
    family, _, name = record["id"].rpartition("/")
    return family.startswith("rt/") and name == "isvc" and f"{family}/sr" not in known


def _score(title: str, folders: Sequence[Sequence[Json]], version: str) -> list[str]:
    found = simulate_folders([_documents(records) for records in folders], version)
    answers: dict[str, list[tuple[Json, bool]]] = {"validate": [], "simulate": []}
    for records, documents in zip(folders, found, strict=True):
        reports = judge(
            [(name, json.dumps(document).encode()) for name, document in _documents(records).items()], version
        )
        for record, document, report in zip(records, documents.values(), reports, strict=True):
            if not record["admitted"] or record.get("deployed") is None:
                continue
            if not mapping(record["manifest"]["spec"]).get("baseRefs"):  # which stand in other documents
                answers["validate"].append((record, report.deployable is True))
            if document.made is not None:
                answers["simulate"].append((record, document.made.deployable))
    failures = []
    for who, pairs in answers.items():
        alarms = [record["id"] for record, ours in pairs if _came(record) and not ours]
        misses = [record["id"] for record, ours in pairs if ours and not _came(record)]
        share = 100 * (1 - (len(alarms) + len(misses)) / len(pairs))
        print(f"{title}: {who}: {share:.2f} % of {len(pairs)} equal (target {LEAST} %), false alarms {len(alarms)}")
        print(
            "".join(f"  {what}: {' '.join(ids)}\n" for what, ids in (("alarm", alarms), ("miss", misses)) if ids),
            end="",
        )
        if share < LEAST:
            failures.append(f"{title}: {who}: {share:.2f} % is below {LEAST} %")
        if alarms:
            failures.append(f"{title}: {who}: {len(alarms)} that were deployed are refused")
    return failures


def _came(record: Json) -> bool:
    """Whether all workloads came, those of canaries too, and no step after them failed, such as an autoscaler's."""
    conditions = mapping(record.get("reason")).get("conditions")
    failed = any(_FAILED in sequence(condition) for condition in sequence(conditions))
    return record["deployed"] is True and not failed and False not in mapping(record.get("canary_deployed")).values()


def _documents(records: Sequence[Json]) -> Mapping[str, Json]:
    return {f"{number:05}": record["manifest"] for number, record in enumerate(records)}


def recorded_random() -> list[Json]:
    """Read the random services."""
    return read_records(RANDOM)
