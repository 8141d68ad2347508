"""The gate of `make conformance` itself: it counts what differs and fails below its targets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tools.conformance.__main__ import _admitted, compare
from tools.conformance.cases import ALIKE, RELEASES, Case, admission_cases, controller_cases, recorded

GOOD = [case for case in admission_cases("v0.19.0") if case.verdict][:20]

REVIEWED = [version for version in recorded("admission", ALIKE) if RELEASES.get(version).is_reviewed]


def test_all_cases_are_read() -> None:
    counts = [len(list(admission_cases(version))) for version in recorded("admission")]
    assert counts == [1164, 1186]
    alike = {version: len(list(admission_cases(version, ALIKE))) for version in recorded("admission", ALIKE)}
    assert alike == {"v0.17.0": 432, "v0.18.1": 414, "v0.19.0": 233, "v0.20.0": 266, "v0.21.0": 505}
    assert [len(list(controller_cases(version))) for version in recorded("controller")] == [200]


@pytest.mark.parametrize("version", REVIEWED)
def test_what_releases_say_of_the_same_manifests_is_said(version: str) -> None:
    cases = list(admission_cases(version, ALIKE))
    assert compare("admission", cases, version, _admitted, 99.7) == []


def test_a_preview_knows_what_only_the_sdk_tells(capsys: pytest.CaptureFixture[str]) -> None:
    """Two fields that the source before the release does not have."""
    assert compare("admission", admission_cases("v0.21.0", ALIKE), "v0.21.0", _admitted, 99.4) == []
    missed = capsys.readouterr().out
    assert all(word in missed for word in ("false alarms 0, misses 2", "vx/tracing", "vx/schedgroup"))


def test_equal_verdicts_reach_the_target() -> None:
    assert compare("admission", GOOD, "v0.19.0", _admitted, 99.5) == []


def test_a_refused_manifest_that_we_take_counts(capsys: pytest.CaptureFixture[str]) -> None:
    cases = [*GOOD[1:], replace(GOOD[0], verdict=False, reason="403 webhook")]
    assert compare("admission", cases, "v0.19.0", _admitted, 99.5) == ["admission v0.19.0: 95.00 % is below 99.5 %"]
    assert f"missed, 403 webhook: 1\n   {GOOD[0].id}" in capsys.readouterr().out


def test_one_false_alarm_fails_however_many_are_equal() -> None:
    refused = Case(id="base/x", manifest=b"kind: X\napiVersion: serving.kserve.io/v1", verdict=True, reason="admitted")
    assert compare("admission", [*GOOD, refused], "v0.19.0", _admitted, 90.0) == [
        "admission v0.19.0: 1 good manifests are refused"
    ]
