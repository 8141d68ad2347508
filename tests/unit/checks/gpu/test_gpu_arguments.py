"""Command lines as vLLM reads them."""

from __future__ import annotations

import pytest

from kservegen.checks.gpu.arguments import Server, StatedOptions, read_options, read_server

READINGS = [
    (["--max-model-len=8192"], {"max_length": 8192}),
    (["--max-model-len", "8192"], {"max_length": 8192}),
    (["--max_model_len=8192"], {"max_length": 8192}),
    (["--max-model-len=16k"], {"max_length": 16_000}),
    (["--max-model-len=16K"], {"max_length": 16_384}),
    (["--max-model-len=1.5m"], {"max_length": 1_500_000}),
    (["--max-model-len", "-1"], {"max_length": None, "fitted_length": True}),
    (["--max-model-len=auto"], {"max_length": None, "fitted_length": True}),
    (["--max-model-len=much"], {"max_length": None, "fitted_length": False}),
    (["--max-model-len=1", "--max-model-len=2"], {"max_length": 2}),
    (["-tp", "2"], {"tensor": 2}),
    (["-tp=2", "-pp=4"], {"tensor": 2, "pipeline": 4}),
    (["--tensor-parallel-size=0"], {"tensor": 1}),
    (["--enforce-eager", "--max-num-seqs=4"], {"eager": True, "max_sequences": 4}),
    (["--no-enforce-eager"], {"eager": False}),
    (["--enforce-eager", "model-name"], {"eager": True}),
    (["--no-enable-chunked-prefill"], {"chunked": False}),
    (["--enable-chunked-prefill"], {"chunked": True}),
    (["--gpu-memory-utilization=0.85"], {"utilization": 0.85}),
    (["--quantization=fp8"], {"quantization": "fp8"}),
    (["--quantization=awq_marlin"], {"quantization": ""}),
    (["--kv-cache-dtype=fp8_e4m3"], {"cache_dtype": "fp8_e4m3"}),
    (["--enable-lora", "--max-loras=2", "--max-lora-rank=64"], {"lora_adapters": 2, "lora_rank": 64}),
    (["--max-loras=2"], {"lora_adapters": 0}),
    (['--speculative-config={"method":"mtp","num_speculative_tokens":3}'], {"lookahead": 3}),
    (["--speculative-config.num_speculative_tokens", "2"], {"lookahead": 2}),
    (["--enable-prefix-caching"], {"prefix_caching": True}),
    (["--language-model-only"], {"text_only": True}),
    (['--limit-mm-per-prompt={"image": 0, "video": 0}'], {"text_only": True}),
    (["--limit-mm-per-prompt", "image=0,video=0"], {"text_only": True}),
    (["--limit-mm-per-prompt", "image=0,video=1"], {}),
    (['--limit-mm-per-prompt={"image": 0}'], {}),
    (['--compilation-config={"cudagraph_mode": "NONE"}'], {"eager": True}),
    (["--compilation-config.cudagraph_mode", "piecewise"], {"full_graphs": False}),
    (["-O", "0"], {"eager": True}),
    (["-O", "2"], {}),
    (["--kv-cache-memory-bytes=1G"], {"cache_bytes": 1 << 30}),
    (["--cpu-offload-gb=2"], {"offload_bytes": 2 << 30}),
]


@pytest.mark.parametrize(("words", "expected"), READINGS, ids=[" ".join(words) for words, _ in READINGS])
def test_words_are_read_as_vllm_reads_them(words: list[str], expected: dict[str, object]) -> None:
    server = read_server(read_options(words), {})
    assert {name: getattr(server, name) for name in expected} == expected


def test_nothing_said_is_vllm_s_default() -> None:
    assert read_server(read_options([]), {}) == Server()


def test_an_option_knows_the_word_that_holds_its_value() -> None:
    options = read_options(["--port", "80", "--max-model-len", "9", "-tp=2"])
    assert options["max-model-len"] == StatedOptions("9", 3)
    assert options["tensor-parallel-size"] == StatedOptions("2", 4)


def test_the_environment_counts_as_well() -> None:
    server = read_server({}, {"VLLM_MEMORY_PROFILER_ESTIMATE_CUDAGRAPHS": "0", "VLLM_ALLOW_LONG_MAX_MODEL_LEN": "1"})
    assert not server.graphs_estimated
    assert server.longer_allowed


@pytest.mark.parametrize(("value", "read"), [("1", True), ("0", False), ("", None), ("true", None)])
def test_switches_of_the_environment_choose_sampler_and_runner(value: str, read: bool | None) -> None:
    server = read_server({}, {"VLLM_USE_FLASHINFER_SAMPLER": value, "VLLM_USE_V2_MODEL_RUNNER": value})
    assert (server.flashinfer_sampler, server.second_runner) == (read, read)


def test_huggingfaceserver_s_old_name_of_the_context_length() -> None:
    assert read_server(read_options(["--max_length=4096"]), {}).max_length == 4096
