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


def test_what_is_not_understood_hides_no_other_model(loaded: Project) -> None:
    _, before = gpu(loaded, "--output", "json")
    loaded.models(MODELS.replace("iris}\n", "iris, env: [{name: [a], value: b}]}\n"))
    _, after = gpu(loaded, "--output", "json")
    (told,) = (entry for entry in json.loads(after)["gpu"] if entry not in json.loads(before)["gpu"])
    assert (told["subject"], told["unknown"]) == (
        "InferenceService ns/iris",
        "what it says is not understood: kservegen validate tells why",
    )


def test_models_are_named_as_elsewhere(loaded: Project) -> None:
    assert gpu(loaded, "ns/large") == gpu(loaded, "large")
    loaded.models("models: {iris: {modelFormat: sklearn, storageUri: s3://b/iris}}\n")
    assert gpu(loaded, "iris") == (0, "iris asks for no GPU\n")


def test_nothing_to_compare_says_why(loaded: Project) -> None:
    assert gpu(loaded, "large", "--compare", "L4", "--tp", "2,4") == (
        0,
        "no size of --tp fits the candidates: 2,4 of L4\n",
    )
    loaded.models("models: {iris: {modelFormat: sklearn, storageUri: s3://b/iris}}\n")
    assert gpu(loaded, "iris", "--compare", "L4") == (0, "iris asks for no GPU\n")


COMPARED = ("large", "--compare", "L4x2,H100,H200", "--tp", "1,2")
PRICED = DEV.replace("gpu: H100,", "gpu: H100, pricePerHour: 2.5,")


@pytest.mark.parametrize("width", [60, 80, 140])
def test_cards_in_one_table(
    width: int, loaded: Project, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kservegen.cli.gpu._WIDTH", width)
    loaded.write("environments/dev.yaml", PRICED)
    code, text = gpu(loaded, *COMPARED)
    assert code == 0
    assert text == snapshot
    assert max(map(len, text.splitlines())) <= width


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


CONFIG = {
    "architectures": ["Qwen3ForCausalLM"],
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151936,
    "max_position_embeddings": 40960,
    "torch_dtype": "bfloat16",
    "tie_word_embeddings": True,
}
LOCK = f"""\
version: 1
models:
  hf://acme/one: {{revision: {"a" * 40}, downloadBytes: 1503300328, quantization: "", config: {json.dumps(CONFIG)}}}
  hf://acme/pinned-only: {{revision: {"b" * 40}}}
"""


def compared(*words: str) -> list[tuple[object, ...]]:
    done = CliRunner().invoke(cli, ["gpu", *words, "--output", "json"], standalone_mode=False, catch_exceptions=False)
    report = json.loads(done.output)
    jsonschema.validate(report, REPORT)
    return [(row["environment"], row["subject"], row["gpu"], row["verdict"]) for row in report["gpuComparison"]]


def test_without_a_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    short = ("--what-if", "max-model-len=8192,version=0.20.0")
    assert compared("Qwen/Qwen3-32B", "--compare", "L4,H100,H200", *short) == [
        ("", "Qwen/Qwen3-32B", "L4", "does not fit"),
        ("", "Qwen/Qwen3-32B", "H100", "fits"),
        ("", "Qwen/Qwen3-32B", "H200", "fits"),
    ]
    assert compared("hf://qwen/qwen3-32b:main", "--compare", "L4") == [("", "Qwen/Qwen3-32B", "L4", "does not fit")]
    assert compared("Qwen/Qwen3-32B", "--compare", "Gaudi-3") == [("", "Qwen/Qwen3-32B", "Gaudi-3", "not estimated")]


def test_files_of_a_model_and_a_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "config.json").write_text(json.dumps(CONFIG), "utf-8")
    (tmp_path / "prod.lock.yaml").write_text(LOCK, "utf-8")
    assert compared("small", "--compare", "L4") == [("", "small", "L4", "fits")]
    assert compared("./small", "--compare", "L4") == [("", "small", "L4", "fits")]
    assert compared("prod.lock.yaml", "--compare", "L4") == [("", "acme/one", "L4", "fits")]


