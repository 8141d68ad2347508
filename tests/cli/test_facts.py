"""`kservegen facts`: what the tables know, how old it is, and where each entry comes from."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from kservegen.cli import cli

ROOT = Path(__file__).parents[2]


def facts(*words: str) -> str:
    done = CliRunner().invoke(cli, ["facts", *words], prog_name="kservegen", catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_every_table_says_how_old_it_is() -> None:
    lines = facts().splitlines()
    assert [line.partition(":")[0] for line in lines[:3]] == ["models", "gpus", "vllm"]
    assert all(" as of 2026-" in line for line in lines[:3])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("QWEN3-8b",), "Qwen/Qwen3-8B: 8.2 billion parameters, 16 bits, files "),
        (("l40s",), "L40S: 44.31 GiB, compute capability 8.9\n  printed by vLLM"),
        (("vllm", "0.21"), "vLLM 0.21: utilization, graphsInBudget"),
        (("kimi-k3",), "moonshotai/Kimi-K3: nothing is known of layer_types"),
        (("no such", "model"), "nothing is known of no such model"),
    ],
)
def test_entries_are_found_by_any_words_and_say_where_they_are_from(words: tuple[str, ...], expected: str) -> None:
    assert expected in facts(*words)


def test_facts_as_json() -> None:
    report = json.loads(facts("qwen3", "fp8", "--output", "json"))
    jsonschema.validate(report, json.loads((ROOT / "schemas/kservegen/report.schema.json").read_text("utf-8")))
    assert {entry["table"] for entry in report["facts"]["entries"]} == {"models"}
    assert [table["name"] for table in report["facts"]["tables"]] == ["models", "gpus", "vllm"]
