"""`explain` finds a rule by its own id and by every id of the table of KServe's rules that it covers."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from kservegen.checks.registry import find_manual, manuals, when_it_bites
from kservegen.checks.rules.base import Scope, Stage
from kservegen.checks.rules.discover import discover

IDS = sorted(
    {entry for meta in manuals().values() for entry in meta.upstream if re.fullmatch(r"[A-Z]+-[A-Z]?\d+[a-z]?", entry)}
)


def test_there_are_many_upstream_ids() -> None:
    assert len(IDS) > 170
    assert "ISVC-40" in IDS


@pytest.mark.parametrize("spelled", [str.upper, str.lower])
def test_an_upstream_id_is_found_in_either_case(spelled: Callable[[str], str]) -> None:
    found = {upstream: find_manual(spelled(upstream)) for upstream in IDS}
    assert [upstream for upstream, page in found.items() if page is None or upstream not in page.upstream] == []


def test_a_rule_is_found_by_its_own_id() -> None:
    assert all(find_manual(name) is meta for name, meta in manuals().items())
    assert find_manual("ISVC-999") is None


STAGES = {
    Stage.ADMISSION: "At admission",
    Stage.DEPLOYMENT: "At deployment",
    Stage.RUN: "At run",
    Stage.ADVICE: "Advice",
}
SCOPES = {Scope.ENVIRONMENT: "depends on other objects", Scope.UPDATE: "is about a change"}


def test_every_rule_says_when_it_bites() -> None:
    rules = {found: when_it_bites(found.id) for found in discover().rules}
    assert [found.id for found, said in rules.items() if not said.startswith(STAGES[found.stage])] == []
    for scope, words in SCOPES.items():
        assert [found.id for found, said in rules.items() if (words in said) != (found.scope is scope)] == []


def test_schemas_bite_at_admission_and_a_catalog_nowhere() -> None:
    assert when_it_bites("schema/unknown-field").startswith("At admission")
    assert when_it_bites("catalog/unknown-version") == ""