def test_too_few_gpus_are_no_fit(loaded: Project) -> None:
    loaded.models(MODELS.replace("{max-model-len: 8192}", "{max-model-len: 8192, tensor-parallel-size: 2}"))
    code, shown = gpu(loaded, "chat")
    assert (code, shown.count("refused"), shown.count("it needs 2 GPUs")) == (1, 1, 1)
    assert gpu(loaded, "chat", "--what-if", "gpus=2")[0] == 0


def test_words_that_the_server_does_not_take_are_told(loaded: Project) -> None:
    loaded.models(MODELS.replace("{max-model-len: 8192}", "{max-model-len: 8GB}"))
    code, shown = gpu(loaded, "chat")
    assert (code, "the server does not take its arguments" in shown) == (1, True)
    assert gpu(loaded, "chat", "--what-if", "max-model-len=8192")[0] == 0


def test_a_model_of_another_environment(loaded: Project) -> None:
    loaded.write("environments/prod.yaml", DEV.replace("dev", "prod"))
    loaded.models(MODELS + "  late: {modelFormat: sklearn, storageUri: s3://b/m, environments: [prod]}\n")
    with pytest.raises(GeneratorError, match="there is no model late") as caught:
        CliRunner().invoke(cli, ["gpu", "late", "--env", "dev", "--root", str(loaded.root)], catch_exceptions=False)
    assert caught.value.hint == "It lives in prod."


def test_a_model_beside_the_catalog_has_the_environment_s_cards(loaded: Project) -> None:
    loaded.write("environments/dev.yaml", PRICED + "bandwidths: {download: 1Gi}\n")
    loaded.write("environments/dev.lock.yaml", LOCK)
    words = ("--compare", "H100x2", "--output", "json")
    for name in ("Qwen/Qwen3-8B", "acme/one"):
        (row,) = json.loads(gpu(loaded, name, *words)[1])["gpuComparison"]
        assert (row["environment"], row["subject"], row["pricePerHour"]) == ("dev", name, 5.0)
        assert row["startSeconds"]["download"] > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("large", "--compare", "XYZ"), "there is no GPU XYZ in the table"),
        (("large", "--compare", "H1OO"), "Did you mean H100?"),
        (("large", "--what-if", "gpu=H1OO"), "Did you mean H100?"),
        (("--compare", "L4"), "--compare needs a model"),
        (("larg", "--compare", "L4"), "Did you mean large?"),
        (("Qwen/Qwen3-32", "--compare", "L4"), "Did you mean Qwen/Qwen3-32B?"),
        (("hf://nobody/nothing", "--compare", "L4"), "nothing is known of a model hf://nobody/nothing"),
        (("large", "--compare", ","), "--compare names no GPU"),
        (("large", "--compare", "L4", "--tp", "x"), "cannot read --tp x"),
        (("large", "--tp", "2"), "--tp goes with --compare"),
        (("large", "--compare", "L4", "--what-if", "tp=2"), "--compare and --tp say which GPUs and how many"),
        (("large", "--compare", "L4", "--what-if", "gpu=H100"), "--compare and --tp say which GPUs and how many"),
        (("large", "--what-if", "tp=two"), "tp does not take 'two' It takes a whole number."),
        (("large", "--what-if", "tp=2 gpu=L4"), "Changes are parted by commas"),
        (("large", "--what-if", "gpu-memory-utilization=90"), "It takes at most 1."),
        (("large", "--what-if", "gpus=0"), "gpus=0 is no number of GPUs"),
        (("large", "--what-if", "count=2"), "nothing to change called count"),
        (("large", "--what-if", "max-model-length=2"), "Did you mean max-model-len?"),
        (("large", "--compare", "L4", "--what-if", "foo=1"), "Beside vLLM's options there are gpu=NAME"),
    ],
)
def test_a_comparison_that_cannot_be_made(words: tuple[str, ...], message: str, loaded: Project) -> None:
    done = CliRunner().invoke(cli, ["gpu", *words, "--root", str(loaded.root)], prog_name="kservegen")
    assert done.exit_code
    hint = done.exception.hint if isinstance(done.exception, GeneratorError) else ""
    assert message in f"{done.output} {done.exception} {hint}"
