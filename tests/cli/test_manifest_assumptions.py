"""What manifests name and do not hold: a remark at its line, and an assumption of the verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kservegen.cli import cli

IRIS = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: iris, namespace: models}
spec:
  predictor:
    serviceAccountName: %s
    model: {modelFormat: {name: sklearn}, storageUri: gs://b/iris}
"""
CHAT = """\
apiVersion: serving.kserve.io/v1alpha2
kind: LLMInferenceService
metadata: {name: chat, namespace: models}
spec:
  model: {uri: 'hf://a/b'}
  router:
    route: {http: {refs: [{name: own}]}}
    gateway: {refs: [{name: public, namespace: infra}]}
  template: {containers: [{name: main, image: example.com/vllm:1, resources: {limits: {cpu: '1'}}}]}
"""
GATEWAY = """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public, namespace: infra}
spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}
"""
ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: own, namespace: models}
spec:
  parentRefs: [{name: public, namespace: infra}]
  rules: [{backendRefs: [{name: chat-kserve-workload-svc, port: 8000}]}]
"""
SCALED = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: iris, namespace: models, annotations: {serving.kserve.io/autoscalerClass: keda}}
spec:
  predictor:
    minReplicas: 1
    maxReplicas: 3
    autoScaling:
      metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]
    model: {modelFormat: {name: sklearn}, storageUri: gs://b/iris}
"""
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: %s, namespace: models}\n"
REFERENCE, NEED = "kubernetes/reference", "kserve/scaling-prerequisite"
GATEWAYS = "kserve/gateway-reference"
# Documents, options, the findings about names with their weight, and what the verdict takes for granted.
CASES: dict[str, tuple[tuple[str, ...], tuple[str, ...], list[str], dict[str, str]]] = {
    "beside each other in one file": ((IRIS % "reader", ACCOUNT % "reader"), (), [], {}),
    "a gateway and a route, too": ((CHAT, GATEWAY, ROUTE), (), [], {}),
    "what is absent is a remark": (
        (IRIS % "reader",),
        (),
        [f"info {REFERENCE} spec.predictor.serviceAccountName"],
        {"ServiceAccount models/reader": "not among the manifests"},
    ),
    "an absent gateway, too": (
        (CHAT,),
        (),
        [
            f"info {GATEWAYS} spec.router.gateway.refs[0].name",
            f"info {GATEWAYS} spec.router.route.http.refs[0].name",
        ],
        {"Gateway infra/public": "not among the manifests", "HTTPRoute models/own": "not among the manifests"},
    ),
    "assumed by name": (
        (IRIS % "reader",),
        ("ServiceAccount/models/reader",),
        [],
        {"ServiceAccount models/reader": "--assume"},
    ),
    "assumed by pattern": (
        (CHAT,),
        ("Gateway/*/pub*", "HTTPRoute/own"),
        [],
        {"Gateway infra/public": "--assume", "HTTPRoute models/own": "--assume"},
    ),
    "assumed elsewhere": (
        (IRIS % "reader",),
        ("ServiceAccount/other/reader",),
        [f"info {REFERENCE} spec.predictor.serviceAccountName"],
        {"ServiceAccount models/reader": "not among the manifests"},
    ),
    "a number makes a sibling": (
        (IRIS % "storage-reader-2", ACCOUNT % "storage-reader-1"),
        (),
        [f"info {REFERENCE} spec.predictor.serviceAccountName"],
        {"ServiceAccount models/storage-reader-2": "not among the manifests"},
    ),
    "a letter is a slip": (
        (IRIS % "model-readr", ACCOUNT % "model-reader"),
        (),
        [f"warning {REFERENCE} spec.predictor.serviceAccountName"],
        {},
    ),
    "an operator is absent": (
        (SCALED,),
        (),
        [f'info {NEED} metadata.annotations["serving.kserve.io/autoscalerClass"]'],
        {"operator keda": "not among the manifests"},
    ),
    "an operator is assumed": ((SCALED,), ("keda",), [], {"operator keda": "--assume"}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_manifests_name(case: str, tmp_path: Path) -> None:
    documents, assumed, expected, standing = CASES[case]
    (tmp_path / "all.yaml").write_text("---\n".join(documents), "utf-8")
    words = [word for each in assumed for word in ("--assume", each)]
    report = json.loads(CliRunner().invoke(cli, ["validate", str(tmp_path), "--output", "json", *words]).output)
    about = (REFERENCE, NEED, GATEWAYS)
    found = [f"{f['severity']} {f['rule']} {f['path']}" for f in report["findings"] if f["rule"] in about]
    assert sorted(found) == sorted(expected)
    assert not [f for f in report["findings"] if f["severity"] == "error"]
    assert report["exitCode"] == 0
    told = {f"{each['kind']} {each['name']}": each["why"] for each in report["standsOn"]["assumed"]}
    assert told.pop("operator gateway-api", "any cluster is taken to have it") == "any cluster is taken to have it"
    assert told == standing


def test_many_names_are_folded(tmp_path: Path) -> None:
    services = (IRIS % f"reader-for-team-{n:02}" for n in range(20))
    text = "---\n".join(service.replace("name: iris", f"name: iris-{n}") for n, service in enumerate(services))
    (tmp_path / "all.yaml").write_text(text, "utf-8")
    out = CliRunner().invoke(cli, ["validate", str(tmp_path)]).output.splitlines()
    start = out.index("green, assuming 20 things that nobody checked:")
    names = "models/reader-for-team-00, models/reader-for-team-01"
    assert out[start + 1 : start + 3] == [
        f"  20 ServiceAccounts: {names} and 18 more (not among the manifests)",
        "not checked: that images can be pulled (no registry is asked)",
    ]
