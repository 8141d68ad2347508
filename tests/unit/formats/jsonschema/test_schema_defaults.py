"""What the API server puts into an object, and what it drops: by the rules of its structural defaulting."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.jsonschema import defaults
from kservegen.formats.jsonschema.defaults import apply_defaults
from kservegen.formats.jsonschema.shape import Shape
from kservegen.formats.jsonschema.store import SchemaStore

STORE = SchemaStore((Path(__file__).parents[4] / "schemas",))

SHAPE = Shape(
    {
        "type": "object",
        "properties": {
            "port": {"type": "integer", "default": 80},
            "free": {"type": "string"},
            "maybe": {"type": ["string", "null"], "default": "x"},
            "open": {"type": ["string", "null"]},
            "block": {"type": "object", "properties": {"deep": {"type": "string", "default": "d"}}},
            "whole": {"$ref": "#/definitions/Whole", "default": {"a": 1}},
            "items": {"type": "array", "items": {"type": "object", "properties": {"p": {"default": "TCP"}}}},
            "numbers": {"type": "array", "items": {"type": "integer", "default": 7}},
            "plain": {"type": "array", "items": {"type": "integer"}},
            "entries": {"type": "object", "additionalProperties": {"type": "integer", "default": 5}},
            "bare": {"type": "object", "additionalProperties": {"type": "integer"}},
            "blocks": {
                "type": "object",
                "additionalProperties": {"type": "object", "default": {}, "properties": {"deep": {"default": "d"}}},
            },
            "tree": {"$ref": "#/definitions/Tree"},
        },
        "definitions": {
            "Whole": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"default": 2}}},
            "Tree": {
                "type": "object",
                "properties": {
                    "leaf": {"type": "boolean", "default": False},
                    "children": {"type": "array", "items": {"$ref": "#/definitions/Tree"}},
                },
            },
        },
    }
)
ALWAYS: JsonObject = {"port": 80, "maybe": "x", "whole": {"a": 1, "b": 2}}

CASES: list[tuple[str, JsonObject, JsonObject]] = [
    ("absent fields", {}, {}),
    ("what is there stays", {"port": 0, "maybe": ""}, {"port": 0, "maybe": ""}),
    ("a null that has a default", {"port": None}, {"port": 80}),
    ("a null that is a value", {"maybe": None}, {"maybe": None}),
    ("a null that is a value without a default", {"open": None}, {"open": None}),
    ("any other null is dropped", {"free": None}, {}),
    ("absent objects stay absent", {"free": "y"}, {"free": "y"}),
    ("below what is there", {"block": {}}, {"block": {"deep": "d"}}),
    ("below a default", {"whole": {}}, {"whole": {"b": 2}}),
    ("in items", {"items": [{}, {"p": "UDP"}]}, {"items": [{"p": "TCP"}, {"p": "UDP"}]}),
    ("null items", {"numbers": [1, None], "plain": [None]}, {"numbers": [1, 7], "plain": [None]}),
    ("null entries", {"entries": {"a": None, "b": 1}}, {"entries": {"a": 5, "b": 1}}),
    ("below the default of a null entry", {"blocks": {"a": None}}, {"blocks": {"a": {"deep": "d"}}}),
    ("null entries without a default", {"bare": {"a": None, "b": 1}}, {"bare": {"b": 1}}),
    ("unknown fields are not looked at", {"what": None}, {"what": None}),
    (
        "what is of another type is not touched",
        {"block": "text", "items": {"a": 1}},
        {"block": "text", "items": {"a": 1}},
    ),
    (
        "a schema that refers to itself",
        {"tree": {"children": [{"leaf": True}, {"children": []}]}},
        {"tree": {"leaf": False, "children": [{"leaf": True}, {"leaf": False, "children": []}]}},
    ),
]


@pytest.mark.parametrize(("document", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_defaults(document: JsonObject, expected: JsonObject) -> None:
    before = deepcopy(document)
    assert apply_defaults(document, SHAPE) == {**ALWAYS, **expected}
    assert document == before


def test_what_nothing_changes_is_handed_back() -> None:
    document: JsonObject = {**ALWAYS, "block": {"deep": "e"}, "items": [{"p": "UDP"}]}
    assert apply_defaults(document, SHAPE) is document
    extended = apply_defaults({"items": document["items"], "block": {}}, SHAPE)
    assert extended["items"] is document["items"]


def test_a_default_is_no_part_of_the_schema() -> None:
    whole = apply_defaults({}, SHAPE)["whole"]
    assert isinstance(whole, dict)
    whole["a"] = 9
    assert apply_defaults({}, SHAPE)["whole"] == {"a": 1, "b": 2}


NAMES = st.sampled_from(
    ["port", "maybe", "block", "deep", "whole", "b", "items", "numbers", "entries", "tree", "children"]
)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.sampled_from([None, 1, "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_a_second_time_changes_nothing(document: dict[str, JsonValue]) -> None:
    once = apply_defaults(document, SHAPE)
    assert apply_defaults(once, SHAPE) == once


@given(st.dictionaries(NAMES, VALUES | st.sampled_from(["null", "\ud800", 1 << 70, float("inf")]), max_size=4))
def test_nulls_are_found_whatever_stands_beside_them(document: dict[str, JsonValue]) -> None:
    shortly = apply_defaults(document, SHAPE)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(defaults, "encode", lambda _: b"null")
        assert shortly == apply_defaults(document, SHAPE)


def test_defaults_of_kserve() -> None:
    shape = STORE.shape("serving.kserve.io/v1alpha2", "LLMInferenceService", kserve_version="v0.19.0")
    document: JsonObject = {"spec": {"model": {"uri": "hf://a/b"}, "scaling": {"maxReplicas": 2}}}
    assert apply_defaults(document, shape) == {
        "spec": {"model": {"uri": "hf://a/b"}, "scaling": {"maxReplicas": 2, "minReplicas": 1}}
    }
