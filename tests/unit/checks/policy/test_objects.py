"""What the cluster gets: policies, bindings and parameters as objects that validate against Kubernetes' schemas."""

from __future__ import annotations

from tests.unit.checks.policy.conftest import place, read

from kservegen.checks.policy.binding import bind_policies
from kservegen.checks.policy.objects import policy_objects
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import packaged_data
from kservegen.formats.jsonschema.store import SchemaStore


def render(shipped: dict[str, str], words: JsonObject) -> dict[str, JsonObject]:
    policies, problems = read("---\n".join([shipped["storage-scheme"]]))
    assert not problems
    found = bind_policies(policies, words, locate=place)
    assert not found.diagnostics
    return {resource.file: resource.doc for resource in policy_objects(found.bindings)}


EXEMPT = {"matchExpressions": [{"key": "policies.kservegen.io/break-glass", "operator": "DoesNotExist"}]}


def test_a_policy_with_two_bindings(shipped: dict[str, str]) -> None:
    objects = render(
        shipped,
        {
            "bindings": {
                "storage-scheme": {"actions": ["Deny", "Audit"], "params": {"schemes": ["hf", "s3"]}},
                "search": {
                    "policyName": "storage-scheme",
                    "actions": ["Warn"],
                    "paramRef": {"name": "policy-storage-scheme", "namespace": "ops"},
                    "matchResources": {"namespaceSelector": {"matchLabels": {"team": "search"}}},
                },
            },
            "namespace": "ops",
        },
    )
    assert list(objects) == [
        "policies/validatingadmissionpolicy-storage-scheme.yaml",
        "policies/validatingadmissionpolicybinding-search.yaml",
        "policies/validatingadmissionpolicybinding-storage-scheme.yaml",
        "policies/configmap-policy-storage-scheme.yaml",
    ]
    reference = {"name": "policy-storage-scheme", "namespace": "ops", "parameterNotFoundAction": "Deny"}
    policy, search, binding, params = objects.values()
    assert policy["metadata"]["name"] == "storage-scheme"  # type: ignore[index,call-overload]
    assert params == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "policy-storage-scheme", "namespace": "ops"},
        "data": {"schemes": "hf,s3"},
    }
    assert binding["spec"] == {
        "policyName": "storage-scheme",
        "validationActions": ["Deny", "Audit"],
        "paramRef": reference,
        "matchResources": {"namespaceSelector": EXEMPT},
    }
    assert search["spec"] == {
        "policyName": "storage-scheme",
        "validationActions": ["Warn"],
        "paramRef": reference,
        "matchResources": {"namespaceSelector": {"matchLabels": {"team": "search"}, **EXEMPT}},
    }
    store = SchemaStore((packaged_data() / "schemas",))
    for doc in objects.values():
        validator = store.validator(str(doc["apiVersion"]), str(doc["kind"]), kserve_version="v0.19.0")
        assert validator.check(doc) == ()


def test_no_break_glass(shipped: dict[str, str]) -> None:
    objects = render(shipped, {"bindings": {"storage-scheme": {"actions": ["Deny"]}}, "breakGlassLabel": None})
    spec = objects["policies/validatingadmissionpolicybinding-storage-scheme.yaml"]["spec"]
    assert "matchResources" not in spec  # type: ignore[operator]
