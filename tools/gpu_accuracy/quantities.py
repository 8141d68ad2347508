"""The figures that are compared: a row in; predicted against measured, and the error, out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tools.gpu_accuracy.rows import Row

from kservegen.checks.gpu.cache import plan_kv_cache
from kservegen.checks.gpu.estimate import Estimate, estimate, stages
from kservegen.checks.gpu.model import GIB, Gpu
from kservegen.checks.gpu.overhead import activation, batch
from kservegen.checks.gpu.runner import batches_in_flight


class Error(NamedTuple):
    """One quantity of one row: predicted against measured, and the relative error in percent."""

    row: Row
    predicted: float
    measured: float

    @property
    def percent(self) -> float:
        """The error relative to what was measured."""
        return abs(self.predicted - self.measured) / abs(self.measured) * 100


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure that is compared: its column, what is predicted for it, which rows count, and its targets in percent.

    `fresh_reached` are the median and p90 on a fresh bank that no change may fall behind, where they differ from the
    target: worse where it is not reached, better where it is.
    """

    name: str
    column: str
    predict: Callable[[Row], float | None]
    counts: Callable[[Row], bool]
    median: float | None = None
    p90: float | None = None
    fresh_median: float | None = None
    fresh_p90: float | None = None
    fresh_reached: tuple[float | None, float | None] = (None, None)

    def targets(self, *, fresh: bool) -> tuple[float | None, float | None]:
        """Return the targets for median and p90 in percent, for the bank that was fitted on or for a fresh one."""
        return (self.fresh_median, self.fresh_p90) if fresh else (self.median, self.p90)

    def errors(self, rows: Iterable[Row]) -> list[Error]:
        """Compare the rows that count."""
        found = []
        for row in rows:
            measured = row.number(self.column)
            predicted = self.predict(row) if measured and row.model is not None and self.counts(row) else None
            if predicted is not None and measured:
                found.append(Error(row, predicted, measured))
        return found


def estimated(row: Row) -> Estimate | None:
    """Estimate a row, as far as its model and its GPU are known."""
    if row.model is None or row.model.gap or row.gpu is None:
        return None
    return estimate(row.model, row.gpu, row.server, row.engine, free=row.free)


def _weights(row: Row) -> float | None:
    gpu = row.gpu or Gpu(name="", memory=80 * GIB, capability=80)
    assert row.model is not None  # noqa: S101
    return None if row.model.gap else estimate(row.model, gpu, row.server, row.engine).weights / GIB


def _part(take: Callable[[Estimate], float]) -> Callable[[Row], float | None]:
    def predict(row: Row) -> float | None:
        done = estimated(row)
        return None if done is None else take(done)

    return predict


