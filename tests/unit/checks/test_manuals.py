"""`explain` finds a rule by its own id and by every id of the table of KServe's rules that it covers."""

from __future__ import annotations

import re

import pytest

from kservegen.checks.manuals import find_manual, manuals, when_it_bites
from kservegen.checks.rules.discover import discover
from kservegen.checks.rules.stage import Scope, Stage

IDS = sorted(
    {entry for meta in manuals().values() for entry in meta.upstream if re.fullmatch(r"[A-Z]+-[A-Z]?\d+[a-z]?", entry)}
)


def test_there_are_many_upstream_ids() -> None:
    assert len(IDS) > 170
    assert "ISVC-40" in IDS


@pytest.mark.parametrize("upstream", IDS)
def test_an_upstream_id_is_found_in_either_case(upstream: str) -> None:
    for name in (upstream, upstream.lower()):
        meta = find_manual(name)
        assert meta is not None
        assert upstream in meta.upstream


def test_a_rule_is_found_by_its_own_id() -> None:
    assert all(find_manual(name) is meta for name, meta in manuals().items())
    assert find_manual("ISVC-999") is None


@pytest.mark.parametrize("rule", discover().rules, ids=lambda found: found.id)
def test_every_rule_says_when_it_bites(rule: object) -> None:
    found = next(one for one in discover().rules if one is rule)
    said = when_it_bites(found.id)
    words = {
        Stage.ADMISSION: "At admission",
        Stage.DEPLOYMENT: "At deployment",
        Stage.RUN: "At run",
        Stage.ADVICE: "Advice",
    }
    assert said.startswith(words[found.stage])
    assert ("depends on other objects" in said) == (found.scope is Scope.ENVIRONMENT)
    assert ("is about a change" in said) == (found.scope is Scope.UPDATE)


def test_schemas_bite_at_admission_and_a_catalog_nowhere() -> None:
    assert when_it_bites("schema/unknown-field").startswith("At admission")
    assert when_it_bites("catalog/unknown-version") == ""
