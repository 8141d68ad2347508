"""How many bytes of weights lie on one GPU: a model's dimensions and the split of the server in, bytes out.

Counted as vLLM loads them: projections are cut by tensor parallelism, key and value heads fewer than the ranks are
repeated, embedding and head are padded to 64 rows and cut, norms, routers and latent down-projections are whole on
every rank; embedding and head are never quantised and belong to the first and the last pipeline stage.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from msgspec import Struct

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


class Split(Struct, frozen=True):
    """How a model is cut: tensor, pipeline and expert parallel sizes."""

    tensor: int = 1
    pipeline: int = 1
    expert: int = 1


class Counted(NamedTuple):
    """Parameters by how they are cut and stored: modules, tables of rows, and what is whole anywhere."""

    attention: int
    state: int
    dense: int
    shared: int
    experts: int
    repeated: int  # attention that is whole on every rank
    plain: int  # never quantised, whole on every rank
    embedding: int
    head: int
    table: int  # further embeddings (Gemma's per-layer inputs): never quantised, cut as the embedding is

    @property
    def total(self) -> int:
        """All parameters of the language model."""
        return sum(self)


@lru_cache(maxsize=4096)
def count(model: ModelFacts, ranks: int = 1) -> Counted:
    """Count the language model's parameters; key and value heads fewer than `ranks` count as often as repeated."""
    table = -(-model.vocabulary // _PAD) * _PAD * model.hidden
    attention, repeated = _attention(model, ranks)
    dense, shared, experts, routers = _feed_forward(model)
    state = model.state.parameters if model.state is not None else 0
    return Counted(
        attention=attention,
        state=state * model.layers.state,
        dense=dense,
        shared=shared,
        experts=experts,
        repeated=repeated,
        plain=routers + 2 * model.hidden * model.depth,
        embedding=table,
        head=0 if model.tied else table,
        table=model.table + (model.hidden * (model.max_length or 0) if model.encoder else 0),
    )


def _attention(model: ModelFacts, ranks: int) -> tuple[int, int]:
    """Return the parameters of all attention, and of that part which is whole on every rank."""
    hidden, latent, layers = model.hidden, model.latent, model.layers
    if latent is None:
        queries = (2 + model.gated_attention) * model.heads
        own = layers.attending * _projections(hidden, model.head_dim, queries, max(model.kv_heads, ranks))
        if model.global_heads is not None:
            number, width = model.global_heads
            own = layers.windowed * _projections(hidden, model.head_dim, queries, max(model.kv_heads, ranks))
            own += layers.full * _projections(hidden, width, queries, max(number, ranks))
        return own + layers.reading * _projections(hidden, model.head_dim, queries, 0), 0
    query = latent.nope_dim + latent.rope_dim
    up = latent.kv_rank * model.heads * (latent.nope_dim + latent.value_dim)
    out = model.heads * latent.value_dim * hidden
    down = hidden * (latent.kv_rank + latent.rope_dim)
    if latent.q_rank is None:
        return (hidden * model.heads * query + up + out) * layers.attending, down * layers.attending
    whole = (down + hidden * latent.q_rank) * layers.attending
    return (latent.q_rank * model.heads * query + up + out) * layers.attending, whole


def _projections(hidden: int, width: int, queries: int, keys: int) -> int:
    return hidden * width * (queries + 2 * keys)


def _feed_forward(model: ModelFacts) -> tuple[int, int, int, int]:
    matrices = 2 if model.family in _UNGATED or model.encoder else 3
    dense = matrices * model.hidden * model.intermediate * model.dense_layers
    experts = model.experts
    if experts is None:
        return dense, 0, 0, 0
    shared = matrices * model.hidden * experts.shared_width * experts.layers
    routed = matrices * (experts.latent or model.hidden) * experts.width * experts.number * experts.layers
    to_latent = 2 * model.hidden * experts.latent * experts.layers
    return dense, shared + to_latent, routed, model.hidden * experts.number * experts.layers


class Rank(NamedTuple):
    """Bytes of weights on one GPU of the first and of the last pipeline stage."""

    first: int
    last: int


@lru_cache(maxsize=4096)
def on_rank(model: ModelFacts, split: Split, quantization: str, element_bytes: int) -> Rank:
    """Return the bytes of weights on one GPU, rotary tables included; towers are cut like linear layers."""
    counted = count(model, split.tensor)
    sizes = _sizes(model, quantization, element_bytes)
    tensor = split.tensor
    padding = _padding(model, tensor) if sizes.experts == QUANTIZED_BYTES["mxfp4"] else 1
    body = (
        _linear(counted, sizes) / tensor
        + counted.repeated * sizes.attention
        + counted.experts * sizes.experts * padding / max(split.expert, tensor)
        + counted.plain * element_bytes
        + _unexplained(model, quantization) / tensor
        + _absorbed(model) / tensor
        + _rounding(model, split, sizes)
    )
    embedding = _taken(counted.embedding * element_bytes // tensor)
    embedding += _taken(counted.table * element_bytes // tensor)
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


class _Sizes(Struct, frozen=True):
    """Bytes of one parameter in each kind of module."""

    attention: float
    state: float
    dense: float
    shared: float
    experts: float


def _sizes(model: ModelFacts, quantization: str, element_bytes: int) -> _Sizes:
    """Return the bytes of a parameter by kind; what the server quantises itself is all of one kind.

    MXFP4 is for experts alone, and what a checkpoint leaves as it was trained has the dtype's own bytes.
    """

    def size(method: str) -> float:
        return QUANTIZED_BYTES.get(method, float(element_bytes))

    if model.stored is not None and quantization == model.quantization:
        return _Sizes(*(size(method) for method in model.stored))
    small, own = size(quantization), float(element_bytes)
    return _Sizes(own, own, own, own, small) if quantization == "mxfp4" else _Sizes(small, small, small, small, small)


def _linear(counted: Counted, sizes: _Sizes) -> float:
    """Return the bytes of modules that tensor parallelism cuts, experts aside."""
    return (
        counted.attention * sizes.attention
        + counted.state * sizes.state
        + counted.dense * sizes.dense
        + counted.shared * sizes.shared
    )


def _taken(size: int) -> int:
    """Return what the allocator takes for a tensor."""
    rest = -size % _STEP
    return size + rest if size >= _LARGE_TENSOR and rest <= _KEPT_REST else size


def _rounding(model: ModelFacts, split: Split, sizes: _Sizes) -> int:
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
    wasted = model.layers.attending * sum(_beyond(size * sizes.attention / ranks) for size in attention)
    if experts is not None:
        width = experts.latent or hidden
        stacked = sizes.experts * experts.number * experts.width * width / max(split.expert, ranks)
        wasted += experts.layers * (_beyond(2 * stacked) + _beyond(stacked))
        wasted += experts.layers * _pair(experts.shared_width * hidden * sizes.shared / ranks)
    return wasted + model.dense_layers * _pair(model.intermediate * hidden * sizes.dense / ranks)


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
    if model.max_length is None or model.encoder or model.family.startswith("OPT"):
        return 0
    dim = model.latent.rope_dim if model.latent is not None else model.head_dim
    rows = min(model.max_length, 1 << 20) * model.rotary_factor
    if model.family.startswith(_TWO_ROTARIES):
        rows += model.max_length
    return rows * dim * element_bytes


@lru_cache(maxsize=4096)
def _unexplained(model: ModelFacts, quantization: str) -> int:
    """Return what the files hold beyond what was counted: towers, scales, biases."""
    if model.weight_bytes is None:
        return model.towers
    if quantization != model.quantization:
        return max(_unexplained(model, model.quantization), 0) if not model.quantization else 0
    counted, sizes = count(model), _sizes(model, quantization, 2)
    known = _linear(counted, sizes) + counted.repeated * sizes.attention + counted.experts * sizes.experts
    tables = counted.plain + counted.embedding + counted.head + counted.table
    return model.weight_bytes - int(known + 2 * tables) - _drafting(model, counted, sizes)


def beyond_text(model: ModelFacts) -> int:
    """Return the bytes beside the language model, for a sibling that keeps them as they are: those of its files."""
    return max(_unexplained(model, model.quantization), 0) if not model.quantization else model.towers


def drafting_bytes(model: ModelFacts, quantization: str) -> int:
    """Return the bytes of a checkpoint's own layers for speculative decoding."""
    return _drafting(model, count(model), _sizes(model, quantization, 2))


def _drafting(model: ModelFacts, counted: Counted, sizes: _Sizes) -> int:
    """Return the bytes of layers for speculative decoding, which a server loads only where it is told to draft.

    Each is one more layer of the model, and a projection of two hidden states to one (DeepSeek V3's technical report).
    """
    if not model.drafting:
        return 0
    attention = (counted.attention + counted.repeated) * sizes.attention / max(model.layers.attending, 1)
    if model.experts is not None and model.experts.layers:
        mixture = counted.experts * sizes.experts + counted.shared * sizes.shared
        forward = mixture / model.experts.layers
    else:
        forward = counted.dense * sizes.dense / max(model.dense_layers, 1)
    return int(model.drafting * (attention + forward + 4 * model.hidden * model.hidden))
