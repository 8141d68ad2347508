"""How many pods an object asks for: at the least, at the most, and while it rolls."""

from __future__ import annotations

import pytest
import yaml

from kservegen.checks.demand.groups import pod_groups
from kservegen.core.resource import Resource, ResourceId

MODEL = "model: {modelFormat: {name: sklearn}, storageUri: 's3://b/m'}"
GPU = "containers: [{name: main, resources: {limits: {nvidia.com/gpu: 2}}}]"
SCHEDULER = "router: {scheduler: {template: {containers: []}}}"

# name -> (kind, mode, spec, the groups as `role minimum-maximum+surge`)
CASES = {
    "nothing said": ("InferenceService", "Standard", f"predictor: {{{MODEL}}}", ["predictor 1-1+1"]),
    "no zero without Knative": (
        "InferenceService",
        "Standard",
        f"predictor: {{minReplicas: 0, maxReplicas: 8, {MODEL}}}",
        ["predictor 1-8+2"],
    ),
    "a surge in pods": (
        "InferenceService",
        "Standard",
        f"predictor: {{maxReplicas: 8, deploymentStrategy: {{rollingUpdate: {{maxSurge: 0}}}}, {MODEL}}}",
        ["predictor 1-8+0"],
    ),
    "a surge in percent": (
        "InferenceService",
        "Standard",
        f"predictor: {{maxReplicas: 5, deploymentStrategy: {{rollingUpdate: {{maxSurge: 30%}}}}, {MODEL}}}",
        ["predictor 1-5+2"],
    ),
    "all at once": (
        "InferenceService",
        "Standard",
        f"predictor: {{maxReplicas: 5, deploymentStrategy: {{type: Recreate}}, {MODEL}}}",
        ["predictor 1-5+0"],
    ),
    "Knative": (
        "InferenceService",
        "Knative",
        f"predictor: {{minReplicas: 0, maxReplicas: 4, {MODEL}}}",
        ["predictor 0-4+1"],
    ),
    "a canary of Knative's keeps both": (
        "InferenceService",
        "Knative",
        f"predictor: {{minReplicas: 1, maxReplicas: 4, canaryTrafficPercent: 10, {MODEL}}}",
        ["predictor 1-4+4"],
    ),
    "Knative without an end": ("InferenceService", "Knative", f"predictor: {{{MODEL}}}", ["predictor 1-1+1 unbounded"]),
    "all components": (
        "InferenceService",
        "Standard",
        f"predictor: {{{MODEL}}}\ntransformer: {{minReplicas: 2, containers: [{{name: a}}]}}\nexplainer: {{art: {{}}}}",
        ["predictor 1-1+1", "transformer 2-2+1", "explainer 1-1+1"],
    ),
    "a canary of v0.20": (
        "InferenceService",
        "Standard",
        f"predictor: {{{MODEL}}}\ncanary: [{{trafficPercent: 10, predictor: {{minReplicas: 2, {MODEL}}}}}]",
        ["predictor 1-1+1", "canary 2-2+1"],
    ),
    "pods on several nodes": (
        "InferenceService",
        "Standard",
        f"predictor: {{minReplicas: 2, workerSpec: {{pipelineParallelSize: 4}}, {MODEL}}}",
        ["predictor 2-2+1", "predictor worker 6-6+6"],
    ),
    "an LLM": ("LLMInferenceService", "Standard", f"replicas: 3\ntemplate: {{{GPU}}}", ["main 3-3+1"]),
    "an LLM that scales": (
        "LLMInferenceService",
        "Standard",
        f"scaling: {{maxReplicas: 6, wva: {{}}}}\ntemplate: {{{GPU}}}",
        ["main 1-6+2"],
    ),
    "an LLM on several nodes": (
        "LLMInferenceService",
        "Standard",
        f"replicas: 2\nparallelism: {{data: 16, dataLocal: 8, tensor: 1}}\ntemplate: {{{GPU}}}\nworker: {{{GPU}}}",
        ["main 2-2+0", "main worker 2-2+0"],
    ),
    "prefill and a scheduler": (
        "LLMInferenceService",
        "Standard",
        f"replicas: 1\ntemplate: {{{GPU}}}\nprefill: {{replicas: 2, template: {{{GPU}}}}}\n{SCHEDULER}",
        ["main 1-1+1", "prefill 2-2+1", "scheduler 1-1+0"],
    ),
    "a graph": ("InferenceGraph", "Standard", "nodes: {}\nmaxReplicas: 3", ["router 1-3+1"]),
    "a kind without pods": ("LocalModelCache", "Standard", "{}", []),
}


def resource(kind: str, spec: str, annotations: dict[str, str] | None = None) -> Resource:
    doc = {"metadata": {"name": "a", "annotations": annotations or {}}, "spec": yaml.safe_load(spec)}
    return Resource(id=ResourceId(kind, "ns", "a"), api_version="serving.kserve.io/v1beta1", doc=doc, file="a.yaml")


@pytest.mark.parametrize("name", CASES)
def test_groups(name: str) -> None:
    kind, mode, spec, expected = CASES[name]
    groups = pod_groups(resource(kind, spec), cluster_mode=mode, runtime=lambda *_: None)
    seen = [
        f"{g.role} {g.count.minimum}-{g.count.maximum}+{g.count.surge}{' unbounded' if g.unbounded else ''}"
        for g in groups
    ]
    assert seen == expected


def test_the_object_says_its_mode() -> None:
    annotations = {"serving.kserve.io/deploymentMode": "Knative"}
    (group,) = pod_groups(
        resource("InferenceService", f"predictor: {{minReplicas: 0, {MODEL}}}", annotations),
        cluster_mode="Standard",
        runtime=lambda *_: None,
    )
    assert group.count.minimum == 0


def test_what_is_stopped_takes_nothing() -> None:
    stopped = resource("InferenceService", f"predictor: {{{MODEL}}}", {"serving.kserve.io/stop": "true"})
    assert pod_groups(stopped, cluster_mode="Standard", runtime=lambda *_: None) == ()


def test_the_runtime_s_amounts_lie_below_the_model_s() -> None:
    spec = "predictor: {logger: {mode: all}, model: {storageUri: 's3://b/m', resources: {limits: {nvidia.com/gpu: 1}}}}"
    (group,) = pod_groups(
        resource("InferenceService", spec),
        cluster_mode="Standard",
        runtime=lambda *_: {"requests": {"cpu": "1", "memory": "2Gi"}},
    )
    assert {name: float(amount) for name, amount in group.requests.items()} == {
        "cpu": 1.1,  # the server and the logger's agent; the storage initializer runs before them
        "memory": 2 * 2**30 + 100 * 2**20,
        "nvidia.com/gpu": 1,
    }
