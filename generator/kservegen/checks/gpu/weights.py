"""How many bytes of weights lie on one GPU: a model's dimensions and the split of the server in, bytes out.

Counted as vLLM loads them: projections are cut by tensor parallelism, key and value heads fewer than the ranks are
repeated, embedding and head are padded to 64 rows and cut, norms, routers and latent down-projections are whole on
every rank; embedding and head are never quantised and belong to the first and the last pipeline stage.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from kservegen.checks.gpu.model import MIB, ModelFacts

# Bytes of one quantised parameter with its scales: 4 bits in groups of 128 with a 16-bit scale and a zero, NVFP4 with
# an 8-bit scale for 16, MXFP4 for 32, bitsandbytes' 4 bits with its constants. Checked against 16 start-ups.
QUANTIZED_BYTES: Final = {
    "fp8": 1.0005,
    "int8": 1.0005,
    "int4": 0.5156,
    "awq": 0.5195,
    "gptq": 0.5195,
    "bitsandbytes": 0.53,
    "nvfp4": 0.5625,
    "mxfp4": 0.53125,
}

# The kernels for MXFP4 pad an expert's matrices: the hidden side to 256, the other side, once cut, to 128.
_MXFP4_HIDDEN: Final = 256
_MXFP4_WIDTH: Final = 128

_UNGATED: Final = frozenset({"PhiForCausalLM", "OPTForCausalLM", "FalconForCausalLM", "NemotronHForCausalLM"})
_TWO_ROTARIES: Final = ("Gemma3", "Gemma4")
_PAD: Final = 64

# PyTorch's allocator takes tensors of 10 MiB and more in steps of 2 MiB and gives back what is left over only beyond
# 1 MiB (c10's CUDACachingAllocator: kMinLargeAlloc, kRoundLarge, kSmallSize); vLLM reports what was taken.
_LARGE_TENSOR: Final = 10 * MIB
_STEP: Final = 2 * MIB
_KEPT_REST: Final = MIB


class Split(NamedTuple):
    """How a model is cut: tensor, pipeline and expert parallel sizes."""

    tensor: int = 1
    pipeline: int = 1
    expert: int = 1


class Counted(NamedTuple):
    """Parameters by how they are cut and stored: linear layers, experts, tables of rows, and what is whole anywhere."""

    linear: int
    repeated: int  # linear, whole on every rank
    experts: int
    plain: int  # never quantised, whole on every rank
    embedding: int
    head: int

    @property
    def total(self) -> int:
        """All parameters of the language model."""
        return sum(self)


@lru_cache(maxsize=4096)
def count(model: ModelFacts, ranks: int = 1) -> Counted:
    """Count the language model's parameters; key and value heads fewer than `ranks` count as often as repeated."""
    table = -(-model.vocabulary // _PAD) * _PAD * model.hidden
    attention, latent_whole = _attention(model, ranks)
    linear = attention * model.layers.attending + _state(model) * model.layers.state
    dense, experts, routers = _feed_forward(model)
    return Counted(
        linear=linear + dense,
        repeated=latent_whole * model.layers.attending,
        experts=experts,
        plain=routers + 2 * model.hidden * model.depth,
        embedding=table,
        head=0 if model.tied else table,
    )


def _attention(model: ModelFacts, ranks: int) -> tuple[int, int]:
    hidden, latent = model.hidden, model.latent
    if latent is None:
        kv_heads = max(model.kv_heads, ranks)
        gate = model.heads if model.state is not None and model.family.startswith("Qwen3_5") else 0
        return hidden * model.head_dim * (2 * model.heads + gate + 2 * kv_heads), 0
    query = latent.nope_dim + latent.rope_dim
    up = latent.kv_rank * model.heads * (latent.nope_dim + latent.value_dim)
    out = model.heads * latent.value_dim * hidden
    down = hidden * (latent.kv_rank + latent.rope_dim)
    if latent.q_rank is None:
        return hidden * model.heads * query + up + out, down
    return latent.q_rank * model.heads * query + up + out, down + hidden * latent.q_rank


def _state(model: ModelFacts) -> int:
    """Count a layer with a state: in and out projections over the width that its convolution shows."""
    return 0 if model.state is None else 2 * model.hidden * model.state.convolution // 3


def _feed_forward(model: ModelFacts) -> tuple[int, int, int]:
    matrices = 2 if model.family in _UNGATED else 3
    experts = model.experts
    if experts is None:
        return matrices * model.hidden * model.intermediate * model.depth, 0, 0
    dense = matrices * model.hidden * model.intermediate * max(model.depth - experts.layers, 0)
    shared = matrices * model.hidden * experts.shared_width * experts.layers
    routed = matrices * model.hidden * experts.width * experts.number * experts.layers
    return dense + shared, routed, model.hidden * experts.number * experts.layers


class Rank(NamedTuple):
    """Bytes of weights on one GPU of the first and of the last pipeline stage."""

    first: int
    last: int


@lru_cache(maxsize=4096)
def on_rank(model: ModelFacts, split: Split, quantization: str, element_bytes: int) -> Rank:
    """Return the bytes of weights on one GPU, rotary tables included; towers are cut like linear layers."""
    counted = count(model, split.tensor)
    linear, expert = stored_bytes(quantization, element_bytes)
    if quantization == "mxfp4":
        expert *= _padding(model, split.tensor)
    tensor = split.tensor
    body = (
        counted.linear * linear / tensor
        + counted.repeated * linear
        + counted.experts * expert / max(split.expert, tensor)
        + counted.plain * element_bytes
        + _unexplained(model, quantization) / tensor
        + _absorbed(model) / tensor
        + _rounding(model, split, linear, expert)
    )
    embedding = _taken(counted.embedding * element_bytes // tensor)
    head = _taken(counted.head * element_bytes // tensor)
    stage = int(body / split.pipeline) + rotary_bytes(model, element_bytes)
    if split.pipeline == 1:
        return Rank(stage + embedding + head, stage + embedding + head)
    return Rank(stage + embedding, stage + (head or embedding))


def _padding(model: ModelFacts, ranks: int) -> float:
    """Return how much larger the expert matrices of an MXFP4 checkpoint are than their parameters."""
    width = model.experts.width / ranks if model.experts is not None else _MXFP4_WIDTH
    hidden = -(-model.hidden // _MXFP4_HIDDEN) * _MXFP4_HIDDEN / model.hidden
    return hidden * -(-width // _MXFP4_WIDTH) * _MXFP4_WIDTH / width


def stored_bytes(quantization: str, element_bytes: int) -> tuple[float, float]:
    """Return the bytes of a parameter in a linear layer and in an expert; MXFP4 is for experts alone."""
    small = QUANTIZED_BYTES.get(quantization, float(element_bytes))
    return (float(element_bytes) if quantization == "mxfp4" else small), small


def _taken(size: int) -> int:
    """Return what the allocator takes for a tensor."""
    rest = -size % _STEP
    return size + rest if size >= _LARGE_TENSOR and rest <= _KEPT_REST else size


def _rounding(model: ModelFacts, split: Split, linear: float, expert: float) -> int:
    """Return what the allocator takes for the tensors of all layers beyond their size."""
    ranks, hidden, latent = split.tensor, model.hidden, model.latent
    if latent is None:
        fused = model.head_dim * (model.heads + 2 * max(model.kv_heads, ranks))
        attention = [fused * hidden, model.heads * model.head_dim * hidden]
    else:
        queries = model.heads * (latent.nope_dim + latent.rope_dim) * (latent.q_rank or hidden)
        values = model.heads * latent.value_dim * hidden
        attention = [queries, latent.kv_rank * model.heads * (latent.nope_dim + latent.value_dim), values]
    experts = model.experts
    wasted = model.layers.attending * sum(_beyond(size * linear / ranks) for size in attention)
    dense, width = model.depth, model.intermediate
    if experts is not None:
        stacked = expert * experts.number * experts.width * hidden / max(split.expert, ranks)
        wasted += experts.layers * (_beyond(2 * stacked) + _beyond(stacked))
        wasted += experts.layers * _pair(experts.shared_width * hidden * linear / ranks)
        dense -= experts.layers
    return wasted + dense * _pair(width * hidden * linear / ranks)


def _pair(size: float) -> int:
    """Return what is lost on the two tensors of a feed-forward layer: gate and up in one, down."""
    return _beyond(2 * size) + _beyond(size)


def _beyond(size: float) -> int:
    return _taken(int(size)) - int(size)


def _absorbed(model: ModelFacts) -> int:
    """Return the up-projections of latent attention that vLLM keeps a second time, unquantised, to absorb them."""
    latent = model.latent
    if latent is None:
        return 0
    return latent.kv_rank * model.heads * (latent.nope_dim + latent.value_dim) * model.layers.attending * 2


def rotary_bytes(model: ModelFacts, element_bytes: int) -> int:
    """Return the size of the cosine and sine tables: one row for each position that the config allows.

    Linear scaling stretches a table by its factor; a model with windows has an unstretched second one.
    """
    if model.max_length is None or model.family.startswith("OPT"):
        return 0
    dim = model.latent.rope_dim if model.latent is not None else model.head_dim
    rows = min(model.max_length, 1 << 20) * model.rotary_factor
    if model.family.startswith(_TWO_ROTARIES):
        rows += model.max_length
    return rows * dim * element_bytes


@lru_cache(maxsize=4096)
def _unexplained(model: ModelFacts, quantization: str) -> int:
    """Return what the files hold beyond what was counted: towers, scales, biases; 0 where their size is unknown."""
    if model.weight_bytes is None or quantization != model.quantization:
        return 0
    counted = count(model)
    linear, expert = stored_bytes(quantization, 2)
    known = (counted.linear + counted.repeated) * linear + counted.experts * expert
    return model.weight_bytes - int(known + 2 * (counted.plain + counted.embedding + counted.head))
