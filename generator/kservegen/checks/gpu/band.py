"""How far the pool of an estimate can be off: by part, from residuals of recorded starts across sources.

Each part is as wide as nine of ten residuals of sources that its constants were not fitted on; what only one source
supports is as wide as that source is away from the rule (`python -m tools.gpu_accuracy --cross-validate`).
"""

from __future__ import annotations

from math import hypot
from typing import Final

from msgspec import Struct

from kservegen.checks.gpu.arguments import Server
from kservegen.checks.gpu.model import GIB, EngineFacts, Gpu, ModelFacts
from kservegen.checks.gpu.overhead import Batch, Peak, sampled
from kservegen.checks.gpu.runner import sampling, second_runner

# CUDA's context, the driver and the allocator in nine of ten sources on one GPU: up to 0.25 GiB more than is said (an
# RTX 3090, one of 24 starts on an H100, other parts taken off), 0.15 less.
_LEAST_BELOW, _LEAST_ABOVE = GIB // 4, GIB * 3 // 20
# Shares of the weights: as trained or with files of known size; quantised and counted; by the name of a sibling. NVFP4
# checkpoints leave most modules but experts in other formats: three of three were 16 to 20 % larger than counted.
_KNOWN, _COUNTED, _SIBLING, _NVFP4 = 0.005, 0.02, 0.03, 0.2
# Of the prompt's part of the activation: hybrids take a fifth less than the rule, nobody more than a tenth more.
_PROMPT_BELOW, _PROMPT_ABOVE = 0.1, 0.2
# Of the graphs: vLLM's own estimate was 20 to 60 % lower from 0.20 on, and far higher for mixtures alone. The second
# runner goes from two to all, and one source alone shows by how much.
_GRAPHS_BELOW, _GRAPHS_ABOVE, _EXTRAPOLATED = 0.2, 0.5, 0.5
# What an encoder may take at its peak: where recorded starts show it, and where none does.
_ENCODER_SEEN: Final = GIB * 2 // 5
_ENCODER: Final = GIB
_EXPERTS: Final = GIB // 2
_BEFORE_AMPERE: Final = 80
# Kernels of Blackwell keep workspaces that the profile run counts: two starts on RTX 5090 had 0.9 and 1.6 GiB less
# than the rule (vllm-project/vllm#52872), others had none of it.
_BLACKWELL: Final = 100
_BLACKWELL_WORKSPACE: Final = GIB // 2
# Memory shared with the host: what the rest of the machine holds was seen to differ by 8 % of it.
_SHARED: Final = 0.08
_NCCL: Final = GIB * 2 // 5
_MANY_RANKS: Final = 4
# NCCL's buffers for a network: two A100 on two machines had 0.9 GiB less than two on one (0.10.1, one source).
_NETWORK: Final = GIB


class Band(Struct, frozen=True):
    """How far the pool can be off, in bytes below and above."""

    below: int
    above: int


class Parts(Struct, frozen=True):
    """What a band is made from: bytes of weights on the fullest GPU, the profile run, graphs in the budget, sizes."""

    weights: int
    peak: Peak
    graphs: int
    size: Batch


def band_of(model: ModelFacts, gpu: Gpu, server: Server, engine: EngineFacts, parts: Parts) -> Band:
    """Return how far the pool can be off; docs/gpu-memory.md says what each part was seen to miss.

    Parts that have nothing to do with each other add up as their squares do; what is one of two things, and what
    nobody measured, adds up as it is.
    """
    below, above = _independent(model, gpu, server, engine, parts)
    cells = min(parts.size.sequences, parts.size.tokens) * model.vocabulary
    sampler = sampling(model, server, engine)
    other = int(cells * max(sampler.each - sampler.other, 0))
    low, high = int(hypot(*below)), int(hypot(*above)) + other
    high += int(gpu.spread * (server.utilization or engine.utilization))
    if 0 < gpu.capability < _BEFORE_AMPERE:
        low += 3 * GIB
    if gpu.capability == 0 or server.overrides or server.draft or engine.assumed:
        low, high = low + GIB, high + GIB // 2
    if gpu.unified:
        low, high = low + int(gpu.memory * _SHARED), high + int(gpu.memory * _SHARED)
    return Band(low, high)


def _independent(
    model: ModelFacts, gpu: Gpu, server: Server, engine: EngineFacts, parts: Parts
) -> tuple[list[float], list[float]]:
    """Return how far each part can be off below and above, in bytes."""
    prompt = _prompt(parts, model, server, engine)
    below = [_LEAST_BELOW, _PROMPT_BELOW * prompt, _weights(model, server, parts)]
    above = [_LEAST_ABOVE, _PROMPT_ABOVE * prompt, parts.weights * _KNOWN]
    extrapolated = second_runner(model, server, engine)
    below.append((_EXTRAPOLATED if extrapolated else _GRAPHS_BELOW) * parts.graphs)
    above.append(_GRAPHS_ABOVE * parts.graphs)
    if server.tensor > 1:
        nccl = engine.beside_torch(server.tensor, nvswitch=gpu.nvswitch)
        plain = engine.beside_torch(server.tensor, nvswitch=False)
        below.append(_NCCL * (2 if server.tensor >= _MANY_RANKS and not gpu.nvswitch else 1))
        above.append(_NCCL + max(nccl - plain, 0) // 2)
    if server.across_machines:
        below.append(_NETWORK)
    if model.experts is not None:
        below.append(parts.graphs // 2 if engine.workspace_kept else _EXPERTS)
    if model.multimodal and not server.text_only:
        seen = model.family.startswith(engine.encoders_seen)
        below.append(max(_ENCODER_SEEN if seen else _ENCODER, parts.peak.vision // 4))
        above.append(parts.peak.vision // 4 if seen else parts.peak.vision)
    if gpu.capability >= _BLACKWELL:
        below.append(_BLACKWELL_WORKSPACE)
    return below, above


def _prompt(parts: Parts, model: ModelFacts, server: Server, engine: EngineFacts) -> int:
    """Return the part of the activation that a prompt decides, as far as the sampler does not."""
    return max(parts.peak.last - parts.peak.vision - sampled(model, server, engine, parts.size), 0)


def _weights(model: ModelFacts, server: Server, parts: Parts) -> int:
    """Return how much more the weights can take than is said."""
    method = server.quantization or model.quantization
    if model.sibling and not method:
        return int(parts.weights * _COUNTED)  # the same dimensions, and perhaps a longer vocabulary
    known = not method or (model.weight_bytes is not None and not server.quantization)
    share = _KNOWN if known else _NVFP4 if method == "nvfp4" else _SIBLING if model.sibling else _COUNTED
    return int(parts.weights * share)
