"""The law of the validator: the explainer finds something exactly where jsonschema_rs and jsonschema refuse."""

from __future__ import annotations

import copy

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.examples import examples
from tests.unit.formats.jsonschema.schema_samples import INFERENCE_SERVICE, SERVING_RUNTIME, STORE

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.jsonschema.validate import Validator
from kservegen.formats.jsonschema.violations import Explainer

SCALARS: list[JsonValue] = [
    None,
    True,
    0,
    1,
    -1,
    2.5,
    1.0,
    "",
    "1",
    "8Gi",
    "8GB",
    "all",
    "http://x",
    [],
    {},
    [None],
    {"a": 1},
]
KEYS = ["name", "env", "args", "limits", "mode", "spec", "x", "storageUri", "minReplicas"]


def places(value: JsonValue) -> list[tuple[JsonValue, str | int]]:
    """List every (container, key) of a document."""
    if isinstance(value, dict):
        return [place for key, item in value.items() for place in ((value, key), *places(item))]
    if isinstance(value, list):
        return [place for index, item in enumerate(value) for place in ((value, index), *places(item))]
    return []


@st.composite
def mutated(draw: st.DrawFn) -> JsonObject:
    document: JsonObject = copy.deepcopy(draw(st.sampled_from([INFERENCE_SERVICE, SERVING_RUNTIME])))
    for _ in range(draw(st.integers(0, 3))):
        container, key = draw(st.sampled_from(places(document)))
        value = copy.deepcopy(draw(st.sampled_from(SCALARS)))
        if isinstance(container, dict):
            container[draw(st.sampled_from([str(key), *KEYS]))] = value
        elif isinstance(container, list) and isinstance(key, int):
            container[key] = value
    return document


def agrees(schema: JsonObject, value: JsonValue) -> None:
    validator = Validator(schema)
    found = list(Explainer(validator.shape).explain(value))
    assert (not found) is validator._fits(value), found
    assert (not found) is jsonschema.Draft7Validator(schema).is_valid(value), found


@settings(max_examples=examples(100))
@given(mutated())
def test_on_mutated_objects(document: JsonObject) -> None:
    for api_version, kind in (
        ("serving.kserve.io/v1beta1", "InferenceService"),
        ("serving.kserve.io/v1alpha1", "ServingRuntime"),
    ):
        agrees(STORE.get(api_version, kind, kserve_version="v0.19.0"), document)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(-3, 3, width=16)
    | st.sampled_from(["", "a", "ab", "b1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "null", "array", "object"])


def schemas() -> st.SearchStrategy[JsonValue]:
    leaf = st.one_of(
        st.booleans(),
        st.fixed_dictionaries({"type": st.one_of(TYPES, st.lists(TYPES, min_size=1, max_size=2, unique=True))}),
        st.fixed_dictionaries({"enum": st.lists(VALUES, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"const": VALUES}),
        st.fixed_dictionaries({}, optional={"minimum": st.integers(-2, 2), "exclusiveMaximum": st.integers(-2, 2)}),
        st.fixed_dictionaries(
            {}, optional={"minLength": st.integers(0, 2), "pattern": st.sampled_from(["^a", "b$", "1"])}
        ),
        st.fixed_dictionaries({}, optional={"maxItems": st.integers(0, 2), "uniqueItems": st.booleans()}),
        st.fixed_dictionaries(
            {}, optional={"minProperties": st.integers(0, 2), "required": st.lists(st.sampled_from("abc"), unique=True)}
        ),
    )

    def grown(inner: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[JsonValue]:
        several = st.lists(inner, min_size=1, max_size=3)
        named = st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
        return st.one_of(
            st.fixed_dictionaries(
                {}, optional={"properties": named, "additionalProperties": inner, "propertyNames": inner}
            ),
            st.fixed_dictionaries({}, optional={"patternProperties": named, "dependencies": named}),
            st.fixed_dictionaries({}, optional={"items": inner, "contains": inner}),
            st.fixed_dictionaries({"items": several}, optional={"additionalItems": inner}),
            st.fixed_dictionaries({}, optional={"allOf": several, "anyOf": several, "oneOf": several, "not": inner}),
            st.fixed_dictionaries({"if": inner}, optional={"then": inner, "else": inner}),
        )

    return st.recursive(leaf, grown, max_leaves=6)


@settings(max_examples=examples(200))
@given(schemas(), VALUES)
def test_on_any_schema(schema: JsonValue, value: JsonValue) -> None:
    draft = "http://json-schema.org/draft-07/schema#"
    agrees({"$schema": draft, "allOf": [schema]}, value)
