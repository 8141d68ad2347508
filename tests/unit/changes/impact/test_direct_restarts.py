"""Which fields of an object restart its pods, whose, and which do not."""

from __future__ import annotations

import pytest
from tests.support.sides import between, llm, said, service, side

MODEL = "model: {modelFormat: {name: sklearn}, storageUri: 's3://b/m'}"
CUSTOM = "containers: [{name: a, image: i}]"
TRANSFORMER = "  transformer: {containers: [{name: t, image: t}]}\n"
MOVED = "m predictor: ClusterServingRuntime kserve-sklearnserver -> ClusterServingRuntime kserve-mlserver{}"
OURS = "m predictor: [{}]"

# name -> (mode, before, after, who restarts and why)
SERVICES = {
    "another model": (
        "Standard",
        service(MODEL),
        service(MODEL.replace("s3://b/m", "s3://b/n")),
        OURS.format("spec.predictor.model.storageUri"),
    ),
    "another node": (
        "Standard",
        service(MODEL),
        service(f"{MODEL}, nodeSelector: {{a: b}}"),
        OURS.format("spec.predictor.nodeSelector.a"),
    ),
    "an environment variable more": (
        "Standard",
        service("model: {modelFormat: {name: sklearn}, env: [{name: A, value: a}]}"),
        service("model: {modelFormat: {name: sklearn}, env: [{name: A, value: a}, {name: B, value: b}]}"),
        OURS.format("spec.predictor.model.env[1]"),
    ),
    "more memory": (
        "Standard",
        service("model: {modelFormat: {name: sklearn}, resources: {limits: {memory: 2Gi}}}"),
        service("model: {modelFormat: {name: sklearn}, resources: {limits: {memory: 3Gi}}}"),
        OURS.format("spec.predictor.model.resources.limits.memory"),
    ),
    "the same memory, spelt otherwise": (
        "Standard",
        service("model: {modelFormat: {name: sklearn}, resources: {limits: {memory: 1Gi, cpu: 1000m}}}"),
        service("model: {modelFormat: {name: sklearn}, resources: {limits: {memory: 1024Mi, cpu: 1}}}"),
        None,
    ),
    "what defaults say is said": (
        "Standard",
        service(f"{CUSTOM}"),
        service("containers: [{name: kserve-container, image: i, resources: {requests: {cpu: '1', memory: 2Gi}}}]"),
        None,
    ),
    "the old way of writing a framework": (
        "Standard",
        service("sklearn: {storageUri: 's3://b/m'}"),
        service(MODEL),
        None,
    ),
    "empty lists and texts": (
        "Standard",
        service(f"{MODEL}, tolerations: [], schedulerName: ''"),
        service(f"{MODEL}, dnsPolicy: ClusterFirst"),
        None,
    ),
    "numbers of Standard": (
        "Standard",
        service(f"minReplicas: 1, maxReplicas: 2, scaleTarget: 80, timeout: 3, containerConcurrency: 1, {MODEL}"),
        service(f"minReplicas: 2, maxReplicas: 3, scaleTarget: 90, timeout: 4, containerConcurrency: 2, {MODEL}"),
        None,
    ),
    "how to roll": (
        "Standard",
        service(MODEL),
        service(f"deploymentStrategy: {{rollingUpdate: {{maxSurge: 0}}}}, {MODEL}"),
        None,
    ),
    "minReplicas of Knative is an annotation of the revision": (
        "Knative",
        service(f"minReplicas: 1, {MODEL}"),
        service(f"minReplicas: 2, {MODEL}"),
        OURS.format("spec.predictor.minReplicas"),
    ),
    "timeout of Knative": (
        "Knative",
        service(MODEL),
        service(f"timeout: 9, {MODEL}"),
        OURS.format("spec.predictor.timeout"),
    ),
    "a share of traffic": (
        "Knative",
        service(f"canaryTrafficPercent: 10, {MODEL}"),
        service(f"canaryTrafficPercent: 50, {MODEL}"),
        None,
    ),
    "a label of Knative's own": (
        "Knative",
        service(MODEL),
        service(MODEL, metadata="labels: {networking.knative.dev/visibility: cluster-local}"),
        None,
    ),
    "an annotation goes to all pods": (
        "Standard",
        service(MODEL, more=TRANSFORMER),
        service(MODEL, more=TRANSFORMER, metadata="annotations: {team: a}"),
        "m predictor+transformer: [metadata.annotations.team]",
    ),
    "a label too": (
        "Standard",
        service(MODEL, metadata="labels: {team: a}"),
        service(MODEL, metadata="labels: {team: b}"),
        OURS.format("metadata.labels.team"),
    ),
    "a component's own stands over the object's": (
        "Standard",
        service(f"labels: {{team: c}}, {MODEL}", more=TRANSFORMER, metadata="labels: {team: a}"),
        service(f"labels: {{team: c}}, {MODEL}", more=TRANSFORMER, metadata="labels: {team: b}"),
        "m transformer: [metadata.labels.team]",
    ),
    "what the object says anyway": (
        "Standard",
        service(MODEL, metadata="labels: {team: a}"),
        service(f"labels: {{team: a}}, {MODEL}", metadata="labels: {team: a}"),
        None,
    ),
    "what stands there anyway": (
        "Standard",
        service(f"{CUSTOM[:-2]}, readinessProbe: {{httpGet: {{port: 80}}}}}}]"),
        service(
            f"{CUSTOM[:-2]}, imagePullPolicy: IfNotPresent, readinessProbe: {{httpGet: {{port: 80, scheme: HTTP}},"
            " periodSeconds: 10}}], restartPolicy: Always, securityContext: {}, terminationGracePeriodSeconds: 30"
        ),
        None,
    ),
    "an annotation that is kept back": (
        "Standard",
        service(MODEL),
        service(MODEL, metadata="annotations: {modelFormat: x, autoscaling.knative.dev/min-scale: '2'}"),
        None,
    ),
    "another scaler is an annotation": (
        "Standard",
        service(MODEL),
        service(MODEL, metadata="annotations: {serving.kserve.io/autoscalerClass: none}"),
        OURS.format('metadata.annotations["serving.kserve.io/autoscalerClass"]'),
    ),
    "old words for the same mode": (
        "Standard",
        service(MODEL, metadata="annotations: {serving.kserve.io/deploymentMode: RawDeployment}"),
        service(MODEL, metadata="annotations: {serving.kserve.io/deploymentMode: Standard}"),
        None,
    ),
    "a logger": (
        "Standard",
        service(MODEL),
        service(f"logger: {{mode: all, url: 'http://x'}}, {MODEL}"),
        OURS.format("spec.predictor.logger"),
    ),
    "one component alone": (
        "Standard",
        service(MODEL, more=TRANSFORMER),
        service(MODEL, more=TRANSFORMER.replace("image: t", "image: u")),
        "m transformer: [spec.transformer.containers[0].image]",
    ),
    "a component more starts, nothing restarts": (
        "Standard",
        service(MODEL),
        service(MODEL, more=TRANSFORMER),
        None,
    ),
    "how many requests a transformer takes": (
        "Standard",
        service(MODEL, more=TRANSFORMER),
        service(MODEL, more="  transformer: {containerConcurrency: 4, containers: [{name: t, image: t}]}\n"),
        "m transformer: [spec.transformer.containerConcurrency]",
    ),
    "how many, where its arguments say it": (
        "Standard",
        service(MODEL, more="  transformer: {containers: [{name: t, image: t, args: [--workers=2]}]}\n"),
        service(
            MODEL,
            more="  transformer: {containerConcurrency: 4, containers: [{name: t, image: t, args: [--workers=2]}]}\n",
        ),
        None,
    ),
    "pods that span nodes carry the generation": (
        "Standard",
        service("minReplicas: 1, workerSpec: {}, model: {modelFormat: {name: huggingface}, storageUri: 'pvc://a'}"),
        service("minReplicas: 2, workerSpec: {}, model: {modelFormat: {name: huggingface}, storageUri: 'pvc://a'}"),
        "m predictor+predictor worker: [spec.predictor.minReplicas]",
    ),
    "a runtime by name that was chosen before": (
        "Standard",
        service("model: {modelFormat: {name: sklearn}}"),
        service("model: {modelFormat: {name: sklearn}, runtime: kserve-sklearnserver}"),
        None,
    ),
    "another runtime": (
        "Standard",
        service("model: {modelFormat: {name: sklearn}}"),
        service("model: {modelFormat: {name: sklearn}, protocolVersion: v2}"),
        MOVED.format("[spec.predictor.model.protocolVersion]"),
    ),
    "a server that labels all components": (
        "Standard",
        service("model: {modelFormat: {name: sklearn}}", more=TRANSFORMER),
        service("model: {modelFormat: {name: sklearn}, protocolVersion: v2}", more=TRANSFORMER),
        MOVED.replace("m predictor", "m predictor+transformer").format("[spec.predictor.model.protocolVersion]"),
    ),
    "a class that the same runtime is told": (
        "Standard",
        service("model: {modelFormat: {name: sklearn}, protocolVersion: v2}"),
        service("model: {modelFormat: {name: xgboost}, protocolVersion: v2}"),
        OURS.format("spec.predictor.model.modelFormat.name"),
    ),
}


