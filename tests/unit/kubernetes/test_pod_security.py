"""Pod Security, against verdicts of Kubernetes' own Go (pod-security-admission v0.34.2) on pods made at random.

Of each reason to refuse a pod the shortest ones that have no other are kept, with some that are taken. All 60,000 that
they are of, at nine minor versions, got the verdicts that Go gave.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.platforms import reference, release

from kservegen.checks.rules.base import Context
from kservegen.checks.rules.discover import discover
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId

PODS = [json.loads(line) for line in (Path(__file__).parent / "pod_security.jsonl").read_text("utf-8").splitlines()]


def _resource(kind: str, doc: JsonObject) -> Resource:
    return Resource(id=ResourceId(kind, "" if kind == "Namespace" else "ns", "ns"), api_version="v1", doc=doc, file="f")


@pytest.mark.parametrize("case", PODS, ids=lambda case: f"{case['level']}-{case['minor']}-{'+'.join(case['why'])}")
def test_verdicts_are_kubernetes_own(case: JsonObject) -> None:
    pod = case["pod"]
    assert isinstance(pod, dict)
    labels: JsonObject = {"pod-security.kubernetes.io/enforce": case["level"]}
    namespace = _resource("Namespace", {"metadata": {"labels": labels}})
    context = Context(
        environment="test",
        release=release("v0.19.0"),
        deployment_mode="Standard",
        platform=reference("v0.19.0"),
        resources={namespace.id: namespace},
        kubernetes_version=f"1.{case['minor']}.3",
    )
    found = [finding for _, finding in discover().run([_resource("Pod", pod)], context)]
    told = [finding for finding in found if finding.rule == "kubernetes/pod-security"]
    assert bool(told) is not case["allowed"]
