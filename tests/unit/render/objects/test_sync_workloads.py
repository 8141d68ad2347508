"""Which workloads an engine can watch for a model."""

from __future__ import annotations

import pytest

from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId
from kservegen.render.gitops.workloads import model_workloads

MODE = "serving.kserve.io/deploymentMode"
STOP = "serving.kserve.io/stop"
SERVICE: JsonObject = {"predictor": {}, "transformer": {}}

CASES: dict[str, tuple[str, JsonObject, JsonObject, list[str]]] = {
    "a service": ("InferenceService", SERVICE, {}, ["Deployment m-predictor", "Deployment m-transformer"]),
    "an old mode": ("InferenceService", {"predictor": {}}, {MODE: "Serverless"}, ["Service m-predictor"]),
    "a mode without workloads": ("InferenceService", {"predictor": {}}, {MODE: "ModelMesh"}, []),
    "stopped": ("InferenceService", SERVICE, {STOP: "true"}, []),
    "over several nodes": (
        "InferenceService",
        {"predictor": {"workerSpec": {}}},
        {},
        ["Deployment m-predictor", "Deployment m-predictor-worker"],
    ),
    "a predictor's own name": ("InferenceService", {"predictor": {"name": "v2"}}, {}, []),
    "a graph": ("InferenceGraph", {"nodes": {}}, {}, ["Deployment m"]),
    "an llm in any mode": ("LLMInferenceService", {}, {MODE: "Knative"}, ["Deployment m-kserve"]),
    "an llm with prefill": (
        "LLMInferenceService",
        {"prefill": {}, "router": {"scheduler": {}}},
        {},
        ["Deployment m-kserve", "Deployment m-kserve-prefill"],
    ),
    "an llm over several nodes": ("LLMInferenceService", {"worker": {}}, {}, []),
    "an llm that a base may change": ("LLMInferenceService", {"baseRefs": [{"name": "b"}]}, {}, []),
    "a kind without pods": ("TrainedModel", {"inferenceService": "iris"}, {}, []),
}


@pytest.mark.parametrize("name", CASES)
def test_workloads(name: str) -> None:
    kind, spec, annotations, expected = CASES[name]
    doc: JsonObject = {"metadata": {"annotations": annotations}, "spec": spec}
    resource = Resource(id=ResourceId(kind, "ns", "m"), api_version="v1", doc=doc, file="f")
    found = list(model_workloads(resource, "Standard"))
    assert [f"{item.kind} {item.name}" for item in found] == expected
    assert {item.namespace for item in found} <= {"ns"}
    groups = {"Deployment": "apps/v1", "Service": "serving.knative.dev/v1"}
    assert all(groups[item.kind] == item.api_version for item in found)