@pytest.mark.parametrize("name", SERVICES)
def test_an_inference_service(name: str) -> None:
    mode, before, after, expected = SERVICES[name]
    found = between(side(before, mode=mode), side(after, mode=mode))
    assert said(found.restarts) == ([] if expected is None else [expected])
    assert found.refused == ()


DATA = "parallelism: {data: 2, dataLocal: 1}, worker: {containers: [{name: main}]}"
SCHEDULER = "router: {{scheduler: {{{}}}}}"
LLMS = {
    "another model": (llm(""), llm("").replace("hf://a/b", "hf://a/c"), "m main: [spec.model.uri]"),
    "the name that it has anyway": (llm(""), llm("").replace("uri:", "name: m, uri:"), None),
    "a container": (
        llm("template: {containers: [{name: main, image: a}]}"),
        llm("template: {containers: [{name: main, image: b}]}"),
        "m main: [spec.template.containers[0].image]",
    ),
    "numbers": (llm("replicas: 1"), llm("replicas: 3"), None),
    "sizes of one node": (llm("parallelism: {tensor: 1}"), llm("parallelism: {tensor: 2}"), None),
    "workers roll with their leader": (
        llm(DATA),
        llm(DATA.replace("name: main", "name: main, image: b")),
        "m main+main worker: [spec.worker.containers[0].image]",
    ),
    "workers come": (
        llm("template: {containers: []}"),
        llm("template: {containers: []}, worker: {}, parallelism: {data: 1, dataLocal: 1}"),
        "m main: [spec.worker spec.parallelism]",
    ),
    "prefill alone": (
        llm("prefill: {template: {containers: [{name: main, image: a}]}}"),
        llm("prefill: {template: {containers: [{name: main, image: b}]}}"),
        "m prefill: [spec.prefill.template.containers[0].image]",
    ),
    "a route": (llm("router: {route: {}}"), llm("router: {route: {}, gateway: {}}"), None),
    "the scheduler's text": (
        llm(SCHEDULER.format("config: {inline: {a: b}}")),
        llm(SCHEDULER.format("config: {inline: {a: c}}")),
        "m scheduler: [spec.router.scheduler.config.inline.a]",
    ),
    "the scheduler keeps a text that is no longer said": (
        llm(SCHEDULER.format("config: {inline: {a: b}}")),
        llm(SCHEDULER.format("")),
        None,
    ),
    "schedulers elect one of them": (
        llm(SCHEDULER.format("replicas: 1")),
        llm(SCHEDULER.format("replicas: 2")),
        "m scheduler: [spec.router.scheduler.replicas]",
    ),
    "and need not do so anew": (llm(SCHEDULER.format("replicas: 2")), llm(SCHEDULER.format("replicas: 3")), None),
    "annotations of the object are mostly kept back": (
        llm(""),
        llm("", metadata="annotations: {team: a, prometheus.io/port: '1'}"),
        'm main: [metadata.annotations["prometheus.io/port"]]',
    ),
    "labels of the object too": (llm(""), llm("", metadata="labels: {team: a}"), None),
    "annotations of the workload": (
        llm(""),
        llm("annotations: {team: a}"),
        "m main: [spec.annotations.team]",
    ),
    "one that is removed stays": (llm("annotations: {team: a}"), llm(""), None),
}


