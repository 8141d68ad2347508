from __future__ import annotations

from typing import NamedTuple

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.unit.formats.jsonschema.schema_samples import (
    INFERENCE_SERVICE,
    LLM_SERVICE,
    SERVING_RUNTIME,
    STORE,
    VERSIONS,
    changed,
    without,
)

from kservegen.core.diagnostics import Finding
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.manual import written_manuals
from kservegen.formats.jsonschema.cel_rules import FAILED, UNSUPPORTED
from kservegen.formats.jsonschema.validate import MOST_FINDINGS, Validator

PREDICTOR = ("spec", "predictor")
MODEL = (*PREDICTOR, "model")


class Case(NamedTuple):
    at: Path
    value: JsonValue
    rule: str
    hint: str = ""
    allowed: str = ""
    at_key: bool = False
    path: Path | None = None  # where it differs from the place of the mistake


def check(document: JsonObject, version: str = "v0.19.0") -> tuple[Finding, ...]:
    api_version, kind = str(document["apiVersion"]), str(document["kind"])
    return STORE.validator(api_version, kind, kserve_version=version).check(document)


MISTAKES = {
    "misspelt": Case((*MODEL, "storageuri"), "x", "schema/unknown-field", "`storageUri`", at_key=True),
    "longer name": Case(
        (*PREDICTOR, "timeoutSeconds"), 5, "schema/unknown-field", "Did you mean `timeout`?", at_key=True
    ),
    "singular": Case((*PREDICTOR, "container"), [], "schema/unknown-field", "`containers`", at_key=True),
    "a level too high": Case(
        (*PREDICTOR, "modelFormat"), {}, "schema/unknown-field", "one level down, in `model`", at_key=True
    ),
    "a level too low": Case((*MODEL, "minReplicas"), 1, "schema/unknown-field", "belongs one level up", at_key=True),
    "two levels too low": Case(
        (*MODEL, "modelFormat", "tolerations"), [], "schema/unknown-field", "two levels up", at_key=True
    ),
    "nowhere": Case(("spec", "zzz"), 1, "schema/unknown-field", allowed="explainer, predictor", at_key=True),
    "metadata": Case(("metadata", "anotations"), {}, "schema/unknown-field", "`annotations`", at_key=True),
    "number as text": Case(
        (*PREDICTOR, "minReplicas"), "1", "schema/wrong-type", "Write 1 without quotes.", "a whole number"
    ),
    "text as number": Case(("metadata", "annotations", "a"), 1, "schema/wrong-type", 'Quote it: "1".', "a string"),
    "text as boolean": Case((*MODEL, "image"), True, "schema/wrong-type", 'Quote it: "true".', "a string"),
    "one item": Case((*MODEL, "args"), "--a", "schema/wrong-type", 'Write a list: ["--a"].', "a list"),
    "map for list": Case((*MODEL, "env"), {"name": "A"}, "schema/wrong-type", "Put a dash before", "a list"),
    "text for map": Case(MODEL, "sklearn", "schema/wrong-type", "Write fields", "a map"),
    "quantity": Case(
        (*MODEL, "resources", "limits", "memory"),
        "8GB",
        "schema/pattern",
        "Did you mean 8Gi, or 8G?",
        "a quantity such as 500m, 2 or 16Gi",
    ),
    "enum": Case(
        (*PREDICTOR, "logger", "mode"), "al", "schema/not-allowed", "Did you mean all?", "all, request, response"
    ),
    "kind": Case(("kind",), "InferenceGraph", "schema/not-allowed", allowed="InferenceService"),
    "no int32": Case(
        (*PREDICTOR, "minReplicas"), 2**31, "schema/out-of-range", "a field of type int32", "at most 2147483647"
    ),
    "no int32, below": Case(
        (*PREDICTOR, "scaleTarget"), -(2**31) - 1, "schema/out-of-range", "type int32", "at least -2147483648"
    ),
    "no int32 as a float": Case((*PREDICTOR, "minReplicas"), 3e9, "schema/out-of-range", "type int32"),
    "no int64": Case((*PREDICTOR, "timeout"), 2**63, "schema/out-of-range", "a field of type int64"),
    "no int64 as a double": Case(  # admission-v0.21.0.jsonl has Go's number
        (*PREDICTOR, "timeout"), 2.0**63, "schema/out-of-range", "number 9223372036854776000 into a field of type int64"
    ),
    "half a replica": Case((*PREDICTOR, "minReplicas"), 1.5, "schema/wrong-type", allowed="a whole number"),
    "too short": Case(
        (*PREDICTOR, "storageUris"),
        [{"uri": ""}],
        "schema/wrong-length",
        allowed="at least 1",
        path=(*PREDICTOR, "storageUris", 0, "uri"),
    ),
    "env twice": Case((*MODEL, "env", 1, "name"), "A", "schema/duplicate-item", "Leave one", path=(*MODEL, "env", 1)),
    "port twice": Case((*MODEL, "ports", 1, "protocol"), "TCP", "schema/duplicate-item", path=(*MODEL, "ports", 1)),
    "written by the webhook": Case(
        (*PREDICTOR, "autoScaling"),
        {"metrics": [{"type": "External", "external": {"metric": {"query": "q"}, "target": {"type": "Value"}}}]},
        "schema/missing-field",
        "Add `backend`, one of prometheus, graphite.",
        at_key=True,
        path=(*PREDICTOR, "autoScaling", "metrics", 0, "external", "metric"),
    ),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", MISTAKES)
def test_one_mistake_is_one_finding_at_its_place(name: str, version: str) -> None:
    case = MISTAKES[name]
    document = changed(INFERENCE_SERVICE, case.at, case.value)
    if case.at == ("kind",):
        found = STORE.validator("serving.kserve.io/v1beta1", "InferenceService", kserve_version=version).check(document)
    else:
        found = check(document, version)
    assert [finding.rule for finding in found] == [case.rule]
    assert found[0].path == (case.path or case.at)
    assert case.hint in found[0].hint
    assert case.allowed in found[0].allowed
    assert found[0].at_key is case.at_key


@pytest.mark.parametrize("document", [INFERENCE_SERVICE, SERVING_RUNTIME], ids=["isvc", "runtime"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_good_document_has_no_findings(document: JsonObject, version: str) -> None:
    assert check(document, version) == ()


ACCEPTED = {
    "null drops a field": changed(INFERENCE_SERVICE, (*MODEL, "storageUri"), None),
    "null metadata": changed(INFERENCE_SERVICE, ("metadata", "annotations"), None),
    "null quantity": changed(INFERENCE_SERVICE, (*MODEL, "resources", "limits", "cpu"), None),
    "required text left out": changed(INFERENCE_SERVICE, (*MODEL, "modelFormat"), {}),
    "number as quantity": changed(INFERENCE_SERVICE, (*MODEL, "resources", "limits", "memory"), 6.5),
    "null container": changed(INFERENCE_SERVICE, (*PREDICTOR, "containers"), [None]),
    "unnamed container": changed(INFERENCE_SERVICE, (*PREDICTOR, "containers"), [{"image": "own:1"}]),
    "any status": changed(INFERENCE_SERVICE, ("status",), {"conditions": [{"type": "Ready"}], "url": "http://x"}),
    "last int32": changed(INFERENCE_SERVICE, (*PREDICTOR, "minReplicas"), 2**31 - 1),
    "last int64": changed(INFERENCE_SERVICE, (*PREDICTOR, "timeout"), 2**63 - 1),
    "whole number with a point": changed(INFERENCE_SERVICE, (*PREDICTOR, "minReplicas"), 1.0),
    "whole number with an exponent": changed(INFERENCE_SERVICE, (*PREDICTOR, "timeout"), 1e3),
    "null drops a field of a runtime": changed(SERVING_RUNTIME, ("spec", "workerSpec"), None),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted_as_the_api_server_does(name: str) -> None:
    assert check(ACCEPTED[name]) == ()


def test_kinds_without_a_defaulter_get_no_zero_values() -> None:
    path = ("spec", "containers", 0)
    (missing,) = check(without(SERVING_RUNTIME, (*path, "name")))
    assert (missing.rule, missing.path, missing.allowed) == ("schema/missing-field", path, "name")
    (null,) = check(changed(SERVING_RUNTIME, path, None))
    assert (null.rule, null.path) == ("schema/wrong-type", path)


# Text and lists that Go leaves out when they are empty; recorded of the API server: storageUris and the gateway's name.
OMITTED: dict[str, tuple[JsonObject, Path, JsonValue]] = {
    "list": (INFERENCE_SERVICE, (*PREDICTOR, "storageUris"), []),
    "text": (INFERENCE_SERVICE, (*PREDICTOR, "logger", "mode"), ""),
    "text of an item": (LLM_SERVICE, ("spec", "router", "gateway", "refs", 0, "name"), ""),
    "text with a default": (LLM_SERVICE, ("spec", "scaling", "wva", "variantCost"), ""),
}


@pytest.mark.parametrize("name", OMITTED)
def test_what_go_leaves_out_when_empty_is_gone_before_v0_20(name: str) -> None:
    sample, path, empty = OMITTED[name]
    document = changed(sample, path, empty)
    assert check(document, "v0.19.0") == ()
    found = check(document, "v0.20.0")
    assert {finding.path for finding in found} == {path}


def test_pointers_are_written_though_they_are_empty() -> None:
    path = ("spec", "router", "gateway", "refs", 0, "sectionName")
    for version in VERSIONS:
        assert {finding.path for finding in check(changed(LLM_SERVICE, path, ""), version)} == {path}


def test_the_conversion_of_versions_rewrites_services_and_no_configs() -> None:
    spec: JsonObject = {
        "model": {"uri": "hf://a/b", "criticality": ""},
        "router": {
            "scheduler": {
                "pool": {"spec": {"targetPortNumber": 80, "extensionRef": {"name": "e"}, "selector": {"app": "x"}}}
            }
        },
    }
    service: JsonObject = {**LLM_SERVICE, "apiVersion": "serving.kserve.io/v1alpha1", "spec": spec}
    for version in VERSIONS:
        is_rewritten = version not in ("v0.17.0", "v0.18.1")  # no webhook of these hands a service through Go
        assert (check(service, version) == ()) == is_rewritten
        config: JsonObject = {**service, "kind": "LLMInferenceServiceConfig"}
        rules = {finding.rule for finding in check(config, version)}
        own_pool = version in ("v0.20.0", "v0.21.0")
        assert rules == {"schema/not-allowed"} | ({"schema/missing-field"} if own_pool else set())


def test_every_mistake_is_reported_in_the_order_of_the_document() -> None:
    document = changed(INFERENCE_SERVICE, (*PREDICTOR, "minReplicas"), "1")
    document = changed(document, (*PREDICTOR, "logger", "mode"), "none")
    document = changed(document, (*MODEL, "imagee"), "x")
    assert [finding.rule for finding in check(document)] == [
        "schema/wrong-type",
        "schema/not-allowed",
        "schema/unknown-field",
    ]


def test_the_verdict_does_not_depend_on_how_many_documents_came_before() -> None:
    validator = Validator(STORE.get("serving.kserve.io/v1beta1", "InferenceService", kserve_version="v0.19.0"))
    bad = changed(INFERENCE_SERVICE, (*MODEL, "storageuri"), "x")
    told = [(validator.check(bad), validator.check(INFERENCE_SERVICE)) for _ in range(40)]
    assert len(set(told)) == 1
    assert "jsonschema_rs" in type(validator._compiled).__module__


class General(NamedTuple):
    schema: JsonObject
    value: JsonValue
    rule: str
    path: Path = ()
    words: str = ""


STRING_OR_LIST: JsonObject = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
BY_TYPE: JsonObject = {
    "oneOf": [
        {"type": "object", "required": ["kind", "a"], "properties": {"kind": {"const": "A"}, "a": {"type": "integer"}}},
        {"type": "object", "required": ["kind", "b"], "properties": {"kind": {"const": "B"}, "b": {"type": "integer"}}},
    ]
}
NAMED: JsonObject = {"propertyNames": {"pattern": "^[a-z]+$"}, "additionalProperties": {"type": "integer"}}
IF: JsonObject = {
    "if": {"properties": {"a": {"const": 1}}, "required": ["a"]},
    "then": {"required": ["b"]},
    "else": {"required": ["c"]},
}

GENERAL = {
    "branch by type": General(STRING_OR_LIST, ["a", 1], "schema/wrong-type", (1,), "a string"),
    "no branch has the type": General(STRING_OR_LIST, 1, "schema/wrong-type", (), "a string or a list"),
    "branch by constant": General(BY_TYPE, {"kind": "B", "b": "x"}, "schema/wrong-type", ("b",), "a whole number"),
    "several branches fit": General(
        {"oneOf": [{"type": "integer"}, {"minimum": 2}]}, 3, "schema/one-of", (), "2 of the forms"
    ),
    "no scalar form fits": General(
        {"anyOf": [{"enum": ["a"]}, {"pattern": "^b"}]}, "c", "schema/one-of", (), "none of the forms"
    ),
    "one of two fields": General(
        {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {}, "schema/missing-field", (), '"a", "b"'
    ),
    "fields that exclude each other": General(
        {"not": {"required": ["a", "b"]}}, {"a": 1, "b": 1}, "schema/not-allowed", ("b",), "exclude each other"
    ),
    "name of a key": General(NAMED, {"A": 1}, "schema/pattern", ("A",), 'the name "A"'),
    "entry of a map": General(NAMED, {"a": "1"}, "schema/wrong-type", ("a",), "a whole number"),
    "pattern of keys": General(
        {"patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": False},
        {"x-a": 1},
        "schema/wrong-type",
        ("x-a",),
        "a string",
    ),
    "then": General(IF, {"a": 1}, "schema/missing-field", (), '"b" is missing'),
    "else": General(IF, {"a": 2}, "schema/missing-field", (), '"c" is missing'),
    "dependencies": General({"dependencies": {"a": ["b"]}}, {"a": 1}, "schema/missing-field", (), 'because "a" is set'),
    "list of types": General({"type": ["integer", "null"]}, "x", "schema/wrong-type", (), "a whole number"),
    "true is not one": General({"enum": [1]}, True, "schema/not-allowed", (), "must be 1"),
    "unique": General({"uniqueItems": True}, [1, 2, 1], "schema/duplicate-item", (2,), "first at [0]"),
    "minimum": General({"minimum": 1}, 0, "schema/out-of-range", (), "at least 1"),
    "maximum": General({"exclusiveMaximum": 1}, 1, "schema/out-of-range", (), "less than 1"),
    "multiple": General({"multipleOf": 2}, 3, "schema/out-of-range", (), "a multiple of 2"),
    "length": General({"maxLength": 1}, "ab", "schema/wrong-length", (), "at most 1"),
    "end of text only": General({"pattern": "^a$"}, "a\n", "schema/pattern", (), "text that matches"),
    "nothing": General({"properties": {"a": False}}, {"a": 1}, "schema/not-allowed", ("a",), "nothing may stand here"),
    "contains": General({"contains": {"const": 1}}, [2], "schema/one-of", (), "no item"),
    "tuple": General(
        {"items": [{"type": "integer"}], "additionalItems": False}, [1, 2], "schema/not-allowed", (1,), "nothing may"
    ),
    "allOf": General({"allOf": [{"minimum": 1}]}, 0, "schema/out-of-range", (), "at least 1"),
}


@pytest.mark.parametrize("name", GENERAL)
def test_keywords(name: str) -> None:
    case = GENERAL[name]
    validator = Validator({"$schema": "http://json-schema.org/draft-07/schema#", **case.schema})
    (found,) = validator.check(case.value)
    assert (found.rule, found.path) == (case.rule, case.path)
    assert case.words in f"{found.message} {found.allowed}"
    assert not validator._fits(case.value), "jsonschema_rs agrees"


def test_what_is_said_of_keywords(snapshot: SnapshotAssertion) -> None:
    found = {
        name: Validator({"$schema": "http://json-schema.org/draft-07/schema#", **case.schema}).check(case.value)
        for name, case in GENERAL.items()
    }
    assert {name: [[f.message, f.seen, f.allowed, f.hint] for f in all_] for name, all_ in found.items()} == snapshot


def test_every_rule_has_a_manual_and_every_manual_a_case() -> None:
    told = {case.rule for case in MISTAKES.values()} | {case.rule for case in GENERAL.values()}
    ids = {rule for rule in written_manuals() if rule.startswith("schema/")}
    # Kinds and what is no object are found elsewhere; what CEL says and what is too much have their own tests.
    elsewhere = {"schema/not-found", FAILED, UNSUPPORTED, "schema/not-an-object", "schema/too-many-problems"}
    assert told | elsewhere == ids


def test_of_more_mistakes_than_anybody_reads_the_first_are_said() -> None:
    validator = Validator({"type": "array", "items": {"type": "integer"}})
    found = validator.check(["no integer"] * (MOST_FINDINGS + 1))
    assert len(found) == MOST_FINDINGS + 1
    assert [finding.rule for finding in found[-2:]] == ["schema/wrong-type", "schema/too-many-problems"]
    assert len(validator.check(["no integer"] * MOST_FINDINGS)) == MOST_FINDINGS


TWICE: dict[str, tuple[str, JsonObject, list[Path]]] = {
    "in a container": (
        "v1beta1/InferenceService",
        {
            "predictor": {
                "containers": [
                    {
                        "name": "kserve-container",
                        "env": [{"name": "A"}, {"name": "B"}, {"name": "A"}],
                        "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}],
                        "volumeMounts": [{"name": "v", "mountPath": "/a"}, {"name": "w", "mountPath": "/a"}],
                    }
                ]
            }
        },
        [
            ("spec", "predictor", "containers", 0, "env", 2),
            ("spec", "predictor", "containers", 0, "ports", 1),
            ("spec", "predictor", "containers", 0, "volumeMounts", 1),
        ],
    ),
    "in a pod of an LLM": (
        "v1alpha2/LLMInferenceService",
        {
            "model": {"uri": "hf://a/b"},
            "template": {"containers": [{"name": "main"}, {"name": "main"}], "volumes": [{"name": "v"}, {"name": "v"}]},
        },
        [("spec", "template", "containers", 1), ("spec", "template", "volumes", 1)],
    ),
    "not in a pod of a service, where volumes of one name collapse": (
        "v1beta1/InferenceService",
        {"predictor": {"volumes": [{"name": "v"}, {"name": "v"}], "containers": [{"name": "a"}]}},
        [],
    ),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", TWICE)
def test_keys_of_lists_stand_once(version: str, name: str) -> None:
    kind, spec, expected = TWICE[name]
    api_version, _, kind = kind.partition("/")
    document: JsonObject = {
        "apiVersion": f"serving.kserve.io/{api_version}",
        "kind": kind,
        "metadata": {"name": "x"},
        "spec": spec,
    }
    found = STORE.validator(f"serving.kserve.io/{api_version}", kind, kserve_version=version).check(document)
    assert {finding.rule for finding in found} <= {"schema/duplicate-item"}
    assert sorted((finding.path for finding in found), key=str) == expected
