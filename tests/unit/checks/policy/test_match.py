"""Which requests a policy looks at: the API server's answers, row by row."""

from __future__ import annotations

import pytest
import yaml
from tests.unit.checks.policy.conftest import resource

from kservegen.checks.policy.admission import Admission
from kservegen.checks.policy.constraints import read_constraints
from kservegen.checks.policy.match import MatchAnswer, match
from kservegen.checks.policy.model import Constraints
from kservegen.core.jsontypes import JsonObject

SERVICE = (
    "{apiGroups: [serving.kserve.io], apiVersions: [v1beta1], operations: [CREATE], resources: [inferenceservices]}"
)
NAMESPACE = "{kind: Namespace, apiVersion: v1, namespace: ''}"
RUNTIME = "{kind: ClusterServingRuntime, namespace: ''}"
LLM2 = "{apiGroups: [serving.kserve.io], apiVersions: [v1alpha2], operations: ['*'], resources: [llminferenceservices]}"
ALL = "{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}"


def every(**changes: str) -> str:
    fields = dict.fromkeys(("apiGroups", "apiVersions", "operations", "resources"), "['*']") | changes
    return "{" + ", ".join(f"{key}: {value}" for key, value in fields.items()) + "}"


def only(rule: str, more: str = "") -> str:
    return f"{{resourceRules: [{rule}]{more}}}"


def selects(expression: str) -> str:
    return only(ALL, f", objectSelector: {{matchExpressions: [{{key: a, {expression}}}]}}")


def read(text: str, *, binding: bool = False) -> tuple[Constraints, list[str]]:
    problems: list[str] = []

    def report(path: object, message: str, *, seen: str = "", allowed: str = "") -> None:
        problems.append(f"{path}: {message} {seen} {allowed}")

    return read_constraints(yaml.safe_load(text), ("spec",), report, binding=binding), problems


def request(text: str = "") -> Admission:
    words = {"kind": "InferenceService", "apiVersion": "serving.kserve.io/v1beta1", **yaml.safe_load(text or "{}")}
    operation, old, sub = (words.pop(key, None) for key in ("operation", "old", "sub"))
    metadata: JsonObject = {"name": words.pop("name", "iris"), "labels": words.pop("labels", {})}
    if namespace := words.pop("namespace", "models"):
        metadata["namespace"] = namespace
    doc = {**words, "metadata": metadata}
    return Admission(resource=resource(doc), operation=operation or "CREATE", old=old, subresource=sub or "")


def seen(constraints: str, sent: str, labels: JsonObject | None = None) -> MatchAnswer | None:
    found, problems = read(constraints)
    assert not problems
    namespace: JsonObject | None = None if labels is None else {"metadata": {"labels": labels}}
    return match(found, request(sent), namespace)


@pytest.mark.parametrize(
    ("constraints", "sent", "expected"),
    [
        (f"resourceRules: [{SERVICE}]", "", True),
        (f"resourceRules: [{SERVICE}]", "operation: UPDATE", False),
        (f"resourceRules: [{SERVICE}]", "kind: TrainedModel", False),
        (f"resourceRules: [{SERVICE}]", "apiVersion: other.io/v1beta1", False),
        (f"resourceRules: [{SERVICE}]", "apiVersion: serving.kserve.io/v1", False),
        (f"resourceRules: [{SERVICE}]", "sub: status", False),
        (f"resourceRules: [{ALL}]", "operation: DELETE", True),
        (f"resourceRules: [{ALL}]", "sub: status", False),
        (only(every(resources="['*/*']")), "sub: status", True),
        (only(every(resources="[inferenceservices/*]")), "sub: status", True),
        (only(every(resources="['*/status']")), "sub: status", True),
        (only(every(resources="['*/status']")), "", False),
        (only(every(scope="Namespaced")), "", True),
        (only(every(scope="Cluster")), "", False),
        (only(every(scope="Cluster")), RUNTIME, True),
        (only(every(scope="Cluster")), NAMESPACE, True),
        (only(every(resourceNames="[iris]")), "", True),
        (only(every(resourceNames="[other]")), "", False),
        (f"{{resourceRules: [{ALL}], excludeResourceRules: [{SERVICE}]}}", "", False),
        (f"{{resourceRules: [{ALL}], excludeResourceRules: [{SERVICE}]}}", "operation: UPDATE", True),
        (f"{{resourceRules: [{ALL}], objectSelector: {{matchLabels: {{a: b}}}}}}", "", False),
        (f"{{resourceRules: [{ALL}], objectSelector: {{matchLabels: {{a: b}}}}}}", "labels: {a: b}", True),
        (
            f"{{resourceRules: [{ALL}], objectSelector: {{matchLabels: {{a: b}}}}}}",
            "{operation: UPDATE, old: {metadata: {labels: {a: b}}}}",
            True,
        ),
        (selects("operator: DoesNotExist"), "", True),
        (
            selects("operator: NotIn, values: [b]"),
            "labels: {a: b}",
            False,
        ),
    ],
)
def test_rules_and_object_selectors(constraints: str, sent: str, expected: object) -> None:
    assert (seen(constraints, sent) is not None) is expected


