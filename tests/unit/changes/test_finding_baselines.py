"""What a change brings, held against what its base had: findings are known by what they say, not by their places."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.support.examples import examples

from kservegen.changes.baseline import compare_findings
from kservegen.core.diagnostics import BaselineState, Diagnostic, Location, Severity, Waived, merge_diagnostics

NEW, UPDATED, UNCHANGED = BaselineState.NEW, BaselineState.UPDATED, BaselineState.UNCHANGED
FOUND = Diagnostic(
    rule="policy/probes-set",
    severity=Severity.WARNING,
    message="no probe",
    location=Location("models.yaml", 5, 3),
    path="models.a.probe",
    entries=("a",),
    environments=("dev",),
)
WAIVED = Waived("w", "ml", "r", "2027-01-01")


def states(
    found: list[Diagnostic], before: list[Diagnostic], came: tuple[str, ...] = (), gone: tuple[str, ...] = ()
) -> tuple[list[BaselineState | None], int]:
    compared = compare_findings(found, before, came=came, gone=gone)
    by_item = {replace(item, baseline=None): item.baseline for item in compared.found}
    return [by_item[item] for item in found], len(compared.resolved)


CASES = {
    "the same": (FOUND, FOUND, UNCHANGED, 0),
    "another line, file and path": (
        replace(FOUND, location=Location("models/x.yaml", 90, 1), path="models.a.env[3]"),
        FOUND,
        UNCHANGED,
        0,
    ),
    "another text": (replace(FOUND, message="no startup probe"), FOUND, NEW, 1),
    "another rule": (replace(FOUND, rule="policy/other"), FOUND, NEW, 1),
    "another model": (replace(FOUND, entries=("b",)), FOUND, NEW, 1),
    "another cause": (replace(FOUND, cause="x"), FOUND, NEW, 1),
    "an environment more": (replace(FOUND, environments=("prod",)), FOUND, NEW, 1),
    "heavier": (replace(FOUND, severity=Severity.ERROR), FOUND, UPDATED, 0),
    "lighter": (FOUND, replace(FOUND, severity=Severity.ERROR), UNCHANGED, 0),
    "waived no more": (FOUND, replace(FOUND, waived=WAIVED), UPDATED, 0),
    "waived now": (replace(FOUND, waived=WAIVED), FOUND, UNCHANGED, 0),
}


@pytest.mark.parametrize("case", CASES)
def test_a_finding_and_one_of_the_base(case: str) -> None:
    now, before, state, resolved = CASES[case]
    assert states([now], [before]) == ([state], resolved)


def test_of_two_that_read_alike_the_one_at_another_path_is_new() -> None:
    twin = replace(FOUND, path="models.a.env[0]")
    assert states([twin, FOUND], [FOUND]) == ([NEW, UNCHANGED], 0)
    assert states([FOUND], [twin, FOUND]) == ([UNCHANGED], 1)


def test_what_a_new_environment_repeats_stands() -> None:
    now = replace(FOUND, environments=("prod",))
    own = replace(now, message="only here")
    assert states([FOUND, now, own], [FOUND], came=("prod",)) == ([UNCHANGED, UNCHANGED, NEW], 0)
    heavier = replace(now, severity=Severity.ERROR)
    assert states([FOUND, heavier], [FOUND], came=("prod",)) == ([UNCHANGED, UPDATED], 0)


def test_what_goes_with_an_environment_is_resolved_where_no_other_says_it() -> None:
    there = replace(FOUND, environments=("prod",))
    own = replace(there, message="only there")
    assert states([FOUND], [FOUND, there, own], gone=("prod",)) == ([UNCHANGED], 1)


def test_a_waived_finding_that_goes_is_not_resolved() -> None:
    assert states([], [replace(FOUND, waived=WAIVED)]) == ([], 0)


def test_what_stands_and_what_comes_are_two_findings_of_one_cause() -> None:
    old, new = (
        replace(FOUND, cause="absent", entries=(key,), location=Location("m", n)) for n, key in ((1, "a"), (9, "b"))
    )
    compared = compare_findings([old, new], [old], came=(), gone=())
    merged = merge_diagnostics(compared.found)
    assert [(item.entries, item.baseline) for item in merged] == [(("a",), UNCHANGED), (("b",), NEW)]
    assert merge_diagnostics(merged) == merged


def test_a_standing_finding_never_stands_for_one_that_the_change_brings() -> None:
    plain = replace(FOUND, rule="kserve/download", baseline=NEW)
    specific = replace(FOUND, rule="kserve/storage-uri", message="no such scheme", baseline=UNCHANGED)
    assert [item.rule for item in merge_diagnostics([plain, specific])] == ["kserve/download", "kserve/storage-uri"]
    assert [item.rule for item in merge_diagnostics([plain, replace(specific, baseline=NEW)])] == ["kserve/storage-uri"]


FINDINGS = st.lists(
    st.builds(
        lambda rule, entry, env, line, severity, path: replace(
            FOUND,
            rule=f"policy/{rule}",
            entries=(entry,),
            environments=(env,),
            location=Location("models.yaml", line),
            severity=severity,
            path=path,
        ),
        *map(st.sampled_from, ("xy", "ab", ("dev", "prod"), range(1, 4), tuple(Severity), "pq")),
    ),
    max_size=8,
)


@given(FINDINGS, FINDINGS)
@settings(max_examples=examples(300), deadline=None)
def test_nothing_is_lost_or_made_up(found: list[Diagnostic], before: list[Diagnostic]) -> None:
    compared = compare_findings(found, before, came=(), gone=())
    assert {replace(item, baseline=None) for item in compared.found} == set(found)
    assert all(item.baseline is not None for item in compared.found)


@given(FINDINGS, st.randoms(use_true_random=False))
@settings(max_examples=examples(300), deadline=None)
def test_moving_findings_around_brings_and_resolves_nothing(before: list[Diagnostic], random: object) -> None:
    before = list({(item.rule, item.entries, item.environments): item for item in before}.values())
    moved = [replace(item, location=Location("models/other.yaml", 99 - n)) for n, item in enumerate(before)]
    random.shuffle(moved)  # type: ignore[attr-defined]
    compared = compare_findings(moved, before, came=(), gone=())
    assert {item.baseline for item in compared.found} <= {UNCHANGED}
    assert compared.resolved == ()
