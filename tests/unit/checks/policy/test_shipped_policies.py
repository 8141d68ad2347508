"""The repository's policies: each is well described, passes its own cases, and leaves the right requests alone."""

from __future__ import annotations

from functools import lru_cache

import pytest
from tests.unit.checks.policy.conftest import POLICIES, bound, read

from kservegen.checks.policy.binding import Bound
from kservegen.checks.policy.compile import texts
from kservegen.checks.policy.model import Policy
from kservegen.checks.policy.params import read_keys
from kservegen.commands.policy_test import PolicyTests, try_policies
from kservegen.core.repository import Repository

NAMES = sorted(path.stem for path in POLICIES.glob("*.yaml"))


@lru_cache(maxsize=1)
def all_tried() -> PolicyTests:
    return try_policies(Repository(POLICIES.parent), [])


@lru_cache(maxsize=64)
def loaded(name: str) -> Policy:
    (found,), problems = read((POLICIES / f"{name}.yaml").read_text(encoding="utf-8"))
    assert not problems
    return found


@lru_cache(maxsize=64)
def in_force(name: str) -> Bound:
    return bound((POLICIES / f"{name}.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_every_case_gets_its_verdict_and_every_expression_is_put_to_the_test(name: str) -> None:
    (trial,) = (trial for trial in all_tried().trials if trial.policy == name)
    assert [f"{d.location}: {d.message}: {d.seen}" for d in trial.diagnostics] == []
    assert trial.count(fails=False) > 1
    assert trial.count(fails=True) > 1


def test_nothing_else_is_wrong_with_the_folder() -> None:
    assert all_tried().result.diagnostics == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_describes_itself(name: str) -> None:
    found = loaded(name)
    assert (found.name, found.meta.id) == (name, f"policy/{name}")
    assert found.meta.title != name
    assert not found.meta.title.endswith(".")
    assert found.meta.why.endswith(".")
    assert found.meta.fix.endswith(".")
    assert all(validation.places for validation in found.validations)


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_costs_one_evaluation_where_it_passes(name: str) -> None:
    assert in_force(name).compiled.whole is not None


@pytest.mark.parametrize("name", NAMES)
def test_deletions_are_left_alone(name: str) -> None:
    rules = loaded(name).constraints.rules
    assert {operation for rule in rules for operation in rule.operations} == {"CREATE", "UPDATE"}


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_described(name: str) -> None:
    annotations = loaded(name).source.doc["metadata"]["annotations"]  # type: ignore[index,call-overload]
    described = annotations.get("kservegen.io/params", "")  # type: ignore[union-attr]
    for key in read_keys(texts(loaded(name)).values()):
        assert f"`{key}`:" in described  # type: ignore[operator]
    assert annotations["kservegen.io/tutorial"]  # type: ignore[index,call-overload]
