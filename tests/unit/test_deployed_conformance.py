"""Whether workloads come, held against what real controllers did."""

from __future__ import annotations

import pytest
from tools.conformance.deployed import recorded_random, score_random

RECORDS = [record for record in recorded_random() if record["id"].startswith(("feat/6/isvc/1", "rt/4"))]


def test_a_random_sample_is_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(RECORDS) > 20
    wrong = [failure for failure in score_random(RECORDS) if "simulate" in failure]
    assert (wrong, "left out" in capsys.readouterr().out) == ([], True)


def test_one_that_came_up_and_is_refused_is_a_false_alarm(capsys: pytest.CaptureFixture[str]) -> None:
    stopped = next(r for r in RECORDS if not r["deployed"] and r["reason"]["failure"])
    failures = score_random([{**stopped, "deployed": True}])
    assert failures[-1] == "random services, KServe v0.19.0: simulate: 1 that were deployed are refused"
    assert f"alarm: {stopped['id']}" in capsys.readouterr().out
