"""What is made of InferenceServices that differ in little equals, to the byte, what is made of each alone."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.controllers import control_plane, service
from tests.support.project import DEV, Project

from kservegen.core.document import as_json, mapping
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.controllers import alike, free
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.forms import Form
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


TEMPLATES = (
    "{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}",
    "{{.Name}}{{.Namespace}}.b",
    "{{ .Name }}.{{ .Labels.team }}.x",
    '{{ .Name }}.{{ index .Annotations "team" }}.x',
    "{{ .Name | len }}.{{ .Namespace }}",
    "{{ if eq .Name `iris-transformer` }}a b{{ end }}{{ .Name }}.x",
    "{{ .Cluster }}.x",
)
PLANES = [control_plane(config={"ingress": {"domainTemplate": template}}) for template in TEMPLATES]


@given(
    st.one_of(st.just("iris"), st.from_regex(r"[a-z][a-z0-9-]{0,60}", fullmatch=True)),
    st.from_regex(r"[a-z][a-z0-9.-]{0,60}", fullmatch=True),
    st.sampled_from(["a", "", "-", "x" * 70]),
    st.sampled_from(PLANES),
)
def test_hosts_of_names_that_are_as_long_fit_alike(name: str, namespace: str, word: str, plane: ControlPlane) -> None:
    marks: JsonObject = {"team": word}
    metadata: JsonObject = {"name": name, "namespace": namespace, "labels": marks, "annotations": marks}
    assert free._has_hosts(metadata, plane.settings) == free._is_host(name, metadata, plane.settings)


_LABELS: Final = ("team", "modelClass", "endpoint", "component", "app", "serving.kserve.io/x")
_WORDS: Final = (
    "iris",
    "a",
    "two-words",
    "Upper",
    "with.dot",
    "http://a:80/b,c",
    "$(HOME)",
    "{{.Name}}",
    "",
    "7",
    "k9zqa",
)
_OPTIONS: Final = ("--workers=3", "--model_name=iris", "--port=9000", "--x=$(HOME)", "--y=a b", "--flag", "word", "-p")
_CPU: Final = ("250m", "251m", "1000m", "1", "0", "7319000m", "900m", "none")
_MEMORY: Final = ("2001Mi", "2002Mi", "4096Mi", "1Gi", "3Gi", "2Gi", "1e9", "500M", "7Ki")
_FORMATS: Final = ("sklearn", "xgboost", "huggingface", "tensorflow", "triton", "mlflow")
_ROUNDS: Final = 120


def _told(random: Random) -> JsonObject:
    """Return a service whose server is told this and that."""
    sides: JsonObject = {
        side: {
            name: random.choice(pool) for name, pool in (("cpu", _CPU), ("memory", _MEMORY)) if random.random() < 0.9
        }
        for side in ("requests", "limits")
    }
    names = ("A", "STORAGE_URI", "MULTI_MODEL_SERVER", "PROTOCOL_VERSION", "HF_TOKEN")
    env: JsonValue = [
        {"name": random.choice(names), "value": random.choice(_WORDS)} for _ in range(random.randrange(3))
    ]
    model: JsonObject = {
        "modelFormat": {"name": random.choice(_FORMATS)},
        "storageUri": random.choice(("s3://b/c", "hf://b/c")),
        "args": list[JsonValue](random.choices(_OPTIONS, k=random.randrange(4))),
        "env": env,
        "resources": sides,
    }
    predictor: JsonObject = {"model": model, "minReplicas": 1}
    if random.random() < 0.1:
        predictor["resources"] = {"limits": {"cpu": "2", "memory": "8Gi"}}
    if random.random() < 0.1:
        predictor["workerSpec"] = {"pipelineParallelSize": 2}
    stored = service(name=random.choice(("iris", "z1", "two")), spec={"predictor": predictor}, namespace="team")
    labels = random.sample(_LABELS, random.randrange(4))
    mapping(stored["metadata"])["labels"] = {key: random.choice(_WORDS) for key in labels}
    return stored


@pytest.mark.parametrize(
    "plane",
    [
        control_plane(),
        control_plane(config={"ingress": {"domainTemplate": "{{ .Name }}.{{ .Labels.team }}.x.example"}}),
        control_plane(config={"ingress": {"domainTemplate": "a.7319000.k9zq.iris.x.example"}}),
    ],
    ids=["plain", "label in hosts", "words in settings"],
)
@pytest.mark.parametrize("seed", range(2))
def test_whatever_servers_are_told_the_same_is_made_as_of_each_alone(seed: int, plane: ControlPlane) -> None:
    random = Random(seed)  # noqa: S311 - no secret
    for _ in range(_ROUNDS):
        stored = _told(random)
        # The second of a shape is made with tokens, the third from it.
        assert [_full(make_service(stored, plane)) for _ in range(3)] == [
            _full(make_inference_service(stored, plane))
        ] * 3


@pytest.mark.parametrize("seed", range(2))
def test_what_is_told_by_its_text_is_what_is_found(seed: int) -> None:
    """Whatever is of the form of another has its shape, with the same values; and many are."""
    random, plane = Random(seed), control_plane()  # noqa: S311 - no secret
    objects = [_told(random) for _ in range(_ROUNDS)]
    for now, then in (("iris", "lily"), ("team", "iris"), ("250m", "251m"), ("2001Mi", "2002Mi"), ("two-", "two_")):
        objects += [json.loads(json.dumps(each).replace(now, then)) for each in objects[:_ROUNDS]]
    shapes = [alike._shape_of(each, free._FREE, plane) for each in objects]
    forms = [
        Form((None, None, shape.key), alike._TOKENS.split(shape.key), shape.tokens)
        for shape in shapes
        if shape is not None
    ]
    found = 0
    for each, shape in zip(objects, shapes, strict=True):
        for form in forms:
            values = form.values(as_json(each))
            words = [values[token] for token in form.tokens.apart] if values else []
            if values and free._FREE.fits(form.texts(values)) and not alike._speaks_of(words, form.key[2], plane):
                assert shape is not None
                assert (shape.key, shape.values) == (form.key[2], values)
                found += 1
            else:
                assert shape is None or shape.key != form.key[2]
    assert found > 3 * len(forms)


def test_what_servers_are_told_makes_no_shape_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[str] = []

    def counted(stored: JsonObject, plane: ControlPlane) -> Made:
        times.append(str(mapping(stored["metadata"])["name"]))
        return make_inference_service(stored, plane)

    monkeypatch.setattr("kservegen.kserve.controllers.free.make_inference_service", counted)
    for number in range(1, 9):
        amounts: JsonObject = {"cpu": f"{200 + number}m", "memory": f"{2000 + number}Mi"}
        model: JsonObject = {
            "modelFormat": {"name": "sklearn"},
            "args": [f"--workers={number}", "--name", f"m{number}"],
            "env": [{"name": "SHARD", "value": str(number)}],
            "resources": {"requests": amounts, "limits": {"cpu": f"{900 + number}m", "memory": f"{2000 + number}Mi"}},
        }
        stored = service(name=f"m{number}", spec={"predictor": {"model": model}})
        mapping(stored["metadata"])["labels"] = {"app": f"m{number}", "team": "a"}
        make_service(stored, control_plane(mode="Standard"))
    assert times[0] == "m1"
    assert len(times) == 2


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
