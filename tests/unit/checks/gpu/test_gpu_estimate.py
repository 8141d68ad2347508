"""The estimate against what vLLM printed, gate by gate, and the laws that any estimate obeys."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kservegen.checks.gpu.arguments import Server, read_options, read_server
from kservegen.checks.gpu.cache import plan_kv_cache
from kservegen.checks.gpu.estimate import Estimate, FitVerdict, Gate, estimate
from kservegen.checks.gpu.fact_store import FactStore
from kservegen.checks.gpu.model import GIB, Gpu, ModelFacts
from kservegen.checks.gpu.refusals import Matter, divides, engine_refusals
from kservegen.checks.gpu.runner import second_runner
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


# Model, settings, card, version and free memory of a start; the gate that refuses it, for certain or perhaps.
GATES: dict[str, tuple[str, Server, Gpu, str, int | None, FitVerdict, Gate]] = {
    "another process holds memory": (
        "Qwen/Qwen3-32B", Server(utilization=0.95), H100, "0.19.0", round(60.33 * GIB),
        FitVerdict.DOES_NOT_FIT, Gate.FREE_MEMORY,
    ),
    "weights larger than the card": (
        "Qwen/Qwen3-32B", Server(), gpu("L40S"), "0.19.0", None, FitVerdict.DOES_NOT_FIT, Gate.LOADING,
    ),
    "weights and a profile run that leave nothing": (
        "Qwen/Qwen3-32B", Server(utilization=0.75), H100, "0.19.0", None, FitVerdict.DOES_NOT_FIT, Gate.WEIGHTS,
    ),
    "a request longer than the pool": (
        "Qwen/Qwen3-32B", Server(), H100, "0.19.0", None, FitVerdict.DOES_NOT_FIT, Gate.ONE_REQUEST,
    ),
    "an encoder that takes what a request needs": (
        "Qwen/Qwen3-VL-30B-A3B-Instruct", Server(max_length=98304), gpu("A100-80GB"), "0.11.0", None,
        FitVerdict.UNCERTAIN, Gate.ENCODER,
    ),
    "fewer blocks of state than sequences": (
        "Qwen/Qwen3.8-27B-FP8", Server(max_length=131072, utilization=0.9), gpu("L40S"), "0.26.0", None,
        FitVerdict.DOES_NOT_FIT, Gate.STATE_BLOCKS,
    ),
    "the same before the engine looked": (
        "Qwen/Qwen3.5-27B", Server(max_length=8192), H100, "0.15.0", None, FitVerdict.UNCERTAIN, Gate.STATE_BLOCKS,
    ),
    "no room for kernels after the pool": (
        "openai/gpt-oss-20b", Server(tensor=2, utilization=0.95), H100, "0.19.0", None,
        FitVerdict.UNCERTAIN, Gate.AFTER_POOL,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", GATES)
def test_each_gate_can_refuse(case: str) -> None:
    name, server, on, version, free, verdict, gate = GATES[case]
    done = run(name, server, on=on, version=version, free=free)
    assert (done.verdict, done.gate) == (verdict, gate)


def test_an_encoder_needs_no_cache() -> None:
    done = run("BAAI/bge-m3", Server(), on=gpu("L4"), version="0.17.1")
    assert (done.verdict, done.needed, done.tokens) == (FitVerdict.FITS, 0, 0)
    assert done.weights / GIB == pytest.approx(1.06, abs=0.02)
    assert run("BAAI/bge-m3", Server(utilization=0.05), on=gpu("L4")).gate is Gate.WEIGHTS


def test_states_for_as_many_sequences_as_there_are_blocks() -> None:
    """Qwen3.8-27B-FP8 on an L40S: 256 sequences are refused with 184 blocks, 16 start, and eager mode asks nothing."""
    server = Server(max_length=65536, utilization=0.9)
    refused = run("Qwen/Qwen3.8-27B-FP8", server, on=gpu("L40S"), version="0.26.0")
    assert refused.least_blocks < 184 < refused.most_blocks
    for changed in (replace(server, max_sequences=16), replace(server, eager=True)):
        done = run("Qwen/Qwen3.8-27B-FP8", changed, on=gpu("L40S"), version="0.26.0")
        assert done.verdict is FitVerdict.FITS


# Model, settings, pool in GiB and length of a hybrid's start; concurrency that vLLM printed, which is exact.
DRAFTING = [
    ("nvidia/Qwen3.6-27B-NVFP4", Server(cache_dtype="fp8", lookahead=2), 48.6, 262144, 1394129 / 262144),
    ("Qwen/Qwen3.6-27B-FP8", Server(tensor=2, cache_dtype="fp8", lookahead=3), 5.33, 262144, 300220 / 262144),
    ("Qwen/Qwen3.8-27B-FP8", Server(), 8.82, 131072, 141036 / 131072),
    ("nvidia/Qwen3.6-35B-A3B-NVFP4", Server(cache_dtype="fp8", prefix_caching=True), 6.01, 131072, 569878 / 131072),
    ("nvidia/Gemma-4-26B-A4B-NVFP4", Server(cache_dtype="fp8"), 4.58, 256000, 286007 / 256000),
]


@pytest.mark.parametrize(("name", "server", "pool", "length", "concurrency"), DRAFTING)
def test_requests_in_the_pool_of_a_hybrid_are_vllm_s(
    name: str, server: Server, pool: float, length: int, concurrency: float
) -> None:
    model = known(name)
    cut = plan_kv_cache(model, server, STORE.engine("0.24.0"), model.depth)
    batched = 16384 if "Gemma" in name else 8192
    blocks = round(pool * GIB) // cut.block_bytes
    assert blocks / cut.blocks_for(length, batched) == pytest.approx(concurrency, rel=0.002)


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


def test_graphs_count_in_the_budget_from_0_20_on() -> None:
    server = Server(utilization=0.9, max_length=8192)
    before = run("Qwen/Qwen3-8B", server, version="0.19.1")
    after = run("Qwen/Qwen3-8B", server, version="0.20.0")
    assert before.pool - after.pool == after.graphs
    assert run("Qwen/Qwen3-8B", replace(server, graphs_estimated=False), version="0.20.0").pool == before.pool


QWEN = known("Qwen/Qwen3-8B")
PLAIN = Gpu(name="H100 without a switch", memory=H100.memory, capability=90)


def band(model: ModelFacts, server: Server, on: Gpu, version: str = "0.19.0") -> tuple[float, float]:
    found = estimate(model, on, server, STORE.engine(version)).band
    return found.below / GIB, found.above / GIB


# What widens an error band as it is, in GiB below and above.
WIDER: dict[str, tuple[ModelFacts, Server, Gpu, float, float]] = {
    "drivers that differ": (QWEN, Server(utilization=0.5), replace(H100, spread=GIB), 0, 0.5),
    "pictures switched off": (
        replace(QWEN, family="NewForConditionalGeneration"), Server(text_only=True), H100, 0, 0,
    ),
    "a GPU before Ampere": (QWEN, Server(), replace(H100, capability=75), 3, 0),
    "a GPU of another make": (QWEN, Server(), replace(H100, capability=0), 1, 0.5),
    "memory shared with the host": (QWEN, Server(), replace(H100, unified=True), 6.34, 6.34),
    "dimensions overridden": (QWEN, Server(overrides=True), H100, 1, 0.5),
    "a draft model": (QWEN, Server(draft="x"), H100, 1, 0.5),
}  # fmt: skip

# Parts that have nothing to do with the others: how large each is, in GiB below and above.
INDEPENDENT: dict[str, tuple[ModelFacts, Server, Gpu, float, float]] = {
    "an encoder that no start shows": (replace(QWEN, family="NewForConditionalGeneration"), Server(), H100, 1, 0.06),
    "an encoder that some start shows": (
        replace(QWEN, family="Gemma3ForConditionalGeneration"), Server(), H100, 0.4, 0.015,
    ),
    "a GPU of Blackwell": (QWEN, Server(), replace(H100, capability=120), 0.5, 0),
    "two ranks": (QWEN, Server(tensor=2), PLAIN, 0.4, 0.4),
    "two ranks with a switch": (QWEN, Server(tensor=2), replace(H100, nvswitch=True), 0.4, 1.16),
    "four ranks without a switch": (QWEN, Server(tensor=4), PLAIN, 0.8, 0.4),
    "two ranks in two pods": (QWEN, Server(tensor=2, across_machines=True), PLAIN, 1.077, 0.4),
}  # fmt: skip


@pytest.mark.parametrize("case", WIDER)
def test_the_band_is_wider_where_less_is_known(case: str) -> None:
    model, server, on, below, above = WIDER[case]
    before, after = band(QWEN, Server(utilization=server.utilization), H100), band(model, server, on)
    assert after[0] - before[0] == pytest.approx(below, abs=0.02)
    assert after[1] - before[1] == pytest.approx(above, abs=0.02)


@pytest.mark.parametrize("case", INDEPENDENT)
def test_independent_parts_add_up_as_their_squares_do(case: str) -> None:
    model, server, on, below, above = INDEPENDENT[case]
    before, after = band(QWEN, Server(), H100), band(model, server, on)
    assert after[0] ** 2 - before[0] ** 2 == pytest.approx(below**2, abs=0.01)
    assert after[1] ** 2 - before[1] ** 2 == pytest.approx(above**2, abs=0.02)


def test_weights_that_are_counted_are_less_certain_than_files() -> None:
    counted = replace(QWEN, quantization="fp8", weight_bytes=None)
    held = replace(counted, weight_bytes=9 * GIB)
    assert band(counted, Server(), H100)[0] > band(held, Server(), H100)[0]


def test_the_other_sampler_lies_in_the_band_where_installations_differ() -> None:
    """256 rows over 151,936 words: 38 bytes each, or 14 where FlashInfer samples."""
    small = gpu("L40S")
    assert band(QWEN, Server(), small, "0.13.0")[1] > 0.8
    for version in ("0.8.5", "0.10.1", "0.17.0"):
        assert max(band(QWEN, Server(), small, version)) < 0.5


def test_a_version_that_nobody_says_widens_the_band() -> None:
    said, assumed = (estimate(QWEN, H100, Server(), STORE.engine(version)).band for version in ("0.13.0", ""))
    assert (assumed.below - said.below, assumed.above - said.above) == (GIB, GIB // 2)


def test_where_the_environment_chooses_the_sampler_nothing_is_left_open() -> None:
    small = gpu("L40S")
    for told in (True, False):
        assert max(band(QWEN, Server(flashinfer_sampler=told), small, "0.13.0")) < 0.5
    rows = 256 * QWEN.vocabulary
    flash, native = (
        estimate(QWEN, small, Server(flashinfer_sampler=told), STORE.engine("0.13.0")).activation
        for told in (True, False)
    )
    assert native - flash == 24 * rows


def test_experts_widen_the_band_until_their_workspace_is_kept() -> None:
    model = known("openai/gpt-oss-20b")
    kept, lost = (
        estimate(model, H100, Server(), replace(STORE.engine("0.19.0"), workspace_kept=kept)).band
        for kept in (True, False)
    )
    assert lost.below > kept.below
    assert lost.above == pytest.approx(kept.above, rel=0.01)


def test_graphs_in_the_budget_widen_the_band_both_ways() -> None:
    server = Server(utilization=0.9, max_length=8192)
    before, after = (run("Qwen/Qwen3-8B", server, version=version) for version in ("0.19.1", "0.20.0"))
    assert after.graphs > 0
    wider = (
        after.band.below**2 - before.band.below**2,
        after.band.above**2 - before.band.above**2,
    )
    assert wider == pytest.approx(((after.graphs / 5) ** 2, (after.graphs / 2) ** 2), rel=0.001)
    eager = replace(server, eager=True)
    assert run("Qwen/Qwen3-8B", eager, version="0.20.0").band == run("Qwen/Qwen3-8B", eager, version="0.19.1").band


# Version, and whether vLLM's second runner serves a dense model, a mixture and a hybrid (vllm/config/vllm.py).
RUNNERS = [
    ("0.21.0", False, False, False),
    ("0.22.0", True, False, False),
    ("0.25.0", True, False, False),
    ("0.28.0", True, False, False),
    ("0.29.0", True, True, True),
]


@pytest.mark.parametrize(("version", "dense", "mixture", "hybrid"), RUNNERS)
def test_the_runner_follows_from_version_and_architecture(
    version: str, dense: bool, mixture: bool, hybrid: bool
) -> None:
    engine = STORE.engine(version)
    names = ("Qwen/Qwen3-8B", "Qwen/Qwen3-30B-A3B", "Qwen/Qwen3.5-27B")
    assert [second_runner(known(name), Server(), engine) for name in names] == [dense, mixture, hybrid]
    assert not second_runner(known("Qwen/Qwen3-8B"), Server(second_runner=False), engine)
    assert second_runner(known("Qwen/Qwen3-30B-A3B"), Server(second_runner=True), engine) is (version != "0.21.0")
    assert not second_runner(known("BAAI/bge-m3"), Server(), engine)


def test_the_second_runner_estimates_no_graphs_before_0_29() -> None:
    """Qwen3-32B-AWQ on an RTX 5090 at 0.7 had 12,272 tokens with 0.28.0, which leaves no room for 1.4 GiB of graphs."""
    server = Server(utilization=0.9, max_length=8192)
    second = run("Qwen/Qwen3-8B", server, version="0.28.0")
    first = run("Qwen/Qwen3-8B", replace(server, second_runner=False), version="0.28.0")
    assert (second.graphs_in_budget, first.graphs_in_budget) == (False, True)
    assert second.pool > first.pool + first.graphs
    extrapolated = run("Qwen/Qwen3-8B", server, version="0.29.0")
    assert extrapolated.graphs_in_budget
    assert extrapolated.graphs == pytest.approx(1.7 * second.graphs, abs=1)
    assert run("Qwen/Qwen3-8B", replace(server, graphs_estimated=False), version="0.29.0").pool == second.pool


# Version and runner; bytes that one more row of the sampling takes for each word of the vocabulary.
SAMPLERS = [("0.13.0", 38), ("0.19.0", 14), ("0.21.0", 14), ("0.24.0", 6), ("0.26.0", 2)]


@pytest.mark.parametrize(("version", "each"), SAMPLERS)
def test_a_row_of_the_sampling_takes_what_its_kernels_allocate(version: str, each: int) -> None:
    few, many = (
        run("Qwen/Qwen3-8B", Server(max_sequences=rows, batched_tokens=4096), version=version).activation
        for rows in (3072, 3073)
    )
    assert many - few == each * QWEN.vocabulary + 2 * 2 * QWEN.hidden


def test_the_triton_sampler_keeps_a_row_for_each_multiprocessor() -> None:
    kept, gone = (run("Qwen/Qwen3-8B", Server(), version=version) for version in ("0.20.0", "0.21.0"))
    assert kept.activation - gone.activation == 132 * QWEN.vocabulary * 4


@pytest.mark.parametrize(("capability", "kib"), [(80, 8320), (89, 8320), (90, 32768), (120, 32768)])
def test_cublas_has_its_workspace_by_capability(capability: int, kib: int) -> None:
    server, small = Server(max_sequences=1, batched_tokens=16), replace(H100, capability=capability)
    rest = 16 * 2 * 3 * (QWEN.hidden + QWEN.intermediate) + 28 * 1024 * 1024
    assert run("Qwen/Qwen3-8B", server, on=small, version="0.21.0").activation == rest + kib * 1024


def test_windows_hold_the_blocks_of_two_batches_from_0_26_on() -> None:
    """gemma-4-E2B on an L4 with 0.28.0: 88 requests of 8,192 tokens, which neither one batch nor 8,192 tokens allow."""
    server = Server(max_length=32768, batched_tokens=2048)
    one, two = (run("google/gemma-3-4b-it", server, version=version) for version in ("0.25.0", "0.26.0"))
    windowed = 2048 // 16 * sum(group.number for group in plan_kv_cache(
        known("google/gemma-3-4b-it"), server, STORE.engine("0.26.0"), known("google/gemma-3-4b-it").depth
    ).groups if group.kind == "window")  # fmt: skip
    assert (two.needed - one.needed) == windowed * two.block_bytes


@pytest.mark.parametrize(
    ("version", "card", "tokens"),
    [
        ("0.21.0", "L4", 2048),
        ("0.28.0", "L4", 2048),
        ("0.28.0", "H100", 8192),
        ("0.29.0", "H200", 8192),
        ("0.29.0", "B200", 16384),
    ],
)
def test_batched_tokens_are_the_server_s_default_for_the_card(version: str, card: str, tokens: int) -> None:
    assert run("Qwen/Qwen3-8B", Server(), on=gpu(card), version=version).batch.tokens == tokens


def test_a_video_that_is_never_cut_raises_the_default() -> None:
    """'Raising max_num_batched_tokens from 2048 to 2496 to accommodate video input' (Gemma 4)."""
    name, card = "google/gemma-4-E2B-it", gpu("L4")
    assert run(name, Server(), on=card, version="0.28.0").batch.tokens == 2496
    assert run(name, Server(), on=card, version="0.21.0").batch.tokens == 2048
    assert run(name, Server(text_only=True), on=card, version="0.28.0").batch.tokens == 2048
    assert run(name, Server(batched_tokens=2048), on=card, version="0.28.0").batch.tokens == 2048


# Version, card and the tokens of a block of latent attention: FlashMLA, CUTLASS, FlashInfer, or any that takes 16.
LATENT_BLOCKS = [
    ("0.11.0", "H100", 64),
    ("0.11.0", "B200", 128),
    ("0.11.0", "A100-80GB", 16),
    ("0.19.0", "H100", 16),
    ("0.19.0", "B200", 32),
    ("0.19.0", "RTX-PRO-6000", 16),
]


@pytest.mark.parametrize(("version", "card", "tokens"), LATENT_BLOCKS)
def test_blocks_of_latent_attention_are_as_its_backend_wants_them(version: str, card: str, tokens: int) -> None:
    model, engine, capability = known("deepseek-ai/DeepSeek-R1"), STORE.engine(version), gpu(card).capability
    assert plan_kv_cache(model, Server(), engine, model.depth, capability=capability).block_tokens == tokens
    assert plan_kv_cache(model, Server(block_tokens=48), engine, model.depth, capability=capability).block_tokens == 48
    assert plan_kv_cache(QWEN, Server(), engine, QWEN.depth, capability=capability).block_tokens == 16


def test_a_picture_s_encoding_lies_beside_the_prompt() -> None:
    """16,384 tokens of the largest picture at a hidden size of 4,096, though a prompt is cut at 2,048."""
    done = run("Qwen/Qwen3.5-9B", Server(), on=gpu("L4"), version="0.26.0")
    assert done.vision == 16384 * 4096 * 2


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


_UNASKED = "Leave --quantization out: vLLM takes what the checkpoint says."
REFUSALS = [
    ("Qwen/Qwen3-14B", Server(tensor=5), H100, Matter.PARALLELISM, "Set --tensor-parallel-size=4."),
    ("Qwen/Qwen2.5-7B-Instruct", Server(tensor=8), H100, Matter.PARALLELISM, "Set --tensor-parallel-size=4."),
    (
        "Qwen/Qwen3-8B",
        Server(max_length=65536),
        H100,
        Matter.CONTEXT_LENGTH,
        "Set --max-model-len=40960 or less. vLLM takes more only where the model's config.json says so.",
    ),
    (
        "openai/gpt-oss-20b",
        Server(),
        gpu("T4"),
        Matter.QUANTISATION,
        "Choose a GPU of a later generation, or a checkpoint that is not quantised so.",
    ),
    ("Qwen/Qwen3-8B", Server(dtype="bfloat16"), gpu("T4"), Matter.QUANTISATION, "Set --dtype=half."),
    *(
        (name, read_server(read_options(["--quantization", method]), {}), H100, Matter.QUANTISATION, _UNASKED)
        for name, method in (
            ("Qwen/Qwen3-8B", "awq"),
            ("Qwen/Qwen3-8B", "gptq_marlin"),
            ("Qwen/Qwen3-8B-AWQ", "gptq"),
            ("openai/gpt-oss-20b", "awq"),
        )
    ),
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
        ("Qwen/Qwen3-8B-AWQ", Server(prepared="awq")),
        ("me/Qwen3-8B", Server(prepared="gptq")),
        ("Qwen/Qwen3-8B", Server(quantization="fp8")),
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
