"""What the controllers of earlier releases do otherwise: one row for each capability and switch that says so."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import yaml
from tests.support.controllers import field, names, pod_field, reconcile, service
from tests.support.llm_services import beside, doc_of, labels, llm_service, make_llm

from kservegen.core.document import mapping, sequence, value_at
from kservegen.core.jsontypes import JsonObject, JsonValue

FIRST, SECOND, THIRD = "v0.17.0", "v0.18.1", "v0.19.0"
POD = ("spec", "template", "spec")
CACHE = beside(
    "LocalModelCache",
    "kept",
    "",
    "serving.kserve.io/v1alpha1",
    spec={"sourceModelUri": "hf://a", "modelSize": "1Gi", "nodeGroups": ["g"]},
)
CACHING = {"localModel": '{"enabled": true}'}


def containers(made: JsonObject, field_name: str = "containers") -> list[JsonObject]:
    return [mapping(item) for item in sequence(value_at(made, (*POD, field_name)))]


@pytest.mark.parametrize(
    ("version", "context"),
    [
        (FIRST, {"runAsUser": 1010}),
        (
            SECOND,
            {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "privileged": False,
                "runAsNonRoot": True,
                "runAsUser": 1010,
            },
        ),
    ],
)
def test_a_modelcar_and_the_security_context(version: str, context: JsonObject) -> None:
    model: JsonObject = {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "oci://r.example/m:1"}}
    assert pod_field(reconcile(service(model), version=version), "containers", 0, "securityContext") == context
    llm = make_llm(llm_service({"model": {"uri": "oci://r.example/m:1"}}), version)
    main = mapping(containers(doc_of(llm, "Deployment"))[0]["securityContext"])
    assert ("runAsNonRoot" in main, main["runAsUser"]) == (version != FIRST, 1010)


@pytest.mark.parametrize(("version", "path"), [(FIRST, "/"), (SECOND, "/ready")])
def test_where_the_agent_is_probed(version: str, path: str) -> None:
    probe: JsonObject = {"httpGet": {"path": "/ready", "port": 8080}}
    model: JsonObject = {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://b/m", "readinessProbe": probe}
    made = reconcile(service({"model": model, "batcher": {"maxBatchSize": 8}}), version=version)
    (agent,) = (item for item in sequence(pod_field(made, "containers")) if mapping(item)["name"] == "agent")
    assert value_at(agent, ("readinessProbe", "httpGet", "path")) == path


@pytest.mark.parametrize(
    ("version", "rules"),
    [
        (FIRST, [("^/.*$", {"request": "60s"})]),
        (SECOND, [(r"^/inference\.GRPCInferenceService/.*$", None), ("^/.*$", None)]),
    ],
)
def test_routes_of_a_service_with_two_protocols(version: str, rules: list[tuple[str, JsonValue]]) -> None:
    ports: JsonValue = [{"containerPort": 8080, "name": "http"}, {"containerPort": 9000, "name": "grpc"}]
    own: JsonObject = {"containers": [{"name": "kserve-container", "image": "own:1", "ports": ports}]}
    ingress: JsonObject = {"enableGatewayApi": True, "ingressDomain": "d.example", "disableHTTPRouteTimeout": True}
    made = reconcile(service(own), version=version, config={"ingress": ingress})
    found = map(mapping, sequence(field(made, "HTTPRoute/iris-predictor", "spec", "rules")))
    assert [(value_at(rule, ("matches", 0, "path", "value")), rule.get("timeouts")) for rule in found] == rules


@pytest.mark.parametrize(("version", "made"), [(FIRST, ["head"]), (SECOND, ["head", "workers"])])
def test_services_between_nodes(version: str, made: list[str]) -> None:
    model: JsonObject = {"modelFormat": {"name": "huggingface"}, "storageUri": "pvc://c/m"}
    none: JsonObject = {"serving.kserve.io/autoscalerClass": "none"}
    found = reconcile(service({"model": model, "workerSpec": {}}, annotations=none), version=version)
    services = [name for name in names(found) if name.startswith("Service/iris-") and name.endswith("-1")]
    assert services == [f"Service/iris-{role}-1" for role in made]
    env = sequence(pod_field(found, "containers", 0, "env", of="Deployment/iris-predictor-worker"))
    assert ("WORKER_SVC" in {mapping(item)["name"] for item in env}) == (version != FIRST)


@pytest.mark.parametrize(("version", "folder"), [(FIRST, "kept"), (SECOND, "6547347345702015")])
def test_the_folder_of_a_cached_model(version: str, folder: str) -> None:
    model: JsonObject = {"model": {"modelFormat": {"name": "huggingface"}, "storageUri": "hf://a/b"}}
    made = reconcile(service(model), CACHE, version=version, config={**CACHING})
    mounts = map(mapping, sequence(pod_field(made, "containers", 0, "volumeMounts")))
    assert [mount.get("subPath") for mount in mounts if mount["name"] == "kserve-pvc-source"] == [f"models/{folder}/b"]


@pytest.mark.parametrize(("version", "cached"), [(FIRST, False), (SECOND, True)])
def test_a_namespace_has_caches_of_its_own(version: str, *, cached: bool) -> None:
    own: JsonObject = {**CACHE, "kind": "LocalModelNamespaceCache", "metadata": {"name": "own", "namespace": "models"}}
    model: JsonObject = {"model": {"modelFormat": {"name": "huggingface"}, "storageUri": "hf://a/b"}}
    made = reconcile(service(model), own, version=version, config={**CACHING})
    assert (sequence(pod_field(made, "volumes"))[-1] != {"emptyDir": {}, "name": "kserve-provision-location"}) == cached


@pytest.mark.parametrize("version", [FIRST, SECOND])
def test_no_cache_is_looked_for_by_an_llm_service(version: str) -> None:
    found = make_llm(llm_service({}), version, around=[CACHE], config=CACHING)
    assert [item["name"] for item in containers(doc_of(found, "Deployment"), "initContainers")] == [
        "storage-initializer"
    ]


@pytest.mark.parametrize(
    ("version", "spec", "reason", "step"),
    [
        (SECOND, {"baseRefs": [{"name": "gone"}]}, "CombineBaseError", "PresetsCombined"),
        (THIRD, {"baseRefs": [{"name": "gone"}]}, "ConfigNotFound", "PresetsCombined"),
        (SECOND, {"model": {"uri": "gs://b/x"}}, "ReconcileMultiNodeWorkloadError", "WorkerWorkloadReady"),
        (THIRD, {"model": {"uri": "gs://b/x"}}, "ReconcileSingleNodeWorkloadError", "MainWorkloadReady"),
        (
            SECOND,
            {"template": {"containers": [], "initContainers": [{"name": "storage-initializer", "image": "x"}]}},
            "ReconcileSingleNodeWorkloadError",
            "MainWorkloadReady",
        ),
        (
            SECOND,
            {"router": {"route": {}, "gateway": {"refs": [{"name": "inner"}]}}},
            "HTTPRouteReconcileError",
            "HTTPRoutesReady",
        ),
    ],
)
def test_where_an_llm_service_stops(version: str, spec: Mapping[str, object], reason: str, step: str) -> None:
    gateway = beside("Gateway", "inner", "n", "gateway.networking.k8s.io/v1", spec={})
    outcome = make_llm(llm_service(spec), version, around=[gateway]).outcome
    assert outcome is not None
    assert (outcome.step, outcome.reason) == (step, reason)


def test_a_gateway_beside_the_service_is_found_later() -> None:
    gateway = beside("Gateway", "inner", "n", "gateway.networking.k8s.io/v1", spec={})
    spec = {"router": {"route": {}, "gateway": {"refs": [{"name": "inner"}]}}}
    assert make_llm(llm_service(spec), THIRD, around=[gateway]).outcome is None


@pytest.mark.parametrize(
    ("version", "secrets", "scalers"),
    [
        (FIRST, None, []),
        (SECOND, [{"name": "s"}], ["VariantAutoscaling/m-kserve-va", "HorizontalPodAutoscaler/m-kserve-hpa"]),
    ],
)
def test_accounts_and_scaling(version: str, secrets: JsonValue, scalers: list[str]) -> None:
    account = beside("ServiceAccount", "default", secrets=[{"name": "s"}])
    spec = {"prefill": {}, "scaling": {"maxReplicas": 2, "wva": {"hpa": {}}}}
    made = make_llm(llm_service(spec), version, around=[account, beside("Secret", "s")])
    assert doc_of(made, "ServiceAccount").get("secrets") == secrets
    assert [label for label in labels(made) if "caling" in label or "scaler" in label] == scalers


@pytest.mark.parametrize(("version", "scheme"), [(FIRST, "HTTP"), (SECOND, "HTTPS")])
def test_servers_speak_tls(version: str, scheme: str) -> None:
    made = make_llm(llm_service({}), version, config={"ingress": '{"enableLLMInferenceServiceTLS": true}'})
    main = containers(doc_of(made, "Deployment"))[0]
    assert value_at(main, ("livenessProbe", "httpGet", "scheme")) == scheme


@pytest.mark.parametrize(("version", "named", "handed"), [(SECOND, "https", None), (THIRD, "http", "red")])
def test_the_service_of_a_workload(version: str, named: str, handed: str | None) -> None:
    made = doc_of(make_llm(llm_service({"labels": {"team": "red"}}), version), "Service")
    assert value_at(made, ("spec", "ports", 0, "name")) == named
    assert mapping(value_at(made, ("metadata", "labels"))).get("team") == handed


@pytest.mark.parametrize("version", [FIRST, SECOND])
def test_a_scheduler_of_an_unreadable_version_is_made(version: str) -> None:
    spec = {"router": {"scheduler": {"annotations": {"app.kubernetes.io/version": "x"}}}}
    assert make_llm(llm_service(spec), version).outcome is None


@pytest.mark.parametrize(
    ("version", "last"),
    [
        (FIRST, {"parameters": {"threshold": 0}, "type": "pd-profile-handler"}),
        (
            SECOND,
            {"parameters": {"deciderPluginName": "always-disagg-pd-decider"}, "type": "pd-profile-handler"},
        ),
    ],
)
def test_what_a_scheduler_of_two_sides_is_told(version: str, last: JsonObject) -> None:
    made = make_llm(llm_service({"prefill": {}, "router": {"scheduler": {}}}), version)
    main = next(item for item in containers(doc_of(made, "Deployment", "router-scheduler")) if item["name"] == "main")
    words = sequence(main["args"])
    config = yaml.safe_load(str(words[words.index("--config-text") + 1]))
    assert config["plugins"][-1] == last
