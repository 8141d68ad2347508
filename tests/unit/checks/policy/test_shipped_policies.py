"""The repository's policies: each is well described, passes its own cases, and leaves the right requests alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

import pytest
from msgspec import structs
from tests.unit.checks.policy.conftest import POLICIES, bound, read

from kservegen.checks.policy.binding import Bound, bind_policies
from kservegen.checks.policy.compile import CompiledPolicy, compile_policy, expression_texts
from kservegen.checks.policy.evaluate import CREATION
from kservegen.checks.policy.files import open_policies
from kservegen.checks.policy.model import Policy
from kservegen.checks.policy.params import read_keys
from kservegen.commands.policy_test import PolicyTests, try_policies
from kservegen.core.diagnostics import Location
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import Repository
from kservegen.formats.cel.engine import Program, engine

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


DESCRIBED: dict[str, Callable[[Policy], bool]] = {
    "the id is the name": lambda p: p.meta.id == f"policy/{p.name}",
    "the title is more than the name, and no sentence": lambda p: p.meta.title != p.name and p.meta.title[-1] != ".",
    "why and fix are sentences": lambda p: p.meta.why.endswith(".") and p.meta.fix.endswith("."),
    "each validation says what field it is about": lambda p: all(validation.places for validation in p.validations),
    "deletions are left alone": lambda p: (
        {operation for rule in p.constraints.rules for operation in rule.operations} == {"CREATE", "UPDATE"}
    ),
    "every parameter is described": lambda p: all(
        f"`{key}`:" in annotation(p, "params") for key in read_keys(expression_texts(p).values())
    ),
    "there is a tutorial": lambda p: annotation(p, "tutorial") != "",
}


def annotation(policy: Policy, name: str) -> str:
    annotations = policy.source.doc["metadata"]["annotations"]  # type: ignore[index,call-overload]
    return str(annotations.get(f"kservegen.io/{name}", ""))  # type: ignore[union-attr]


@pytest.mark.parametrize("law", DESCRIBED)
def test_a_policy_describes_itself(law: str) -> None:
    assert [name for name in NAMES if not DESCRIBED[law](loaded(name))] == []


def test_a_file_is_named_after_its_policy() -> None:
    assert {name: loaded(name).name for name in NAMES} == {name: name for name in NAMES}


def test_a_policy_costs_one_evaluation_where_it_passes() -> None:
    assert [name for name in NAMES if in_force(name).compiled.whole is None] == []


def test_policies_are_bound_without_compiling_any(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def none(*_: object, **__: object) -> NoReturn:
        raise AssertionError("something is compiled")

    engine.cache_clear()
    monkeypatch.setattr("kservegen.formats.cel.engine._environment", none)
    words: JsonObject = {"bindings": {name: {"actions": ["Audit"]} for name in NAMES}}
    found = bind_policies(open_policies(Repository(tmp_path)).among(NAMES), words, locate=lambda _: Location(""))
    assert (len(found.bound), found.diagnostics) == (len(NAMES), ())
    engine.cache_clear()


# Objects of all kinds that policies look at, which some of them refuse, and some cannot look into.
OBJECTS: tuple[JsonObject, ...] = (
    {"spec": {}},
    {"spec": {"predictor": {"model": {"storageUri": "s3://b/m", "image": "a:latest"}, "minReplicas": 0}}},
    {"spec": {"template": {"containers": [{"name": "main", "image": "a", "securityContext": {"privileged": True}}]}}},
    {"spec": {"model": {"uri": "hf://org/m"}, "replicas": 2, "template": {"hostNetwork": True}}},
    {"spec": {"predictor": {"containers": "none"}}},
)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_known_to_compile_comes_to_what_it_does_where_that_is_checked(name: str) -> None:
    policy = loaded(name)
    quick, _ = compile_policy(structs.replace(policy, compiles=True))
    checked = in_force(name).compiled
    assert quick is not None
    for doc in OBJECTS:
        values = {"object": doc, "oldObject": None, "request": CREATION, "namespaceObject": None, "params": None}
        scope = checked.engine.scope(values)
        assert str(whole(quick).evaluate(scope)) == str(whole(checked).evaluate(scope))


def whole(policy: CompiledPolicy) -> Program:
    assert policy.whole is not None
    return policy.whole