@pytest.mark.parametrize("name", LLMS)
def test_an_llm_service(name: str) -> None:
    before, after, expected = LLMS[name]
    found = between(side(before), side(after))
    assert said(found.restarts) == ([] if expected is None else [expected])
    assert found.refused == ()


GRAPH = "kind: InferenceGraph\nmetadata: {name: g, namespace: ns}\nspec: {nodes: {root: {routerType: Sequence}}}\n"


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (GRAPH.replace("spec: {", "spec: {minReplicas: 2, "), ["g router: [spec.minReplicas]"]),
        (GRAPH.replace("ns}", "ns, annotations: {a: b}}"), ["g router: [metadata.annotations.a]"]),
        (GRAPH.replace("Sequence", "Ensemble"), ["g router: [spec.nodes.root.routerType]"]),
        (GRAPH, []),
    ],
)
def test_a_graph_is_told_its_whole_spec(after: str, expected: list[str]) -> None:
    assert said(between(side(GRAPH), side(after)).restarts) == expected


def test_a_trained_model_restarts_nothing() -> None:
    model = (
        "kind: TrainedModel\nmetadata: {name: t, namespace: ns}\nspec: {model: {storageUri: 's3://a', memory: 1Gi}}\n"
    )
    assert between(side(model), side(model.replace("s3://a", "s3://b"))).restarts == ()


def test_what_stops_or_starts_is_no_restart() -> None:
    stop = "annotations: {serving.kserve.io/stop: 'true'}"
    running, stopped = service(MODEL), service(MODEL, metadata=stop)
    for before, after, numbers in ((running, stopped, ((1, 1), (0, 0))), (stopped, running, ((0, 0), (1, 1)))):
        found = between(side(before), side(after))
        assert found.restarts == ()
        assert [(item.before, item.after) for item in found.scaled] == [numbers]


def test_numbers_change_beside_restarts() -> None:
    found = between(side(service(f"minReplicas: 1, {MODEL}")), side(service(f"minReplicas: 3, {MODEL}")))
    assert found.restarts == ()
    assert [(item.role, item.before, item.after) for item in found.scaled] == [("predictor", (1, 1), (3, 3))]
