"""The estimate: what is known of model, GPU and engine, and what the server is told, in; its memory and a verdict out.

vLLM starts in four gates, and each can refuse: enough free memory before anything is loaded; weights and activation
within the budget; a cache that holds one request of full length; and room beside the budget for CUDA graphs and the
first sampling. The pool has an error band, and between its ends the verdict is `uncertain`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from kservegen.checks.gpu.arguments import Server
from kservegen.checks.gpu.cache import KvCachePlan, plan_kv_cache
from kservegen.checks.gpu.model import GIB, MIB, EngineFacts, Gpu, ModelFacts
from kservegen.checks.gpu.overhead import Batch, activation, adapters, batch, graphs
from kservegen.checks.gpu.weights import Rank, Split, on_rank

# What CUDA's context and the driver hold before vLLM looks: 0.3 to 0.7 GiB in recorded start-ups.
CONTEXT: Final = 460 * MIB
_CONTEXT_SPREAD: Final = 240 * MIB
# Between stages NCCL is up before memory is counted; 0.07 GiB shows.
_STAGE_NON_TORCH: Final = 75 * MIB
# Scratch of Hopper's MXFP4 kernels after the pool: 2.5 GiB were gone where gpt-oss-20b failed at utilization 0.95.
_MXFP4_SCRATCH: Final = 2560 * MIB
_HOPPER: Final = 90


class FitVerdict(StrEnum):
    """What will happen at the start."""

    FITS = "fits"
    UNCERTAIN = "uncertain"
    DOES_NOT_FIT = "does not fit"


class Gate(StrEnum):
    """The four places where a start can fail for memory, in the order in which they are passed."""

    FREE_MEMORY = "free memory at start"
    WEIGHTS = "weights and activation within the budget"
    ONE_REQUEST = "one request of full length"
    AFTER_POOL = "room after the pool"


class Band(NamedTuple):
    """How far the pool can be off, in bytes below and above."""

    below: int
    above: int


class Estimate(NamedTuple):
    """The memory of one GPU of the fullest pipeline stage, in bytes, and what follows; `gate` is the one that decides.

    `pool` can be negative. `needed` is what one request of `length` takes; `longest` is the longest request that fits.
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

    @property
    def beside(self) -> int:
        """What is left of the card beside the budget, with CUDA's context and graphs outside the budget taken off."""
        return self.memory - self.budget - CONTEXT - (0 if self.graphs_in_budget else self.graphs)


class StartStage(NamedTuple):
    """One pipeline stage: bytes of weights and activation on each of its GPUs, and its layers."""

    weights: int
    activation: int
    depth: int


def estimate(model: ModelFacts, gpu: Gpu, server: Server, engine: EngineFacts, *, free: int | None = None) -> Estimate:
    """Estimate one server; `free` is the memory that others leave, where they are known."""
    utilization = server.utilization if server.utilization is not None else engine.utilization
    budget = int(gpu.memory * utilization)
    length = server.max_length or model.max_length or 0
    size = batch(model, gpu, server, engine, length)
    non_torch = engine.beside_torch(server.tensor) if server.pipeline == 1 else _STAGE_NON_TORCH
    captured = graphs(model, server, size.sequences)
    counted = captured if engine.graphs_in_budget and server.graphs_estimated else 0
    fixed = non_torch + counted + adapters(model, server)
    band = _band(model, gpu, server, engine, size)
    chosen: tuple[int, StartStage, KvCachePlan, int] | None = None
    for stage in stages(model, server, engine, size):
        cut = plan_kv_cache(model, server, engine, stage.depth)
        pool = server.cache_bytes or budget - stage.weights - stage.activation - fixed
        blocks = server.blocks or max(pool, 0) // cut.block_bytes
        if chosen is None or blocks < chosen[3]:
            chosen = (pool, stage, cut, blocks)
    assert chosen is not None  # noqa: S101 - there is at least one stage
    pool, stage, cut, blocks = chosen
    needed = cut.blocks_for(length, size.tokens)
    longest = cut.longest(blocks, size.tokens, max(length, model.max_length or 0))
    draft = Estimate(
        verdict=FitVerdict.FITS,
        gate=None,
        memory=gpu.memory,
        budget=budget,
        weights=stage.weights,
        activation=stage.activation,
        non_torch=non_torch,
        graphs=captured,
        graphs_in_budget=counted > 0,
        pool=pool,
        band=band,
        length=longest if server.fitted_length else length,
        needed=needed * cut.block_bytes,
        block_bytes=cut.block_bytes,
        blocks=blocks,
        tokens=cut.tokens(blocks, length, size.tokens, by_concurrency=engine.tokens_by_concurrency),
        concurrency=blocks / needed if needed else 0.0,
        longest=longest,
        batch=size,
        utilization=utilization,
    )
    scratch = _MXFP4_SCRATCH if model.quantization == "mxfp4" and gpu.capability == _HOPPER else 0
    verdict, gate = _verdict_of(draft, server, free, lone_page=cut.block_bytes, scratch=scratch)
    return draft._replace(verdict=verdict, gate=gate)


