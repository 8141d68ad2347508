"""`make gpu-accuracy`: the targets are met by the recorded starts, and a file that misses them fails."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tools.gpu_accuracy.__main__ import main
from tools.gpu_accuracy.rows import FRESH_MEASUREMENTS, MEASUREMENTS, read_rows


def test_the_recorded_starts_meet_the_targets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "nothing falls behind" in capsys.readouterr().out


def test_a_file_that_misses_a_target_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = MEASUREMENTS.read_text("utf-8")
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(text.replace(",14.25,58.53,", ",13.0,50.0,").replace(",15.27,57.5,", ",13.0,50.0,"), "utf-8")
    assert text != wrong.read_text("utf-8")
    assert main([str(wrong)]) == 1
    assert "MISSED" in capsys.readouterr().out


def test_outcomes_are_folded_to_three() -> None:
    folded = {row.cells["outcome"]: row.outcome for row in read_rows(MEASUREMENTS)}
    assert folded["ok"] == "starts"
    assert folded["OOM (weights)"] == "refused for memory"
    assert folded["refused: vocabulary not divisible by tp=5"] == "refused for configuration"
    assert folded["crash (segfault), not memory"] == ""


def test_nine_of_ten_pools_lie_in_the_band_where_their_whole_source_is_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["--cross-validate"])
    found = re.search(
        r"every source left out once.*band: (\d+) of (\d+) pools inside", capsys.readouterr().out, re.DOTALL
    )
    assert found is not None
    inside, rows = int(found[1]), int(found[2])
    assert rows > 60
    assert inside >= 0.9 * rows


def test_a_source_is_held_out_as_a_whole_by_its_hash() -> None:
    held = {row.origin: row.held_out for row in read_rows(FRESH_MEASUREMENTS)}
    assert (sum(held.values()), len(held)) == (13, 20)
    assert held["dennislee22/vLLM-benchmarking"]
    assert not held["noonghunna/club-3090"]
