"""What the API server would store of an object, and the way back to what was written."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.repository import packaged_data
from kservegen.core.resource import Origin, Resource, ResourceId
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.defaulting import Defaulted, Installation, default

KIND = ("serving.kserve.io/v1beta1", "InferenceService")
MODE = "serving.kserve.io/deploymentMode"
STANDARD = Installation(kserve_version="v0.19.0")
SIZED: JsonObject = {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}}


def service(spec: JsonObject, annotations: JsonObject | None = None, kind: str = "InferenceService") -> Resource:
    metadata: JsonObject = {"name": "a", "annotations": annotations if annotations is not None else {MODE: "Standard"}}
    doc: JsonObject = {"kind": kind, "metadata": metadata, "spec": spec}
    return Resource(id=ResourceId(kind, "", "a"), api_version="", doc=doc, file="a.yaml")


def stored(spec: JsonObject, installation: Installation = STANDARD) -> JsonObject:
    return mapping(default(service(spec), installation).resource.doc["spec"])


def annotations_of(item: Defaulted) -> JsonValue:
    return mapping(item.resource.doc["metadata"])["annotations"]


@pytest.mark.parametrize(
    ("written", "mode", "expected"),
    [
        ({}, "Standard", {MODE: "Standard"}),
        ({}, "RawDeployment", {MODE: "Standard"}),
        ({}, "ModelMesh", {MODE: "ModelMesh"}),
        ({}, "Knative", {}),
        ({MODE: "RawDeployment"}, "Knative", {MODE: "Standard"}),
        ({MODE: "Serverless"}, "Standard", {MODE: "Knative"}),
        ({MODE: "anything"}, "Standard", {MODE: "anything"}),
        ({MODE: None}, "Standard", {MODE: ""}),
    ],
)
def test_the_mode_is_written_down(written: JsonObject, mode: str, expected: JsonObject) -> None:
    item = default(
        service({"predictor": {"containers": [{}]}}, written),
        Installation(kserve_version="v0.19.0", deployment_mode=mode),
    )
    assert annotations_of(item) == expected


def test_annotations_come_to_be_where_there_are_none() -> None:
    bare = Resource(
        id=ResourceId("InferenceService", "", "a"),
        api_version="",
        doc={"kind": "InferenceService", "metadata": {"name": "a"}, "spec": {"predictor": {"model": {}}}},
        file="a.yaml",
    )
    assert annotations_of(default(bare, STANDARD)) == {MODE: "Standard", "modelFormat": ""}


@pytest.mark.parametrize(
    ("predictor", "expected"),
    [
        (
            {"sklearn": {"storageUri": "s3://b/m"}},
            {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://b/m"}},
        ),
        ({"triton": {}}, {"model": {"modelFormat": {"name": "triton"}, "protocolVersion": "v2"}}),
        ({"onnx": {"protocolVersion": "v1"}}, {"model": {"modelFormat": {"name": "onnx"}, "protocolVersion": "v1"}}),
        (
            {"model": {"modelFormat": {"name": "triton"}}},
            {"model": {"modelFormat": {"name": "triton"}, "protocolVersion": "v2"}},
        ),
        ({"model": {"modelFormat": {"name": "onnx"}}}, {"model": {"modelFormat": {"name": "onnx"}}}),
        # The order is KServe's own, and a model beside a framework is lost.
        (
            {"paddle": {}, "xgboost": {}, "model": {"args": ["x"]}},
            {"paddle": {}, "model": {"modelFormat": {"name": "xgboost"}}},
        ),
        ({"sklearn": None, "model": {}}, {"sklearn": None, "model": {}}),
    ],
)
def test_a_framework_becomes_the_model(predictor: JsonObject, expected: JsonObject) -> None:
    assert stored({"predictor": predictor}) == {"predictor": expected}


def test_model_mesh_keeps_its_frameworks() -> None:
    item = default(service({"predictor": {"onnx": {}}}, {MODE: "ModelMesh"}), STANDARD)
    assert item.resource is item.written


@pytest.mark.parametrize(
    ("component", "containers", "name"),
    [
        ("predictor", [{"name": "x"}], "kserve-container"),
        ("predictor", [{"name": ""}, {"name": "y"}], "kserve-container"),
        ("predictor", [{"name": "x"}, {"name": "y"}], "x"),
        ("transformer", [{"name": "x"}, {"name": "y"}], "kserve-container"),
        ("explainer", [{"name": "x"}], "kserve-container"),
    ],
)
def test_ones_own_container_is_named_and_sized(component: str, containers: list[JsonValue], name: str) -> None:
    spec = stored({"predictor": {"model": {}}, component: {"containers": containers}})
    first = mapping(mapping(spec[component])["containers"][0])  # type: ignore[index]
    assert first == {"name": name, "resources": SIZED}


def test_what_is_stated_of_resources_stays() -> None:
    spec = stored({"predictor": {"containers": [{"resources": {"limits": {"cpu": "100m"}}}]}})
    container = mapping(mapping(spec["predictor"])["containers"][0])  # type: ignore[index]
    assert container["resources"] == {"requests": SIZED["requests"], "limits": {"cpu": "100m", "memory": "2Gi"}}


def test_containers_beside_a_model_are_left_alone() -> None:
    spec: JsonObject = {"predictor": {"model": {}, "containers": [{"name": "sidecar"}]}}
    assert stored(spec) == spec


def test_the_art_explainer_gets_version_name_and_size() -> None:
    spec = stored({"predictor": {"model": {}}, "explainer": {"art": {"type": "SquareAttack"}}})
    assert spec["explainer"] == {
        "art": {"type": "SquareAttack", "runtimeVersion": "v0.19.0", "name": "kserve-container", "resources": SIZED}
    }


def test_tokens_are_withheld_where_the_installation_says_so() -> None:
    closed = Installation(kserve_version="v0.19.0", mounts_token=False)
    spec = stored({"predictor": {"model": {}, "automountServiceAccountToken": True}, "transformer": {}}, closed)
    assert mapping(spec["predictor"])["automountServiceAccountToken"] is True
    assert mapping(spec["transformer"])["automountServiceAccountToken"] is False


@pytest.mark.parametrize("predictor", [{}, {"containers": []}, {"model": None}, {"minReplicas": 1}, None])
def test_a_predictor_without_an_implementation_crashes_the_real_defaulter(predictor: JsonValue) -> None:
    assert default(service({"predictor": predictor}), STANDARD).crashes


@pytest.mark.parametrize("predictor", [{"model": {}}, {"onnx": {}}, {"containers": [{"name": "x"}]}])
def test_one_with_an_implementation_does_not(predictor: JsonValue) -> None:
    assert not default(service({"predictor": predictor}), STANDARD).crashes
    assert not default(service({"predictor": predictor}, {MODE: "ModelMesh"}), STANDARD).crashes


def test_an_llm_service_is_called_by_its_name_and_lists_its_containers() -> None:
    spec: JsonObject = {"model": {"uri": "hf://a/b"}, "template": {}, "prefill": {"worker": {"containers": None}}}
    item = default(service(spec, kind="LLMInferenceService"), STANDARD)
    assert item.resource.doc["spec"] == {
        "model": {"uri": "hf://a/b", "name": "a"},
        "template": {"containers": []},
        "prefill": {"worker": {"containers": []}},
    }
    assert item.resource.authored["spec"] == spec


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("spec", "predictor", "model", "env", 0), ("spec", "predictor", "sklearn", "env", 0)),
        (("spec", "predictor", "model"), ("spec", "predictor", "sklearn")),
        (("spec", "predictor", "minReplicas"), ("spec", "predictor", "minReplicas")),
    ],
)
def test_a_path_finds_home(path: Path, expected: Path) -> None:
    assert default(service({"predictor": {"sklearn": {"env": [{}]}}}), STANDARD).original_path(path) == expected


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("spec", "predictor", "model", "env", 0, "name"), ("env", 1, "name")),
        (("spec", "predictor", "model", "storageUri"), ("word", "storageUri")),
        (("spec", "predictor", "minReplicas"), ("minReplicas",)),
    ],
)
def test_what_moved_leads_to_the_words_that_it_came_from(path: Path, words: Path) -> None:
    sklearn: Path = ("spec", "predictor", "sklearn")
    origins = (
        Origin(("spec", "predictor"), ()),
        Origin(sklearn, ("word",)),
        Origin((*sklearn, "env", 0), ("env", 1)),
        Origin(("spec", "predictor", "model"), ("dropped",)),
    )
    built = service({"predictor": {"model": {"env": []}, "sklearn": {"env": [{}]}}})
    assert default(replace(built, origins=origins), STANDARD).resource.words(path) == words


def test_a_schema_puts_in_its_own_defaults_first() -> None:
    shape = SchemaStore([packaged_data() / "schemas"]).shape(*KIND, kserve_version="v0.19.0")
    written = service({"predictor": {"model": {"args": None}, "storageUris": [{"uri": "s3://b/m"}]}})
    spec = mapping(default(written, STANDARD, shape).resource.doc["spec"])
    assert spec["predictor"] == {"model": {}, "storageUris": [{"uri": "s3://b/m", "mountPath": "/mnt/models"}]}


SCALARS = st.sampled_from([None, True, 1, "", "v2"])
WORDS = "model sklearn onnx triton containers name resources limits art predictor transformer explainer spec metadata"
NAMES = st.sampled_from([*WORDS.split(), "annotations", MODE, "template", "prefill", "worker"])
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner), max_leaves=8)


@given(
    st.dictionaries(NAMES, JSON),
    st.sampled_from(["InferenceService", "LLMInferenceService", "LLMInferenceServiceConfig", "ConfigMap"]),
    st.sampled_from(["Standard", "Knative", "ModelMesh"]),
)
def test_any_input_is_taken_and_none_is_changed(doc: JsonObject, kind: str, mode: str) -> None:
    before = deepcopy(doc)
    installation = Installation(kserve_version="v0.20.0", deployment_mode=mode)
    item = default(Resource(id=ResourceId(kind, "", "a"), api_version="", doc=doc, file="a.yaml"), installation)
    assert json.dumps(doc) == json.dumps(before)
    again = default(item.resource, installation)
    assert again.resource.doc == item.resource.doc