def stages(model: ModelFacts, server: Server, engine: EngineFacts, size: Batch) -> tuple[StartStage, ...]:
    """Return the first and the last pipeline stage; those between hold no table and sample nothing."""
    split = Split(server.tensor, server.pipeline, server.tensor * server.data if server.expert_parallel else 1)
    rank = on_rank(model, split, server.quantization or model.quantization, model.loaded_bytes(server.dtype))
    rank = Rank(*(max(weights - server.offload_bytes, 0) for weights in rank))
    first, last = activation(model, server, engine, size)
    if server.pipeline == 1:
        return (StartStage(rank.last, last, model.depth),)
    depth = -(-model.depth // server.pipeline)
    return StartStage(rank.first, first, depth), StartStage(rank.last, last, depth)


def _band(model: ModelFacts, gpu: Gpu, server: Server, engine: EngineFacts, size: Batch) -> Band:
    """Return how far the pool can be off; docs/gpu-memory.md says what each part was seen to miss."""
    quantized = bool(server.quantization or model.quantization)
    weights = (model.weight_bytes or 2 * _rough(model)) // (server.tensor * server.pipeline)
    below = GIB // 4 + weights * (2 if quantized else 1) // 100
    above = GIB // 4 + weights // 200 + int(gpu.spread * (server.utilization or engine.utilization))
    if model.experts is not None and not engine.workspace_kept:
        below += GIB
    if model.multimodal:
        below += GIB
    if 0 < gpu.capability < 80:
        below += 3 * GIB
    if gpu.capability == 0 or gpu.unified or server.overrides or server.draft:
        below, above = below + GIB, above + GIB // 2
    if engine.graphs_in_budget and not server.eager:
        seen = graphs(model, server, size.sequences)
        below, above = below + seen, above + seen
    return Band(below, above)


def _rough(model: ModelFacts) -> int:
    return 12 * model.depth * model.hidden * model.hidden


def _verdict_of(
    draft: Estimate, server: Server, free: int | None, *, lone_page: int, scratch: int
) -> tuple[FitVerdict, Gate | None]:
    doubts: list[Gate] = []
    left = free if free is not None else draft.memory - CONTEXT
    doubt = 0 if free is not None else _CONTEXT_SPREAD
    if left + doubt < draft.budget:
        return FitVerdict.DOES_NOT_FIT, Gate.FREE_MEMORY
    if left - doubt < draft.budget:
        doubts.append(Gate.FREE_MEMORY)
    if server.cache_bytes is None and server.blocks is None:
        needed = lone_page if server.fitted_length else max(draft.needed, lone_page)
        if draft.pool + draft.band.above <= lone_page:
            return FitVerdict.DOES_NOT_FIT, Gate.WEIGHTS
        if draft.pool + draft.band.above < needed:
            return FitVerdict.DOES_NOT_FIT, Gate.ONE_REQUEST
        if draft.pool - draft.band.below < needed:
            doubts.append(Gate.WEIGHTS if draft.pool - draft.band.below <= lone_page else Gate.ONE_REQUEST)
    if draft.beside + draft.activation < 0 or (scratch and draft.beside < scratch):
        doubts.append(Gate.AFTER_POOL)
    return (FitVerdict.UNCERTAIN, doubts[0]) if doubts else (FitVerdict.FITS, None)
