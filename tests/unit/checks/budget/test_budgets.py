"""Budgets through the whole check: what counts, what is over, and the sum that shows it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion
from tests.support.examples import examples
from tests.support.project import DEV, Project
from tests.support.reports import text_of

from kservegen.checks.budget.ledger import Line, total
from kservegen.core.assumptions import Unchecked
from kservegen.core.resource import ResourceId
from kservegen.kserve.controllers.running import PodCount

MODELS = """\
models:
  chat:
    kind: LLMInferenceService
    model: hf://org/chat
    accelerator: {type: l4, count: 2}
    owner: search
    replicas: 2
    template: {containers: [{name: main, args: [-tp=2], resources: {requests: {memory: 24Gi}, limits: {memory: 32Gi}}}]}
  iris: {modelFormat: sklearn, storageUri: s3://b/m, owner: fraud, maxReplicas: 3}
"""

# budget -> the findings, without their message
CASES: dict[str, list[str]] = {
    "{accelerator: l4, limit: 6}": [],
    "{accelerator: l4, limit: 5}": ["environments/dev.yaml:13:31 warning budget/rollout"],
    "{accelerator: l4, limit: 3}": ["environments/dev.yaml:13:31 error budget/exceeded"],
    "{owner: search, limit: 3}": ["environments/dev.yaml:13:29 error budget/exceeded"],
    "{owner: fraud, limit: 0}": [],
    "{namespace: ns, cpu: 4}": ["environments/dev.yaml:13:27 warning budget/rollout"],
    "{memory: 54Gi}": ["environments/dev.yaml:13:15 warning budget/rollout"],
    "{memory: 53Gi}": ["environments/dev.yaml:13:15 error budget/exceeded"],
    "{memory: 100Gi, cpu: 2}": ["environments/dev.yaml:13:27 error budget/exceeded"],
}


@pytest.fixture
def loaded(project: Project) -> Project:
    project.models(MODELS)
    return project


@pytest.mark.parametrize("words", CASES)
def test_a_budget(words: str, loaded: Project, snapshot: SnapshotAssertion) -> None:
    loaded.write("environments/dev.yaml", DEV + f"budgets:\n  b: {words}\n")
    found = loaded.validate().diagnostics
    assert [f"{d.location} {d.severity} {d.rule}" for d in found] == CASES[words]
    if found:
        assert "\n".join(text_of(d) for d in found) == snapshot


def test_the_sum_is_shown_line_by_line(loaded: Project) -> None:
    loaded.write("environments/dev.yaml", DEV + "budgets: {b: {memory: 10Gi}}\n")
    (found,) = loaded.validate().diagnostics
    assert found.message == "budget b (the environment) is exceeded at maxReplicas: 54Gi of 10Gi memory"
    assert found.seen == "chat 2 x 24Gi + iris 3 x 2Gi"
    assert found.allowed == "at most 10Gi"
    assert [(r.message, str(r.location)) for r in found.related] == [
        ("chat main", "models.yaml:4:3"),
        ("iris predictor", "models.yaml:11:3"),
    ]


def test_the_surge_of_one_object_at_a_time(loaded: Project) -> None:
    loaded.write("environments/dev.yaml", DEV + "budgets: {b: {memory: 54Gi}}\n")
    (found,) = loaded.validate().diagnostics
    assert (
        found.message
        == "budget b (the environment) is exceeded while the largest of them rolls out: 78Gi of 54Gi memory"
    )
    assert found.seen == "chat 2+1 x 24Gi + iris 3+1 x 2Gi"


def test_a_service_without_a_maximum_keeps_no_budget(project: Project) -> None:
    project.models("models:\n  iris: {modelFormat: sklearn, storageUri: s3://b/m, deploymentMode: Knative}\n")
    dev = DEV.replace("[cert-manager,", "[cert-manager, knative-serving, istio,").replace("v0.19.0", "v0.20.0")
    project.write("environments/dev.yaml", dev + "budgets: {b: {memory: 10Gi}}\n")
    assert project.problems() == ["environments/dev.yaml:12:14 budget/unbounded"]


def test_what_is_not_deployed_takes_nothing_and_is_named(project: Project) -> None:
    project.models("models:\n  a: {modelFormat: nothing-serves-this, storageUri: s3://b/m}\n")
    project.write("environments/dev.yaml", DEV + "budgets: {b: {memory: 0}}\n")
    found = project.validate()
    assert {d.rule for d in found.diagnostics if d.rule.startswith("budget/")} == set()
    assert Unchecked("what a would take", "not deployed as written") in found.unchecked


def test_pods_that_no_label_holds_to_one_accelerator_count_for_each(project: Project) -> None:
    second = "  l40:\n    resource: nvidia.com/gpu\n    nodeSelector: {gpu: L40}\nbudgets:\n"
    project.models(
        "models:\n  a: {modelFormat: huggingface, storageUri: hf://a/b, resources: {limits: {nvidia.com/gpu: 1}}}\n"
    )
    budgets = "  one: {accelerator: l4, limit: 0}\n  two: {accelerator: l40, limit: 0}\n"
    project.write("environments/dev.yaml", DEV + second + budgets)
    rules = [line.split()[1] for line in project.problems()]
    assert [rule for rule in rules if rule.startswith("budget/")] == ["budget/exceeded", "budget/exceeded"]


def test_a_budget_may_be_waived(loaded: Project) -> None:
    waiver = "waivers: {w: {rule: budget/exceeded, budget: b, reason: launch, owner: ml, expires: 2027-01-01}}\n"
    loaded.write("environments/dev.yaml", DEV + "budgets: {b: {accelerator: l4, limit: 1}}\n" + waiver)
    (found,) = loaded.validate().diagnostics
    assert found.waived is not None


QUOTA = "budgets:\n  q: {namespace: ns, accelerator: l4, limit: %d, memory: %s, quota: true}\n"


def test_a_quota_is_rendered_with_the_limits_that_it_needs(loaded: Project) -> None:
    loaded.write("environments/dev.yaml", DEV + QUOTA % (8, "102400Mi"))
    built = loaded.built()
    assert built["ResourceQuota/q"]["spec"] == {
        "hard": {"requests.memory": "100Gi", "requests.nvidia.com/gpu": "8"},
    }
    assert built["LimitRange/q"]["spec"] == {"limits": [{"type": "Container", "defaultRequest": {"memory": "128Mi"}}]}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "{namespace: ns, accelerator: l4, limit: 5, quota: true}",
            ["13:46 budget/quota-too-small", "13:46 budget/rollout"],
        ),
        ("{namespace: ns, memory: 80Gi, quota: true}", []),
        ("{owner: search, namespace: ns, memory: 800Gi, quota: true}", ["13:59 budget/quota-scope"]),
        ("{memory: 800Gi, quota: true}", ["13:29 budget/quota-scope"]),
        ("{namespace: ns, limit: 80, quota: true}", ["13:29 budget/quota-scope"]),
    ],
)
def test_a_quota_that_would_stand_in_the_way(words: str, expected: list[str], loaded: Project) -> None:
    loaded.write("environments/dev.yaml", DEV + f"budgets:\n  b: {words}\n")
    assert loaded.problems() == [f"environments/dev.yaml:{line}" for line in expected]


def test_a_quota_counts_what_its_limit_range_gives(project: Project) -> None:
    project.models("models:\n  chat: {kind: LLMInferenceService, model: hf://org/chat, replicas: 10}\n")
    project.write("environments/dev.yaml", DEV + "budgets: {q: {namespace: ns, memory: 1Gi, quota: true}}\n")
    found = project.validate().diagnostics
    assert {(d.rule, d.seen) for d in found if d.rule == "budget/exceeded"} == {
        ("budget/exceeded", "chat 10 x 128Mi"),
    }


def test_a_quota_is_not_lowered_before_the_pods_are_gone(loaded: Project) -> None:
    loaded.write("environments/dev.yaml", DEV + QUOTA % (8, "100Gi"))
    assert loaded.render().exit_code == 0
    loaded.models(MODELS.replace("replicas: 2", "replicas: 1"))
    loaded.write("environments/dev.yaml", DEV + QUOTA % (4, "100Gi"))
    assert loaded.problems() == ["environments/dev.yaml:13:46 budget/quota-lowered"]
    assert loaded.render().exit_code == 1
    loaded.write("environments/dev.yaml", DEV + QUOTA % (8, "100Gi"))
    assert loaded.render().exit_code == 0
    loaded.write("environments/dev.yaml", DEV + QUOTA % (4, "100Gi"))
    assert loaded.render().exit_code == 0


@settings(max_examples=examples(100))
@given(
    st.lists(
        st.tuples(
            st.fractions(max_denominator=10**9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 3), st.text("ab")
        )
    )
)
def test_sums_are_exact_whatever_the_parts_of_a_whole(rows: list[tuple[Fraction, int, int, int, str]]) -> None:
    lines = [
        Line(
            entry=name,
            owner="",
            subject=ResourceId("InferenceService", "ns", name),
            role="predictor",
            path=(),
            count=PodCount(least, least + more, surge),
            each={"cpu": each},
        )
        for each, least, more, surge, name in rows
    ]
    every = [line.at("cpu") for line in lines]
    surges: dict[str, Fraction] = {}
    for line, moments in zip(lines, every, strict=True):
        surges[line.entry] = surges.get(line.entry, Fraction(0)) + moments.surge
    expected: tuple[object, ...] = (
        sum(m.minimum for m in every),
        sum(m.maximum for m in every),
        max(surges.values(), default=0),
    )
    assert tuple(total(lines, "cpu")) == expected
    assert not any(total(lines, "memory"))
