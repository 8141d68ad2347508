"""What is made of InferenceServices: objects in order, where the controller stops, a model laid over its runtime."""

from __future__ import annotations

from copy import deepcopy

import pytest
from tests.support.controllers import NEWEST, OLDEST, field, names, pod_field, reconcile, service, words_of

from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.controllers.made import STORED

MODEL: JsonObject = {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://b/m"}
DEPLOYMENT = "Deployment/iris-predictor"
CONTAINER = ("spec", "template", "spec", "containers", 0)


@pytest.mark.parametrize(
    ("version", "order"),
    [
        (OLDEST, ["Deployment", "Service", "HorizontalPodAutoscaler"]),
        (NEWEST, ["Service", "Deployment", "HorizontalPodAutoscaler"]),
    ],
)
def test_objects_are_written_in_the_order_of_the_release(version: str, order: list[str]) -> None:
    made = reconcile(service(), version=version)
    assert names(made) == [f"{kind}/iris-predictor" for kind in order]
    assert made.deployable


def _predictor(**more: JsonValue) -> JsonObject:
    return {"model": MODEL, **more}


def _model(**more: JsonValue) -> JsonObject:
    return {"model": {**MODEL, **more}}


@pytest.mark.parametrize(
    ("stored", "version", "step", "reason", "left"),
    [
        (service(_model(storageUri="ftp://x/y")), NEWEST, "build", "InternalError", []),
        (service(_model(storage={"path": "p"})), NEWEST, "build", "InternalError", []),
        (service(_model(runtime="nope")), NEWEST, "runtime", "RuntimeNotRecognized", []),
        (service(_model(modelFormat={"name": "nope"})), NEWEST, "runtime", "NoSupportingRuntime", []),
        (service(_model(args=["{{.Nope}}"])), NEWEST, "merge", "InvalidPredictorSpec", []),
        (
            service({"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]}),
            NEWEST,
            "predictor",
            "Panic",
            [],
        ),
        (
            service(_predictor(hostname="No_Host")),
            NEWEST,
            "write",
            "ReconcileFailed",
            ["Service/iris-predictor"],
        ),
        (service(_predictor(hostname="No_Host")), OLDEST, "write", "ReconcileFailed", []),
        (
            service(annotations={"serving.kserve.io/autoscalerClass": "keda"}),
            NEWEST,
            "write",
            "ReconcileFailed",
            ["Service/iris-predictor", "Deployment/iris-predictor"],
        ),
        (service(name="i" * 50, namespace="n" * 10), NEWEST, "build", "ReconcileFailed", []),
        (service(annotations={"serving.kserve.io/deploymentMode": "Foo"}), NEWEST, "build", "ReconcileFailed", []),
        (
            service(annotations={"serving.kserve.io/deploymentMode": "Knative"}),
            OLDEST,
            "finalizer",
            "UpdateRejected",
            [],
        ),
        (
            service(annotations={"serving.kserve.io/deploymentMode": "Knative"}),
            NEWEST,
            "mode",
            "ServerlessModeRejected",
            [],
        ),
        (service(annotations={"serving.kserve.io/deploymentMode": "ModelMesh"}), NEWEST, "mode", "ModelMesh", []),
    ],
)
def test_the_controller_stops_where_it_stops(
    stored: JsonObject, version: str, step: str, reason: str, left: list[str]
) -> None:
    made = reconcile(stored, version=version)
    assert made.outcome is not None
    assert (made.outcome.step, made.outcome.reason, names(made)) == (step, reason, left)
    assert not made.deployable


def test_what_stands_beside_a_service_is_not_changed() -> None:
    form: JsonObject = {"name": "own", "version": "1", "autoSelect": True}
    containers: JsonValue = [{"name": "kserve-container", "image": "own:1"}, {"name": "beside", "image": "beside:1"}]
    runtime: JsonObject = {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ClusterServingRuntime",
        "metadata": {"name": "own"},
        "spec": {"supportedModelFormats": [form], "containers": containers},
    }
    stored = service(_model(modelFormat={"name": "own"}))
    before = deepcopy((runtime, stored))
    made = reconcile(stored, runtime)
    assert pod_field(made, "containers", 1, "env", 0, "value") == "iris"
    assert (runtime, stored) == before


@pytest.mark.parametrize("namespace", [{}, {"namespace": "default"}])
def test_what_names_no_namespace_is_made_in_the_usual_one(namespace: JsonObject) -> None:
    stored = service(_model(modelFormat={"name": "own"}))
    mapping(stored["metadata"]).pop("namespace")
    container: JsonObject = {"name": "kserve-container", "image": "own:1"}
    form: JsonObject = {"name": "own", "version": "1", "autoSelect": True}
    runtime: JsonObject = {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ServingRuntime",
        "metadata": {"name": "own", **namespace},
        "spec": {"supportedModelFormats": [form], "containers": [container]},
    }
    made = reconcile(stored, runtime)
    assert made.outcome is None
    assert field(made, "Service/iris-predictor", "metadata", "namespace") == "default"


def test_a_model_without_a_source_gets_the_agent_and_its_list_of_models() -> None:
    made = reconcile(service({"model": {"modelFormat": {"name": "sklearn"}}}))
    assert names(made)[0] == "ConfigMap/modelconfig-iris-0"
    assert [item["name"] for item in _containers(made)] == ["kserve-container", "agent"]


def _containers(made: object, of: str = DEPLOYMENT) -> list[dict[str, object]]:
    found = pod_field(made, "containers", of=of)  # type: ignore[arg-type]
    assert isinstance(found, list)
    return found  # type: ignore[return-value]


def test_stop_leaves_nothing_but_the_list_of_models() -> None:
    stored = service({"model": {"modelFormat": {"name": "sklearn"}}}, annotations={"serving.kserve.io/stop": "True"})
    assert names(reconcile(stored)) == ["ConfigMap/modelconfig-iris-0"]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("args",), ["--model_name=iris", "--model_dir=/mnt/models", "--http_port=8080", "--own"], None),
        (("args", 3), "--own", (STORED, "spec", "predictor", "model", "args", 0)),
        (
            ("args", 0),
            "--model_name=iris",
            ("ClusterServingRuntime kserve-sklearnserver", "spec", "containers", 0, "args", 0),
        ),
        (("resources", "limits", "cpu"), "4", (STORED, "spec", "predictor", "model", "resources", "limits", "cpu")),
        (("resources", "limits", "memory"), "2Gi", None),
        (("env", 0, "name"), "OWN", (STORED, "spec", "predictor", "model", "env", 0, "name")),
        (("env", 1, "value"), "iris", ("KServe", "INFERENCE_SERVICE_NAME", "value")),
        (("imagePullPolicy",), "IfNotPresent", ("KServe", *CONTAINER, "imagePullPolicy")),
        (("readinessProbe", "tcpSocket", "port"), 8080, None),
    ],
)
def test_the_model_is_laid_over_its_runtime(
    path: tuple[str | int, ...], value: JsonValue, words: tuple[object, ...]
) -> None:
    own = _model(args=["--own"], env=[{"name": "OWN", "value": "1"}], resources={"limits": {"cpu": "4"}})
    made = reconcile(service(own))
    assert field(made, DEPLOYMENT, *CONTAINER, *path) == value
    if words is not None:
        assert words_of(made, DEPLOYMENT, (*CONTAINER, *path)) == words


