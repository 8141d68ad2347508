"""The tables of facts: complete enough, found by any spelling, with sources."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kservegen.checks.gpu.fact_store import FactStore
from kservegen.checks.gpu.fact_tables import parse_version
from kservegen.checks.gpu.model import GIB
from kservegen.checks.gpu.weights import Split, count, on_rank
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.releases import Releases

FACTS = Path(__file__).parents[4] / "facts"
STORE = FactStore(FACTS, Releases([]))
MODELS = json.loads((FACTS / "models.json").read_text("utf-8"))["models"]
GPUS = json.loads((FACTS / "gpus.json").read_text("utf-8"))

# What the models' own cards state, in millions of parameters.
PARAMETERS = [
    ("meta-llama/Llama-3.1-8B-Instruct", 8030),
    ("Qwen/Qwen2.5-7B-Instruct", 7616),
    ("Qwen/Qwen2.5-72B-Instruct", 72706),
    ("Qwen/Qwen3-30B-A3B", 30532),
    ("Qwen/Qwen3-8B", 8191),
    ("mistralai/Mixtral-8x7B-Instruct-v0.1", 46703),
    ("google/gemma-2-27b-it", 27227),
    ("google/gemma-7b", 8538),
    ("deepseek-ai/DeepSeek-V2-Lite-Chat", 15706),
    ("ibm-granite/granite-3.1-8b-instruct", 8171),
    ("openai/gpt-oss-20b", 20910),
    ("deepseek-ai/DeepSeek-R1", 671026),
    ("BAAI/bge-m3", 567),
]


@pytest.mark.parametrize(("name", "millions"), PARAMETERS)
def test_parameters_are_counted_as_published(name: str, millions: int) -> None:
    model = STORE.model(name)
    assert model is not None
    assert count(model).total / 1e6 == pytest.approx(millions, rel=0.003)


def test_every_model_has_a_source() -> None:
    assert [name for name, entry in MODELS.items() if not entry.get("sources")] == []


def test_every_gpu_has_a_source_and_sane_memory() -> None:
    for name, entry in GPUS["gpus"].items():
        low, high = entry["memoryGiB"]
        assert entry["source"], name
        assert 10 < low <= high < low * 1.03, name
        for profile, slice_ in entry.get("mig", {}).items():
            least, most = slice_["memoryGiB"]
            named = int(profile.partition(".")[2].partition("gb")[0])
            assert 0.8 * named < least <= most <= 1.03 * high, (name, profile)
            assert most < named, (name, profile)  # the number in the name is rounded up


def test_every_instance_names_a_gpu_of_the_table() -> None:
    assert [name for name, item in GPUS["instances"].items() if item["gpu"] not in GPUS["gpus"]] == []


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("L4", "L4"),
        ("nvidia l4", "L4"),
        ("NVIDIA H100 80GB", "H100"),
        ("a100-80gb", "A100-80GB"),
        ("A100 80GB", "A100-80GB"),
        ("NVIDIA GeForce RTX 5090", "RTX-5090"),
        ("AMD Instinct MI300X", "MI300X"),
        ("A100-80GB/1g.10gb", "A100-80GB/1g.10gb"),
        ("H100 NVL 94GB/1g.12gb", "H100-NVL/1g.12gb"),
        ("NVIDIA-H100-80GB-HBM3", "H100"),
        ("Tesla-T4", "T4"),
    ],
)
def test_gpus_are_found_by_any_spelling(spelling: str, name: str) -> None:
    gpu = STORE.gpu(spelling)
    assert gpu is not None
    assert gpu.name == name


def test_the_number_in_a_slice_s_name_is_rounded_up() -> None:
    gpu = STORE.gpu("H100-NVL/1g.12gb")
    assert gpu is not None
    assert gpu.memory == round(10.75 * GIB)


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("kserve/huggingfaceserver:v0.19.0-gpu", "0.20.0"),
        ("registry.example.com/kserve/huggingfaceserver:v0.19.0", "0.20.0"),
        ("ghcr.io/llm-d/llm-d-cuda:v0.6.0", "0.17.1"),
        ("vllm/vllm-openai:v0.18.1", "0.18.1"),
        ("vllm/vllm-openai:latest", ""),
        ("vllm/vllm-openai", ""),
        ("example.com/mine:v1.0.0", ""),
    ],
)
def test_an_image_tells_its_version(image: str, version: str) -> None:
    assert STORE.image_version(image) == version


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("0.11.2", (0, 11, 2)), ("v0.8.5.post1", (0, 8, 5)), ("0.15.2rc1", (0, 15, 2)), ("nightly", ()), ("", ())],
)
def test_versions(text: str, numbers: tuple[int, ...]) -> None:
    assert parse_version(text) == numbers


@pytest.mark.parametrize(
    ("version", "utilization", "sampler"), [("0.7.3", 0.9, 38.0), ("0.17.1", 0.9, 14), ("0.26.0", 0.92, 14)]
)
def test_constants_change_with_the_version(version: str, utilization: float, sampler: float) -> None:
    engine = STORE.engine(version)
    assert (engine.utilization, engine.sampler.each) == (utilization, sampler)


@pytest.mark.parametrize(
    ("name", "sibling", "quantization"),
    [
        ("Qwen/Qwen3-14B-GPTQ-Int4", "Qwen/Qwen3-14B", "gptq"),
        ("somebody/Qwen3-32B-AWQ-4bit", "Qwen/Qwen3-32B", "awq"),
        ("RedHatAI/Llama-3.3-70B-Instruct-quantized.w4a16", "meta-llama/Llama-3.3-70B-Instruct", "int4"),
        ("nvidia/Llama-3.3-70B-Instruct-NVFP4", "meta-llama/Llama-3.3-70B-Instruct", "nvfp4"),
        ("neuralmagic/Meta-Llama-3.1-8B-Instruct-FP8", "meta-llama/Meta-Llama-3.1-8B-Instruct", "fp8"),
        ("unsloth/Qwen3-8B", "Qwen/Qwen3-8B", ""),
        ("unsloth/Qwen3-8B-unsloth-bnb-4bit", "Qwen/Qwen3-8B", "bitsandbytes"),
        ("google/gemma-3-27b-pt", "google/gemma-3-27b-it", ""),
        ("Qwen/Qwen3-14B-Base", "Qwen/Qwen3-14B", ""),
        ("deepseek-ai/DeepSeek-R1-0528-Qwen3-14B", "Qwen/Qwen3-14B", ""),
        ("acme/support-Qwen3-30B-A3B-AWQ", "Qwen/Qwen3-30B-A3B", "awq"),
    ],
)
def test_a_quantised_checkpoint_has_the_dimensions_of_its_model(name: str, sibling: str, quantization: str) -> None:
    model, base = STORE.model(name), STORE.model(sibling)
    assert model is not None
    assert base is not None
    assert (model.sibling, model.quantization, model.hidden) == (sibling, quantization, base.hidden)
    assert bool(model.weight_bytes) is (not quantization and bool(base.weight_bytes))


def test_a_sibling_keeps_the_towers_of_its_model() -> None:
    """Qwen3.8-27B-INT4 printed 17.71 GiB: 16.6 of language model, and 0.9 of encoder in 16 bits."""
    model = STORE.model("RedHatAI/Qwen3.8-27B-INT4")
    assert model is not None
    assert on_rank(model, Split(), model.quantization, 2).last / GIB == pytest.approx(17.71, rel=0.02)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("H1OO", "H100"),
        ("HlOO", "H100"),
        ("I4", "L4"),
        ("A1000-80GB", "A100-80GB"),
        ("H100/1g.1Ogb", "H100/1g.10gb"),
        ("RTX 509O", "RTX-5090"),
        ("GTX Titan", ""),
        ("", ""),
    ],
)
def test_the_gpu_that_was_meant(typed: str, meant: str) -> None:
    assert STORE.gpu(typed) is None
    assert STORE.gpu_like(typed) == (f"Did you mean {meant}?" if meant else "")


def test_unknown_names_are_none() -> None:
    assert STORE.model("nobody/nothing") is None
    assert STORE.model("nobody/nothing-AWQ") is None
    assert STORE.model("nobody/of-the-8B") is None
    assert STORE.model("Qwen/Qwen4-8B") is None
    assert STORE.gpu("RTX-9999") is None


def test_a_folder_without_tables_is_an_operator_s_failure(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match=r"models\.json"):
        FactStore(tmp_path, Releases([])).model("x/y")


def test_whatever_a_version_of_vllm_changes_has_a_source_and_is_said_once() -> None:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len({name for name, _ in pairs}) == len(pairs)
        return dict(pairs)

    table = json.loads((FACTS / "vllm.json").read_text("utf-8"), object_pairs_hook=once)
    changed = {name for entry in table["versions"].values() for name in entry}
    assert changed == set(table["sources"])


def test_environments_share_tables_and_what_their_locks_say_alike() -> None:
    config: JsonObject = {"architecture": "LlamaForCausalLM", "num_hidden_layers": 2, "tie_word_embeddings": True}
    locks: list[JsonObject] = [{"hf://a/b": {"config": dict(config)}} for _ in range(2)]
    locks.append({"hf://a/b": {"config": {**config, "tie_word_embeddings": 1}}})
    store = FactStore(FACTS, Releases([]))
    stores = [store.under(lock, f"{index}.yaml") for index, lock in enumerate(locks)]
    models = [each.model("a/b") for each in stores]
    assert models[0] is models[1] is not models[2]
    assert [each.known_from("a/b", "hf://a/b") for each in stores] == ["0.yaml", "1.yaml", "2.yaml"]
    assert stores[0].known_from("Qwen/Qwen3-8B") == store.known_from("a/b") == "facts/models.json"
    assert stores[0].gpu("L4") is stores[1].gpu("L4")
    assert stores[0].engine("") is stores[1].engine("") is not stores[1].engine("0.11.0")
    assert stores[0].engine("").assumed
