"""The estimate: what is known of model, GPU and engine, and what the server is told, in; its memory and a verdict out.

vLLM starts in gates, and each can refuse: enough free memory before anything is loaded; room for the weights; weights
and the profile run within the budget, an encoder's share included; a cache that holds one request of full length; for
hybrids a block of state for each sequence; and room beside the budget for CUDA graphs and the first sampling. The pool
has an error band, and between its ends the verdict is `uncertain`.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec import Struct

from kservegen.checks.gpu.arguments import Server
from kservegen.checks.gpu.band import Band, Parts, band_of
from kservegen.checks.gpu.cache import KvCachePlan, plan_kv_cache
from kservegen.checks.gpu.model import GIB, MIB, EngineFacts, Gpu, ModelFacts
from kservegen.checks.gpu.overhead import Batch, Peak, activation, adapters, batch, graphs
from kservegen.checks.gpu.runner import batches_in_flight, graphs_counted
from kservegen.checks.gpu.weights import Rank, Split, drafting_bytes, on_rank

# What CUDA's context and the driver hold before vLLM looks: 0.3 to 0.7 GiB in recorded start-ups.
CONTEXT: Final = 460 * MIB
_CONTEXT_SPREAD: Final = 240 * MIB
# What is surely gone before vLLM looks at what is free.
LEAST_FREE: Final = CONTEXT + _CONTEXT_SPREAD
# Between stages NCCL is up before memory is counted; 0.07 GiB shows.
_STAGE_NON_TORCH: Final = 75 * MIB
# Scratch of Hopper's MXFP4 kernels after the pool: 2.5 GiB were gone where gpt-oss-20b failed at utilization 0.95.
_MXFP4_SCRATCH: Final = 2560 * MIB
_HOPPER: Final = 90
# An encoder that takes less is no reason to switch pictures off.
_ENCODER_SHOWS: Final = GIB // 2


class FitVerdict(StrEnum):
    """What will happen at the start."""

    FITS = "fits"
    UNCERTAIN = "uncertain"
    DOES_NOT_FIT = "does not fit"


class Gate(StrEnum):
    """The places where a start can fail for memory, in the order in which they are passed."""

    FREE_MEMORY = "free memory at start"
    LOADING = "loading the weights"
    WEIGHTS = "weights and activation within the budget"
    ENCODER = "profile run of the encoder"
    ONE_REQUEST = "one request of full length"
    STATE_BLOCKS = "a block of state for each sequence"
    AFTER_POOL = "room after the pool"


class Estimate(NamedTuple):
    """The memory of one GPU of the fullest pipeline stage, in bytes, and what follows; `gate` is the one that decides.

    `pool` can be negative. `needed` is what one request of `length` takes; `longest` is the longest request that fits.
    `usable` is the memory of the card, or this server's share of it; `vision` the encoder's share of the activation.
    Blocks are `least_blocks` to `most_blocks` within the band.
    """

    verdict: FitVerdict
    gate: Gate | None
    memory: int
    budget: int
    weights: int
    activation: int
    non_torch: int
    graphs: int
    graphs_in_budget: bool
    pool: int
    band: Band
    length: int
    needed: int
    block_bytes: int
    blocks: int
    tokens: int
    concurrency: float
    longest: int
    batch: Batch
    utilization: float
    usable: int
    vision: int
    least_blocks: int
    most_blocks: int

    @property
    def beside(self) -> int:
        """What is left of the card beside the budget, with CUDA's context and graphs outside the budget taken off."""
        return self.usable - self.budget - CONTEXT - (0 if self.graphs_in_budget else self.graphs)


class StartStage(Struct, frozen=True):
    """One pipeline stage: bytes of weights and activation on each of its GPUs, and its layers."""

    weights: int
    activation: int
    depth: int


