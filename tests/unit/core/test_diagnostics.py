"""Findings become one where they say one thing: at one place, or of one cause in many."""

from __future__ import annotations

import random

from kservegen.core.diagnostics import Diagnostic, FindingPlace, Location, Severity, Waived, merge_diagnostics

_WAIVED = Waived("w", "ml", "later", "2030-01-01")


def _told(
    line: int,
    entry: str,
    *,
    environment: str = "dev",
    cause: str = "profile smal",
    message: str = "there is no profile smal",
    severity: Severity = Severity.ERROR,
    waived: Waived | None = None,
) -> Diagnostic:
    return Diagnostic(
        rule="catalog/unknown-profile",
        severity=severity,
        message=message,
        location=Location("models.yaml", line),
        path=f"models.{entry}.profile",
        environments=(environment,),
        entries=(entry,),
        cause=cause,
        waived=waived,
    )


def test_one_cause_is_one_finding_with_all_its_places() -> None:
    (found,) = merge_diagnostics([_told(9, "c"), _told(3, "a"), _told(3, "a", environment="prod"), _told(6, "b")])
    assert found.location == Location("models.yaml", 3)
    assert found.places == (
        FindingPlace(Location("models.yaml", 3), "models.a.profile", ("dev", "prod"), ("a",)),
        FindingPlace(Location("models.yaml", 6), "models.b.profile", ("dev",), ("b",)),
        FindingPlace(Location("models.yaml", 9), "models.c.profile", ("dev",), ("c",)),
    )
    assert (found.environments, found.entries) == (("dev", "prod"), ("a", "b", "c"))


def test_a_cause_in_one_place_has_no_list_of_places() -> None:
    (found,) = merge_diagnostics([_told(3, "a"), _told(3, "b")])
    assert found.places == ()
    assert found.everywhere == (FindingPlace(Location("models.yaml", 3), "models.a.profile", ("dev",), ("a", "b")),)


def test_what_has_no_cause_elsewhere_stays_apart() -> None:
    assert len(merge_diagnostics([_told(3, "a", cause=""), _told(6, "b", cause="")])) == 2


def test_other_weights_and_waivers_stay_apart() -> None:
    """A waiver is for one model: the others of the cause are findings as before."""
    found = merge_diagnostics(
        [
            _told(3, "a", severity=Severity.INFO, waived=_WAIVED),
            _told(6, "b"),
            _told(9, "c"),
            _told(12, "d", severity=Severity.WARNING),
        ]
    )
    assert [(d.entries, d.severity, d.waived) for d in found] == [
        (("a",), Severity.INFO, _WAIVED),
        (("b", "c"), Severity.ERROR, None),
        (("d",), Severity.WARNING, None),
    ]


def test_merging_again_in_any_order_changes_nothing() -> None:
    items = [
        _told(line, f"m{line}", environment=environment, cause=cause, message=f"no {cause}")
        for line in range(1, 30)
        for environment in ("dev", "prod")
        for cause in ("x", "y", "")
    ]
    once = merge_diagnostics(items)
    assert merge_diagnostics(once) == once
    assert merge_diagnostics([*once[:3], *items, *once]) == once
    shuffled = list(items)
    random.Random(7).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    assert merge_diagnostics(shuffled) == once


def test_a_finding_taken_apart_becomes_the_same_again() -> None:
    (found,) = merge_diagnostics([_told(9, "c"), _told(3, "a"), _told(3, "b", environment="prod")])
    apart = list(found.apart())
    assert [(d.location.line, d.entries, d.places) for d in apart] == [(3, ("a", "b"), ()), (9, ("c",), ())]
    assert merge_diagnostics(apart) == (found,)
