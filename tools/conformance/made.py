"""What real controllers made, held against `kservegen simulate`: records in, those that differ out.

What equal means is compare_made.py's law: what the API server fills in by itself and what it assigns does not count,
quantities count by value, lists by order; the tags of a release's own images count as one.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from tools.conformance.cases import RECORDS, ROOT
from tools.conformance.folders import simulate_folders

from kservegen.core.quantity import parse_quantity
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
    "made-v0.17.0.jsonl": 95.5,
    "made-v0.18.1.jsonl": 95.5,
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


# The hash of a key that the controller makes, in an annotation: another one in every cluster.
_ASSIGNED_ANNOTATIONS = frozenset({"certificates.kserve.io/cert-hash"})
# What ends the place of an object of ours that no recorded one answers to, where nobody owns it.
_UNOWNED = ", without an owner"


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
        or (key == "annotations" and name in _ASSIGNED_ANNOTATIONS)
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
    for version in sorted({record["version"] for record in records}):
        chosen = [record for record in records if record["version"] == version]
        found = simulate_folders([_documents(record) for record in chosen], version)
        for record, documents in zip(chosen, found, strict=True):
            made: Any = simulated_as_json(documents["object"])
            places = tuple(_places(record, made))
            if places:
                yield MadeDifference(record["id"], places)


def _documents(record: Json) -> Json:
    documents = {"object": record["manifest"], **{f"around-{i}": doc for i, doc in enumerate(record["around"])}}
    if record.get("config"):
        data = {key: item if isinstance(item, str) else json.dumps(item) for key, item in record["config"].items()}
        metadata = {"name": "inferenceservice-config", "namespace": "kserve"}
        documents["config"] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    return documents


def _places(record: Json, made: Json) -> Iterator[str]:
    wanted, given = (_by_name(side["objects"]) for side in (record, made))
    for name in sorted(wanted.keys() | given.keys()):
        if name not in given or name not in wanted:
            if name in wanted:
                yield f"{name[0]} {name[2]} missing"
            else:
                yield f"{name[0]} {name[2]} extra" + ("" if _is_owned(given[name]) else _UNOWNED)
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


def _is_owned(made: Json) -> bool:
    return bool(made["metadata"].get("ownerReferences"))


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
        what = "with objects" if made else "without"
        share = _share(side, differences)
        missed = ", which is missed" if share < target else ""
        print(f"{file.name}: {what}: {share:.1f} % of {len(side)} alike (target {target} %{missed})")
        floor = REACHED.get(file.name, target) if made else target
        if share < floor:
            failures.append(f"{file.name} {what}: {share:.1f} % is below {floor} %")
        if made and share < target and _holds_owned_alone(records):
            owned = {id_: places for id_, places in differences.items() if not _is_of_unowned(places)}
            share = _share(side, owned)
            print(f"{file.name}: {what}, but for those that nobody owns, which it does not hold: {share:.1f} % alike")
            if share < target:
                failures.append(f"{file.name} {what} and an owner: {share:.1f} % is below {target} %")
    return failures


def _share(side: Sequence[Json], differences: Mapping[str, tuple[str, ...]]) -> float:
    return 100 * (1 - sum(record["id"] in differences for record in side) / len(side)) if side else 100.0


def _holds_owned_alone(records: Iterable[Json]) -> bool:
    """Whether a bank was collected by owner: some of what KServe makes has none, such as a ClusterRoleBinding."""
    return all(_is_owned(item) for record in records for item in record["objects"])


def _is_of_unowned(places: Iterable[str]) -> bool:
    return all(place.endswith(_UNOWNED) for place in places)


def _alike(records: Sequence[Json], differences: Mapping[str, tuple[str, ...]]) -> str:
    return f"{sum(record['id'] not in differences for record in records)}/{len(records)}"


def banks() -> list[Path]:
    """List the recorded banks that are at hand; none in a clone alone."""
    return [
        file
        for pattern in ("made-v*", "made-extra-*", "versions/made-v*")
        for file in sorted(BANKS.glob(f"{pattern}.jsonl"))
    ]
