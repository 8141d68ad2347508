"""What real controllers made of a sample of objects, and the law of what counts as equal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tools.conformance.cases import ALIKE
from tools.conformance.made import (
    BANKS,
    SAMPLE,
    MadeDifference,
    compare_made,
    differing,
    normal,
    read_records,
    score_bank,
)
from tools.runtime_facts import FACTS, compile_release

RECORDS = read_records(SAMPLE)
SHARED = BANKS.parent / "kserve"


def test_the_sample_is_made_alike() -> None:
    assert len(RECORDS) > 50
    assert list(compare_made(RECORDS)) == []


def test_older_releases_make_their_own() -> None:
    records = read_records(ALIKE / "made-sample.jsonl")
    assert sorted({record["version"] for record in records}) == ["v0.17.0", "v0.18.1"]
    assert list(compare_made(records)) == []


@pytest.mark.parametrize(
    ("one", "other", "places"),
    [
        ({"image": "kserve/x:latest-gpu"}, {"image": "kserve/x:v0.20.0-gpu"}, []),
        ({"image": "kserve/x:latest"}, {"image": "kserve/x:v0.20.0-gpu"}, [".image"]),
        ({"limits": {"cpu": "1000m"}}, {"limits": {"cpu": 1}}, []),
        ({"limits": {"cpu": "1"}}, {"limits": {"cpu": "2"}}, [".limits.cpu"]),
        ({"protocol": "TCP", "status": {}, "labels": {}}, {}, []),
        ({"protocol": "UDP"}, {}, [".protocol"]),
        ({"args": ["a", "b"]}, {"args": ["b", "a"]}, [".args[]", ".args[]"]),
        ({"env": [{"name": "a"}]}, {"env": [{"name": "a"}, {"name": "b"}]}, [".env"]),
        ({"emptyDir": {}}, {}, [".emptyDir"]),
        ({"annotations": {"certificates.kserve.io/cert-hash": "5f"}}, {}, []),
    ],
)
def test_what_counts(one: dict[str, object], other: dict[str, object], places: list[str]) -> None:
    assert list(differing(normal(one), normal(other))) == places


def test_a_bank_below_its_target_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:

    file = tmp_path / "made-v0.bank.jsonl"
    record = next(record for record in RECORDS if record["objects"])
    file.write_text(json.dumps({**record, "objects": record["objects"][1:]}) + "\n", encoding="utf-8")
    assert score_bank(file)[0] == "made-v0.bank.jsonl with objects: 0.0 % is below 97.0 %"
    assert "even 0/1, odd 0/0" in capsys.readouterr().out


def test_what_nobody_owns_is_told_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model = {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://b/m"}
    canary = {"trafficPercent": 10, "predictor": {"name": "next", "model": {"storageUri": "s3://b/n"}}}
    manifest = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "x", "namespace": "n"},
        "spec": {"predictor": {"name": "main", "model": model}, "canary": [canary]},
    }
    record = {"id": "x", "version": "v0.20.0", "manifest": manifest, "around": [], "objects": [], "pods": []}
    (difference,) = compare_made([record])
    unowned = [place for place in difference.places if place.endswith("without an owner")]
    assert unowned == ["HorizontalPodAutoscaler x-next-predictor extra, without an owner"]

    file = tmp_path / "made-v0.bank.jsonl"
    owned = {**manifest, "metadata": {"name": "x", "namespace": "n", "ownerReferences": [{"name": "y"}]}}
    file.write_text(json.dumps({**record, "objects": [owned]}) + "\n", encoding="utf-8")
    monkeypatch.setattr("tools.conformance.made.compare_made", lambda _: [MadeDifference("x", tuple(unowned))])
    assert score_bank(file) == ["made-v0.bank.jsonl with objects: 0.0 % is below 97.0 %"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the reference folder (KSERVEGEN_SHARED) is not here")
@pytest.mark.parametrize("version", ["v0.17.0", "v0.18.1", "v0.19.0", "v0.20.0"])
def test_runtimes_are_what_the_release_installs(version: str) -> None:
    compiled = compile_release(SHARED / version / "runtime-configs", version)
    assert json.loads((FACTS / f"{version}.json").read_text("utf-8")) == compiled
