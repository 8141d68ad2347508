"""Manifests as a repository without a catalog holds them: one good object of many kinds in each file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from kservegen.document import mapping
from kservegen.jsontypes import JsonObject
from kservegen.yamlio.emit import emit

RECORDS = Path(__file__).resolve().parents[1] / "tests" / "conformance"
# Objects that change what others are judged by: a thousand of them are no repository.
_SHARED = frozenset({"ServingRuntime", "ClusterServingRuntime", "LLMInferenceServiceConfig", "ClusterStorageContainer"})


def write_manifests(folder: Path, count: int) -> None:
    """Write `count` files, the same on every run: recorded manifests that were deployed, each by a name of its own."""
    folder.mkdir(parents=True)
    for number, doc in enumerate(islice(cycle(_deployed()), count)):
        name = f"model-{number:05d}"
        metadata = {**mapping(doc["metadata"]), "name": name, "namespace": f"team-{number % 10}"}
        (folder / f"{name}.yaml").write_text(emit({**doc, "metadata": metadata}), "utf-8")


def _deployed() -> Iterator[JsonObject]:
    for line in (RECORDS / "controller.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        if record.get("deployed") is True and record["manifest"]["kind"] not in _SHARED:
            yield record["manifest"]
