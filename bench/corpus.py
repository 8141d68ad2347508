"""Manifests as a repository without a catalog holds them: one good object in each file, of many features."""

from __future__ import annotations

import json
from itertools import cycle, islice
from pathlib import Path

from tools.conformance.cases import controller_cases, judge

from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject
from kservegen.formats.yaml.emit import emit

VERSION = "v0.19.0"
# Objects that change what others are judged by: a thousand of them are no repository.
_SHARED = frozenset({"ServingRuntime", "ClusterServingRuntime", "LLMInferenceServiceConfig"})


def write_manifests(folder: Path, count: int) -> None:
    """Write `count` files, the same on every run: recorded manifests, each by a name of its own."""
    folder.mkdir(parents=True)
    for number, doc in enumerate(islice(cycle(_flawless()), count)):
        name = f"model-{number:05d}"
        metadata = {**mapping(doc["metadata"]), "name": name, "namespace": f"team-{number % 10}"}
        (folder / f"{name}.yaml").write_text(emit({**doc, "metadata": metadata}), "utf-8")


def _flawless() -> list[JsonObject]:
    """Read the manifests that a controller deployed and of which there is nothing to say: both peers exit 0."""
    deployed = [case for case in controller_cases(VERSION) if case.verdict]
    reports = judge(((case.id, case.manifest) for case in deployed), VERSION)
    docs = [json.loads(case.manifest) for case, report in zip(deployed, reports, strict=True) if not report.diagnostics]
    return [doc for doc in docs if doc["kind"] not in _SHARED]