@pytest.mark.parametrize(
    ("version", "model", "image"),
    [
        (NEWEST, {"modelFormat": {"name": "huggingface"}}, "kserve/huggingfaceserver:latest"),
        (NEWEST, {"modelFormat": {"name": "huggingface"}, "resources": {"limits": {"nvidia.com/gpu": "0"}}}, None),
        (OLDEST, {"modelFormat": {"name": "huggingface"}, "resources": {"limits": {"nvidia.com/gpu": "1"}}}, None),
        (
            NEWEST,
            {"modelFormat": {"name": "huggingface"}, "resources": {"limits": {"amd.com/gpu": "1"}}},
            "kserve/huggingfaceserver:latest",
        ),
        (NEWEST, {"modelFormat": {"name": "huggingface"}, "runtimeVersion": "v1"}, "kserve/huggingfaceserver:v1"),
        (NEWEST, {"modelFormat": {"name": "huggingface"}, "image": "own@sha256:0"}, "own@sha256:0"),
        (NEWEST, {"modelFormat": {"name": "vLLM"}}, "vllm/vllm-openai-cpu:latest"),
        (
            NEWEST,
            {"modelFormat": {"name": "vLLM"}, "resources": {"limits": {"nvidia.com/mig-1g.5gb": 1}}},
            "vllm/vllm-openai:latest",
        ),
    ],
)
def test_the_image_follows_from_version_and_devices(version: str, model: JsonObject, image: str | None) -> None:
    made = reconcile(service({"model": {"storageUri": "hf://a/b", **model}}), version=version)
    assert field(made, DEPLOYMENT, *CONTAINER, "image") == (image or "kserve/huggingfaceserver:latest-gpu")


