"""What a server needs beside weights and cache: peak activation and CUDA graphs, in bytes.

Activation is the peak of one dummy prompt of `max_num_batched_tokens` and of one dummy sampling of `max_num_seqs`
rows over the vocabulary, whichever is higher; a mixture's workspaces and a tower's outputs come on top.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from kservegen.checks.gpu.arguments import Server
from kservegen.checks.gpu.model import GIB, MIB, EngineFacts, Gpu, ModelFacts
from kservegen.checks.gpu.runner import sampling

# cuBLAS' workspace lies in PyTorch's allocator and stays there: 4096 KiB eight times from Hopper on, twice and 16 KiB
# eight times before (PyTorch's aten/src/ATen/cuda/CublasHandlePool.cpp).
_CUBLAS_HOPPER: Final = 32 * MIB
_CUBLAS: Final = 8320 * 1024
# What a prompt leaves besides: 28 MiB, the median remainder of the recorded start-ups on one H100.
_CONSTANT: Final = 28 * MIB
# Hidden states, residual and one projection of the widest layer live at once: 110.6 kB a token for Llama-3.1-8B,
# 110.7 and 111.1 measured (vllm-project/vllm#10517).
_COPIES: Final = 3
# Beside the sampler's tables lie the hidden states of the prompt, those of the sampled rows, and random ones of the
# same shape (vllm/v1/worker/gpu_model_runner.py: _dummy_sampler_run).
_SAMPLED_ROWS: Final = 2
# A row of the vocabulary for each multiprocessor: 132 on an H100; other cards have 58 to 170, 0.05 GiB less or more.
_MULTIPROCESSORS: Final = 132
# Up to 0.7, prompts were cut in chunks of their own accord only where requests could be longer than this.
_V0_CHUNKS_ABOVE: Final = 32768
_HOPPER: Final = 90
# Batches are captured up to the number of sequences; the largest graph weighs most.
_FEW: Final = 64
_MANY: Final = 256


class Batch(Struct, frozen=True):
    """How much a server handles at once."""

    sequences: int
    tokens: int


def batch(model: ModelFacts, gpu: Gpu, server: Server, engine: EngineFacts, length: int) -> Batch:
    """Return the sizes that the server will use: what it is told, or vLLM's default for this GPU and version."""
    sequences = server.max_sequences or engine.max_sequences[0 if gpu.large else 1]
    tokens = server.batched_tokens or engine.batched_tokens[0 if gpu.largest else 1 if gpu.large else 2]
    if server.batched_tokens is None and not server.text_only:
        tokens = max(tokens, engine.least_batched(model.family))
    v0_chunks = engine.profiled or length > _V0_CHUNKS_ABOVE
    whole_prompts = not v0_chunks if server.chunked is None else not server.chunked
    whole_prompts = whole_prompts or model.encoder
    if whole_prompts and server.batched_tokens is None:
        tokens = max(tokens, min(length, model.max_length or length))
    return Batch(sequences, tokens)


class Peak(Struct, frozen=True):
    """The peak activation of a first stage, which samples nothing, and of a last one; `vision` is a tower's share."""

    first: int
    last: int
    vision: int


def activation(model: ModelFacts, gpu: Gpu, server: Server, engine: EngineFacts, size: Batch) -> Peak:
    """Return the peak activation of the profile run: a prompt or a sampling, with what an encoder leaves besides."""
    ranks, hidden = server.tensor, model.hidden
    experts = model.experts
    dense = model.intermediate if experts is None or model.dense_layers else experts.shared_width
    cublas = _CUBLAS_HOPPER if gpu.capability >= _HOPPER else _CUBLAS
    prompt = size.tokens * 2 * _COPIES * (hidden + dense // ranks) + _CONSTANT
    extra = cublas + _workspace(model, server, engine, size.tokens)
    vision = 0
    if model.multimodal and not server.text_only:
        kept = max(size.tokens, engine.picture_tokens(model.family))
        vision = kept * hidden * 2 + engine.vision_peak(model.family, ranks)
    if server.lora_adapters:
        extra += int(0.2 * GIB)  # buffers of the low-rank products, seen in one start-up
    drawn = 0 if model.encoder else sampled(model, server, engine, size) + size.tokens * hidden * 2
    last = max(prompt, drawn) + extra if engine.workspace_kept else max(prompt + extra, drawn + cublas)
    return Peak(prompt + extra + vision, last + vision, vision)


def sampled(model: ModelFacts, server: Server, engine: EngineFacts, size: Batch) -> int:
    """Return the bytes of the dummy sampling: the logits' copies, rows of hidden states, and the kernel's own rows."""
    rows = min(size.sequences, size.tokens)
    sampler = sampling(model, server, engine)
    kept = rows * model.hidden * 2 * _SAMPLED_ROWS
    own = min(rows, _MULTIPROCESSORS) * model.vocabulary * 4 if sampler.rows else 0
    return int(rows * model.vocabulary * sampler.each) + kept + own


def _workspace(model: ModelFacts, server: Server, engine: EngineFacts, tokens: int) -> int:
    """Return the two buffers of the fused expert kernels: for each token and expert, once in and once between."""
    experts = model.experts
    if experts is None:
        return 0
    width = experts.width // (1 if server.expert_parallel else server.tensor)
    plain = tokens * experts.per_token * (max(width, model.hidden) + max(2 * width, model.hidden)) * 2
    return int(plain * engine.workspace_share.get(server.quantization or model.quantization, 1))


def graphs(model: ModelFacts, gpu: Gpu, server: Server, engine: EngineFacts, sequences: int) -> int:
    """Return the memory of captured CUDA graphs; none in eager mode, less where batches are small."""
    if server.eager:
        return 0
    whole = engine.graphs.base(gpu.capability) + engine.graphs.layer * -(-model.depth // server.pipeline)
    whole += engine.graphs.experts if model.experts is not None else 0
    return whole * min(max(sequences, _FEW), _MANY) // _MANY


def adapters(model: ModelFacts, server: Server) -> int:
    """Return the bytes that LoRA adapters are given room for: two factors for each projection of each layer."""
    if not server.lora_adapters:
        return 0
    attention = 2 * (model.hidden + model.heads * model.head_dim) + 2 * (model.hidden + model.kv_heads * model.head_dim)
    feed_forward = 3 * (model.hidden + model.intermediate)
    return server.lora_adapters * server.lora_rank * (attention + feed_forward) * model.depth * 2 // server.tensor
