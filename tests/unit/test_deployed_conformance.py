"""Whether workloads come and updates are taken, held against what real controllers and webhooks did."""

from __future__ import annotations

import pytest
from tools.conformance.cases import ALIKE, RELEASES, recorded
from tools.conformance.deployed import recorded_random, score_random, score_together
from tools.conformance.made import read_records
from tools.conformance.updates import recorded_updates, score_updates

RECORDS = [record for record in recorded_random() if record["id"].startswith(("feat/6/isvc/1", "rt/4"))]


def test_a_random_sample_is_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(RECORDS) > 20
    assert (score_random(RECORDS), "left out" in capsys.readouterr().out) == ([], True)


@pytest.mark.parametrize("version", [v for v in recorded("controller", ALIKE) if RELEASES.get(v).is_reviewed])
def test_what_releases_make_of_the_same_services_is_said(version: str) -> None:
    assert score_together("same", read_records(ALIKE / f"controller-{version}.jsonl"), version) == []


def test_one_whose_autoscaler_is_refused_has_not_come() -> None:
    (scaled,) = (r for r in read_records(ALIKE / "controller-v0.18.1.jsonl") if r["id"] == "vx/asc/keda")
    assert (scaled["deployed"], score_together("same", [scaled], "v0.18.1")) == (True, [])


def test_one_that_came_up_and_is_refused_is_a_false_alarm(capsys: pytest.CaptureFixture[str]) -> None:
    stopped = next(r for r in RECORDS if not r["deployed"] and r["reason"]["failure"])
    failures = score_random([{**stopped, "deployed": True}])
    assert failures[-1] == "random services, KServe v0.19.0: simulate: 1 that were deployed are refused"
    assert f"alarm: {stopped['id']}" in capsys.readouterr().out


def test_recorded_updates_are_judged_alike() -> None:
    assert score_updates(recorded_updates()[::5]) == []


def test_a_good_update_that_is_refused_is_a_false_alarm() -> None:
    refused = next(record for record in recorded_updates() if not record["admitted"])
    assert score_updates([{**refused, "admitted": True}])[-1] == "updates: 1 good changes are refused"