def _tokens_from_pool(row: Row) -> float | None:
    """Return the tokens in the pool that was measured: the cut of the cache alone."""
    pool = row.number("kv_cache_mem_gib")
    if not pool or pool < 0 or row.model is None or row.model.gap:
        return None
    gpu = row.gpu or Gpu(name=row.cells["gpu_name"], memory=80 * GIB, capability=90)
    depth = -(-row.model.depth // row.server.pipeline)
    cut = plan_kv_cache(row.model, row.server, row.engine, depth, capability=gpu.capability)
    blocks = (round(pool * GIB) - _lead_of_first_stage(row)) // cut.block_bytes
    tokens = batch(row.model, gpu, row.server, row.engine, row.server.max_length or 0).tokens
    tokens *= batches_in_flight(row.model, row.server, row.engine)
    length = row.server.max_length or row.model.max_length or 0
    return float(cut.tokens(blocks, length, tokens, by_concurrency=row.engine.tokens_by_concurrency))


def _lead_of_first_stage(row: Row) -> int:
    """Return how much larger the pool of the first stage, which a log shows first, is than the smallest."""
    if row.server.pipeline == 1 or row.model is None or "per PP stage" in row.cells["notes"]:
        return 0
    gpu = row.gpu or Gpu(name=row.cells["gpu_name"], memory=80 * GIB, capability=90)
    size = batch(row.model, gpu, row.server, row.engine, row.server.max_length or 0)
    first, last = stages(row.model, row.server, activation(row.model, gpu, row.server, row.engine, size))
    return max(last.weights + last.activation - first.weights - first.activation, 0)


def plain(row: Row) -> bool:
    """Tell whether a row is text only, without pipeline stages, and states enough."""
    return row.states_enough and row.server.pipeline == 1 and row.model is not None and not row.model.multimodal


def _known(row: Row) -> bool:
    """Tell whether version and sequences are known: told, or the default of a card and a version that are."""
    named = bool(row.cells["vllm_version"]) and bool(row.cells["gpu_name"])
    named = named and "version assumed" not in row.cells["notes"] and "util assumed" not in row.cells["notes"]
    return named or (row.server.max_sequences is not None and "V0" in row.cells["notes"])


def _quantized(row: Row) -> bool:
    return bool(row.model and (row.server.quantization or row.model.quantization))


def _size_known(row: Row) -> bool:
    return bool(row.model and row.model.weight_bytes and not row.server.quantization)


class Coverage(NamedTuple):
    """Of rows whose pool was printed: how many there are, how many lie in the band, half widths in percent."""

    rows: int
    inside: int
    half_widths: tuple[float, ...]


def coverage(rows: Iterable[Row]) -> Coverage:
    """Hold the error band of every answered row against the pool that was printed."""
    inside, widths = [], []
    for row in rows:
        measured, done = row.number("kv_cache_mem_gib"), estimated(row)
        if measured and measured > 0 and done is not None:
            smallest = measured * GIB - _lead_of_first_stage(row)
            inside.append(done.pool - done.band.below <= smallest <= done.pool + done.band.above)
            widths.append((done.band.below + done.band.above) / 2 / (measured * GIB) * 100)
    return Coverage(len(inside), sum(inside), tuple(widths))


QUANTITIES: Final = (
    Quantity("KV pool, version and sequences known", "kv_cache_mem_gib", _part(lambda e: e.pool / GIB),
             lambda r: plain(r) and _known(r), median=0.5, p90=5.0, fresh_median=1.5, fresh_p90=6.0,
             fresh_reached=(None, 8.5)),
    Quantity("KV pool, the rest of text-only rows", "kv_cache_mem_gib", _part(lambda e: e.pool / GIB),
             lambda r: plain(r) and not _known(r)),
    Quantity("KV pool, multimodal or in stages", "kv_cache_mem_gib", _part(lambda e: e.pool / GIB),
             lambda r: r.states_enough and not plain(r), p90=20.0, fresh_p90=20.0,
             fresh_reached=(None, 17.0)),
    Quantity("weights, unquantised", "weights_gib", _weights, lambda r: not _quantized(r), median=0.3, p90=1.0),
    Quantity("weights, quantised, size of files known", "weights_gib", _weights,
             lambda r: _quantized(r) and _size_known(r), p90=2.0, fresh_p90=2.0),
    Quantity("weights, quantised, counted", "weights_gib", _weights, lambda r: _quantized(r) and not _size_known(r)),
    Quantity("KV tokens from the measured pool", "kv_tokens", _tokens_from_pool,
             lambda r: not r.drafts_unsaid, p90=0.1),
    Quantity("KV tokens, whole chain", "kv_tokens", _part(lambda e: e.tokens), plain),
    Quantity("concurrency, whole chain", "max_concurrency", _part(lambda e: e.concurrency), plain),
    Quantity("peak activation", "peak_activation_gib", _part(lambda e: e.activation / GIB), plain),
    Quantity("beside PyTorch", "non_torch_gib", _part(lambda e: e.non_torch / GIB), plain),
    Quantity("CUDA graphs", "cudagraph_gib", _part(lambda e: e.graphs / GIB), plain),
)  # fmt: skip


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the values do not exceed, with linear interpolation."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = ordered[min(below + 1, len(ordered) - 1)]
    return ordered[below] + (place - below) * (above - ordered[below])
