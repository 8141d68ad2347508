"""What is said of a pod against Kubernetes itself: the Deployment of a custom InferenceService, validated by Go.

KServe takes the pod of a custom predictor over as it is, so that the object is to be called deployable exactly where
the API server would take the Deployment.
"""

from __future__ import annotations

import random
import re
from functools import cache
from typing import Final

import pytest
from tests.support.go_podspec import Ask, go_ask
from tests.support.platforms import reference, release
from tests.support.pod_mutations import cases, odd, with_fields

from kservegen.checks.engines.builtin import BuiltinEngine
from kservegen.checks.rules.base import Context
from kservegen.checks.runner import open_checker
from kservegen.core.diagnostics import Finding
from kservegen.core.jsontypes import JsonObject, format_path
from kservegen.core.repository import packaged_data
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.defaulting import Installation, default

DRAWN: Final = 200
ODD: Final = 800
SEED: Final = 34

# What KServe or a cluster's settings decide otherwise than a Deployment's validation: a pattern of pods, why, what.
LEFT_OUT: Final = (
    (
        r"(cpu|memory|storage|gpu\"\]|2Mi|sizeLimit|divisor)='[^']* '$",
        "KServe's definitions take no space around a quantity, Go's reader drops it",
        "padded quantities",
    ),
    (
        r"^containers\[0\]\.name=",
        "KServe's defaulter names the first container of a component",
        "the first container's name",
    ),
    (
        r"^file key$",
        "Kubernetes 1.34 drops fileKeyRef unless the feature is turned on, which no file tells",
        "keys of files",
    ),
    (
        r"^env twice$",
        "KServe's definitions key env by name, a Deployment takes a name twice",
        "a variable twice",
    ),
    (
        r"^claim metadata$",
        "KServe's definitions keep no metadata of a claim template",
        "metadata of a claim template",
    ),
)
_CLAIM: Final[JsonObject] = {
    "metadata": {"labels": {"a": "b"}},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
UNJUDGED: Final = (
    (
        "file key",
        with_fields(env=[{"name": "B", "valueFrom": {"fileKeyRef": {"volumeName": "cache", "path": "a", "key": "B"}}}]),
    ),
    ("env twice", with_fields(env=[{"name": "B", "value": "x"}, {"name": "B", "value": "y"}])),
    ("claim metadata", with_fields(volumes=[{"name": "cache", "ephemeral": {"volumeClaimTemplate": _CLAIM}}])),
)
# Fields of a component that are not the pod's.
_COMPONENT: Final = ("annotations", "deploymentStrategy", "labels")
_LABELS: Final[JsonObject] = {"app": "isvc.oracle"}

VERSION: Final = "v0.19.0"
JUDGE: Final = open_checker(BuiltinEngine(SchemaStore([packaged_data() / "schemas"])))


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
        release=release(VERSION),
        deployment_mode="Standard",
        platform=reference(VERSION),
        resources={identity: item.resource},
    )
    found = [finding for own in (JUDGE.alone, JUDGE.around) for _, finding in own([item], context)[0]]
    return JUDGE.verdict(found).deployable, found


@pytest.fixture(scope="module")
def ask() -> Ask:
    return go_ask()


def errors_of(ask: Ask, pods: list[JsonObject]) -> list[list[JsonObject]]:
    return [answer.errors for answer in ask(deployment(pod) for pod in pods)]


def differences(pods: list[tuple[str, JsonObject]], ask: Ask) -> list[tuple[str, str]]:
    """List the pods on which the verdicts differ: their names, and what was said of each."""
    wrong = []
    for (name, pod), errors in zip(pods, errors_of(ask, [pod for _, pod in pods]), strict=True):
        deployable, found = judged(pod)
        if deployable is bool(errors):
            ours = [f"{f.rule} {format_path(f.path)}: {f.message}" for f in found]
            theirs = [f"{e['field']}: {e['type']} {e['detail']}" for e in errors]
            wrong.append((name, f"{name}\n  we: {ours}\n  Go: {theirs}"))
    return wrong


@cache
def odd_pods() -> tuple[tuple[str, JsonObject], ...]:
    return tuple(odd())


def is_left_out(name: str) -> bool:
    return any(re.search(pattern, name) for pattern, _, _ in LEFT_OUT)


def test_the_verdict_on_a_pod_with_a_known_value_is_kubernetes_own(ask: Ask) -> None:
    pods = list(cases(DRAWN))
    assert len(pods) > 800
    assert [told for _, told in differences(pods, ask)] == []


def test_the_verdict_on_a_rich_pod_with_an_odd_value_is_kubernetes_own(ask: Ask) -> None:
    pods = [(name, pod) for name, pod in odd_pods() if not is_left_out(name)]
    assert len(pods) > 3000
    chosen = pods[:1] + random.Random(SEED).sample(pods[1:], ODD)  # noqa: S311 - the same pods on every run
    assert [told for _, told in differences(chosen, ask)] == []


def test_pods_of_both_kinds_are_asked_about(ask: Ask) -> None:
    pods = [pod for _, pod in cases(DRAWN)]
    refused = sum(bool(errors) for errors in errors_of(ask, pods))
    assert 300 < refused < len(pods) - 300


@pytest.mark.parametrize(("pattern", "why", "field"), LEFT_OUT, ids=[field for _, _, field in LEFT_OUT])
def test_what_is_left_out_does_differ(pattern: str, why: str, field: str, ask: Ask) -> None:
    pods = [(name, pod) for name, pod in (*odd_pods(), *UNJUDGED) if re.search(pattern, name)]
    assert why
    assert differences(pods, ask), f"nothing of {field} has to be left out any more"
