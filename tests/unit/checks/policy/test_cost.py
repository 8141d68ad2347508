"""The estimate of what a policy costs: loops within loops are found, ordinary policies are not."""

from __future__ import annotations

import pytest
import yaml
from tests.unit.checks.policy.conftest import POLICIES, read

from kservegen.checks.policy.cost import CONDITIONS_LIMIT, EXPRESSION_LIMIT, POLICY_LIMIT, excesses
from kservegen.checks.policy.trial import run_trial
from kservegen.core.jsontypes import JsonObject, format_path

EVERY: JsonObject = {key: ["*"] for key in ("apiGroups", "apiVersions", "operations", "resources")}
FOUR_DEEP = "object.a.all(a, object.b.all(b, object.c.all(c, object.d.all(d, (a.x + b.x).contains(c.x + d.x)))))"
FIVE_DEEP = "object.a.all(a, object.b.all(b, object.c.all(c, object.d.all(d, object.e.all(e, e.x + d.x + c.x != a)))))"
SIX_DEEP = f"object.f.all(f, {FIVE_DEEP})"
FLAT = "object.a.all(a, a.x != object.b)"


def over_the_limits(**spec: object) -> list[tuple[str, int]]:
    rules = {"matchConstraints": {"resourceRules": [EVERY]}, "validations": [{"expression": "true"}]}
    doc = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "p"},
        "spec": {**rules, **spec},
    }
    (policy,), problems = read(yaml.safe_dump(doc))
    assert not problems
    found = [("metadata.name" if e is None else format_path(e.path), limit) for e, _, limit in excesses(policy)]
    told = [d for d in run_trial(policy, (), whole=True).diagnostics if d.rule == "policy/cost"]
    assert [(d.path, d.message.rpartition(" ")[2]) for d in told] == [(path, f"{limit:,}") for path, limit in found]
    return found


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"validations": [{"expression": FLAT}]}, []),
        ({"validations": [{"expression": FOUR_DEEP}]}, []),
        ({"validations": [{"expression": SIX_DEEP}]}, [("spec.validations[0].expression", EXPRESSION_LIMIT)]),
        (
            {"validations": [{"expression": "true", "messageExpression": f"string({SIX_DEEP})"}]},
            [("spec.validations[0].messageExpression", EXPRESSION_LIMIT)],
        ),
        (
            {"matchConditions": [{"name": "c", "expression": SIX_DEEP}]},
            [("spec.matchConditions[0].expression", CONDITIONS_LIMIT)],
        ),
        ({"validations": [{"expression": FOUR_DEEP}] * 400}, [("metadata.name", POLICY_LIMIT)]),
        (
            {
                "variables": [
                    {"name": "pairs", "expression": "object.a.map(a, object.b.map(b, [a, b]))"},
                    {"name": "more", "expression": "variables.pairs.map(p, p.map(q, q + object.c))"},
                ],
                "validations": [{"expression": "variables.more.all(m, m.size() > 0)"}],
            },
            [],
        ),
    ],
)
def test_excesses(spec: dict[str, object], expected: list[tuple[str, int]]) -> None:
    assert over_the_limits(**spec) == expected


def test_shipped_policies_stay_below() -> None:
    policies = [policy for path in POLICIES.glob("*.yaml") for policy in read(path.read_text("utf-8"))[0]]
    assert [(policy.name, excess) for policy in policies for excess in excesses(policy)] == []


def test_a_list_of_the_policy_s_own_is_as_long_as_it_is() -> None:
    few = "[1, 2].all(a, object.b.all(b, object.c.all(c, object.d.all(d, object.e.all(e, b.x + c.x + d.x != e.x)))))"
    many = few.replace("[1, 2]", f"[{', '.join(['1'] * 40)}]")
    assert over_the_limits(validations=[{"expression": few}]) == []
    assert over_the_limits(validations=[{"expression": many}]) == [("spec.validations[0].expression", EXPRESSION_LIMIT)]
