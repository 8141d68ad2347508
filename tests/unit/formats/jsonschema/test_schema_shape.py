from __future__ import annotations

import pytest
from tests.unit.formats.jsonschema.schema_samples import INFERENCE_SERVICE, STORE, VERSIONS

from kservegen.core.document import sequence
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.formats.jsonschema.shape import QUANTITY_FORMAT, QuantityShape, Shape
from kservegen.formats.jsonschema.store import Shapes

ISVC = ("serving.kserve.io/v1beta1", "InferenceService")
SHAPE = STORE.shape(*ISVC, kserve_version="v0.19.0")
MODEL = ("spec", "predictor", "model")


def quantities(value: JsonValue, shape: QuantityShape | None, path: Path = ()) -> list[Path]:
    """Walk a document as a canonicaliser does."""
    if not shape:
        return []
    if shape is QUANTITY_FORMAT:
        return [path]
    if isinstance(value, list):
        return [found for index, item in enumerate(value) for found in quantities(item, shape, (*path, index))]
    if isinstance(value, dict):
        return [
            found
            for key, item in value.items()
            for found in quantities(item, shape.get(key) or shape.get("*"), (*path, key))
        ]
    return []


@pytest.mark.parametrize("version", VERSIONS)
def test_quantities_of_a_document(version: str) -> None:
    shape = Shapes(STORE, version).quantities(*ISVC)
    limits = (*MODEL, "resources", "limits")
    assert quantities(INFERENCE_SERVICE, shape) == [(*limits, name) for name in ("cpu", "memory", "nvidia.com/gpu")]


@pytest.mark.parametrize(
    "path",
    [
        ("spec", "predictor", "volumes", 0, "emptyDir", "sizeLimit"),
        ("spec", "transformer", "containers", 1, "resources", "requests", "cpu"),
        ("spec", "predictor", "autoScaling", "metrics", 0, "resource", "target", "averageValue"),
        ("spec", "predictor", "overhead", "memory"),
    ],
)
def test_quantities_are_where_the_schema_says(path: Path) -> None:
    document: JsonValue = "1"
    for part in reversed(path):
        document = {part: document} if isinstance(part, str) else [None] * part + [document]
    assert quantities(document, SHAPE.quantities) == [path]


def test_no_other_int_or_string_is_a_quantity() -> None:
    document: JsonObject = {"spec": {"predictor": {"deploymentStrategy": {"rollingUpdate": {"maxSurge": "25%"}}}}}
    assert quantities(document, SHAPE.quantities) == []


LISTS: list[tuple[Path, tuple[str, ...]]] = [
    ((*MODEL, "env"), ("name",)),
    ((*MODEL, "volumeMounts"), ("mountPath",)),
    ((*MODEL, "args"), ()),
    (("spec", "predictor", "containers"), ("name",)),
    (("spec", "predictor", "volumes"), ("name",)),
    (("spec", "predictor", "tolerations"), ()),
]


@pytest.mark.parametrize(("path", "keys"), LISTS, ids=lambda value: str(value[-1]) if value else "")
def test_keys_that_lists_are_merged_by(path: Path, keys: tuple[str, ...]) -> None:
    assert SHAPE.list_keys(path) == keys


def test_distinct_lists_and_the_defaults_of_their_keys() -> None:
    places = SHAPE.distinct_lists.places(INFERENCE_SERVICE)
    found = {path: (keys.keys, keys.defaults) for path, items, keys in places if len(sequence(items)) > 1}
    assert found == {
        (*MODEL, "env"): (("name",), (None,)),
        (*MODEL, "ports"): (("containerPort", "protocol"), (None, "TCP")),
    }


def test_subschema_follows_references_and_keeps_what_stands_beside_them() -> None:
    assert SHAPE.subschema((*MODEL, "resources", "limits", "cpu")) is not None
    llm = STORE.shape("serving.kserve.io/v1alpha2", "LLMInferenceService", kserve_version="v0.19.0")
    path = llm.subschema(("spec", "router", "route", "http", "spec", "rules", 0, "matches", 0, "path"))
    assert path is not None
    assert path["default"] == {"type": "PathPrefix", "value": "/"}
    assert "properties" in path


RECURSIVE: JsonObject = {
    "properties": {"tree": {"$ref": "#/definitions/Tree"}},
    "definitions": {
        "Tree": {
            "properties": {
                "size": {"$ref": "#/definitions/Quantity"},
                "children": {
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "items": {"$ref": "#/definitions/Tree"},
                },
            }
        },
        "Quantity": {"x-kubernetes-int-or-string": True, "pattern": r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))$"},
    },
}


def test_a_schema_that_refers_to_itself() -> None:
    shape = Shape(RECURSIVE)
    document: JsonObject = {
        "tree": {"children": [{"name": "a", "size": 1}, {"children": [{"size": 2}, {"name": "b"}]}]}
    }
    assert quantities(document, shape.quantities) == [
        ("tree", "children", 0, "size"),
        ("tree", "children", 1, "children", 0, "size"),
    ]
    found = [path for path, _, _ in shape.distinct_lists.places(document)]
    assert sorted(found, key=len) == [("tree", "children"), ("tree", "children", 1, "children")]
