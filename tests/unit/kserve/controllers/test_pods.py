"""What the pod webhook leaves: downloads with their credentials, models in images and volumes, the agent, metrics."""

from __future__ import annotations

import base64
import json

import pytest
from tests.support.controllers import NEWEST, OLDEST, control_plane, names, pod_field, reconcile, service

from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.controllers.made import Made
from kservegen.kserve.controllers.reconcile import make_objects

MODEL: JsonObject = {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://b/m"}
ROUTELESS: JsonObject = {"ingress": {"disableIngressCreation": True}}
TRANSFER = ["HF_HUB_ENABLE_HF_TRANSFER", "HF_XET_HIGH_PERFORMANCE", "HF_XET_NUM_CONCURRENT_RANGE_GETS"]


def _named(value: JsonValue) -> list[str]:
    return [str(mapping(item).get("name")) for item in sequence(value)]


def _model(uri: str, **more: JsonValue) -> JsonObject:
    return {"model": {**MODEL, "storageUri": uri}, **more}


def _account(name: str = "default", *secrets: str, **annotations: str) -> JsonObject:
    listed: JsonValue = [{"name": secret} for secret in secrets]
    metadata: JsonObject = {"name": name, "namespace": "models", "annotations": dict(annotations)}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "secrets": listed}


def _secret(
    name: str, *keys: str, annotations: JsonObject | None = None, data: dict[str, str] | None = None
) -> JsonObject:
    metadata: JsonObject = {"name": name, "namespace": "models", "annotations": annotations or {}}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in (data or {}).items()}
    values: JsonObject = {**dict.fromkeys(keys, "eA=="), **encoded}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": values}


@pytest.mark.parametrize(
    ("uri", "init", "volumes", "mount"),
    [
        (
            "s3://b/m",
            ["storage-initializer"],
            ["kserve-provision-location"],
            {"name": "kserve-provision-location", "mountPath": "/mnt/models", "readOnly": True},
        ),
        (
            "pvc://claim/sub/",
            [],
            ["kserve-pvc-source"],
            {"name": "kserve-pvc-source", "mountPath": "/mnt/models", "readOnly": True, "subPath": "sub/"},
        ),
        (
            "pvc://claim",
            [],
            ["kserve-pvc-source"],
            {"name": "kserve-pvc-source", "mountPath": "/mnt/models", "readOnly": True},
        ),
        (
            "oci://r/i:1",
            ["modelcar-init"],
            ["kserve-provision-location"],
            {"name": "kserve-provision-location", "mountPath": "/mnt"},
        ),
    ],
)
def test_how_a_model_comes_into_the_pod(uri: str, init: list[str], volumes: list[str], mount: JsonObject) -> None:
    made = reconcile(service(_model(uri)))
    assert _named(pod_field(made, "initContainers")) == init
    assert _named(pod_field(made, "volumes")) == volumes
    assert pod_field(made, "containers", 0, "volumeMounts", 0) == mount


def test_a_modelcar_shares_its_processes_and_its_user() -> None:
    made = reconcile(service(_model("oci://r/i:1")))
    assert pod_field(made, "shareProcessNamespace") is True
    assert pod_field(made, "containers", 0, "securityContext", "runAsUser") == 1010
    assert pod_field(made, "containers", 1, "name") == "modelcar"


NATIVE: JsonObject = {"storageInitializer": {"ociModelMode": "native"}, **ROUTELESS}


@pytest.mark.parametrize(
    ("uri", "config", "version", "volumes"),
    [
        (
            "oci://r/i:1",
            NATIVE,
            NEWEST,
            [{"name": "mnt-models", "image": {"reference": "r/i:1", "pullPolicy": "IfNotPresent"}}],
        ),
        ("oci+native://r/i:1", {"storageInitializer": {"enableModelcar": False}, **ROUTELESS}, NEWEST, None),
        ("oci://r/i:1", NATIVE, OLDEST, [{"name": "kserve-provision-location", "emptyDir": {}}]),
    ],
)
def test_images_as_volumes(uri: str, config: JsonObject, version: str, volumes: JsonValue) -> None:
    assert pod_field(reconcile(service(_model(uri)), config=config, version=version), "volumes") == volumes


