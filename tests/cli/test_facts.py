"""`kservegen facts`: what the tables know, how old it is, and where each entry comes from."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

ROOT = Path(__file__).parents[2]


def facts(*words: str) -> str:
    done = CliRunner().invoke(cli, ["facts", *words], prog_name="kservegen", catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_every_table_says_how_old_it_is() -> None:
    lines = facts().splitlines()
    assert [line.partition(":")[0] for line in lines[:4]] == ["models", "gpus", "vllm", "instances"]
    assert all(" as of 2026-" in line for line in lines[:4])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("QWEN3-8b",), "Qwen/Qwen3-8B: 8.2 billion parameters, 16 bits, files "),
        (("l40s",), "L40S: 44.31 to 44.53 GiB, compute capability 8.9\n  printed by vLLM"),
        (("h100/3g",), "H100/3g.40gb: 39.25 to 39.50 GiB, compute capability 9.0\n  nvidia-smi mig -lgip"),
        (
            ("b200/1g.23gb+me",),
            "B200/1g.23gb+me: 20.40 to 21.97 GiB, compute capability 10.0\n  nobody's listing was read",
        ),
        (("p5.48xlarge",), "p5.48xlarge: 8 x H100\n"),
        (("g6f.xlarge",), "g6f.xlarge: a part of one L4, which 8 of them share\n"),
        (("vllm", "0.21"), "vLLM 0.21: utilization, samplerRows"),
        (("kimi-k3",), "moonshotai/Kimi-K3: 2771.5 billion parameters, mxfp4, files 1453.66 GiB"),
        (("deepseek-v4-flash",), "deepseek-ai/DeepSeek-V4-Flash: nothing is known of layer_types"),
    ],
)
def test_entries_are_found_by_any_words_and_say_where_they_are_from(words: tuple[str, ...], expected: str) -> None:
    assert expected in facts(*words)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("H1OO",), "Did you mean H100?"),
        (("L4OS",), "Did you mean L40S?"),
        (("qwen3-8bb",), "Did you mean qwen3-8b?"),
        (("no such", "model"), "kservegen lock reads what is missing"),
    ],
)
def test_what_nobody_knows_is_a_mistake(words: tuple[str, ...], hint: str) -> None:
    done = CliRunner().invoke(cli, ["facts", *words], prog_name="kservegen")
    assert isinstance(done.exception, GeneratorError)
    assert str(done.exception) == f"nothing is known of {' '.join(words)}"
    assert hint in done.exception.hint


def test_facts_as_json() -> None:
    report = json.loads(facts("qwen3", "fp8", "--output", "json"))
    jsonschema.validate(report, json.loads((ROOT / "schemas/kservegen/report.schema.json").read_text("utf-8")))
    assert {entry["table"] for entry in report["facts"]["entries"]} == {"models"}
    assert [table["name"] for table in report["facts"]["tables"]] == ["models", "gpus", "vllm", "instances"]