@pytest.mark.parametrize(
    ("model", "variables", "label"),
    [
        (
            {"modelFormat": {"name": "xgboost"}},
            ["MLSERVER_MODEL_NAME", "MLSERVER_MODEL_URI"],
            "mlserver_xgboost.XGBoostModel",
        ),
        (
            {"modelFormat": {"name": "sklearn"}, "storageUri": None},
            ["MLSERVER_LOAD_MODELS_AT_STARTUP"],
            "mlserver_sklearn.SKLearnModel",
        ),
    ],
)
def test_mlserver_is_told_what_to_load(model: JsonObject, variables: list[str], label: str) -> None:
    stated = {"storageUri": "s3://b/m", "runtime": "kserve-mlserver", **model}
    made = reconcile(service({"model": {key: value for key, value in stated.items() if value is not None}}))
    env = field(made, DEPLOYMENT, *CONTAINER, "env")
    assert isinstance(env, list)
    assert [item["name"] for item in env if isinstance(item, dict)][: len(variables)] == variables
    assert field(made, DEPLOYMENT, "metadata", "labels", "modelClass") == label


TRANSFORMER: JsonObject = {"containers": [{"name": "kserve-container", "image": "pre:1", "args": ["--workers=2"]}]}


def test_transformer_and_explainer_are_told_where_the_predictor_is() -> None:
    explainer: JsonObject = {"containers": [{"name": "kserve-container", "image": "ex:1"}]}
    own: JsonObject = {**TRANSFORMER, "containerConcurrency": 3}
    made = reconcile(service(spec={"transformer": own, "explainer": explainer}))
    told = ["--model_name", "iris", "--predictor_host", "iris-predictor.models", "--http_port", "8080"]
    assert field(made, "Deployment/iris-transformer", *CONTAINER, "args") == ["--workers=2", *told]
    assert field(made, "Deployment/iris-explainer", *CONTAINER, "args") == told
    assert field(made, "Deployment/iris-explainer", *CONTAINER, "env") is None


def test_the_art_explainer_names_its_own_arguments_first_and_the_users_twice() -> None:
    art: JsonObject = {"type": "SquareAttack", "runtimeVersion": "v1", "args": ["--x"], "config": {"b": "2", "a": "1"}}
    made = reconcile(service(spec={"explainer": {"art": art}}))
    args = field(made, "Deployment/iris-explainer", *CONTAINER, "args")
    assert isinstance(args, list)
    assert args[6:] == ["--adversary_type", "SquareAttack", "--a", "1", "--b", "2", "--x", "--x"]
    assert field(made, "Deployment/iris-explainer", *CONTAINER, "image") == "kserve/art-explainer:v1"


def test_what_is_disallowed_does_not_reach_made_objects() -> None:
    stated: JsonObject = {
        "autoscaling.knative.dev/min-scale": "2",
        "team": "red",
        "modelFormat": "sklearn",
        "kept": "1",
    }
    config: JsonObject = {"inferenceService": {"serviceAnnotationDisallowedList": ["team"]}}
    made = reconcile(service(annotations=dict(stated)), config={**config, "ingress": {"disableIngressCreation": True}})
    annotations = field(made, DEPLOYMENT, "metadata", "annotations")
    assert isinstance(annotations, dict)
    assert annotations.keys() & stated.keys() == {"kept"}