def test_kubernetes_drops_images_as_volumes_unless_told_otherwise() -> None:
    volume: JsonValue = [{"name": "v", "image": {"reference": "r:1"}}, {"name": "w", "emptyDir": {}}]
    assert _named(pod_field(reconcile(service(_model("pvc://c", volumes=volume))), "volumes")) == [
        "w",
        "kserve-pvc-source",
    ]


def _env(made: Made) -> list[str]:
    return [name for name in _named(pod_field(made, "initContainers", 0, "env")) if name not in TRANSFER]


S3_ENV = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
S3_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@pytest.mark.parametrize(
    ("secret", "variables"),
    [
        (_secret("s", *S3_KEYS), S3_ENV),
        (_secret("s", "AWS_ACCESS_KEY_ID"), []),
        (_secret("s", *S3_KEYS, "HF_TOKEN"), S3_ENV),
        (_secret("s", "HF_TOKEN"), ["HF_TOKEN"]),
        (_secret("s", "gcloud-application-credentials.json"), ["GOOGLE_APPLICATION_CREDENTIALS"]),
        (_secret("s", "AZURE_STORAGE_ACCESS_KEY"), ["AZURE_STORAGE_ACCESS_KEY"]),
        (_secret("s", "AZ_CLIENT_ID"), ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"]),
        (_secret("s", data={"https-host": "h.example", "headers": "a: b"}), ["h.example-headers"]),
        (_secret("s", "https-host"), []),
        (_secret("s", "HDFS_NAMENODE"), []),
        (_secret("s", "password"), []),
    ],
)
def test_credentials_by_the_first_key_that_is_known(secret: JsonObject, variables: list[str]) -> None:
    assert _env(reconcile(service(_model("s3://b/m")), _account("default", "s"), secret)) == variables


@pytest.mark.parametrize(
    ("annotations", "settings"),
    [
        ({"s3-endpoint": "e.example"}, {"S3_ENDPOINT": "e.example", "AWS_ENDPOINT_URL": "https://e.example"}),
        (
            {"s3-endpoint": "http://e.example:80", "s3-usehttps": "1"},
            {"S3_USE_HTTPS": "0", "S3_ENDPOINT": "e.example:80", "AWS_ENDPOINT_URL": "http://e.example:80"},
        ),
        ({"s3-region": "eu-1", "s3-verifyssl": "0"}, {"S3_VERIFY_SSL": "0", "AWS_DEFAULT_REGION": "eu-1"}),
    ],
)
def test_settings_of_s3_come_from_annotations(annotations: dict[str, str], settings: dict[str, str]) -> None:
    stated: JsonObject = {f"serving.kserve.io/{key}": value for key, value in annotations.items()}
    made = reconcile(service(_model("s3://b/m")), _account("default", "s"), _secret("s", *S3_KEYS, annotations=stated))
    env = map(mapping, sequence(pod_field(made, "initContainers", 0, "env")))
    assert {str(item["name"]): item["value"] for item in env if item["name"] in settings} == settings
    assert _env(made) == [*S3_ENV, *settings]


def test_a_role_comes_before_the_secrets_of_its_account() -> None:
    role = {"eks.amazonaws.com/role-arn": "arn", "serving.kserve.io/s3-region": "eu-2"}
    made = reconcile(service(_model("s3://b/m")), _account("default", "s", **role), _secret("s", *S3_KEYS))
    assert _env(made) == ["AWS_DEFAULT_REGION", *S3_ENV]


@pytest.mark.parametrize(
    ("storage", "entry", "outcome"),
    [
        ({"key": "k", "path": "/a"}, {"type": "s3", "bucket": "b"}, "s3://b/a"),
        ({"key": "k", "path": "a"}, {"type": "webhdfs"}, "webhdfs://a"),
        (
            {"key": "k", "path": "a", "parameters": {"type": "s3", "bucket": "own"}},
            {"type": "s3", "bucket": "b"},
            "s3://own/a",
        ),
        ({"path": "a", "parameters": {"type": "foo"}}, {}, "foo://a"),
        ({"key": "k", "path": "a"}, {"type": "s3"}, "format [s3] requires a bucket"),
        ({"key": "k", "path": "a"}, {"type": "gs", "bucket": "b"}, "storage type [gs] is not supported"),
        ({"key": "other", "path": "a"}, {}, "specified storage key other not found"),
        ({"path": "a"}, {}, "unable to determine storage type"),
    ],
)
def test_a_storage_block_is_filled_in_from_its_secret(storage: JsonObject, entry: JsonObject, outcome: str) -> None:
    model: JsonObject = {"model": {"modelFormat": {"name": "sklearn"}, "storage": storage}}
    secret = _secret("storage-config", data={"k": json.dumps(entry)})
    made = reconcile(service(model), secret)
    pod = made.pods[0]
    if pod.pod is None:
        assert outcome in pod.refused
    else:
        assert pod_field(made, "initContainers", 0, "args", 0) == outcome


@pytest.mark.parametrize(
    ("storage", "secret"),
    [
        ({"key": "k", "path": "a"}, {**_secret("storage-config"), "data": {"k": "x"}}),
        ({"key": "k", "path": "a"}, {**_secret("storage-config"), "stringData": {"k": "ENC[AES256_GCM,data:b2s=]"}}),
        ({"key": "k", "path": "a"}, _secret("other")),
        ({"path": "a"}, _secret("other")),
    ],
    ids=["stand-in", "encrypted", "no Secret", "no Secret and no key"],
)
def test_what_no_file_tells_is_told_apart_from_a_refusal(storage: JsonObject, secret: JsonObject) -> None:
    model: JsonObject = {"model": {"modelFormat": {"name": "sklearn"}, "storage": storage}}
    made = reconcile(service(model), secret)
    assert (made.pods[0].pod, made.pods[0].missing, made.runs) == (None, True, None)


@pytest.mark.parametrize("own", [{}, {"args": ["--quiet"]}], ids=["shared", "with arguments"])
def test_an_unlawful_storage_container_keeps_every_pod_away(own: JsonObject) -> None:
    resources: JsonObject = {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}
    container: JsonObject = {"name": "storage-initializer", "resources": resources, **own}
    storage: JsonObject = {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ClusterStorageContainer",
        "metadata": {"name": "default"},
        "spec": {"container": container, "supportedUriFormats": [{"prefix": "s3://"}]},
    }
    plane = control_plane(storage)
    for name in ("one", "two"):
        made = make_objects(service(_model("s3://b/m"), name=name), plane)
        assert made is not None
        assert made.pods[0].refused.startswith("spec.initContainers[0].resources.requests.cpu")


def test_a_secret_that_an_account_names_must_be_there() -> None:
    made = reconcile(service(_model("s3://b/m")), _account("default", "gone"))
    assert (made.pods[0].pod, made.pods[0].refused) == (None, 'secrets "gone" not found')
    assert made.deployable


@pytest.mark.parametrize(
    ("uris", "volumes", "args"),
    [
        ([("s3://b/m", "/mnt/models")], ["mnt-models"], ["s3://b/m", "/mnt/models"]),
        (
            [("s3://b/m", "/mnt/models/a"), ("hf://a/b", "/mnt/models/b")],
            ["mnt-models"],
            ["s3://b/m", "/mnt/models/a", "hf://a/b", "/mnt/models/b"],
        ),
        ([("pvc://c/m", "/mnt/p"), ("s3://b/m", "/mnt/models")], ["mnt-p", "mnt-models"], ["s3://b/m", "/mnt/models"]),
        ([("ftp://b/m", "/mnt/models")], ["mnt-models"], ["ftp://b/m", "/mnt/models"]),
    ],
)
def test_several_downloads_share_one_init_container(
    uris: list[tuple[str, str]], volumes: list[str], args: list[str]
) -> None:
    stated: JsonValue = [{"uri": uri, "mountPath": path} for uri, path in uris]
    made = reconcile(service({"model": {"modelFormat": {"name": "sklearn"}}, "storageUris": stated}))
    assert _named(pod_field(made, "volumes")) == volumes
    assert pod_field(made, "initContainers", 0, "args") == args


@pytest.mark.parametrize(
    ("version", "objects"),
    [
        (OLDEST, ["Deployment/iris-predictor", "Service/iris-predictor", "HorizontalPodAutoscaler/iris-predictor"]),
        (NEWEST, []),
    ],
)
def test_two_images_under_one_folder_hide_each_other(version: str, objects: list[str]) -> None:
    stated: JsonValue = [{"uri": f"oci://r/{name}:1", "mountPath": f"/mnt/{name}"} for name in "ab"]
    model: JsonObject = {"model": {"modelFormat": {"name": "sklearn"}}, "storageUris": stated}
    assert names(reconcile(service(model), version=version)) == objects


def _container(made: Made, name: str) -> JsonObject:
    found = map(mapping, sequence(pod_field(made, "containers")))
    return next(item for item in found if item["name"] == name)


def test_the_agent_logs_with_what_is_stated() -> None:
    logger: JsonObject = {
        "mode": "request",
        "url": "http://sink",
        "metadataAnnotations": ["team", "gone"],
        "batchSize": 5,
    }
    made = reconcile(service({"model": MODEL, "logger": logger}, annotations={"team": "red"}))
    agent = _container(made, "agent")
    assert agent["args"] == [
        *("--log-url", "http://sink", "--source-uri", "iris-predictor-pod", "--log-mode", "request"),
        *("--inference-service", "iris", "--namespace", "models", "--endpoint", "", "--component", "predictor"),
        *("--log-batch-size", "5", "--metadata-annotations", "team=red", "--logger-tls-skip-verify", "false"),
        *("--component-port", "8080"),
    ]
    probe = (
        '{"tcpSocket":{"port":8080},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3}'
    )
    assert agent["env"] == [{"name": "SERVING_READINESS_PROBE", "value": probe}]
    assert agent["securityContext"] == mapping(_container(made, "kserve-container"))["securityContext"]


def test_the_batcher_takes_nothing_from_the_config_map() -> None:
    made = reconcile(
        service({"model": MODEL, "batcher": {"maxBatchSize": 8}}), config={"batcher": {"maxLatency": "9"}, **ROUTELESS}
    )
    assert _container(made, "agent")["args"] == ["--enable-batcher", "--max-batchsize", "8", "--component-port", "8080"]


SCRAPED = {"prometheus.io/path": "/metrics", "prometheus.io/port": "9091"}


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({}, {"serving.kserve.io/enable-metric-aggregation": "false", "prometheus.io/port": "1"}),
        ({"enablePrometheusScraping": "true"}, SCRAPED),
        (
            {"enablePrometheusScraping": "true", "enableMetricAggregation": "true"},
            {**SCRAPED, "prometheus.io/port": "9088"},
        ),
    ],
)
def test_metrics_are_asked_for_on_every_pod(metrics: JsonObject, expected: JsonObject) -> None:
    made = reconcile(
        service(annotations={"prometheus.io/port": "1"}), config={"metricsAggregator": metrics, **ROUTELESS}
    )
    pod = made.pods[0].pod
    assert pod is not None
    found = mapping(mapping(pod["metadata"]).get("annotations"))
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"priorityClassName": "high"}, "no PriorityClass with name high"),
        ({"runtimeClassName": "kata"}, "no RuntimeClass with name kata"),
        ({"preemptionPolicy": "Never"}, "preemptionPolicy must not be provided"),
        ({"overhead": {"cpu": "1"}}, "overhead must not be set"),
    ],
)
def test_pods_that_kubernetes_refuses(more: JsonObject, reason: str) -> None:
    made = reconcile(service({"model": MODEL, **more}))
    assert made.pods[0].pod is None
    assert reason in made.pods[0].refused


def test_a_volume_mounted_where_the_model_goes_keeps_the_pod_away() -> None:
    mounts: JsonObject = {"volumeMounts": [{"name": "v", "mountPath": "/mnt/models"}]}
    model: JsonObject = {"model": {**MODEL, **mounts}, "volumes": [{"name": "v", "emptyDir": {}}]}
    assert "two volumes are mounted at /mnt/models" in reconcile(service(model)).pods[0].refused
