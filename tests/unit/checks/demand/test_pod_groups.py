"""How many pods an object asks for: at the least, at the most, and while it rolls."""

from __future__ import annotations

import pytest
import yaml

from kservegen.checks.demand.groups import PodGroup, pod_groups
from kservegen.checks.simulation import Simulation, reference_installation
from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.repository import packaged_data
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.controllers.made import STORED
from kservegen.kserve.defaulting import Installation, default
from kservegen.kserve.releases import Releases

SCHEMAS = SchemaStore((packaged_data() / "schemas",))
RELEASE = Releases(SCHEMAS.roots).get("v0.20.0")

MODEL = "model: {modelFormat: {name: sklearn}, storageUri: 's3://b/m'}"
NODES = (
    "model: {modelFormat: {name: huggingface}, runtime: kserve-huggingfaceserver-multinode, storageUri: 'pvc://p/m'}"
)
HUB = "model: {uri: 'hf://org/m'}"
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
        f"predictor: {{{MODEL}}}\ntransformer: {{minReplicas: 2, containers: [{{name: a, image: b}}]}}",
        ["predictor 1-1+1", "transformer 2-2+1"],
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
        f"predictor: {{minReplicas: 2, workerSpec: {{pipelineParallelSize: 4}}, {NODES}}}",
        ["predictor 2-2+1", "predictor worker 3-3+3"],  # one Deployment of workers, whatever the number of heads
    ),
    "an LLM": ("LLMInferenceService", "Standard", f"{HUB}\nreplicas: 3\ntemplate: {{{GPU}}}", ["main 3-3+1"]),
    "a scheduler of the preset's": (
        "LLMInferenceService",
        "Standard",
        f"{HUB}\ntemplate: {{{GPU}}}\nrouter: {{scheduler: {{}}}}",
        ["main 1-1+1", "scheduler 1-1+0"],
    ),
    "an LLM that scales": (
        "LLMInferenceService",
        "Standard",
        f"{HUB}\nscaling: {{maxReplicas: 6, wva: {{hpa: {{}}}}}}\ntemplate: {{{GPU}}}",
        ["main 1-6+2"],
    ),
    "an LLM on several nodes": (
        "LLMInferenceService",
        "Standard",
        f"{HUB}\nreplicas: 2\nparallelism: {{data: 16, dataLocal: 8}}\ntemplate: {{{GPU}}}\nworker: {{{GPU}}}",
        ["main 2-2+0", "main worker 2-2+0"],
    ),
    "prefill and a scheduler": (
        "LLMInferenceService",
        "Standard",
        f"{HUB}\nreplicas: 1\ntemplate: {{{GPU}}}\nprefill: {{replicas: 2, template: {{{GPU}}}}}\n{SCHEDULER}",
        ["main 1-1+1", "prefill 2-2+1", "scheduler 1-1+0"],
    ),
    "a graph": ("InferenceGraph", "Standard", "nodes: {}\nmaxReplicas: 3", ["router 1-3+1"]),
    "a kind without pods": ("LocalModelCache", "Standard", "{}", []),
}


def groups_of(
    kind: str, spec: str, mode: str = "Standard", annotations: dict[str, JsonValue] | None = None
) -> tuple[PodGroup, ...]:
    version = "v1alpha2" if kind == "LLMInferenceService" else "v1alpha1" if kind == "InferenceGraph" else "v1beta1"
    doc: JsonObject = {
        "apiVersion": f"serving.kserve.io/{version}",
        "kind": kind,
        "metadata": {"name": "a", "namespace": "ns", "annotations": annotations or {}},
        "spec": yaml.safe_load(spec),
    }
    written = Resource(id=ResourceId(kind, "ns", "a"), api_version=str(doc["apiVersion"]), doc=doc, file="a.yaml")
    stored = default(written, Installation(kserve_version=RELEASE.version, deployment_mode=mode)).resource
    installed = reference_installation(RELEASE, mode, SCHEMAS)
    return pod_groups(stored, Simulation(RELEASE, installed, {stored.id: stored}, frozenset()))


@pytest.mark.parametrize("name", CASES)
def test_groups(name: str) -> None:
    kind, mode, spec, expected = CASES[name]
    seen = [
        f"{g.role} {g.count.minimum}-{g.count.maximum}+{g.count.surge}{' unbounded' if g.count.unbounded else ''}"
        for g in groups_of(kind, spec, mode)
    ]
    assert seen == expected


@pytest.mark.parametrize(
    ("scaler", "expected"),
    [("none", (2, 2, False)), ("external", (2, 5, False)), ("hpa", (2, 5, False)), ("keda", (2, 5, False))],
)
def test_who_says_how_many(scaler: str, expected: tuple[int, int, bool]) -> None:
    metrics = "autoScaling: {metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization}}}]}"
    spec = f"predictor: {{minReplicas: 2, maxReplicas: 5, {metrics}, {MODEL}}}"
    (group,) = groups_of("InferenceService", spec, annotations={"serving.kserve.io/autoscalerClass": scaler})
    assert (group.count.minimum, group.count.maximum, group.count.unbounded) == expected


def test_the_object_says_its_mode() -> None:
    annotations: dict[str, JsonValue] = {"serving.kserve.io/deploymentMode": "Standard"}
    (group,) = groups_of("InferenceService", f"predictor: {{minReplicas: 0, {MODEL}}}", "Knative", annotations)
    assert group.count.minimum == 1


@pytest.mark.parametrize(
    ("spec", "annotations"),
    [
        (f"predictor: {{{MODEL}}}", {"serving.kserve.io/stop": "true"}),
        ("predictor: {model: {modelFormat: {name: nothing-serves-this}, storageUri: 's3://b/m'}}", {}),
    ],
    ids=["stopped", "not deployed"],
)
def test_what_does_not_run_takes_nothing(spec: str, annotations: dict[str, JsonValue]) -> None:
    assert groups_of("InferenceService", spec, annotations=annotations) == ()


def test_all_that_runs_beside_the_server_counts() -> None:
    spec = "predictor: {logger: {mode: all}, model: {modelFormat: {name: sklearn}, storageUri: 's3://b/m'}}"
    (group,) = groups_of("InferenceService", spec)
    assert {name: float(amount) for name, amount in group.requests.items()} == {
        "cpu": 1.1,  # the server and the logger's agent; the storage initializer runs before them
        "memory": 2 * 2**30 + 100 * 2**20,
    }


def test_a_field_leads_to_the_line_that_states_it() -> None:
    spec = f"predictor: {{nodeSelector: {{disk: fast}}, {MODEL}}}"
    (group,) = groups_of("InferenceService", spec)
    assert group.source(("nodeSelector", "disk")) == (STORED, "spec", "predictor", "nodeSelector", "disk")
    owner, *_ = group.source(("containers", 0, "resources", "requests", "memory"))
    assert owner == "ClusterServingRuntime kserve-sklearnserver"
    assert group.labels["component"] == "predictor"
    assert [list(mapping(item)) for item in sequence(group.pod["containers"])] == [["resources"]]  # it is kept small
