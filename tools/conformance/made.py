"""What real controllers made, held against `kservegen simulate`: records in, those that differ out.

What equal means is compare_made.py's law: what the API server fills in by itself and what it assigns does not count,
quantities count by value, lists by order; the tags of a release's own images count as one.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from tools.conformance.cases import RECORDS, RELEASES, ROOT

from kservegen.checks.engines.choice import EngineChoice, open_engine
from kservegen.checks.runner import open_checker
from kservegen.commands.simulate import SimulateOptions, simulate_paths
from kservegen.core.quantity import parse_quantity
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.report.simulated import simulated_as_json

Json = dict[str, Any]

# The recorded banks, read where they lie: they are too large to copy.
BANKS = Path(os.environ.get("KSERVEGEN_SHARED", ROOT.parent / "shared")) / "conformance"
SAMPLE = RECORDS / "made-sample.jsonl"
# Wanted shares of records alike, with objects and without, by how the bank's file begins.
TARGETS = {"made-extra": (95.0, 97.0), "made-v": (97.0, 99.0)}
# Where a target is not reached yet: what is, below which no change may fall. docs/benchmarks.md says what is missing.
REACHED = {
    "made-v0.19.0.jsonl": 90.2,
    "made-v0.20.0.jsonl": 92.9,
    "made-extra-isvc-v0.19.0.jsonl": 91.5,
    "made-extra-isvc-v0.20.0.jsonl": 92.2,
}

_DEFAULTS = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "protocol": "TCP",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "enableServiceLinks": True,
    "preemptionPolicy": "PreemptLowerPriority",
    "priority": 0,
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
    "scheme": "HTTP",
    "defaultMode": 420,
    "terminationGracePeriodSeconds": 30,
    "progressDeadlineSeconds": 600,
    "revisionHistoryLimit": 10,
    "sessionAffinity": "None",
    "internalTrafficPolicy": "Cluster",
    "ipFamilyPolicy": "SingleStack",
}
_ASSIGNED = frozenset(
    """
    ownerReferences managedFields uid resourceVersion generation creationTimestamp status clusterIPs ipFamilies
    finalizers
    """.split()
)
_FIELD_DEFAULTS = {("fieldRef", "apiVersion", "v1"), ("spec", "type", "ClusterIP"), ("grpc", "service", "")}
_ADDED = {("node.kubernetes.io/not-ready", 300), ("node.kubernetes.io/unreachable", 300)}
_RELEASE_TAG = re.compile(r":(?:latest|v0\.(?:17|18|19|20|21)\.\d+)(-|$)")
_AMOUNTS = frozenset({"requests", "limits"})
_AMOUNT_FIELDS = frozenset({"sizeLimit", "storage"})


class MadeDifference(NamedTuple):
    """A record that is not alike: where each of its objects and pods differs."""

    id: str
    places: tuple[str, ...]


def normal(value: object, key: str = "") -> object:
    """Return a value, which stands under `key`, without what does not count."""
    if isinstance(value, list):
        return [item for item in map(normal, value) if key != "tolerations" or not _is_added(item)]
    if not isinstance(value, dict) or set(value) == {"script"}:
        return value
    kept: Json = {}
    for name, item in value.items():
        if _is_silent(value, key, name, item):
            continue
        plain = normal(item, name)
        if name == "image" and isinstance(plain, str):
            plain = _RELEASE_TAG.sub(r":<release>\1", plain)
        if (key in _AMOUNTS or name in _AMOUNT_FIELDS) and not isinstance(plain, dict | list):
            plain = _amount(plain)
        if plain in ({}, [], None, "") and name != "emptyDir":
            continue
        kept[name] = plain
    return kept


def _is_added(toleration: object) -> bool:
    own = toleration if isinstance(toleration, dict) else {}
    return (own.get("key"), own.get("tolerationSeconds")) in _ADDED


def _is_silent(owner: Json, key: str, name: str, item: object) -> bool:
    pod = "containers" in owner
    return (
        name in _ASSIGNED
        or (name == "data" and owner.get("kind") == "Secret")
        or (name == "serviceAccount" and pod)
        or (name == "clusterIP" and item != "None")
        or (name in _DEFAULTS and item == _DEFAULTS[name])
        or (name == "restartPolicy" and pod and item == "Always")
        or (name == "imagePullPolicy" and item == _pull_default(owner.get("image", "")))
        or (isinstance(item, str) and (key, name, item) in _FIELD_DEFAULTS)
    )


def _pull_default(image: str) -> str:
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    return "Always" if "@" not in image and tag in ("", "latest") else "IfNotPresent"


def _amount(value: object) -> object:
    quantity = parse_quantity(value) if isinstance(value, str | int | float) else None
    return value if quantity is None else str(Fraction(quantity.value))


def differing(ours: object, theirs: object, path: str = "") -> Iterator[str]:
    """Yield the paths at which two normal values differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from differing(ours.get(key), theirs.get(key), f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for one, other in zip(ours, theirs, strict=True):
            yield from differing(one, other, f"{path}[]")
    elif ours != theirs:
        yield path


def compare_made(records: Sequence[Json]) -> Iterator[MadeDifference]:
    """Simulate recorded objects, each in a cluster of its own, and yield the records that are not alike."""
    schemas = SchemaStore((ROOT / "schemas",))
    checker = open_checker(open_engine(EngineChoice.BUILTIN, schemas))
    for version in sorted({record["version"] for record in records}):
        chosen = [record for record in records if record["version"] == version]
        options = SimulateOptions(
            release=RELEASES.get(version),
            deployment_mode="Standard",
            schemas=schemas,
            open_file=tempfile.TemporaryFile,
        )
        with tempfile.TemporaryDirectory() as folder:
            for number, record in enumerate(chosen):
                _write(Path(folder, f"{number:05}"), record)
            found = simulate_paths([Path(folder)], options, checker)
        documents: list[Any] = simulated_as_json(found)
        made = {Path(item["file"]).parent.name: item for item in documents if Path(item["file"]).name == "object.json"}
        for number, record in enumerate(chosen):
            places = tuple(_places(record, made[f"{number:05}"]))
            if places:
                yield MadeDifference(record["id"], places)


def _write(folder: Path, record: Json) -> None:
    folder.mkdir()
    documents = {"object": record["manifest"], **{f"around-{i}": doc for i, doc in enumerate(record["around"])}}
    if record.get("config"):
        data = {key: item if isinstance(item, str) else json.dumps(item) for key, item in record["config"].items()}
        metadata = {"name": "inferenceservice-config", "namespace": "kserve"}
        documents["config"] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    for name, doc in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(doc), encoding="utf-8")


