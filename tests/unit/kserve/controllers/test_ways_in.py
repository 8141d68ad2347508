"""What leads to a service: Ingress, HTTPRoutes, Knative Services and Istio; graphs, and caches of models."""

from __future__ import annotations

import pytest
from tests.support.controllers import OLDEST, control_plane, field, names, pod_field, reconcile, service

from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.controllers.made import Made
from kservegen.kserve.controllers.reconcile import make_objects

OWN: JsonObject = {"containers": [{"name": "kserve-container", "image": "own:1"}]}
INGRESS: JsonObject = {
    "ingress": {"enableGatewayApi": False, "ingressDomain": "d.example", "ingressClassName": "nginx"}
}


def _hosts(made: Made) -> list[tuple[str, str]]:
    rules = map(mapping, sequence(field(made, "Ingress/iris", "spec", "rules")))
    path = ("http", "paths", 0, "backend", "service", "name")
    return [(text(rule["host"]).removesuffix("-models.d.example"), text(value_at(rule, path))) for rule in rules]


P, T, E = "iris-predictor", "iris-transformer", "iris-explainer"


@pytest.mark.parametrize(
    ("components", "rules"),
    [
        ((), [("iris", P), (P, P)]),
        (("explainer",), [("iris", P), (E, E), (P, P)]),
        (("transformer",), [("iris", T), (T, P), (P, P)]),
        (("transformer", "explainer"), [(T, E), ("iris", T), (T, P), (P, P)]),
    ],
)
def test_hosts_of_an_ingress(components: tuple[str, ...], rules: list[tuple[str, str]]) -> None:
    assert _hosts(reconcile(service(spec=dict.fromkeys(components, OWN)), config=INGRESS)) == rules


@pytest.mark.parametrize(
    ("labels", "ingress"),
    [
        ({"networking.kserve.io/visibility": "cluster-local"}, {}),
        ({}, {"disableIngressCreation": True}),
        ({}, {"ingressDomain": "svc.cluster.local"}),
    ],
)
def test_nothing_leads_in_where_that_is_switched_off(labels: JsonObject, ingress: JsonObject) -> None:
    made = reconcile(service(labels=labels), config={"ingress": ingress})
    assert not [name for name in names(made) if name.startswith("Ingress")]


def test_without_a_config_map_nothing_is_said_of_ways_in() -> None:
    assert [name for name in names(reconcile(service())) if name.startswith(("Ingress", "HTTPRoute"))] == []


def _gateway(**more: JsonValue) -> JsonObject:
    return {"ingress": {"enableGatewayApi": True, "ingressDomain": "d.example", **more}}


@pytest.mark.parametrize(
    ("template", "host"),
    [
        ("{{ .Name }}.{{ .Labels.team }}.x", "iris.red.x"),
        ('{{ .Name }}.{{ index .Labels "team" }}.x', "iris.red.x"),
        ('{{ if eq .Labels.team "red" }}{{ .Name }}.warm{{ else }}{{ .Name }}.cold{{ end }}.x', "iris.warm.x"),
        ('{{ printf "%s-%s" .Name .Namespace }}.{{ .IngressDomain }}', "iris-models.d.example"),
    ],
)
def test_hosts_are_filled_in_as_go_does(template: str, host: str) -> None:
    made = reconcile(service(labels={"team": "red"}), config=_gateway(domainTemplate=template))
    assert made.outcome is None
    assert field(made, "HTTPRoute/iris", "spec", "hostnames") == [host]


@pytest.mark.parametrize("template", ["{{ .Nope }}.x", "{{ lower .Name }}.x", "{{ .Name.Nope }}.x"])
def test_a_template_that_no_service_can_fill_is_told_at_the_config_map(template: str) -> None:
    outcome = reconcile(service(), config=_gateway(domainTemplate=template)).outcome
    assert outcome is not None
    assert (outcome.reason, outcome.source) == ("ReconcileFailed", ("ConfigMap inferenceservice-config", "ingress"))


