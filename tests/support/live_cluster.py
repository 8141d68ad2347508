"""What a cluster would answer of the models of an environment: rendered files with a status that a test chooses."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.yaml.load import load_strict

FAKE = Path(__file__).with_name("fake_kubectl.py")
SINCE = "2026-01-02T12:00:00Z"


def conditions(ready: str, since: str = SINCE, reason: str = "", message: str = "") -> JsonObject:
    """Return the status of an InferenceService, Ready or with a reason why it is not."""
    said: JsonObject = {"reason": reason, "message": message} if reason else {}
    every: list[JsonValue] = [
        {"type": "PredictorReady", "status": ready, "lastTransitionTime": since, **said},
        {"type": "IngressReady", "status": ready, "lastTransitionTime": since},
        {"type": "Ready", "status": ready, "lastTransitionTime": since, **said},
        {"type": "Stopped", "status": "False", "lastTransitionTime": since},
    ]
    return {"observedGeneration": 3, "conditions": every}


def live(root: Path, environment: str, statuses: dict[str, JsonObject]) -> list[JsonObject]:
    """Return the rendered models of an environment as the cluster has them, those that have a status here."""
    found = []
    for file in sorted((root / "rendered" / environment / "models").rglob("*.yaml")):
        doc = load_strict(file.read_bytes(), file.name).value
        assert isinstance(doc, dict)
        metadata = doc["metadata"]
        assert isinstance(metadata, dict)
        name = str(metadata["name"])
        if name in statuses:
            metadata.update(generation=1, uid="u", resourceVersion="1", finalizers=["inferenceservice.finalizers"])
            found.append({**doc, "status": statuses[name]})
    return found


def as_list(objects: list[JsonObject]) -> str:
    """Write objects as `kubectl get -o json` does."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def pod(name: str, model: str, status: JsonObject, namespace: str = "ns") -> JsonObject:
    """Return a pod of an InferenceService."""
    labels: JsonObject = {"serving.kserve.io/inferenceservice": model}
    metadata: JsonObject = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}


def fake_kubectl(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the stand-in first on the path; return the folder of its answers, whose `log` has the words of each call."""
    script = folder / "bin" / "kubectl"
    answers = folder / "answers"
    for made in (script.parent, answers):
        made.mkdir(parents=True)
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n', "utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_ANSWERS", str(answers))
    monkeypatch.setenv("FAKE_LOG", str(answers / "log"))
    return answers