LLM1 = "{kind: LLMInferenceService, apiVersion: serving.kserve.io/v1alpha1}"


def test_an_equivalent_version_is_converted() -> None:
    found = seen(f"resourceRules: [{LLM2}]", LLM1)
    assert found is not None
    assert found.admission.object == {
        "apiVersion": "serving.kserve.io/v1alpha2",
        "kind": "LLMInferenceService",
        "metadata": {"name": "iris", "labels": {}, "namespace": "models"},
    }
    group, resource = "serving.kserve.io", "llminferenceservices"
    assert found.admission.request() == {
        "operation": "CREATE",
        "name": "iris",
        "namespace": "models",
        "kind": {"group": group, "version": "v1alpha2", "kind": "LLMInferenceService"},
        "requestKind": {"group": group, "version": "v1alpha1", "kind": "LLMInferenceService"},
        "resource": {"group": group, "version": "v1alpha2", "resource": resource},
        "requestResource": {"group": group, "version": "v1alpha1", "resource": resource},
        "subResource": "",
        "requestSubResource": "",
        "dryRun": False,
    }


def test_exact_takes_no_equivalent_version() -> None:
    assert seen(f"{{matchPolicy: Exact, resourceRules: [{LLM2}]}}", LLM1) is None
    assert seen(f"{{resourceRules: [{ALL}], excludeResourceRules: [{LLM2}]}}", LLM1) is None
    assert seen(f"{{matchPolicy: Exact, resourceRules: [{ALL}], excludeResourceRules: [{LLM2}]}}", LLM1) is not None


def test_a_field_of_one_version_only_makes_the_match_unknown() -> None:
    sent = LLM1.replace("}", ", spec: {model: {criticality: High}}}")
    found = seen(f"resourceRules: [{LLM2}]", sent)
    assert found is not None
    assert "only a server converts" in found.unknown


TEAM = "namespaceSelector: {matchLabels: {team: a}}"
ABSENT = "namespaceSelector: {matchExpressions: [{key: broken, operator: DoesNotExist}]}"
OTHER = "namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [a]}]}"
NAMED = "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: models}}"


@pytest.mark.parametrize(
    ("selector", "sent", "labels", "expected"),
    [
        (TEAM, "", {"team": "a"}, True),
        (TEAM, "", {"team": "b"}, False),
        (TEAM, "", None, "it selects namespaces by team, and the labels of models are not known"),
        (ABSENT, "", {"broken": ""}, False),
        (ABSENT, "", None, True),
        (OTHER, "", {"team": "a"}, False),
        (OTHER, "", None, True),
        (NAMED, "", None, True),
        (NAMED, "namespace: other", None, False),
        (TEAM, RUNTIME, None, True),
        (TEAM, "{kind: Namespace, apiVersion: v1, namespace: '', labels: {team: a}}", None, True),
        (TEAM, NAMESPACE, None, False),
        (NAMED, "{kind: Namespace, apiVersion: v1, namespace: '', name: models}", None, True),
    ],
)
def test_namespace_selectors(selector: str, sent: str, labels: JsonObject | None, expected: object) -> None:
    found = seen(f"{{resourceRules: [{ALL}], {selector}}}", sent, labels)
    assert (found.unknown or True if found else False) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "needs at least one of resourceRules"),
        (f"{{resourceRules: [{ALL}], selector: {{}}}}", "there is no field selector here"),
        (f"{{resourceRules: [{ALL}], matchPolicy: Fuzzy}}", "the matchPolicy is none"),
        ("resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*']}]", "the rule lacks resources"),
        (only(every(operations="[PATCH]")), "the operation is none"),
        (
            only(every(operations="['*', CREATE]")),
            "must not specify others",
        ),
        (only(every(scope="Pod")), "the scope is none"),
        (
            selects("operator: Exists, values: [b]"),
            "may not be specified when `operator` is Exists",
        ),
        (
            selects("operator: In"),
            "must be specified when `operator` is In",
        ),
    ],
)
def test_what_the_server_refuses(text: str, problem: str) -> None:
    _, problems = read(text)
    assert len(problems) == 1
    assert problem in problems[0]


def test_a_binding_needs_no_rules() -> None:
    constraints, problems = read("{}", binding=True)
    assert not problems
    assert match(constraints, request(), None) is not None