def _places(record: Json, made: Json) -> Iterator[str]:
    wanted, given = (_by_name(side["objects"]) for side in (record, made))
    for name in sorted(wanted.keys() | given.keys()):
        if name not in given or name not in wanted:
            yield f"{name[0]} {name[2]} {'missing' if name in wanted else 'extra'}"
            continue
        for path in differing(normal(wanted[name]), normal(given[name])):
            yield f"{name[0]}{path}"
    pods, ours = ({pod["of"]: pod["pod"] for pod in side["pods"]} for side in (record, made))
    for of in sorted(pods.keys() | ours.keys()):
        theirs, own = pods.get(of, {}), ours.get(of, {})
        if "refused" in theirs and "refused" in own:
            continue
        for path in differing(normal(theirs), normal(own)):
            yield f"pod{path}"


def _by_name(objects: Iterable[Json]) -> Mapping[tuple[str, str, str], Json]:
    return {(item["kind"], item["apiVersion"], item["metadata"]["name"]): item for item in objects}


def read_records(file: Path) -> list[Json]:
    """Read a bank."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def score_bank(file: Path) -> list[str]:
    """Print how much of a bank is alike, by kind and half of its records; return what fell too low."""
    records = read_records(file)
    differences = {difference.id: difference.places for difference in compare_made(records)}
    for kind in sorted({record["manifest"]["kind"] for record in records}):
        own = [(number, record) for number, record in enumerate(records) if record["manifest"]["kind"] == kind]
        halves = ([r for n, r in own if n % 2 == half] for half in (0, 1))
        said = ", ".join(
            f"{name} {_alike(half, differences)}" for name, half in zip(("even", "odd"), halves, strict=True)
        )
        print(f"{file.name}: {kind}: {said}")
    failures = []
    least = next(targets for start, targets in TARGETS.items() if file.name.startswith(start))
    for target, made in zip(least, (True, False), strict=True):
        side = [record for record in records if bool(record["objects"]) is made]
        share = 100 * (1 - sum(record["id"] in differences for record in side) / len(side)) if side else 100.0
        what = "with objects" if made else "without"
        missed = ", which is missed" if share < target else ""
        print(f"{file.name}: {what}: {share:.1f} % of {len(side)} alike (target {target} %{missed})")
        floor = REACHED.get(file.name, target) if made else target
        if share < floor:
            failures.append(f"{file.name} {what}: {share:.1f} % is below {floor} %")
    return failures


def _alike(records: Sequence[Json], differences: Mapping[str, tuple[str, ...]]) -> str:
    return f"{sum(record['id'] not in differences for record in records)}/{len(records)}"


def banks() -> list[Path]:
    """List the recorded banks that are at hand; none in a clone alone."""
    return [*sorted(BANKS.glob("made-v*.jsonl")), *sorted(BANKS.glob("made-extra-*.jsonl"))]