@pytest.mark.parametrize(
    ("predictor", "config", "strategy", "deadline"),
    [
        (_predictor(), None, {"maxUnavailable": "25%", "maxSurge": "25%"}, 600),
        (
            _predictor(),
            {"deploymentRolloutStrategy": {"defaultRollout": {"maxSurge": "50%", "maxUnavailable": "10%"}}},
            {"maxUnavailable": "10%", "maxSurge": "50%"},
            600,
        ),
        (
            _predictor(deploymentStrategy={"rollingUpdate": {"maxSurge": 1}}),
            None,
            {"maxUnavailable": "25%", "maxSurge": 1},
            600,
        ),
    ],
)
def test_rollouts(predictor: JsonObject, config: JsonObject | None, strategy: JsonObject, deadline: int) -> None:
    made = reconcile(service(predictor), config=None if config is None else {"deploy": config})
    assert field(made, DEPLOYMENT, "spec", "strategy", "rollingUpdate") == strategy
    assert field(made, DEPLOYMENT, "spec", "progressDeadlineSeconds") == deadline


def test_plain_numbers_as_rollout_defaults_break_every_service() -> None:
    rollout: JsonObject = {"deploymentRolloutStrategy": {"defaultRollout": {"maxSurge": "1", "maxUnavailable": "0"}}}
    made = reconcile(service(), config={"deploy": rollout})
    assert names(made) == ["Service/iris-predictor"]


@pytest.mark.parametrize(
    ("ports", "made_ports"),
    [
        (None, [(80, 8080, "iris-predictor", None)]),
        ([{"containerPort": 9000}], [(80, 9000, "", None)]),
        ([{"containerPort": 9000, "name": "h2c"}], [(80, 9000, "h2c", "kubernetes.io/h2c")]),
        (
            [{"containerPort": 8081, "name": "http"}, {"containerPort": 9000, "name": "grpc"}],
            [(80, 8081, "http", None), (9000, 9000, "grpc", "kubernetes.io/h2c")],
        ),
    ],
)
def test_ports_of_the_service(ports: JsonValue, made_ports: list[tuple[int, int, str, str | None]]) -> None:
    own = _model() if ports is None else _model(ports=ports)
    found = field(reconcile(service(own)), "Service/iris-predictor", "spec", "ports")
    assert isinstance(found, list)
    fields = ("port", "targetPort", "name", "appProtocol")
    assert [tuple(port.get(name) for name in fields) for port in found if isinstance(port, dict)] == made_ports


@pytest.mark.parametrize("extra", [{"logger": {"mode": "all"}}, {"batcher": {}}])
def test_requests_go_to_the_agent_where_it_logs_or_batches(extra: JsonObject) -> None:
    made = reconcile(service({"model": MODEL, **extra}))
    assert field(made, "Service/iris-predictor", "spec", "ports", 0, "targetPort") == 9081


HPA = "HorizontalPodAutoscaler/iris-predictor"
_80: JsonObject = {"type": "Utilization", "averageUtilization": 80}


@pytest.mark.parametrize(
    ("more", "least", "most", "metrics"),
    [
        ({}, 1, 1, [("cpu", _80)]),
        ({"minReplicas": 0, "maxReplicas": 0}, 1, 1, [("cpu", _80)]),
        ({"minReplicas": 3, "maxReplicas": 2}, 3, 3, [("cpu", _80)]),
        ({"scaleMetric": "memory", "scaleTarget": 50}, 1, 1, [("memory", {**_80, "averageUtilization": 50})]),
        ({"scaleMetric": "rps", "scaleTarget": 50}, 1, 1, [("cpu", _80)]),
        (
            {
                "autoScaling": {
                    "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Value"}}}]
                }
            },
            1,
            1,
            [("cpu", _80)],
        ),
    ],
)
def test_the_autoscaler(more: JsonObject, least: int, most: int, metrics: list[tuple[str, JsonObject]]) -> None:
    made = reconcile(service(_predictor(**more)))
    assert (field(made, HPA, "spec", "minReplicas"), field(made, HPA, "spec", "maxReplicas")) == (least, most)
    expected: JsonValue = [{"type": "Resource", "resource": {"name": n, "target": t}} for n, t in metrics]
    assert field(made, HPA, "spec", "metrics") == expected


@pytest.mark.parametrize(("chosen", "replicas"), [("none", 3), ("external", 1)])
def test_without_an_autoscaler_the_replicas_stand_or_not(chosen: str, replicas: int) -> None:
    stored = service(_predictor(minReplicas=3), annotations={"serving.kserve.io/autoscalerClass": chosen})
    made = reconcile(stored)
    assert names(made) == ["Service/iris-predictor", DEPLOYMENT]
    assert field(made, DEPLOYMENT, "spec", "replicas") == replicas


