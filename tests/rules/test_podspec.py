"""What is said of a pod against Kubernetes itself: the Deployment of a custom InferenceService, validated by Go.

KServe takes the pod of a custom predictor over as it is, so that the object is to be called deployable exactly where
the API server would take the Deployment.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final, NoReturn

import pytest
from tests.support.platforms import reference
from tests.support.pod_mutations import cases

from kservegen.build.resource import Resource, ResourceId
from kservegen.defaulting import Installation, default
from kservegen.diagnostics import Finding
from kservegen.engines.builtin import BuiltinEngine
from kservegen.jsontypes import JsonObject, format_path
from kservegen.judge import open_judge
from kservegen.repository import packaged_data
from kservegen.rules.base import Context
from kservegen.schemas.store import SchemaStore

GO_SOURCE: Final = Path(__file__).parents[1] / "go_podspec"
DRAWN: Final = 600
# Fields of a component that are not the pod's.
_COMPONENT: Final = ("annotations", "deploymentStrategy", "labels")
_LABELS: Final[JsonObject] = {"app": "isvc.oracle"}

VERSION: Final = "v0.19.0"
JUDGE: Final = open_judge(BuiltinEngine(SchemaStore([packaged_data() / "schemas"])))


def service(pod: JsonObject) -> JsonObject:
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "oracle", "namespace": "models"},
        "spec": {"predictor": pod},
    }


def deployment(pod: JsonObject) -> JsonObject:
    labels = {**_LABELS, **(pod.get("labels") or {})}  # type: ignore[dict-item]
    annotations = pod.get("annotations") or {}
    spec: JsonObject = {
        "selector": {"matchLabels": _LABELS},
        "template": {
            "metadata": {"labels": labels, "annotations": annotations},
            "spec": {field: value for field, value in pod.items() if field not in _COMPONENT},
        },
    }
    if "deploymentStrategy" in pod:
        spec["strategy"] = pod["deploymentStrategy"]
    metadata: JsonObject = {"name": "oracle-predictor", "namespace": "models"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def judged(pod: JsonObject) -> tuple[bool, list[Finding]]:
    doc = service(pod)
    identity = ResourceId("InferenceService", "models", "oracle")
    written = Resource(id=identity, api_version=str(doc["apiVersion"]), doc=doc, file="a.yaml")
    item = default(written, Installation(kserve_version=VERSION, deployment_mode="Standard"))
    context = Context(
        environment="oracle",
        kserve_version=VERSION,
        deployment_mode="Standard",
        platform=reference(VERSION),
        resources={identity: item.resource},
    )
    (alone,) = JUDGE.alone([item], context)
    found = [*alone, *(finding for _, finding in JUDGE.around([item], context))]
    return JUDGE.verdict(found).deployable, found


@pytest.fixture(scope="module")
def said() -> list[tuple[str, JsonObject, list[JsonObject]]]:
    """Ask Go about every pod: its name, the pod, and the field errors."""
    compiler = shutil.which("go") or shutil.which("/usr/local/go/bin/go")  # where Go's own installer puts it
    if compiler is None:
        _absent("Go is not installed")
    pods = list(cases(DRAWN))
    lines = "".join(json.dumps(deployment(pod)) + "\n" for _, pod in pods)
    done = subprocess.run(
        [compiler, "run", "."], cwd=GO_SOURCE, input=lines, capture_output=True, text=True, check=False
    )
    if done.returncode:
        _absent(f"the Go program does not build here: {done.stderr.strip()[-300:]}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [(name, pod, errors) for (name, pod), errors in zip(pods, answers, strict=True)]


def _absent(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def test_the_verdict_on_a_pod_is_kubernetes_own(said: list[tuple[str, JsonObject, list[JsonObject]]]) -> None:
    wrong = []
    for name, pod, errors in said:
        deployable, found = judged(pod)
        if deployable is bool(errors):
            ours = [f"{f.rule} {format_path(f.path)}: {f.message}" for f in found]
            theirs = [f"{e['field']}: {e['type']} {e['detail']}" for e in errors]
            wrong.append(f"{name}\n  we: {ours}\n  Go: {theirs}")
    assert wrong == [], f"{len(wrong)} of {len(said)}\n" + "\n".join(wrong)


def test_the_pods_are_many_and_of_both_kinds(said: list[tuple[str, JsonObject, list[JsonObject]]]) -> None:
    refused = [name for name, _, errors in said if errors]
    assert len(said) > 1000
    assert 300 < len(refused) < len(said) - 300
    assert not [name for name, _, errors in said if any(error["type"] == "decode" for error in errors)]
