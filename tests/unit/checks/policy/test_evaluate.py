"""What a policy says of a request: conditions, variables, messages, failures and parameters as the server has them."""

from __future__ import annotations

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion
from tests.unit.checks.policy.conftest import place, read, resource

from kservegen.checks.policy.admission import Admission
from kservegen.checks.policy.binding import Bindings, bind_policies
from kservegen.checks.policy.evaluate import evaluate_policies
from kservegen.checks.policy.model import Policy
from kservegen.core.jsontypes import JsonObject

HEAD = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p, annotations: {kservegen.io/path: spec.replicas}}
"""
EVERY = ("apiGroups", "apiVersions", "operations", "resources")
RULES: dict[str, object] = {"matchConstraints": {"resourceRules": [{key: ["*"] for key in EVERY}]}}
OBJECT: JsonObject = {
    "apiVersion": "example.com/v1",
    "kind": "Thing",
    "metadata": {"name": "x", "namespace": "models"},
    "spec": {"replicas": 3},
}


def policies(spec: str) -> tuple[Policy, ...]:
    doc = {**yaml.safe_load(HEAD), "spec": {**RULES, **yaml.safe_load(spec)}}
    found, problems = read(yaml.safe_dump(doc))
    assert not problems, problems
    return found


def bound(spec: str, binding: str = "{}", **words: object) -> Bindings:
    bindings = {"p": {"actions": ["Deny"], **yaml.safe_load(binding)}}
    return bind_policies(policies(spec), {"bindings": bindings, **words}, locate=place)  # type: ignore[dict-item]


def messages(
    spec: str,
    *,
    binding: str = "{}",
    doc: JsonObject | None = None,
    old: JsonObject | None = None,
    operation: str = "CREATE",
    namespace: JsonObject | None = None,
) -> list[str]:
    found = bound(spec, binding)
    assert not found.diagnostics, found.diagnostics
    admission = Admission(resource=resource(doc or OBJECT), operation=operation, old=old)
    known = {"models": namespace} if namespace else {}
    return [finding.message for finding in evaluate_policies(found.bound, admission, namespaces=known)]


@pytest.mark.parametrize(
    ("validation", "expected"),
    [
        ("{expression: object.spec.replicas < 4}", []),
        ("{expression: '  object.spec.replicas > 4 '}", ["failed expression: object.spec.replicas > 4"]),
        ("{expression: object.spec.replicas > 4, message: ' too few '}", ["too few"]),
        ("{expression: 'false', message: m, messageExpression: \"'at ' + string(object.spec.replicas)\"}", ["at 3"]),
        ("{expression: 'false', message: m, messageExpression: \"'  '\"}", ["m"]),
        ("{expression: 'false', message: m, messageExpression: \"'a\\\\nb'\"}", ["m"]),
        ("{expression: 'false', message: m, messageExpression: object.spec.absent + ''}", ["m"]),
        ("{expression: 'false', messageExpression: object.spec.absent + ''}", ["failed expression: false"]),
        (
            "{expression: object.spec.absent > 4}",
            ["expression 'object.spec.absent > 4' resulted in error: no such key: absent"],
        ),
    ],
)
def test_validations(validation: str, expected: list[str]) -> None:
    assert messages(f"validations: [{validation}]") == expected


def test_a_message_that_is_too_long_falls_back() -> None:
    long = "'" + "x" * 5121 + "'"
    assert messages(f'validations: [{{expression: "false", message: m, messageExpression: "{long}"}}]') == ["m"]


def test_an_error_is_led_through_the_variables() -> None:
    spec = """
    variables: [{name: a, expression: object.spec.absent}, {name: b, expression: variables.a + 1}]
    validations: [{expression: variables.b > 0}]
    """
    assert messages(spec) == [
        (
            "expression 'variables.b > 0' resulted in error: composited variable \"b\" fails to evaluate: "
            'composited variable "a" fails to evaluate: no such key: absent'
        )
    ]


def test_a_variable_that_is_not_used_is_not_evaluated() -> None:
    spec = (
        "{variables: [{name: a, expression: object.spec.absent}], validations: [{expression: 'true || variables.a'}]}"
    )
    assert messages(spec) == []


@pytest.mark.parametrize(
    ("conditions", "failure", "expected"),
    [
        (["true"], "Fail", ["no"]),
        (["false"], "Fail", []),
        (["object.spec.absent == 1", "false"], "Fail", []),
        (["object.spec.absent == 1"], "Ignore", []),
        (
            ["object.spec.absent == 1"],
            "Fail",
            ["expression 'object.spec.absent == 1' resulted in error: no such key: absent"],
        ),
        (
            ["object.spec.a == 1", "object.spec.b == 1"],
            "Fail",
            [
                (
                    "[expression 'object.spec.a == 1' resulted in error: no such key: a, "
                    "expression 'object.spec.b == 1' resulted in error: no such key: b]"
                )
            ],
        ),
    ],
)
def test_match_conditions(conditions: list[str], failure: str, expected: list[str]) -> None:
    rows = [{"name": f"c{i}", "expression": text} for i, text in enumerate(conditions) if text != "object.spec.absent"]
    if "object.spec.absent" in conditions:
        rows.insert(0, {"name": "broken", "expression": "object.spec.absent == 1"})
    spec = {
        "failurePolicy": failure,
        "matchConditions": rows,
        "validations": [{"expression": "false", "message": "no"}],
    }
    found = messages(yaml.safe_dump(spec))
    if failure == "Ignore":  # an error that is let through is told of, at the weight of information
        assert found == ["policy p: expression 'object.spec.absent == 1' resulted in error: no such key: absent"]
    else:
        assert found == expected


def test_match_conditions_know_no_variables() -> None:
    spec = "{variables: [{name: a, expression: '1'}], matchConditions: [{name: c, expression: variables.a == 1}], validations: [{expression: 'true'}]}"  # noqa: E501
    (problem,) = bound(spec).diagnostics
    assert (problem.rule, problem.location.file) == ("policy/invalid", "spec.matchConditions[0].expression")
    assert "undeclared reference to 'variables" in problem.message


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ([("a", "1) + (2")], "spec.variables[0].expression"),
        ([("a", "request.userInfo.username == 'x'")], "spec.variables[0].expression"),
        ([("a", "variables.b"), ("b", "1")], "spec.variables[0].expression"),
        ([("a", "1"), ("idle", "1 + 'x'")], "spec.variables[1].expression"),
    ],
)
def test_a_variable_is_an_expression_of_its_own(variables: list[tuple[str, str]], place: str) -> None:
    rows = [{"name": name, "expression": text} for name, text in variables]
    spec = {"variables": rows, "validations": [{"expression": "variables.a == 3"}]}
    problems = bound(yaml.safe_dump(spec)).diagnostics
    assert problems[0].location.file == place


WATCH = "validations: [{expression: 'false', messageExpression: \"request.operation + ' ' + string(object == null) + string(oldObject == null)\"}]"  # noqa: E501


@pytest.mark.parametrize(
    ("operation", "old", "expected"),
    [
        ("CREATE", None, "CREATE falsetrue"),
        ("UPDATE", OBJECT, "UPDATE falsefalse"),
        ("DELETE", None, "DELETE truefalse"),
    ],
)
def test_objects_of_a_request(operation: str, old: JsonObject | None, expected: str) -> None:
    assert messages(WATCH, operation=operation, old=old) == [expected]


def test_request_and_namespace() -> None:
    text = "request.name + request.namespace + namespaceObject.metadata.name == 'xmodelsm'"
    spec = yaml.safe_dump({"validations": [{"expression": text}]})
    assert messages(spec, namespace={"metadata": {"name": "m"}}) == []
    (message,) = messages(spec)
    assert (
        message == "policy p cannot be judged offline: it reads namespaceObject, and namespace models is not rendered"
    )


@pytest.mark.parametrize("text", ["authorizer.path('/').check('get').allowed()", "request.userInfo.username == 'x'"])
def test_what_files_cannot_tell_is_refused(text: str) -> None:
    (problem,) = bound(yaml.safe_dump({"validations": [{"expression": text}]})).diagnostics
    assert problem.rule == "policy/unsupported"


@pytest.mark.parametrize(
    ("value", "problem"),
    [("'x'", ""), ("null", ""), ("object.spec.replicas > 1 ? 'a' : 'b'", ""), ("1", "must evaluate to null or string")],
)
def test_audit_annotations_are_compiled(value: str, problem: str) -> None:
    spec = {"auditAnnotations": [{"key": "k", "valueExpression": value}]}
    found = bound(yaml.safe_dump(spec)).diagnostics
    assert [problem in diagnostic.message for diagnostic in found] == ([True] if problem else [])


PARAMS = "{paramKind: {apiVersion: v1, kind: ConfigMap}, validations: [{expression: object.spec.replicas < int(params.data.max), messageExpression: \"'over ' + params.data.max\"}]}"  # noqa: E501
PLAIN = "validations: [{expression: 'true'}]"
LIMIT = "{paramKind: {apiVersion: x.io/v1, kind: Limit}, validations: [{expression: object.spec.replicas < params.spec.max, messageExpression: \"'over ' + string(params.spec.max)\"}]}"  # noqa: E501


@pytest.mark.parametrize(
    ("spec", "binding", "expected"),
    [
        (PARAMS, "params: {max: 4}", []),
        (PARAMS, "params: {max: 3}", ["over 3"]),
        (LIMIT, "params: {spec: {max: 2}}", ["over 2"]),
        (LIMIT, "{params: {spec: {max: 2}}, paramRef: {name: own, namespace: models}}", ["over 2"]),
        (
            LIMIT,
            "{params: {spec: {max: 2}}, paramRef: {name: own, namespace: models, parameterNotFoundAction: Allow}}",
            ["over 2"],
        ),
    ],
)
def test_parameters(spec: str, binding: str, expected: list[str]) -> None:
    assert messages(spec, binding=binding) == expected


def test_parameters_of_another_binding_by_selector() -> None:
    bindings: JsonObject = {
        "a": {"policyName": "p", "actions": ["Deny"], "params": {"metadata": {}, "spec": {"max": 9}}},
        "b": {"policyName": "p", "actions": ["Warn"], "paramRef": {"selector": {}}},
    }
    found = bind_policies(policies(LIMIT), {"bindings": bindings}, locate=place)
    assert not found.diagnostics
    assert evaluate_policies(found.bound, resource(OBJECT)) == ()
    high: JsonObject = {**OBJECT, "spec": {"replicas": 10}}
    assert [finding.message for finding in evaluate_policies(found.bound, resource(high))] == ["over 9", "over 9"]


def test_parameters_that_nothing_renders_are_a_finding_at_the_reference() -> None:
    found = bound(PARAMS, "paramRef: {name: elsewhere, namespace: ops}")
    (problem,) = found.diagnostics
    assert (problem.rule, problem.location.file) == ("policy/binding", "bindings.p.paramRef")
    assert "ConfigMap elsewhere is rendered by no binding" in problem.message


@pytest.mark.parametrize(
    ("spec", "binding"),
    [
        (PLAIN, "actions: [Deny, Warn]"),
        (PLAIN, "actions: []"),
        (PLAIN, "actions: [Refuse]"),
        (PLAIN, "action: [Deny]"),
        (PLAIN, "policyName: q"),
        (PLAIN, "params: {max: 2}"),
        (PLAIN, "paramRef: {name: a}"),
        (PARAMS, "params: {mux: 2}"),
        (PARAMS, "params: {max: {a: b}}"),
        (PARAMS, "paramRef: {name: a, selector: {}}"),
    ],
    ids=[
        "told twice",
        "no action",
        "other action",
        "unknown word",
        "unknown policy",
        "parameters of none",
        "reference of none",
        "unknown parameter",
        "parameter within",
        "name and selector",
    ],
)
def test_a_wrong_binding_says_what_is_wrong(spec: str, binding: str, snapshot: SnapshotAssertion) -> None:
    found = bound(spec, binding).diagnostics
    assert [(d.rule, d.location.file, d.message, d.seen, d.allowed, d.hint) for d in found] == snapshot


@pytest.mark.parametrize(("action", "expected"), [("Deny", 1), ("Allow", 0)])
def test_parameters_beside_the_object(action: str, expected: int) -> None:
    bindings: JsonObject = {
        "a": {
            "policyName": "p",
            "actions": ["Deny"],
            "params": {"max": 9},
            "paramRef": {"name": "m", "namespace": "x"},
        },
        "b": {"policyName": "p", "actions": ["Deny"], "paramRef": {"name": "m", "parameterNotFoundAction": action}},
    }
    found = bind_policies(policies(PARAMS), {"bindings": bindings}, locate=place)
    assert not found.diagnostics
    missing = evaluate_policies(found.bound, resource(OBJECT))
    assert [f.message for f in missing] == [
        "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
    ] * expected


@pytest.mark.parametrize(
    ("label", "expected"), [("policies.kservegen.io/break-glass", []), ("team", ["failed expression: false"])]
)
def test_a_namespace_with_the_break_glass_label_is_left_alone(label: str, expected: list[str]) -> None:
    namespace: JsonObject = {"metadata": {"name": "models", "labels": {label: "true"}}}
    assert messages("validations: [{expression: 'false'}]", namespace=namespace) == expected


def test_a_selector_that_asks_for_an_unknown_label_is_told_of_only_where_it_matters() -> None:
    binding = "matchResources: {namespaceSelector: {matchLabels: {team: a}}}"
    assert messages("validations: [{expression: 'true'}]", binding=binding) == []
    (message,) = messages("validations: [{expression: 'false', message: nay}]", binding=binding)
    assert message.endswith("the labels of models are not known; if it applies: nay")