def test_keda_scales_by_what_is_asked_for() -> None:
    metric: JsonObject = {"backend": "prometheus", "serverAddress": "http://p", "query": "up"}
    asked: JsonObject = {"metrics": [{"type": "External", "external": {"metric": metric, "target": {"value": "2"}}}]}
    stored = service(
        _predictor(minReplicas=0, autoScaling=asked), annotations={"serving.kserve.io/autoscalerClass": "keda"}
    )
    made = reconcile(stored)
    spec = field(made, "ScaledObject/iris-predictor", "spec")
    trigger = {"type": "prometheus", "metadata": {"serverAddress": "http://p", "query": "up", "threshold": "2"}}
    assert isinstance(spec, dict)
    assert (spec["minReplicaCount"], spec["triggers"]) == (0, [trigger])
    behavior = {"scaleUp": {"stabilizationWindowSeconds": 0}, "scaleDown": {"stabilizationWindowSeconds": 300}}
    assert spec["advanced"] == {"horizontalPodAutoscalerConfig": {"behavior": behavior}, "scalingModifiers": {}}


def test_metrics_of_pods_bring_a_collector() -> None:
    metric: JsonObject = {"backend": "opentelemetry", "metricNames": ["n"], "query": "n"}
    asked: JsonObject = {"metrics": [{"type": "PodMetric", "podmetric": {"metric": metric, "target": {"value": "4"}}}]}
    stored = service(_predictor(autoScaling=asked), annotations={"serving.kserve.io/autoscalerClass": "keda"})
    made = reconcile(stored)
    assert names(made)[1] == "OpenTelemetryCollector/iris-predictor"
    query = field(made, "ScaledObject/iris-predictor", "spec", "triggers", 0, "metadata", "metricQuery")
    assert query == 'sum(n{namespace="models", deployment="iris-predictor"})'


def test_canaries_take_their_replicas_from_the_stable_predictor() -> None:
    canary: JsonValue = [
        {"trafficPercent": 10, "predictor": {"name": "b", "model": {**MODEL, "storageUri": "s3://b/n"}}},
        {"trafficPercent": 0, "predictor": {"name": "c", "model": MODEL, "minReplicas": 2}},
    ]
    made = reconcile(service(_predictor(name="a", minReplicas=8), spec={"canary": canary}))
    bounds = {
        name: field(made, f"HorizontalPodAutoscaler/iris-{name}-predictor", "spec", "minReplicas") for name in "abc"
    }
    assert bounds == {"a": 5, "b": 1, "c": 2}
    source = field(
        made,
        "Deployment/iris-b-predictor",
        "metadata",
        "annotations",
        "internal.serving.kserve.io/storage-initializer-sourceuri",
    )
    assert source == "s3://b/n"


@pytest.mark.parametrize(
    ("worker", "nodes", "counts"),
    [
        ({"pipelineParallelSize": 2, "tensorParallelSize": 8}, 16, ("1", "1")),
        (
            {
                "pipelineParallelSize": 2,
                "containers": [{"name": "worker-container", "resources": {"requests": {"nvidia.com/gpu": "2"}}}],
            },
            1,
            ("2", "0"),
        ),
    ],
)
def test_nodes_are_counted_from_the_gpus_that_are_requested(
    worker: JsonObject, nodes: int, counts: tuple[str, str]
) -> None:
    model: JsonObject = {"modelFormat": {"name": "huggingface"}, "storageUri": "pvc://c/m"}
    none: JsonObject = {"serving.kserve.io/autoscalerClass": "none"}
    made = reconcile(service({"model": model, "workerSpec": worker}, annotations=none), version=OLDEST)
    assert names(made) == [
        "Deployment/iris-predictor",
        "Deployment/iris-predictor-worker",
        "Service/iris-predictor",
        "Service/iris-head-1",
        "Service/iris-workers-1",
    ]
    assert field(made, "Deployment/iris-predictor-worker", "spec", "replicas") == nodes - 1
    gpus = tuple(
        field(made, name, *CONTAINER, "resources", "limits", "nvidia.com/gpu")
        for name in (DEPLOYMENT, "Deployment/iris-predictor-worker")
    )
    assert gpus == counts
