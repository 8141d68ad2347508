"""A reduced schema judges the document that it was made for as the whole schema does, and is smaller."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.jsonschema.reduce import keys_in, reduced
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.formats.jsonschema.validate import Validator

ROOT = Path(__file__).resolve().parents[4]
CATALOG: JsonObject = json.loads((ROOT / "schemas" / "kservegen" / "models.schema.json").read_bytes())

SCHEMA: JsonObject = {
    "type": "object",
    "additionalProperties": False,
    "required": ["a"],
    "properties": {
        "a": {"$ref": "#/definitions/tree"},
        "b": {"anyOf": [{"$ref": "#/definitions/word"}, {"type": "array", "items": {"$ref": "#/definitions/word"}}]},
        "properties": {
            "type": "object",
            "properties": {"b": {"type": "null"}},
            "additionalProperties": {"type": "string"},
        },
        "const": {"const": {"properties": {"c": 1}}},
    },
    "if": {"properties": {"b": {"const": "x"}}, "required": ["b"]},
    "then": {"properties": {"c": {"type": "string"}, "a": {"type": "object"}}},
    "definitions": {
        "tree": {"type": "object", "properties": {"a": {"$ref": "#/definitions/tree"}, "c": {"type": "integer"}}},
        "word": {"type": "string", "maxLength": 1},
    },
}
LEAVES = st.none() | st.integers(-1, 1) | st.sampled_from(["", "x", "xy"])
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "b", "c", "const", "properties"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(DOCUMENTS)
def test_the_verdict_is_that_of_the_whole_schema(document: JsonValue) -> None:
    small = reduced(SCHEMA, keys_in(document))
    assert jsonschema_rs.is_valid(small, document) == jsonschema_rs.is_valid(SCHEMA, document)


@pytest.mark.parametrize(
    ("words", "valid"),
    [
        ({"modelFormat": "sklearn", "storageUri": "s3://a/b"}, True),
        ({"modelFormat": "sklearn", "storageUrl": "s3://a/b"}, False),
        ({"modelFormat": "sklearn", "minReplicas": "many"}, False),
        ({"resources": {"requests": {"cpu": []}}}, False),
    ],
    ids=["plain", "unknown-word", "wrong-type", "deep-down"],
)
def test_catalogs(words: JsonObject, valid: bool) -> None:
    document: JsonObject = {"version": 1, "models": {"a": {"namespace": "b", **words}}}
    small = reduced(CATALOG, keys_in(document))
    assert jsonschema_rs.is_valid(small, document) is jsonschema_rs.is_valid(CATALOG, document) is valid
    assert len(json.dumps(small)) * 5 < len(json.dumps(CATALOG))


@pytest.mark.parametrize("kind", ["InferenceService", "LLMInferenceService", "ServingRuntime"])
def test_few_objects_get_the_verdicts_of_many(kind: str) -> None:
    lines = (ROOT / "tests" / "conformance" / "admission-v0.19.0.jsonl").read_text("utf-8").splitlines()
    found = [manifest for line in lines if (manifest := json.loads(line)["manifest"])["kind"] == kind]
    few, many = (_validator(found[0]["apiVersion"], kind, documents) for documents in (100, 10_000))
    verdicts = [few.check(manifest) for manifest in found]
    assert verdicts == [many.check(manifest) for manifest in found]
    assert len({bool(verdict) for verdict in verdicts}) == 2


def test_what_many_objects_need_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[JsonObject] = []
    monkeypatch.setattr("kservegen.formats.jsonschema.validate._compile", compiled.append)
    validator = _validator("serving.kserve.io/v1beta1", "InferenceService", 150)
    for documents in (150, 1, 1):  # more than few together: from then on each of whatever fields
        validator.expect(documents)
        validator.check({"kind": f"{documents}", f"of-{len(compiled)}": 1})
    assert [schema is validator.schema for schema in compiled] == [True]


def _validator(api_version: str, kind: str, documents: int) -> Validator:
    found = SchemaStore((ROOT / "schemas",)).validator(api_version, kind, kserve_version="v0.19.0")
    found.expect(documents)
    return found
