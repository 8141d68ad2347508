"""The estimate against what vLLM printed, gate by gate, and the laws that any estimate obeys."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kservegen.checks.gpu.arguments import Server
from kservegen.checks.gpu.cache import plan_kv_cache
from kservegen.checks.gpu.estimate import Estimate, FitVerdict, Gate, estimate
from kservegen.checks.gpu.fact_store import FactStore
from kservegen.checks.gpu.model import GIB, Gpu, ModelFacts
from kservegen.checks.gpu.refusals import Matter, divides, engine_refusals
from kservegen.checks.gpu.weights import Split, on_rank
from kservegen.kserve.releases import Releases

STORE = FactStore(Path(__file__).parents[4] / "facts", Releases([]))
H100 = Gpu(name="NVIDIA H100 80GB", memory=round(79.19 * GIB), capability=90)


def known(name: str) -> ModelFacts:
    model = STORE.model(name)
    assert model is not None
    return model


def gpu(name: str) -> Gpu:
    found = STORE.gpu(name)
    assert found is not None
    return found


def run(name: str, server: Server, *, on: Gpu = H100, version: str = "0.19.0", free: int | None = None) -> Estimate:
    return estimate(known(name), on, server, STORE.engine(version), free=free)


# Model, tensor, pool in GiB and max_model_len of a start; blocks and concurrency that vLLM printed.
CUTS = [
    ("codellama/CodeLlama-7b-hf", 1, 61.66, 8192, 7891, 15.41),
    ("google/gemma-2-27b-it", 1, 20.59, 8192, 7335, 7.16),
    ("google/gemma-3-12b-it", 1, 47.72, 8192, 48867, 15.88),
    ("google/gemma-3-27b-it", 1, 19.53, 8192, 15997, 4.46),
    ("google/gemma-3-4b-it", 1, 62.51, 8192, 204817, 57.05),
    ("meta-llama/Llama-3.1-8B-Instruct", 4, 67.44, 8192, 138112, 269.75),
    ("moonshotai/Kimi-VL-A3B-Instruct", 2, 54.78, 8192, 118181, 230.82),
    ("openai/gpt-oss-20b", 2, 63.28, 8192, 345597, 337.17),
]


@pytest.mark.parametrize(("name", "tensor", "pool", "length", "blocks", "concurrency"), CUTS)
def test_blocks_and_concurrency_are_vllm_s(
    name: str, tensor: int, pool: float, length: int, blocks: int, concurrency: float
) -> None:
    model, server = known(name), Server(tensor=tensor)
    cut = plan_kv_cache(model, server, STORE.engine("0.19.0"), model.depth)
    ours = round(pool * GIB) // cut.block_bytes
    assert ours == pytest.approx(blocks, rel=0.0005)  # the pool is printed with two decimals
    assert blocks / cut.blocks_for(length, 8192) == pytest.approx(concurrency, abs=0.006)


def test_a_hybrid_s_blocks_are_as_long_as_its_state() -> None:
    """Qwen3.5-27B on an H20 printed 290,864 tokens and 33.04 requests of 32,768 tokens (vllm-project/vllm#40691)."""
    model = known("Qwen/Qwen3.5-27B")
    cut = plan_kv_cache(model, Server(), STORE.engine("0.19.0"), model.depth)
    assert cut.block_tokens == 784
    assert cut.tokens(1487, 32768, 8192, by_concurrency=False) == 290_864
    assert 1487 / cut.blocks_for(32768, 8192) == pytest.approx(33.04, abs=0.005)


# What one request needs, from refusals that vLLM printed.
NEEDS = [
    ("Qwen/Qwen3-235B-A22B-Instruct-2507-FP8", 4, 262144, 11.75),
    ("Qwen/Qwen2.5-7B-Instruct-AWQ", 1, 32768, 1.75),
]


@pytest.mark.parametrize(("name", "tensor", "length", "needed"), NEEDS)
def test_one_request_needs_what_vllm_says(name: str, tensor: int, length: int, needed: float) -> None:
    assert run(name, Server(tensor=tensor, max_length=length)).needed == round(needed * GIB)


# Weights in GiB as vLLM printed them.
WEIGHTS = [
    ("Qwen/Qwen2.5-7B-Instruct", 1, 14.25),
    ("Qwen/Qwen2.5-7B-Instruct", 2, 7.12),
    ("Qwen/Qwen2.5-72B-Instruct", 2, 67.80),
    ("moonshotai/Kimi-Dev-72B", 4, 34.01),
    ("Qwen/Qwen3-32B", 2, 30.59),
    ("Qwen/Qwen3-32B", 1, 61.03),
    ("Qwen/Qwen3-30B-A3B", 1, 56.88),
    ("google/gemma-3-27b-it", 1, 51.45),
    ("google/gemma-3-12b-it", 1, 23.31),
    ("mistralai/Mixtral-8x7B-Instruct-v0.1", 2, 43.51),
    ("RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w8a8", 1, 8.49),
]


@pytest.mark.parametrize(("name", "tensor", "printed"), WEIGHTS)
def test_weights_are_what_vllm_prints(name: str, tensor: int, printed: float) -> None:
    model = known(name)
    assert on_rank(model, Split(tensor), model.quantization, 2).last / GIB == pytest.approx(printed, abs=0.012)


def test_each_gate_can_refuse() -> None:
    name = "Qwen/Qwen3-32B"
    refused = {
        Gate.FREE_MEMORY: run(name, Server(utilization=0.95), free=round(60.33 * GIB)),
        Gate.WEIGHTS: run(name, Server(), on=gpu("L40S")),
        Gate.ONE_REQUEST: run(name, Server(max_length=32000), version="0.11.0"),
    }
    assert {gate: (e.verdict, e.gate) for gate, e in refused.items()} == {
        gate: (FitVerdict.DOES_NOT_FIT, gate) for gate in refused
    }
    after = run("openai/gpt-oss-20b", Server(tensor=2, utilization=0.95))
    assert (after.verdict, after.gate) == (FitVerdict.UNCERTAIN, Gate.AFTER_POOL)


def test_the_same_start_at_less_utilization_has_room_after_the_pool() -> None:
    assert run("openai/gpt-oss-20b", Server(tensor=2, utilization=0.90)).verdict is FitVerdict.FITS


def test_the_scratch_of_hopper_s_kernels_is_no_matter_elsewhere() -> None:
    assert run("openai/gpt-oss-20b", Server(max_length=16384), on=gpu("L4")).verdict is FitVerdict.FITS


def test_the_repository_s_own_chat_model_fits_on_an_l4() -> None:
    done = run("Qwen/Qwen2.5-7B-Instruct", Server(max_length=8192), on=gpu("L4"), version="0.17.1")
    assert done.verdict is FitVerdict.FITS
    assert done.weights / GIB == pytest.approx(14.25, abs=0.01)
    assert done.tokens > 70_000


def test_pipeline_stages_take_the_smallest_pool() -> None:
    """Llama-3.1-8B in two stages printed 67,207 blocks: the last stage samples, the first does not."""
    done = run("meta-llama/Llama-3.1-8B-Instruct", Server(pipeline=2, utilization=0.95, max_length=8192))
    assert done.blocks == pytest.approx(67207, rel=0.003)


def test_graphs_count_in_the_budget_from_0_21_on() -> None:
    server = Server(utilization=0.9, max_length=8192)
    before = run("Qwen/Qwen3-8B", server, version="0.20.0")
    after = run("Qwen/Qwen3-8B", server, version="0.21.0")
    assert before.pool - after.pool == after.graphs
    assert run("Qwen/Qwen3-8B", replace(server, graphs_estimated=False), version="0.21.0").pool == before.pool


QWEN = known("Qwen/Qwen3-8B")
# What an error band adds to a quarter of a GiB, in bytes below and above: the parts that docs/gpu-memory.md lists.
PERCENT = (QWEN.weight_bytes or 0) // 100
BANDS: dict[str, tuple[ModelFacts, Server, Gpu, int, int]] = {
    "weights as they are": (QWEN, Server(), H100, PERCENT, PERCENT // 2),
    "a quantised checkpoint": (replace(QWEN, quantization="fp8"), Server(), H100, 2 * PERCENT, PERCENT // 2),
    "quantised by the server": (QWEN, Server(quantization="fp8"), H100, 2 * PERCENT, PERCENT // 2),
    "weights over two GPUs": (QWEN, Server(tensor=2), H100, PERCENT // 2, PERCENT // 4),
    "weights over two stages": (QWEN, Server(pipeline=2), H100, PERCENT // 2, PERCENT // 4),
    "drivers that differ": (QWEN, Server(utilization=0.5), replace(H100, spread=GIB), PERCENT, PERCENT // 2 + GIB // 2),
    "towers": (replace(QWEN, family="QwenForConditionalGeneration"), Server(), H100, PERCENT + GIB, PERCENT // 2),
    "a GPU before Ampere": (QWEN, Server(), replace(H100, capability=75), PERCENT + 3 * GIB, PERCENT // 2),
    "a GPU of another make": (QWEN, Server(), replace(H100, capability=0), PERCENT + GIB, PERCENT // 2 + GIB // 2),
    "memory shared with the host": (
        QWEN,
        Server(),
        replace(H100, unified=True),
        PERCENT + GIB,
        PERCENT // 2 + GIB // 2,
    ),
    "dimensions overridden": (QWEN, Server(overrides=True), H100, PERCENT + GIB, PERCENT // 2 + GIB // 2),
    "a draft model": (QWEN, Server(draft="x"), H100, PERCENT + GIB, PERCENT // 2 + GIB // 2),
}


@pytest.mark.parametrize("case", BANDS)
def test_the_band_is_as_wide_as_what_is_not_known(case: str) -> None:
    model, server, on, below, above = BANDS[case]
    band = estimate(model, on, server, STORE.engine("0.19.0")).band
    assert band.below - GIB // 4 == pytest.approx(below, abs=2)
    assert band.above - GIB // 4 == pytest.approx(above, abs=2)


def test_experts_widen_the_band_until_their_workspace_is_kept() -> None:
    model = known("openai/gpt-oss-20b")
    kept, lost = (
        estimate(model, H100, Server(), replace(STORE.engine("0.19.0"), workspace_kept=kept)).band
        for kept in (True, False)
    )
    assert (lost.below - kept.below, lost.above - kept.above) == (GIB, 0)


def test_graphs_in_the_budget_widen_the_band_both_ways() -> None:
    server = Server(utilization=0.9, max_length=8192)
    before, after = (run("Qwen/Qwen3-8B", server, version=version) for version in ("0.20.0", "0.21.0"))
    assert after.graphs > 0
    assert (after.band.below - before.band.below, after.band.above - before.band.above) == (after.graphs, after.graphs)
    eager = replace(server, eager=True)
    assert run("Qwen/Qwen3-8B", eager, version="0.21.0").band == run("Qwen/Qwen3-8B", eager, version="0.20.0").band


def test_between_the_ends_of_the_band_a_start_is_uncertain() -> None:
    """The budget moves from too small to large enough; each verdict follows from the pool and its band alone."""
    seen = set()
    for step in range(200):
        done = run("Qwen/Qwen3-8B", Server(utilization=0.12 + step / 500, max_length=8192), version="0.19.0")
        seen.add(done.verdict)
        if done.pool + done.band.above < done.needed:
            assert done.verdict is FitVerdict.DOES_NOT_FIT
        elif done.pool - done.band.below < done.needed:
            assert (done.verdict, done.gate in {Gate.WEIGHTS, Gate.ONE_REQUEST}) == (FitVerdict.UNCERTAIN, True)
        else:
            assert done.verdict is FitVerdict.FITS
    assert seen == set(FitVerdict)


def test_a_pool_that_is_told_is_taken() -> None:
    done = run("Qwen/Qwen3-8B", Server(cache_bytes=GIB, max_length=4096))
    assert done.blocks == GIB // done.block_bytes


REFUSALS = [
    ("Qwen/Qwen3-14B", Server(tensor=5), H100, Matter.PARALLELISM, "Set --tensor-parallel-size=4."),
    ("Qwen/Qwen2.5-7B-Instruct", Server(tensor=8), H100, Matter.PARALLELISM, "Set --tensor-parallel-size=4."),
    (
        "Qwen/Qwen3-8B",
        Server(max_length=65536),
        H100,
        Matter.CONTEXT_LENGTH,
        "Set --max-model-len=40960 or less; the model's config.json must say more for more.",
    ),
    (
        "openai/gpt-oss-20b",
        Server(),
        gpu("T4"),
        Matter.QUANTISATION,
        "Choose a GPU of a later generation, or a checkpoint that is not quantised so.",
    ),
    ("Qwen/Qwen3-8B", Server(dtype="bfloat16"), gpu("T4"), Matter.QUANTISATION, "Set --dtype=half."),
]


@pytest.mark.parametrize(("name", "server", "on", "matter", "hint"), REFUSALS)
def test_what_vllm_refuses_whatever_the_memory(name: str, server: Server, on: Gpu, matter: Matter, hint: str) -> None:
    assert [(r.matter, r.hint) for r in engine_refusals(known(name), on, server)] == [(matter, hint)]


@pytest.mark.parametrize(
    ("name", "server"),
    [
        ("Qwen/Qwen3-8B", Server(tensor=2, max_length=40960)),
        ("Qwen/Qwen3-8B", Server(max_length=65536, longer_allowed=True)),
        ("Qwen/Qwen3-8B", Server(max_length=65536, overrides=True)),
        ("ibm-granite/granite-3.1-8b-instruct", Server(tensor=2)),  # 49,155 rows, padded to 49,216
        ("deepseek-ai/DeepSeek-R1", Server(tensor=16)),
        ("Qwen/Qwen3-8B", Server(dtype="auto")),
    ],
)
def test_what_vllm_accepts_is_not_refused(name: str, server: Server) -> None:
    assert list(engine_refusals(known(name), gpu("T4") if server.dtype == "auto" else H100, server)) == []


NAMES = st.sampled_from(
    [
        "Qwen/Qwen3-8B",
        "google/gemma-3-27b-it",
        "openai/gpt-oss-20b",
        "deepseek-ai/DeepSeek-V2-Lite-Chat",
        "Qwen/Qwen3.5-27B",
        "Qwen/Qwen3-30B-A3B",
    ]
)


@given(name=NAMES, length=st.integers(1, 32768), more=st.integers(0, 32768), version=st.sampled_from(["0.7", "0.19"]))
def test_a_longer_request_never_needs_less(name: str, length: int, more: int, version: str) -> None:
    model = known(name)
    cut = plan_kv_cache(model, Server(), STORE.engine(version), model.depth)
    assert cut.blocks_for(length, 2048) <= cut.blocks_for(length + more, 2048)


@given(name=NAMES, blocks=st.integers(0, 4000), limit=st.integers(1, 65536))
def test_the_longest_request_fits_and_one_token_more_does_not(name: str, blocks: int, limit: int) -> None:
    model = known(name)
    cut = plan_kv_cache(model, Server(), STORE.engine("0.19"), model.depth)
    longest = cut.longest(blocks, 2048, limit)
    assert longest == 0 or cut.blocks_for(longest, 2048) <= blocks
    assert longest == limit or cut.blocks_for(longest + 1, 2048) > blocks


@given(name=NAMES, tensor=st.sampled_from([1, 2, 4, 8]))
def test_more_gpus_never_hold_more_each(name: str, tensor: int) -> None:
    model = known(name)
    if divides(model, 2 * tensor):
        more, fewer = (on_rank(model, Split(n), model.quantization, 2).last for n in (tensor, 2 * tensor))
        assert fewer < more


def test_ten_thousand_estimates_take_about_a_second() -> None:
    """The target is one second on one core; the bound is wide, for the machine may be busy."""
    model, engine = known("google/gemma-3-27b-it"), STORE.engine("0.19.0")
    start = time.process_time()
    for length in range(1000, 2000):
        estimate(model, H100, Server(max_length=length), engine)
    assert time.process_time() - start < 0.3