def _paths(made: Made, name: str) -> list[tuple[str, str, JsonValue]]:
    rules = map(mapping, sequence(field(made, f"HTTPRoute/{name}", "spec", "rules")))
    path, backend = ("matches", 0, "path", "value"), ("backendRefs", 0)
    return [
        (
            text(value_at(rule, path)),
            text(value_at(rule, (*backend, "name"))),
            value_at(rule, ("timeouts", "request")),
        )
        for rule in rules
    ]


def test_routes_of_a_gateway() -> None:
    spec: JsonObject = {"transformer": {**OWN, "timeout": 20}, "explainer": OWN}
    made = reconcile(service(spec=spec), config=_gateway(additionalIngressDomains=["e.example", "bad_.example"]))
    routes = [name for name in names(made) if name.startswith("HTTPRoute")]
    assert routes == [f"HTTPRoute/{name}" for name in (P, T, E, "iris")]
    assert field(made, "HTTPRoute/iris", "spec", "hostnames") == ["iris-models.d.example", "iris-models.e.example"]
    assert _paths(made, "iris") == [(r"^/v1/models/[\w-]+:explain$", E, "60s"), ("^/.*$", T, "20s")]


def test_two_protocols_are_told_apart_by_path_and_type() -> None:
    ports: JsonValue = [{"containerPort": 8080, "name": "http"}, {"containerPort": 9000, "name": "grpc"}]
    own: JsonObject = {"containers": [{"name": "kserve-container", "image": "own:1", "ports": ports}]}
    made = reconcile(service(own), config=_gateway(disableHTTPRouteTimeout=True))
    assert _paths(made, P) == [(r"^/inference\.GRPCInferenceService/.*$", P, None), ("^/.*$", P, None)]
    assert field(made, f"HTTPRoute/{P}", "spec", "rules", 0, "backendRefs", 0, "port") == 9000


def test_a_path_is_a_rule_more() -> None:
    made = reconcile(service(), config=_gateway(pathTemplate="/serve/{{ .Namespace }}/{{ .Name }}"))
    assert _paths(made, "iris")[1:] == [("/serve/models/iris/", P, "60s")]
    assert field(made, "HTTPRoute/iris", "spec", "hostnames") == ["iris-models.d.example", "d.example"]


def test_nodes_of_the_older_release_never_get_a_way_in() -> None:
    model: JsonObject = {"modelFormat": {"name": "huggingface"}, "storageUri": "pvc://c/m"}
    none: JsonObject = {"serving.kserve.io/autoscalerClass": "none"}
    made = reconcile(service({"model": model, "workerSpec": {}}, annotations=none), version=OLDEST, config=INGRESS)
    assert "Ingress/iris" not in names(made)


KNATIVE: JsonObject = {
    "deploy": {"defaultDeploymentMode": "Knative"},
    "ingress": {"ingressDomain": "d.example", "disableIstioVirtualHost": False},
}
KSVC = "Service.serving.knative.dev/iris-predictor"
TEMPLATE = ("spec", "template")