@lru_cache(maxsize=1024)
def estimate(model: ModelFacts, gpu: Gpu, server: Server, engine: EngineFacts, *, free: int | None = None) -> Estimate:
    """Estimate one server; `free` is the memory that others leave, where they are known.

    Environments ask for the same, one after the other: answers are kept.
    """
    utilization = server.utilization if server.utilization is not None else engine.utilization
    budget = int(gpu.memory * utilization)
    length = server.max_length or model.max_length or 0
    size = batch(model, gpu, server, engine, length)
    ranks = engine.beside_torch(server.tensor, nvswitch=gpu.nvswitch)
    non_torch = ranks if server.pipeline == 1 else _STAGE_NON_TORCH
    captured = graphs(model, gpu, server, engine, size.sequences)
    counted = int(captured * graphs_counted(model, server, engine))
    fixed = non_torch + counted + adapters(model, server)
    peak = activation(model, gpu, server, engine, size)
    chosen: tuple[int, StartStage, KvCachePlan, int] | None = None
    for stage in stages(model, server, peak):
        cut = plan_kv_cache(model, server, engine, stage.depth, capability=gpu.capability)
        pool = server.cache_bytes or budget - stage.weights - stage.activation - fixed
        blocks = server.blocks or max(pool, 0) // cut.block_bytes
        if chosen is None or blocks < chosen[3]:
            chosen = (pool, stage, cut, blocks)
    assert chosen is not None  # noqa: S101 - there is at least one stage
    pool, stage, cut, blocks = chosen
    band = band_of(model, gpu, server, engine, Parts(stage.weights, peak, counted, size))
    told = bool(server.cache_bytes or server.blocks)
    held = size.tokens * batches_in_flight(model, server, engine)
    needed = 0 if model.encoder else cut.blocks_for(length, held)
    longest = cut.longest(blocks, held, max(length, model.max_length or 0))
    draft = Estimate(
        verdict=FitVerdict.FITS,
        gate=None,
        memory=gpu.memory,
        budget=budget,
        weights=stage.weights,
        activation=stage.activation,
        non_torch=non_torch,
        graphs=counted or captured,
        graphs_in_budget=counted > 0,
        pool=pool,
        band=band,
        length=longest if server.fitted_length else length,
        needed=needed * cut.block_bytes,
        block_bytes=cut.block_bytes,
        blocks=blocks,
        tokens=0 if model.encoder else cut.tokens(blocks, length, held, by_concurrency=engine.tokens_by_concurrency),
        concurrency=blocks / needed if needed else 0.0,
        longest=longest,
        batch=size,
        utilization=utilization,
        usable=gpu.usable,
        vision=peak.vision,
        least_blocks=blocks if told else max(pool - band.below, 0) // cut.block_bytes,
        most_blocks=blocks if told else max(pool + band.above, 0) // cut.block_bytes,
    )
    scratch = _MXFP4_SCRATCH if model.quantization == "mxfp4" and gpu.capability == _HOPPER else 0
    lone_page = 0 if model.encoder else cut.block_bytes
    refused, doubts = _gates(draft, server, free, lone_page=lone_page, scratch=scratch)
    if cut.has_states and server.full_graphs and not server.eager:
        refused, doubts = _state_gate(draft, engine, refused, doubts)
    if refused is not None:
        return draft._replace(verdict=FitVerdict.DOES_NOT_FIT, gate=refused)
    return draft._replace(verdict=FitVerdict.UNCERTAIN, gate=doubts[0]) if doubts else draft


def stages(model: ModelFacts, server: Server, peak: Peak) -> tuple[StartStage, ...]:
    """Return the first and the last pipeline stage; those between hold no table and sample nothing."""
    split = Split(server.tensor, server.pipeline, server.tensor * server.data if server.expert_parallel else 1)
    rank = on_rank(model, split, server.quantization or model.quantization, model.loaded_bytes(server.dtype))
    rank = Rank(*(max(weights - server.offload_bytes, 0) for weights in rank))
    if server.lookahead and not server.draft:  # the checkpoint's own layers for drafting lie on the last stage
        drafting = drafting_bytes(model, server.quantization or model.quantization) // server.tensor
        rank = rank._replace(last=rank.last + drafting)
    if server.pipeline == 1:
        return (StartStage(rank.last, peak.last, model.depth),)
    depth = -(-model.depth // server.pipeline)
    return StartStage(rank.first, peak.first, depth), StartStage(rank.last, peak.last, depth)


def _gates(
    draft: Estimate, server: Server, free: int | None, *, lone_page: int, scratch: int
) -> tuple[Gate | None, list[Gate]]:
    """Return the first gate that refuses for certain, and those that may, in the order in which they are passed."""
    doubts: list[Gate] = []
    left = free if free is not None else draft.usable - CONTEXT
    doubt = 0 if free is not None else _CONTEXT_SPREAD
    if left + doubt < draft.budget:
        return Gate.FREE_MEMORY, doubts
    if left - doubt < draft.budget:
        doubts.append(Gate.FREE_MEMORY)
    if draft.weights - draft.band.above > left + doubt:
        return Gate.LOADING, doubts
    if server.cache_bytes is None and server.blocks is None:
        needed = lone_page if server.fitted_length else max(draft.needed, lone_page)
        if draft.pool + draft.band.above < needed:
            return _short_gate(draft, draft.pool + draft.band.above, needed, lone_page), doubts
        if draft.pool - draft.band.below < needed:
            doubts.append(_short_gate(draft, draft.pool - draft.band.below, needed, lone_page))
    if draft.beside + draft.activation < 0 or (scratch and draft.beside < scratch):
        doubts.append(Gate.AFTER_POOL)
    return None, doubts


def _short_gate(draft: Estimate, pool: int, needed: int, lone_page: int) -> Gate:
    """Return the gate at which too small a pool shows: at none at all, or at the first request."""
    if draft.vision * 2 > needed - pool and draft.vision > _ENCODER_SHOWS:
        return Gate.ENCODER
    return Gate.WEIGHTS if pool <= lone_page else Gate.ONE_REQUEST


def _state_gate(
    draft: Estimate, engine: EngineFacts, refused: Gate | None, doubts: list[Gate]
) -> tuple[Gate | None, list[Gate]]:
    """Add the gate of hybrids: full CUDA graphs need a block of state for each of max_num_seqs sequences.

    Before the engine looked, such a start broke off somewhere in the capture of its graphs, or did not.
    """
    if refused is not None or draft.least_blocks >= draft.batch.sequences:
        return refused, doubts
    if draft.most_blocks < draft.batch.sequences and engine.state_gate:
        return Gate.STATE_BLOCKS, doubts
    return None, [*doubts, Gate.STATE_BLOCKS]
