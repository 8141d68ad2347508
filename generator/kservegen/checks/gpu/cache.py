"""The KV cache as vLLM cuts it: a model and a server in, the size of a block and what a request needs out.

Layers of one kind form groups of equal size, each group with its own blocks; a block of a group holds `block_tokens`
tokens of each of its layers. Models of one kind have one group. Whole bytes throughout, as vLLM counts them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from msgspec import Struct

from kservegen.checks.gpu.arguments import Server
from kservegen.checks.gpu.model import EngineFacts, Heads, Layers, ModelFacts

_FULL, _WINDOW, _CHUNK, _STATE = "full", "window", "chunk", "state"

# vLLM takes the larger kind as the size of a group where the smaller is not smaller by a quarter.
_NEARLY_EQUAL: Final = 1.25


class Group(NamedTuple):
    """Groups of one kind: how many, the window that their requests are cut to, and the tokens of one block."""

    kind: str
    number: int
    window: int = 0
    block_tokens: int = 16


class KvCachePlan(Struct, frozen=True):
    """How the cache is cut: bytes of one block over all layers of a group, and the groups that share the blocks."""

    block_bytes: int
    block_tokens: int
    groups: tuple[Group, ...]
    state_blocks: int = 1
    context_parallel: int = 1

    @property
    def has_states(self) -> bool:
        """Whether layers keep a state, one block for each request that is being answered."""
        return any(group.kind == _STATE for group in self.groups)

    def blocks_for(self, length: int, batched: int) -> int:
        """Return how many blocks one request of `length` tokens takes, over all groups."""
        needed = 0
        for kind, count, window, tokens in self.groups:
            size = tokens * self.context_parallel
            if kind == _FULL:
                blocks = -(-length // size)
            elif kind == _STATE:
                blocks = self.state_blocks
            else:
                blocks = -(-min(window - (kind == _WINDOW) + batched, length) // size) + (kind == _WINDOW)
            needed += count * blocks
        return needed

    def longest(self, blocks: int, batched: int, limit: int) -> int:
        """Return the longest request up to `limit` tokens that `blocks` can hold; 0 where none fits."""
        if len(self.groups) == 1 and self.groups[0][:3] == (_FULL, 1, 0):
            return min(blocks * self.block_tokens * self.context_parallel, limit)
        low, high = 0, limit
        while low < high:
            middle = (low + high + 1) // 2
            if self.blocks_for(middle, batched) <= blocks:
                low = middle
            else:
                high = middle - 1
        return low

    def tokens(self, blocks: int, length: int, batched: int, *, by_concurrency: bool) -> int:
        """Return the number of tokens that vLLM prints for a cache of `blocks`."""
        if by_concurrency and length:
            return int(blocks / self.blocks_for(length, batched) * length)
        return blocks // sum(group.number for group in self.groups) * self.block_tokens * self.context_parallel


def plan_kv_cache(
    model: ModelFacts, server: Server, engine: EngineFacts, depth: int, *, capability: int = 0
) -> KvCachePlan:
    """Cut the cache of `depth` layers: all of the model's, or those of one pipeline stage.

    `capability` is that of the GPU, which decides the attention backend and so the tokens of a block; 0 for unknown.
    """
    block_tokens = server.block_tokens or engine.block_tokens(capability, latent=model.latent is not None)
    return _plan(
        model,
        (server.tensor, element_size(model, server)),
        (engine.groups, engine.latent_padding, engine.latent_as_heads),
        (block_tokens, server.context_parallel, server.cache_dtype == "fp8_ds_mla"),
        (server.lookahead, server.prefix_caching, model.drafting if server.lookahead and not server.draft else 0),
        depth,
    )


@lru_cache(maxsize=4096)
def _plan(
    model: ModelFacts,
    kept: tuple[int, int],
    era: tuple[bool, int, bool],
    options: tuple[int, int, bool],
    speculation: tuple[int, bool, int],
    depth: int,
) -> KvCachePlan:
    tensor, element = kept
    grouped, padding, as_heads = era
    block_tokens, context_parallel, packed = options
    lookahead, cached, drafting = speculation
    # MambaSpec.max_memory_usage_bytes: one block and one for each drafted token; one more to copy from where prefixes
    # are cached, as they are wherever a recorded hybrid drafts.
    states = 1 + lookahead + (cached or lookahead > 0)
    latent = (padding, as_heads, packed)
    layers = _scaled(model.layers, model.depth, depth)
    layers = layers._replace(full=layers.full + drafting)
    heads = model.global_heads or Heads(model.kv_heads, model.head_dim)
    token_bytes = _token_bytes(model, heads, tensor, element, latent)
    windowed = _token_bytes(model, Heads(model.kv_heads, model.head_dim), tensor, element, latent)
    if layers.state and model.state is not None:
        block_tokens = _aligned(model, tensor, token_bytes, block_tokens, lookahead)
    page = token_bytes * block_tokens
    if not grouped or not (layers.windowed or layers.state):
        each = token_bytes * layers.full + windowed * layers.windowed or token_bytes
        whole = (Group(_FULL, 1, 0, block_tokens),)
        return KvCachePlan(each * block_tokens, block_tokens, whole, states, context_parallel)
    if layers.windowed:
        page = max(page, windowed * block_tokens)
    size, groups = _grouped(layers, page // token_bytes, page // windowed)
    return KvCachePlan(page * size, max(group.block_tokens for group in groups), groups, states, context_parallel)


def _grouped(layers: Layers, full_tokens: int, windowed_tokens: int) -> tuple[int, tuple[Group, ...]]:
    """Cut layers into groups of one size; layers with smaller pages get longer blocks, for all pages are alike."""
    windows = (_CHUNK if layers.chunked else _WINDOW, layers.windowed, layers.window, windowed_tokens)
    kinds = [(_FULL, layers.full, 0, full_tokens), windows, (_STATE, layers.state, 0, full_tokens)]
    present = [item for item in kinds if item[1]]
    least, most = min(item[1] for item in present), max(item[1] for item in present)
    size = most if most < least * _NEARLY_EQUAL else least
    return size, tuple(Group(kind, -(-number // size), *rest) for kind, number, *rest in present)


def _scaled(layers: Layers, whole: int, depth: int) -> Layers:
    if depth == whole:
        return layers
    share = depth / whole
    windowed, state = round(layers.windowed * share), round(layers.state * share)
    full = depth if not (layers.windowed or layers.state) else round(layers.full * share)
    return layers._replace(full=full, windowed=windowed, state=state)


def _token_bytes(model: ModelFacts, heads: Heads, tensor: int, element: int, kept: tuple[int, bool, bool]) -> int:
    """Return the bytes of one token in one layer on one GPU; keys that equal values are kept twice all the same."""
    latent = model.latent
    padding, as_heads, packed = kept
    if latent is None:
        return 2 * -(-heads.number // tensor) * heads.width * element
    if packed:
        return 656  # fp8_ds_mla: 512 bytes of values, 16 of scales, 128 of positions
    if as_heads:
        return 2 * -(-model.heads // tensor) * 256 * element
    width = latent.kv_rank + latent.rope_dim
    return -(-width // padding) * padding * element


def _aligned(model: ModelFacts, tensor: int, token_bytes: int, block_tokens: int, lookahead: int) -> int:
    """Return the block size at which a page of the cache is no smaller than a state: the next multiple of 16.

    The convolution of a state has one more column for each token that is drafted.
    """
    state = model.state
    if state is None:
        return block_tokens
    convolution = state.convolution + state.column * lookahead
    state_bytes = (convolution * model.element_bytes + state.recurrent * state.recurrent_bytes) // tensor
    return max(block_tokens, -(-state_bytes // (16 * token_bytes)) * 16)


def element_size(model: ModelFacts, server: Server) -> int:
    """Return the bytes of one element of the cache."""
    kind = server.cache_dtype
    if kind.startswith(("fp8", "int8")):
        return 1
    if kind in _WIDTHS:
        return _WIDTHS[kind]
    return 4 if server.dtype in {"float32", "float"} else 2 if server.dtype != "auto" else model.element_bytes


_WIDTHS: Final = {"bfloat16": 2, "float16": 2, "half": 2, "float32": 4, "float": 4}
