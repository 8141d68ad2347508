"""`kservegen gpu`: table, bars and JSON, as people and programs see them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from syrupy.assertion import SnapshotAssertion
from tests.support.project import Project

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

ROOT = Path(__file__).parents[2]
REPORT = json.loads((ROOT / "schemas" / "kservegen" / "report.schema.json").read_text("utf-8"))

DEV = """\
version: 1
cluster: {name: dev}
kserve: {version: v0.19.0, deploymentMode: Standard}
prerequisites: [cert-manager, gateway-api, Gateway/kserve/kserve-ingress-gateway]
namespaces: {ns: {}}
gitops: {engine: none}
accelerators:
  l4: {resource: nvidia.com/gpu, gpu: L4, nodeSelector: {gpu: L4}}
  h100: {resource: nvidia.com/gpu, gpu: H100, nodeSelector: {gpu: H100}}
"""

MODELS = """\
models:
  chat:
    kind: LLMInferenceService
    model: hf://Qwen/Qwen2.5-7B-Instruct
    accelerator: {type: l4}
    args: {max-model-len: 8192}
  large:
    kind: LLMInferenceService
    model: hf://Qwen/Qwen3-32B
    accelerator: {type: h100}
    args: {max-model-len: 40960, max-num-seqs: 1024}
  huge: {kind: LLMInferenceService, model: hf://meta-llama/Llama-3.3-70B-Instruct, accelerator: {type: h100}}
  odd:
    kind: LLMInferenceService
    model: hf://Qwen/Qwen3-14B
    accelerator: {type: h100, count: 5}
    args: {tensor-parallel-size: 5}
  mystery: {kind: LLMInferenceService, model: hf://nobody/nothing, accelerator: {type: h100}}
  iris: {modelFormat: sklearn, storageUri: s3://models/iris}
"""


@pytest.fixture
def loaded(project: Project) -> Project:
    project.write("environments/dev.yaml", DEV)
    project.models(MODELS)
    return project


def gpu(project: Project, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(
        cli, ["gpu", *words, "--root", str(project.root)], prog_name="kservegen", standalone_mode=False
    )
    return done.return_value, done.output


def test_table_and_bars(loaded: Project, snapshot: SnapshotAssertion) -> None:
    assert gpu(loaded) == snapshot


def test_what_if(loaded: Project, snapshot: SnapshotAssertion) -> None:
    assert gpu(loaded, "huge", "--what-if", "tp=4,max-model-len=32768") == snapshot


def test_json_keeps_its_schema(loaded: Project, snapshot: SnapshotAssertion) -> None:
    code, text = gpu(loaded, "--output", "json")
    report = json.loads(text)
    jsonschema.validate(report, REPORT)
    assert code == report["exitCode"] == 1
    assert {entry["subject"].rpartition("/")[2]: entry["verdict"] for entry in report["gpu"]} == snapshot


def test_nothing_asks_for_a_gpu(project: Project) -> None:
    assert gpu(project) == (0, "no model asks for a GPU\n")


COMPARED = ("large", "--compare", "L4x2,H100,H200", "--tp", "1,2")


def test_cards_in_one_table(loaded: Project, snapshot: SnapshotAssertion) -> None:
    loaded.write("environments/dev.yaml", DEV.replace("gpu: H100,", "gpu: H100, pricePerHour: 2.5,"))
    assert gpu(loaded, *COMPARED) == snapshot


def test_a_comparison_as_json(loaded: Project) -> None:
    code, output = gpu(loaded, *COMPARED, "--output", "json")
    report = json.loads(output)
    jsonschema.validate(report, REPORT)
    rows = [(row["gpus"], row["gpu"], row["tensorParallelSize"], row["verdict"]) for row in report["gpuComparison"]]
    assert (code, rows) == (
        0,
        [
            (2, "L4", 1, "does not fit"),
            (2, "L4", 2, "does not fit"),
            (1, "H100", 1, "does not fit"),
            (1, "H200", 1, "fits"),
        ],
    )
    assert report["gpuComparison"][-1]["concurrencyAtHalf"] > 2 * report["gpuComparison"][-1]["concurrency"] - 0.01


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("large", "--compare", "XYZ"), "there is no GPU XYZ in the table"),
        (("large", "--compare", "H1OO"), "Did you mean H100?"),
        (("large", "--what-if", "gpu=H1OO"), "Did you mean H100?"),
        (("--compare", "L4"), "--compare needs a model"),
        (("large", "--compare", ","), "--compare names no GPU"),
        (("large", "--compare", "L4", "--tp", "x"), "cannot read --tp x"),
        (("large", "--tp", "2"), "--tp goes with --compare"),
        (("large", "--compare", "L4", "--what-if", "tp=2"), "--compare and --what-if are two questions"),
    ],
)
def test_a_comparison_that_cannot_be_made(words: tuple[str, ...], message: str, loaded: Project) -> None:
    done = CliRunner().invoke(cli, ["gpu", *words, "--root", str(loaded.root)], prog_name="kservegen")
    assert done.exit_code
    hint = done.exception.hint if isinstance(done.exception, GeneratorError) else ""
    assert message in f"{done.output} {done.exception} {hint}"
