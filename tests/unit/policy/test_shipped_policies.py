"""The repository's policies: each is well described, and says of every case what the case's first line expects."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import pytest
import yaml
from tests.unit.policy.conftest import POLICIES, bound, read, resource

from kservegen.jsontypes import JsonObject, format_path
from kservegen.policy.binding import Bound
from kservegen.policy.compile import texts
from kservegen.policy.evaluate import evaluate
from kservegen.policy.params import read_keys

NAMES = sorted(path.stem for path in POLICIES.glob("*.yaml"))
CASES = sorted((POLICIES / "tests").glob("*/*.yaml"))

HEAD = re.compile(r"# expect: (?:pass|fail (?P<path>\S+) \| (?P<message>.+))\n(?:# params: (?P<params>.+)\n)?")


@lru_cache(maxsize=64)
def policy(name: str, params: str) -> Bound:
    values: JsonObject = yaml.safe_load(params) if params else {}
    return bound((POLICIES / f"{name}.yaml").read_text(encoding="utf-8"), params=values or None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_a_case_gets_the_verdict_of_its_first_line(case: Path) -> None:
    text = case.read_text(encoding="utf-8")
    head = HEAD.match(text)
    assert head, "the first line says `# expect: pass` or `# expect: fail PATH | MESSAGE`"
    assert case.stem.startswith("fail-" if head["path"] else "pass-")
    found = evaluate([policy(case.parent.name, head["params"] or "")], resource(yaml.safe_load(text)))
    seen = [(finding.rule, format_path(finding.path), finding.message) for finding in found]
    assert seen == ([(f"policy/{case.parent.name}", head["path"], head["message"])] if head["path"] else [])


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_describes_itself(name: str) -> None:
    (found,), problems = read((POLICIES / f"{name}.yaml").read_text(encoding="utf-8"))
    assert not problems
    assert (found.name, found.meta.id) == (name, f"policy/{name}")
    assert found.meta.title != name
    assert not found.meta.title.endswith(".")
    assert found.meta.why.endswith(".")
    assert found.meta.fix.endswith(".")
    assert all(validation.places for validation in found.validations)


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_has_cases_of_both_verdicts(name: str) -> None:
    verdicts = {case.stem.split("-")[0] for case in CASES if case.parent.name == name}
    assert verdicts == {"pass", "fail"}


def test_no_case_without_a_policy() -> None:
    assert {case.parent.name for case in CASES} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_costs_one_evaluation_where_it_passes(name: str) -> None:
    assert policy(name, "").compiled.whole is not None


@pytest.mark.parametrize("name", NAMES)
def test_deletions_and_unchanged_specs_are_left_alone(name: str) -> None:
    (found,), _ = read((POLICIES / f"{name}.yaml").read_text(encoding="utf-8"))
    assert {operation for rule in found.constraints.rules for operation in rule.operations} == {"CREATE", "UPDATE"}
    compiled = policy(name, "").compiled
    case = next(case for case in CASES if case.parent.name == name and case.stem.startswith("fail-"))
    doc = yaml.safe_load(case.read_text(encoding="utf-8"))
    values = {"object": doc, "namespaceObject": None, "params": {"kind": "ConfigMap"}}
    new = {**doc, "spec": {**doc["spec"], "extra": 1}}

    def verdict(before: object, operation: str) -> list[object]:
        names = [*values, "oldObject", "request"]
        known = {**values, "oldObject": before, "request": {"operation": operation}}
        if not compiled.policy.takes_params:
            names.remove("params")
        scope = compiled.engine.scope({key: known[key] for key in names})
        return [condition.evaluate(scope) for condition in compiled.conditions]

    assert verdict(None, "CREATE") == [True]
    assert verdict({**doc, "metadata": {"finalizers": ["x"]}}, "UPDATE") == [False]
    assert verdict(new, "UPDATE") == [True]
    assert verdict({key: doc[key] for key in doc if key != "spec"}, "UPDATE") == [True]


@pytest.mark.parametrize("name", NAMES)
def test_the_list_of_policies_is_complete(name: str) -> None:
    listing = (POLICIES / "README.md").read_text(encoding="utf-8")
    (found,), _ = read((POLICIES / f"{name}.yaml").read_text(encoding="utf-8"))
    params = ", ".join(f"`{key}`" for key in sorted(read_keys(texts(found).values()))) or "none"
    assert f"| `{name}` | {found.meta.title} | {params} |" in listing
