"""CEL rules of a schema with the API server's semantics: when they are evaluated, on what, and what is said."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.formats.jsonschema.schema_samples import STORE

from kservegen.core.diagnostics import Finding, Severity
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.formats.cel.engine import Program, engine
from kservegen.formats.cel.outcome import CompileError
from kservegen.formats.jsonschema.cel_absence import holds_by_absence
from kservegen.formats.jsonschema.cel_rules import field_path
from kservegen.formats.jsonschema.validate import Validator

ROOT = FilePath(__file__).parents[4]


Said: TypeAlias = Sequence[tuple[Path, str]]


def rule(expression: str, **more: JsonValue) -> JsonObject:
    return {"rule": expression, "message": "broken", **more}


def schema(*rules: JsonObject, **properties: JsonObject) -> JsonObject:
    """Make the schema of a custom resource: `rules` stand at the root."""
    return {
        "type": "object",
        "x-kservegen-custom-resource": True,
        "x-kubernetes-validations": list(rules),
        "properties": dict(properties),
    }


def check(kind: JsonObject, document: JsonValue, old: JsonValue = None) -> Said:
    return [(f.path, f.message) for f in findings(kind, document, old)]


def findings(kind: JsonObject, document: JsonValue, old: JsonValue = None) -> tuple[Finding, ...]:
    return Validator(kind).check(document, old)


A: JsonObject = {"type": "integer"}
TEXT: JsonObject = {"type": "string"}
NUMBER: JsonObject = {"type": "number"}
BROKEN: Said = [((), "broken")]
MAP: JsonObject = {"type": "object", "additionalProperties": A}
KEYED: JsonObject = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
    "items": {
        "type": "object",
        "properties": {
            "name": TEXT,
            "size": {"type": "integer", "x-kubernetes-validations": [rule("self >= oldSelf")]},
        },
    },
}
SET: JsonObject = {"type": "array", "x-kubernetes-list-type": "set", "items": TEXT}

HOLD: list[tuple[str, JsonObject, JsonObject]] = [
    ("a rule that is true", schema(rule("self.a < 3"), a=A), {"a": 2}),
    ("absent fields have no rules", schema(a={**A, "x-kubernetes-validations": [rule("false")]}), {}),
    ("nor has null", schema(a={"type": ["integer", "null"], "x-kubernetes-validations": [rule("false")]}), {"a": None}),
    ("defaults come first", schema(rule("self.a == 5"), a={"type": "integer", "default": 5}), {}),
    ("a number is a double", schema(rule("self.a / 2.0 == 1.5"), a=NUMBER), {"a": 3}),
    ("an integer may be written as 1.0", schema(rule("self.a / 2 == 0"), a=A), {"a": 1.0}),
    (
        "int or string is either",
        schema(rule("type(self.a) == string"), a={"x-kubernetes-int-or-string": True}),
        {"a": "1"},
    ),
    (
        "names that CEL cannot spell",
        schema(rule("self.a__dash__b == 1 && self.__in__ == 2"), **{"a-b": A, "in": A}),
        {"a-b": 1, "in": 2},
    ),
    (
        "names of entries stay",
        schema(rule("'a-b' in self.m"), m=MAP),
        {"m": {"a-b": 1}},
    ),
    (
        "the value as a whole",
        schema(m={**MAP, "x-kubernetes-validations": [rule("self.size() == 2")]}),
        {"m": {"a": 1, "b": 2}},
    ),
    ("a field that is called like a function", schema(rule("self.size == 2"), size=A), {"size": 2}),
    ("optional fields", schema(rule("self.?a.orValue(7) == 7"), a=A), {}),
    ("a change is not looked at on create", schema(rule("self.a == oldSelf.a"), a=A), {"a": 1}),
    (
        "an optional old value is none on create",
        schema(rule("!oldSelf.hasValue()", optionalOldSelf=True), a=A),
        {"a": 1},
    ),
    ("quantities", schema(rule("quantity(self.a).isLessThan(quantity('2Gi'))"), a=TEXT), {"a": "1Gi"}),
]

FAIL: list[tuple[str, JsonObject, JsonObject, Said]] = [
    ("a rule that is false", schema(rule("self.a < 3"), a=A), {"a": 3}, BROKEN),
    (
        "at the place of the rule",
        schema(a={**A, "x-kubernetes-validations": [rule("self > 1")]}),
        {"a": 1},
        [(("a",), "broken")],
    ),
    (
        "in items and entries",
        schema(items={"type": "array", "items": {**A, "x-kubernetes-validations": [rule("self > 1")]}}),
        {"items": [2, 1, 0]},
        [(("items", 1), "broken"), (("items", 2), "broken")],
    ),
    ("at the field that it names", schema(rule("false", fieldPath=".a"), a=A), {"a": 3}, [(("a",), "broken")]),
    ("without a message", schema({"rule": " 1 > 2 "}), {}, [((), "failed rule: 1 > 2")]),
    (
        "with a message of its own",
        schema(rule("false", messageExpression="'a is ' + string(self.a)"), a=A),
        {"a": 3},
        [((), "a is 3")],
    ),
    ("with an empty message of its own", schema(rule("false", messageExpression="' '"), a=A), {"a": 3}, BROKEN),
    (
        "with a message that has an error",
        schema(rule("false", messageExpression="string(self.b)"), a=A),
        {"a": 3},
        BROKEN,
    ),
    ("with a message of two lines", schema(rule("false", messageExpression="'a\\nb'")), {}, BROKEN),
    ("with a reason", schema(rule("false", reason="FieldValueForbidden")), {}, [((), "forbidden: broken")]),
    ("an error", schema(rule("self.b == 1"), b=A), {}, [((), "no such key: b evaluating rule: broken")]),
    (
        "an error without a message",
        schema({"rule": "1 / self.a > 0"}, a=A),
        {"a": 0},
        [((), "division by zero evaluating rule: 1 / self.a > 0")],
    ),
    ("all rules of a place", schema(rule("false"), rule("1 > 2", message="too")), {}, [*BROKEN, ((), "too")]),
    (
        "together with a value out of its bounds",
        schema(rule("self.a > 1"), a={"type": "integer", "minimum": 1}),
        {"a": 0},
        [(("a",), "0 is not at least 1"), *BROKEN],
    ),
    (
        "not with a value of another type",
        schema(rule("self.a > 1"), a=A),
        {"a": "x"},
        [(("a",), "must be a whole number, not a string")],
    ),
]

CHANGES: list[tuple[str, JsonObject, JsonValue, JsonValue, Said]] = [
    ("a value that changed", schema(rule("self.a == oldSelf.a"), a=A), {"a": 1}, {"a": 2}, BROKEN),
    ("a value that stayed", schema(rule("self.a == oldSelf.a"), a=A), {"a": 1}, {"a": 1}, []),
    ("a value that is new", schema(a={**A, "x-kubernetes-validations": [rule("self == oldSelf")]}), {"a": 1}, {}, []),
    (
        "an optional old value",
        schema(rule("oldSelf.hasValue() && oldSelf.value().a == 2", optionalOldSelf=True), a=A),
        {"a": 1},
        {"a": 2},
        [],
    ),
    (
        "items found by their keys",
        schema(items=KEYED),
        {"items": [{"name": "a", "size": 1}, {"name": "b", "size": 5}, {"name": "c", "size": 0}]},
        {"items": [{"name": "b", "size": 6}, {"name": "a", "size": 1}]},
        [(("items", 1, "size"), "broken")],
    ),
    (
        "items without keys are not found",
        schema(items={"type": "array", "items": {**A, "x-kubernetes-validations": [rule("self == oldSelf")]}}),
        {"items": [1]},
        {"items": [2]},
        [],
    ),
    (
        "a set in another order",
        schema(rule("self.items == oldSelf.items"), items=SET),
        {"items": ["a", "b"]},
        {"items": ["b", "a"]},
        [],
    ),
    (
        "a list in another order",
        schema(rule("self.items == oldSelf.items"), items={"type": "array", "items": TEXT}),
        {"items": ["a", "b"]},
        {"items": ["b", "a"]},
        BROKEN,
    ),
    ("defaults on both sides", schema(rule("self.a == oldSelf.a"), a={**A, "default": 2}), {"a": 2}, {}, []),
]


@pytest.mark.parametrize(("kind", "document"), [case[1:] for case in HOLD], ids=[case[0] for case in HOLD])
def test_rules_that_hold(kind: JsonObject, document: JsonObject) -> None:
    assert check(kind, document) == []


@pytest.mark.parametrize(("kind", "document", "expected"), [case[1:] for case in FAIL], ids=[case[0] for case in FAIL])
def test_rules_that_do_not_hold(kind: JsonObject, document: JsonObject, expected: Said) -> None:
    assert check(kind, document) == expected


@pytest.mark.parametrize(("kind", "new", "old", "expected"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_rules_about_changes(kind: JsonObject, new: JsonValue, old: JsonValue, expected: Said) -> None:
    assert check(kind, new, old) == expected


UNKNOWN: list[tuple[str, JsonObject, JsonObject]] = [
    (
        "a type that is not modelled",
        schema(rule("self.a < self.b"), a={"type": "string", "format": "date-time"}),
        {"a": "x"},
    ),
    ("what only a server has", schema(rule("authorizer.path('/x').check('get').allowed()")), {}),
]


@pytest.mark.parametrize(("kind", "document"), [case[1:] for case in UNKNOWN], ids=[case[0] for case in UNKNOWN])
def test_what_cannot_be_judged_is_said(kind: JsonObject, document: JsonObject) -> None:
    (finding,) = findings(kind, document)
    assert finding.rule == "schema/cel-unsupported"
    assert finding.severity is Severity.WARNING
    assert finding.message.startswith("a rule of the schema cannot be judged offline: ")


def test_a_finding_says_what_to_do() -> None:
    kind = schema(a={**A, "x-kubernetes-validations": [rule("self  >=\n oldSelf", message="may only grow")]})
    (finding,) = findings(kind, {"a": 1}, {"a": 2})
    assert (finding.rule, finding.path, finding.seen) == ("schema/cel-rule", ("a",), "1")
    assert finding.allowed == "self >= oldSelf"
    assert finding.hint == "Keep the value as it was, or delete the object and create it anew."


def test_the_field_that_a_rule_names() -> None:
    assert field_path(".spec.a") == ("spec", "a")
    assert field_path(r".m['a.b']['it\'s']") == ("m", "a.b", "it's")
    assert field_path("") == ()


def test_every_rule_of_every_kind_compiles() -> None:
    seen = set()
    for version in STORE.versions():
        for name in STORE.kinds(version):
            api_version, _, kind = name.rpartition("/")
            seen |= expressions(STORE.get(api_version, kind, kserve_version=version))
    assert len(seen) > 60
    compiler = engine(("self", "oldSelf"))
    assert [text for text in seen if isinstance(compiler.compile(text), CompileError)] == []


def expressions(node: JsonValue) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(expressions, node))
    if not isinstance(node, dict):
        return set()
    rules = node.get("x-kubernetes-validations")
    own = {str(item["rule"]) for item in rules if isinstance(item, dict)} if isinstance(rules, list) else set()
    return own.union(*map(expressions, node.values()))


def test_a_kind_without_rules_does_not_bring_the_interpreter() -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from kservegen.formats.jsonschema.store import SchemaStore\n"
        f"store = SchemaStore((Path({str(ROOT / 'schemas')!r}),))\n"
        "kind = ('serving.kserve.io/v1beta1', 'InferenceService')\n"
        "document = {'apiVersion': kind[0], 'kind': kind[1], 'metadata': {'name': 'a'}, 'spec': {'predictor': {}}}\n"
        "assert store.validator(*kind, kserve_version='v0.19.0').check(document) == ()\n"
        "print(*sorted(name for name in sys.modules if 'cel' in name))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = {name for name in done.stdout.split() if "jsonschema" not in name}
    assert names == set()  # not even the reader of expressions


ABSENCE: list[tuple[str, JsonValue, bool]] = [
    ("!(has(self.a) && has(self.b))", {}, True),
    ("!(has(self.a) && has(self.b))", {"a": 1}, True),
    ("!(has(self.a) && has(self.b))", {"a": 1, "b": 1}, False),
    ("has(self.a) || has(self.b)", {"b": None}, True),
    ("!has(self.a) || self.a < 3", {}, True),
    ("!has(self.a) || self.a < 3", {"a": 1}, False),
    ("self.a < 3 || !has(self.a)", {}, True),
    ("!has(self.a) || !has(self.a.b) || self.a.b.c == 1", {"a": {}}, True),
    ("!has(self.a.b)", {}, False),
    ("!has(self.a.b)", {"a": {"c": 1}}, True),
    ("has(self.a) ? self.a == 1 : true", {}, False),
    ("has(self.a) ? self.a == 1 : !has(self.a)", {}, True),
    ("self.x ? !has(self.a) : !has(self.a)", {}, False),
    ("!(has(self.a) == true)", {}, False),
    ("(has(self.a)) && !has(self.b)", {"a": 1}, True),
    ("!has(self.a) && self.l[?0].hasValue()", {}, False),
    ("!has(self.a) && [1, 2].exists(x, x == 1 || x == 2)", {}, False),
    ("!has(other.a)", {}, False),
    ("!has(self.a__dash__b)", {}, False),
    ("!has(self.a) ||", {}, False),
    ("has(self.a", {"a": 1}, False),
    ("", {}, False),
]


@pytest.mark.parametrize(("expression", "value", "expected"), ABSENCE)
def test_what_holds_at_a_glance(expression: str, value: JsonValue, expected: bool) -> None:
    assert holds_by_absence(expression, value) is expected


FIELDS = ("a", "b", "c")
LOGIC = st.recursive(
    st.sampled_from([*(f"has(self.{name})" for name in FIELDS), "has(self.a.b)", "self.a == 1", "self.b.c"]),
    lambda inner: st.one_of(
        inner.map("!({})".format),
        st.tuples(inner, inner).map(lambda two: "({} && {})".format(*two)),
        st.tuples(inner, inner).map(lambda two: "({} || {})".format(*two)),
        st.tuples(inner, inner, inner).map(lambda three: "({} ? {} : {})".format(*three)),
    ),
    max_leaves=6,
)


@given(LOGIC, st.dictionaries(st.sampled_from(FIELDS), st.sampled_from([None, 1, {"b": True}, {"c": False}])))
def test_what_holds_at_a_glance_holds_in_cel(expression: str, value: JsonObject) -> None:
    if holds_by_absence(expression, value):
        compiler = engine(("self",))
        program = compiler.compile(expression)
        assert isinstance(program, Program)
        assert program.evaluate(compiler.scope({"self": value})) is True