@pytest.mark.parametrize(
    ("more", "annotations", "expected"),
    [
        ({}, {}, {"min-scale": "1", "class": "kpa.autoscaling.knative.dev"}),
        ({"minReplicas": 0, "maxReplicas": 3}, {}, {"min-scale": "0", "max-scale": "3"}),
        ({"scaleMetric": "rps", "scaleTarget": 5}, {}, {"metric": "rps", "target": "5"}),
        ({}, {"min-scale": "7", "initial-scale": "0", "window": "60s"}, {"min-scale": "1", "window": "60s"}),
    ],
)
def test_knative_scales_by_annotations(more: JsonObject, annotations: JsonObject, expected: JsonObject) -> None:
    model: JsonObject = {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://b/m"}, **more}
    stated: JsonObject = {f"autoscaling.knative.dev/{key}": value for key, value in annotations.items()}
    found = mapping(
        field(reconcile(service(model, annotations=stated), config=KNATIVE), KSVC, *TEMPLATE, "metadata", "annotations")
    )
    scale = {key.rpartition("/")[2]: value for key, value in found.items() if key.startswith("autoscaling")}
    assert scale == {"class": "kpa.autoscaling.knative.dev", "min-scale": "1", **expected}


def test_istio_leads_to_the_entry_and_to_the_explainer() -> None:
    made = reconcile(service(spec={"transformer": OWN, "explainer": OWN}), config=KNATIVE)
    assert names(made)[-2:] == ["Service/iris", "VirtualService/iris"]
    hosts = field(made, "VirtualService/iris", "spec", "hosts")
    assert hosts == ["iris.models.svc.cluster.local", "iris-models.d.example"]
    rules = map(mapping, sequence(field(made, "VirtualService/iris", "spec", "http")))
    to = [value_at(rule, ("headers", "request", "set", "Host")) for rule in rules]
    assert to == [f"{E}.models.svc.cluster.local", f"{T}.models.svc.cluster.local"]


def test_what_is_local_to_the_cluster_has_no_gateway_to_the_outside() -> None:
    made = reconcile(service(labels={"networking.knative.dev/visibility": "cluster-local"}), config=KNATIVE)
    gateways = field(made, "VirtualService/iris", "spec", "gateways")
    assert gateways == ["knative-serving/knative-local-gateway", "mesh"]


def test_knative_knows_fewer_fields_than_a_pod() -> None:
    model: JsonObject = {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://b/m", "stdin": True}
    made = reconcile(service({"model": model, "setHostnameAsFQDN": True, "timeout": 30}), config=KNATIVE)
    spec = mapping(field(made, KSVC, *TEMPLATE, "spec"))
    assert spec.keys() == {"containers", "timeoutSeconds", "responseStartTimeoutSeconds"}
    assert "stdin" not in mapping(sequence(spec["containers"])[0])


def _graph(steps: JsonValue, **spec: JsonValue) -> JsonObject:
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "InferenceGraph",
        "metadata": {"name": "g", "namespace": "models"},
        "spec": {"nodes": {"root": {"routerType": "Sequence", "steps": steps}}, **spec},
    }


def test_a_graph_knows_where_its_steps_answer() -> None:
    steps: JsonValue = [
        {"serviceName": "iris", "data": "$request"},
        {"serviceName": "iris"},
        {"serviceUrl": "http://x"},
    ]
    v2: JsonObject = {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://b/m", "protocolVersion": "v2"}}
    made = reconcile(_graph(steps), service(v2, spec={"transformer": OWN}))
    url = "http://iris-transformer.models.svc.cluster.local/v2/models/iris/infer"
    assert field(made, "Deployment/g", *TEMPLATE, "spec", "containers", 0, "args", 1) == (
        '{"nodes":{"root":{"routerType":"Sequence","steps":['
        f'{{"serviceName":"iris","serviceUrl":"{url}","data":"$request"}},'
        f'{{"serviceName":"iris","serviceUrl":"{url}"}},{{"serviceUrl":"http://x"}}]}}}},"resources":{{}}}}'
    )
    assert names(made) == ["Service/g", "Deployment/g", "HorizontalPodAutoscaler/g"]


def test_a_graph_in_mode_knative_has_a_container_without_a_name() -> None:
    made = reconcile(_graph([{"serviceUrl": "http://x"}]), config=KNATIVE)
    assert field(made, "Service.serving.knative.dev/g", *TEMPLATE, "spec", "containers", 0, "name") == ""
    assert pod_field(made, "containers", 0, "name", of="Service.serving.knative.dev/g") == "user-container"


def _trained(name: str, memory: str, parent: str = "iris") -> JsonObject:
    model: JsonObject = {"framework": "sklearn", "storageUri": "s3://b/t", "memory": memory}
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "TrainedModel",
        "metadata": {"name": name, "namespace": "models"},
        "spec": {"inferenceService": parent, "model": model},
    }


def _host(**model: JsonValue) -> JsonObject:
    return service({"model": {"modelFormat": {"name": "sklearn"}, **model}})


def test_a_host_is_told_of_the_models_that_fit() -> None:
    host = _host(resources={"limits": {"memory": "2Gi"}})
    models = [
        _trained("one", "1024Mi"),
        _trained("two", "1.5Gi"),
        _trained("three", "1Gi"),
        _trained("x", "1", "other"),
    ]
    written = (
        f'{{"modelName":"{name}","modelSpec":{{"storageUri":"s3://b/t","framework":"sklearn","memory":"1Gi"}}}}'
        for name in ("one", "three")
    )
    assert field(reconcile(host, *models), "ConfigMap/modelconfig-iris-0", "data") == {
        "models.json": f"[{','.join(written)}]"
    }
    plane = control_plane(host, *models)
    outcomes = [made.outcome for model in models if (made := make_objects(model, plane)) is not None]
    reasons = [None if outcome is None else outcome.reason for outcome in outcomes]
    assert reasons == [None, "MemoryResourceNotAvailable", None, "NotFound"]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        pytest.param({"runtime": "kserve-sklearnserver"}, "MemoryResourceNotAvailable", id="a runtime's limit"),
        pytest.param({"storageUri": "s3://b/m"}, "IsNotMMSPredictor", id="a model of its own"),
    ],
)
def test_a_trained_model_needs_a_host_with_room(model: JsonObject, reason: str) -> None:
    made = reconcile(_trained("one", "1Mi"), _host(**model))
    assert made.outcome is not None
    assert made.outcome.reason == reason


