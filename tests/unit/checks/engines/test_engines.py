"""All engines come to the same verdict on every recorded manifest; kubeconform by itself differs in known ways."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from tests.support.examples import examples
from tests.unit.formats.jsonschema.test_schema_agreement import mutated

from kservegen.checks.engines.builtin import BuiltinEngine
from kservegen.checks.engines.jsonschema import JsonschemaEngine
from kservegen.checks.engines.kubeconform.engine import KubeconformEngine, locations
from kservegen.checks.engines.kubeconform.process import VARIABLE, Refusal, find_binary, run
from kservegen.core.diagnostics import Finding, Severity
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.jsontypes import Path as DocumentPath
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SchemaStore

ROOT = Path(__file__).parents[4]
STORE = SchemaStore([ROOT / "schemas"])
BUILTIN, JSONSCHEMA = BuiltinEngine(STORE), JsonschemaEngine(STORE)
SETS = {"v0.19.0": "admission-v0.19.0.jsonl", "v0.20.0": "admission-v0.20.0.jsonl"}


@pytest.fixture
def binary() -> str:
    """Return kubeconform; without it a test is skipped, but in CI, which installs it, it fails."""
    if shutil.which(os.environ.get(VARIABLE, "kubeconform")) is None and not os.environ.get("CI"):
        pytest.skip("kubeconform is not on the path")
    return find_binary()


def resource(doc: JsonObject) -> Resource:
    return Resource(id=ResourceId(str(doc["kind"]), "", ""), api_version=str(doc["apiVersion"]), doc=doc, file="")


def recorded(version: str) -> list[JsonObject]:
    lines = (ROOT / "tests" / "conformance" / SETS[version]).read_text("utf-8").splitlines()
    return [json.loads(line)["manifest"] for line in lines]


def refused(findings: tuple[Finding, ...]) -> bool:
    return any(finding.severity is not Severity.INFO for finding in findings)


def spoken(findings: tuple[Finding, ...]) -> set[tuple[str, DocumentPath]]:
    return {(finding.rule, finding.path) for finding in findings}


@pytest.mark.parametrize("version", SETS)
def test_jsonschema_comes_to_the_same_verdict(version: str) -> None:
    resources = [resource(doc) for doc in recorded(version)]
    ours = BuiltinEngine(STORE).check(resources, version)
    theirs = JsonschemaEngine(STORE).check(resources, version)
    differing = [r.doc for r, a, b in zip(resources, ours, theirs, strict=True) if refused(a) != refused(b)]
    assert sum(map(refused, ours)) > 400
    assert differing == []
    alike = [spoken(a) == spoken(b) for a, b in zip(ours, theirs, strict=True)]
    assert alike.count(False) < len(alike) / 50, "most findings are the same, too"


@settings(max_examples=examples(60))
@given(mutated())
def test_jsonschema_agrees_on_mutated_objects(document: JsonObject) -> None:
    one = resource({**document, "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService"})
    (ours,), (theirs,) = BUILTIN.check([one], "v0.19.0"), JSONSCHEMA.check([one], "v0.19.0")
    assert refused(ours) == refused(theirs)


FORMS: JsonObject = {
    "map": {"type": "object", "additionalProperties": {"enum": [1]}},
    "shut": {"type": "object", "properties": {"a": True}, "required": ["a"], "additionalProperties": False},
    "name": {"pattern": "^(a+)+$"},
    "broken": {"pattern": "(?!a)"},
    "sized": {"minLength": 2, "maxItems": 1, "uniqueItems": True},
    "number": {"minimum": 2, "multipleOf": 2},
    "form": {"anyOf": [{"type": "string", "maxLength": 1}, {"type": "object", "required": ["x"]}]},
    "no": False,
    "not": {"not": {"const": 1}},
    "some": {"contains": {"const": 1}},
}


@pytest.mark.parametrize(
    ("document", "rule", "path", "message"),
    [
        ({"map": []}, "schema/wrong-type", ("map",), "must be a map, not a list"),
        ({"map": {"k": 2}}, "schema/not-allowed", ("map", "k"), "must be 1"),
        ({"shut": {"a": 1, "b": 2}}, "schema/unknown-field", ("shut", "b"), 'unknown field "b"'),
        ({"shut": {}}, "schema/missing-field", ("shut",), 'the field "a" is missing'),
        ({"name": "a" * 60 + "!"}, "schema/pattern", ("name",), "is not text that matches"),
        ({"broken": "b"}, "schema/pattern", ("broken",), "pattern is invalid: error parsing regexp"),
        ({"sized": "a"}, "schema/wrong-length", ("sized",), "has 1 character"),
        ({"sized": [1, 2]}, "schema/wrong-length", ("sized",), "has 2 items"),
        ({"number": 0}, "schema/out-of-range", ("number",), "0 is not at least 2"),
        ({"form": "ab"}, "schema/wrong-length", ("form",), "has 2 characters"),
        ({"no": 1}, "schema/not-allowed", (), "False schema does not allow 1"),
        ({"not": 1}, "schema/not-allowed", ("not",), "should not be valid"),
        ({"some": [2]}, "schema/one-of", ("some",), "None of [2] are valid"),
    ],
)
def test_errors_of_jsonschema_become_our_findings(
    document: JsonObject, rule: str, path: DocumentPath, message: str, tmp_path: Path
) -> None:
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "properties": FORMS}
    file = tmp_path / "crds" / "example.com" / "thing_v1.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(schema), "utf-8")
    (tmp_path / "kserve" / "v0.19.0").mkdir(parents=True)
    engine = JsonschemaEngine(SchemaStore([tmp_path]))
    ((found,),) = engine.check([resource({"apiVersion": "example.com/v1", "kind": "Thing", **document})], "v0.19.0")
    assert (found.rule, found.path) == (rule, path)
    assert message in found.message


@pytest.mark.parametrize("kind", ["InferenceServce", "Nope"])
def test_jsonschema_says_as_builtin_what_has_no_schema(kind: str) -> None:
    one = resource({"apiVersion": "serving.kserve.io/v1beta1", "kind": kind})
    assert JSONSCHEMA.check([one], "v0.19.0") == BUILTIN.check([one], "v0.19.0") != [()]


@pytest.mark.parametrize("version", SETS)
def test_both_engines_come_to_the_same_verdict(version: str, binary: str) -> None:
    assert binary
    resources = [resource(doc) for doc in recorded(version)]
    ours = BuiltinEngine(STORE).check(resources, version)
    theirs = KubeconformEngine(STORE).check(resources, version)
    differing = [r.doc for r, a, b in zip(resources, ours, theirs, strict=True) if refused(a) != refused(b)]
    assert sum(map(refused, ours)) > 400
    assert differing == []


# Why kubeconform by itself, on the same schemas, says something else than the API server (schemas/README.md).
NULL = "refuses a null that the API server drops"
ABSENT = "refuses the absence of what KServe's defaulter fills in"
NUMBER = "refuses a fraction where KServe's types read a quantity"
RULE = "does not know CEL rules"
KEYS = "does not know keys of list items"
DIFFERENCES = {
    "v0.19.0": {NULL: 70, ABSENT: 19, NUMBER: 2, RULE: 14, KEYS: 1},
    "v0.20.0": {NULL: 70, ABSENT: 27, NUMBER: 2, RULE: 14, KEYS: 1},
}


def why(findings: tuple[Finding, ...], refusal: Refusal | None) -> str:
    if refusal is None:
        return KEYS if {finding.rule for finding in findings} == {"schema/duplicate-item"} else RULE
    if "got null" in refusal.message:
        return NULL
    if "missing propert" in refusal.message or "minItems" in refusal.message:
        return ABSENT
    return NUMBER if "got number, want integer or string" in refusal.message else refusal.message


@pytest.mark.parametrize("version", SETS)
def test_kubeconform_by_itself_differs_in_known_ways_only(version: str, binary: str) -> None:
    manifests = recorded(version)
    ours = BuiltinEngine(STORE).check([resource(doc) for doc in manifests], version)
    raw = run(binary, manifests, tuple(locations(STORE.roots, version)))
    differing = Counter(
        why(findings, raw.get(number)) for number, findings in enumerate(ours) if refused(findings) != (number in raw)
    )
    assert differing == DIFFERENCES[version]


def test_a_missing_schema_is_an_error(binary: str) -> None:
    assert binary
    ((found,),) = KubeconformEngine(STORE).check([resource({"apiVersion": "v1", "kind": "Nope"})], "v0.19.0")
    assert (found.rule, found.severity) == ("schema/not-found", Severity.ERROR)


def test_a_kind_without_a_schema_anywhere_but_here(binary: str) -> None:
    raw = run(binary, [{"apiVersion": "v1", "kind": "Nope"}], tuple(locations(STORE.roots, "v0.19.0")))
    assert not raw[0].speaks_of_schema
    assert "could not find schema" in raw[0].message


def test_no_binary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(GeneratorError, match="kubeconform is not on the path") as raised:
        find_binary()
    assert "go install" in raised.value.hint
    monkeypatch.setenv(VARIABLE, "/nowhere/kubeconform")
    with pytest.raises(GeneratorError, match="there is no such program"):
        find_binary()


@pytest.mark.parametrize(
    ("script", "said"),
    [("echo out of cheese >&2; exit 7", "exit code 7: out of cheese"), ("echo hello", "printed no JSON: hello")],
)
def test_a_binary_that_fails(script: str, said: str, tmp_path: Path) -> None:
    program = tmp_path / "kubeconform"
    program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    program.chmod(0o700)
    with pytest.raises(GeneratorError, match=said):
        run(str(program), [{}], ())
