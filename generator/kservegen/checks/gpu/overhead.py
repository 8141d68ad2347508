"""What a server needs beside weights and cache: peak activation and CUDA graphs, in bytes.

Activation is the peak of one dummy prompt of `max_num_batched_tokens` and of one dummy sampling of `max_num_seqs`
rows over the vocabulary, whichever is higher; a mixture's workspaces and a tower's outputs come on top.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kservegen.checks.gpu.arguments import Server
from kservegen.checks.gpu.model import GIB, MIB, EngineFacts, Gpu, ModelFacts

# Buffers that are there whatever is asked: 0.06 GiB, the median remainder of the recorded start-ups.
_CONSTANT: Final = 60 * MIB
# Hidden states, residual and one projection of the widest layer live at once: 110.6 kB a token for Llama-3.1-8B,
# 110.7 and 111.1 measured (vllm-project/vllm#10517).
_COPIES: Final = 3
# Beside the sampler's tables the hidden states of the prompt are still there.
_KEPT: Final = 1.1
# Up to 0.7, prompts were cut in chunks of their own accord only where requests could be longer than this.
_V0_CHUNKS_ABOVE: Final = 32768
# Graphs of decode batches up to 512 and of prompts, H100 at 0.19: 0.45 GiB and 15 MiB for each layer, measured within
# 0.35 GiB from 28 to 80 layers; mixtures take 0.0 to 0.7 GiB more.
_GRAPH_BASE: Final = 460 * MIB
_GRAPH_LAYER: Final = 15 * MIB
_GRAPH_EXPERTS: Final = 400 * MIB
_NVFP4_WORKSPACE: Final = 2.75
# Batches are captured up to the number of sequences; the largest graph weighs most.
_FEW: Final = 64
_MANY: Final = 256


class Batch(NamedTuple):
    """How much a server handles at once."""

    sequences: int
    tokens: int


def batch(model: ModelFacts, gpu: Gpu, server: Server, engine: EngineFacts, length: int) -> Batch:
    """Return the sizes that the server will use: what it is told, or vLLM's default for this GPU and version."""
    small = 0 if gpu.large else 1
    sequences = server.max_sequences or engine.max_sequences[small]
    tokens = server.batched_tokens or engine.batched_tokens[small]
    v0_chunks = engine.profiled or length > _V0_CHUNKS_ABOVE
    whole_prompts = not v0_chunks if server.chunked is None else not server.chunked
    whole_prompts = whole_prompts or model.encoder
    if whole_prompts and server.batched_tokens is None:
        tokens = max(tokens, min(length, model.max_length or length))
    return Batch(sequences, tokens)


class Peak(NamedTuple):
    """The peak activation of a first stage, which samples nothing, and of a last one; `vision` is a tower's share."""

    first: int
    last: int
    vision: int


def activation(model: ModelFacts, server: Server, engine: EngineFacts, size: Batch) -> Peak:
    """Return the peak activation of the profile run: a prompt or a sampling, with what an encoder leaves besides."""
    ranks, hidden = server.tensor, model.hidden
    experts = model.experts
    dense = model.intermediate if experts is None or model.dense_layers else experts.shared_width
    prompt = size.tokens * 2 * _COPIES * (hidden + dense // ranks)
    extra = _CONSTANT + _workspace(model, server, size.tokens)
    vision = 0
    if model.multimodal and not server.text_only:
        vision = size.tokens * hidden * 2 + engine.vision_peak(model.family, ranks)
    if server.lora_adapters:
        extra += int(0.2 * GIB)  # buffers of the low-rank products, seen in one start-up
    rows = min(size.sequences, size.tokens)
    rows = 0 if model.encoder else rows
    sampling = int(rows * model.vocabulary * engine.sampler_bytes + _KEPT * size.tokens * hidden * 2)
    if not engine.workspace_kept:
        return Peak(prompt + extra + vision, max(prompt + extra, sampling + _CONSTANT) + vision, vision)
    return Peak(prompt + extra + vision, max(prompt, sampling) + extra + vision, vision)


def _workspace(model: ModelFacts, server: Server, tokens: int) -> int:
    """Return the two buffers of the fused expert kernels: for each token and expert, once in and once between.

    Those of NVFP4 take 2.75 as much: 1.0 GiB more than twice 16 bits with 8,192 tokens of Qwen3.6-35B-A3B on 0.24,
    2.1 with 16,384 of Gemma-4-26B-A4B on 0.20.2.
    """
    experts = model.experts
    if experts is None or model.quantization == "mxfp4":
        return 0
    width = experts.width // (1 if server.expert_parallel else server.tensor)
    plain = tokens * experts.per_token * (max(width, model.hidden) + max(2 * width, model.hidden)) * 2
    return int(plain * _NVFP4_WORKSPACE) if (server.quantization or model.quantization) == "nvfp4" else plain


def graphs(model: ModelFacts, server: Server, sequences: int) -> int:
    """Return the memory of captured CUDA graphs; none in eager mode, less where batches are small."""
    if server.eager:
        return 0
    whole = _GRAPH_BASE + _GRAPH_LAYER * -(-model.depth // server.pipeline)
    whole += _GRAPH_EXPERTS if model.experts is not None else 0
    return whole * min(max(sequences, _FEW), _MANY) // _MANY


def adapters(model: ModelFacts, server: Server) -> int:
    """Return the bytes that LoRA adapters are given room for: two factors for each projection of each layer."""
    if not server.lora_adapters:
        return 0
    attention = 2 * (model.hidden + model.heads * model.head_dim) + 2 * (model.hidden + model.kv_heads * model.head_dim)
    feed_forward = 3 * (model.hidden + model.intermediate)
    return server.lora_adapters * server.lora_rank * (attention + feed_forward) * model.depth * 2 // server.tensor
