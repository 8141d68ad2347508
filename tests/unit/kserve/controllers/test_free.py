"""What is made of InferenceServices that differ in little equals, to the byte, what is made of each alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.controllers import control_plane, service
from tests.support.project import DEV, Project

from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.free import make_service
from kservegen.kserve.controllers.inference_service import make_inference_service
from kservegen.kserve.controllers.made import Made

NAMES = (("iris", "models"), ("z1", "default"), ("a" * 39, "n" * 9), ("b" * 41, "team"), ("x-predictor", "team"))
ROUTED: JsonObject = {
    "ingress": {"ingressDomain": "models.example", "domainTemplate": "{{ .Name }}.{{ .Namespace }}.x"}
}
TEMPLATE: JsonObject = {"ingress": {"domainTemplate": "{{ .Name }}-{{ .Namespace }}-of-this-cluster.x.example"}}
CACHE: JsonObject = {
    "apiVersion": "serving.kserve.io/v1alpha1",
    "kind": "LocalModelCache",
    "metadata": {"name": "held"},
    "spec": {"sourceModelUri": "s3://b/z1", "nodeGroups": ["fast"]},
}
STORAGE: JsonObject = {
    "apiVersion": "serving.kserve.io/v1alpha1",
    "kind": "ClusterStorageContainer",
    "metadata": {"name": "own"},
    "spec": {"container": {"name": "own", "image": "own:1"}, "supportedUriFormats": [{"prefix": "s3://b/z1"}]},
}
ALONE: JsonObject = {"kind": "Namespace", "metadata": {"name": "team", "labels": {"control-plane": "no"}}}
OTHER: JsonObject = {"kind": "Namespace", "metadata": {"name": "models", "labels": {"team": "a"}}}
SERVER: JsonValue = [{"name": "kserve-container", "image": "server:1"}]


def _full(made: Made) -> str:
    pods = [(pod.of, pod.pod, pod.refused, pod.missing, pod.source, pod.origins) for pod in made.pods]
    return json.dumps([[(item.doc, item.origins) for item in made.objects], pods, made.outcome])


@pytest.mark.parametrize(
    ("more", "plane"),
    [
        ({}, control_plane()),
        ({}, control_plane(config=ROUTED)),
        ({}, control_plane(config=TEMPLATE)),
        ({}, control_plane(CACHE, config={"localModel": {"enabled": True}})),
        ({}, control_plane(STORAGE)),
        ({}, control_plane(ALONE, OTHER)),
        ({}, control_plane(mode="Knative")),
        ({"predictor": {"priority": 5}}, control_plane()),
        ({"predictor": {"priorityClassName": "gone"}}, control_plane()),
        ({"predictor": {"logger": {"mode": "all"}}}, control_plane()),
        ({"predictor": {"minReplicas": 3, "maxReplicas": 2}}, control_plane()),
        ({"transformer": {"containers": SERVER}, "explainer": {"containers": SERVER}}, control_plane(config=ROUTED)),
    ],
    ids=[
        "plain",
        "routes",
        "hosts",
        "cache",
        "storage",
        "namespace",
        "Knative",
        "refused",
        "missing",
        "logger",
        "scaled",
        "three",
    ],
)
def test_services_of_one_shape_are_made_as_each_alone(more: JsonObject, plane: ControlPlane) -> None:
    for name, namespace in NAMES:
        model: JsonObject = {"modelFormat": {"name": "sklearn"}, "storageUri": f"s3://b/{name}"}
        spec: JsonObject = {**more, "predictor": {"model": model, **mapping(more.get("predictor"))}}
        stored = service(name=name, spec=spec, namespace=namespace)
        assert _full(make_service(stored, plane)) == _full(make_inference_service(stored, plane))


def test_a_shape_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[str] = []

    def counted(stored: JsonObject, plane: ControlPlane) -> Made:
        times.append(str(mapping(stored["metadata"])["name"]))
        return make_inference_service(stored, plane)

    monkeypatch.setattr("kservegen.kserve.controllers.free.make_inference_service", counted)
    for number in range(5):
        make_service(service(name=f"m{number}"), control_plane())
    assert times[0] == "m0"
    assert len(times) == 2


def test_services_of_a_catalog_share_their_shape_across_namespaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[str] = []

    def counted(stored: JsonObject, plane: ControlPlane) -> Made:
        times.append(str(mapping(stored["metadata"])["name"]))
        return make_inference_service(stored, plane)

    monkeypatch.setattr("kservegen.kserve.controllers.free.make_inference_service", counted)
    project = Project(tmp_path)
    project.write("environments/dev.yaml", DEV.replace("{ns: {}}", "{one: {}, two: {}}"))
    entries = [
        f"  m{number}: {{modelFormat: sklearn, namespace: {'two' if number % 2 else 'one'}, storageUri: s3://b/m{number}}}"
        for number in range(8)
    ]
    project.write("models.yaml", "version: 1\nmodels:\n" + "\n".join(entries) + "\n")
    assert project.problems() == []
    assert len(times) == 2