def _cache(uri: str, *groups: str) -> JsonObject:
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "LocalModelCache",
        "metadata": {"name": "c"},
        "spec": {"sourceModelUri": uri, "nodeGroups": list(groups)},
    }


LOCAL: JsonObject = {"localModel": {"enabled": True}, "ingress": {"disableIngressCreation": True}}


@pytest.mark.parametrize(
    ("uri", "annotations", "mounted"),
    [
        ("s3://b/m", {}, "/"),
        ("s3://b/m/v2/", {}, "/v2/"),
        ("s3://b/more", {}, None),
        ("s3://b/m", {"serving.kserve.io/disable-localmodel": "false"}, None),
        ("s3://b/m", {"serving.kserve.io/nodegroup": "absent"}, None),
    ],
)
def test_a_cached_model_is_mounted_from_its_claim(uri: str, annotations: JsonObject, mounted: str | None) -> None:
    model: JsonObject = {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": uri}}
    made = reconcile(service(model, annotations=annotations), _cache("s3://b/m", "fast", "slow"), config=LOCAL)
    path = text(pod_field(made, "containers", 0, "volumeMounts", 0, "subPath"))
    assert path[len("models/0123456789abcdef") :] == (mounted or "")
    claim = pod_field(made, "volumes", 0, "persistentVolumeClaim", "claimName")
    assert claim == ("c-fast" if mounted else None)


def test_a_cache_has_a_volume_for_each_group_and_each_namespace_that_uses_it() -> None:
    group: JsonObject = {
        "kind": "LocalModelNodeGroup",
        "metadata": {"name": "fast"},
        "spec": {"persistentVolumeSpec": {"capacity": {"storage": "1Gi"}}, "persistentVolumeClaimSpec": {}},
    }
    made = reconcile(_cache("s3://b/m", "fast"), group, service(), config=LOCAL)
    assert names(made) == [
        "PersistentVolume/c-fast-download",
        "PersistentVolumeClaim/c-fast",
        "PersistentVolume/c-fast-models",
        "PersistentVolumeClaim/c-fast",
    ]
