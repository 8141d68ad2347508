"""How good the GPU estimate is: recorded starts of vLLM in, predicted against measured out.

usage: python -m tools.gpu_accuracy [--cross-validate] [MEASUREMENTS.csv]

Prints every row and median, p90 and worst of every quantity; the exit code is 1 where a figure misses its target.
A row states enough where its model is in the table and GPU memory, utilization, tensor parallel size, dtype and
max_model_len are known. Version, sequences and batched tokens take the estimate's defaults where a row is silent.
"""

from __future__ import annotations

import csv
import json
import re
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from kservegen.gpu.arguments import Server
from kservegen.gpu.cache import plan
from kservegen.gpu.estimate import Estimate, Verdict, estimate, stages
from kservegen.gpu.facts import GIB, Engine, Gpu, ModelFacts
from kservegen.gpu.overhead import batch
from kservegen.gpu.refusals import refusals
from kservegen.gpu.store import FactStore

ROOT: Final = Path(__file__).parents[1]
MEASUREMENTS: Final = ROOT / "tests" / "gpu" / "measurements.csv"
STORE: Final = FactStore(ROOT / "facts")

STARTS, MEMORY, CONFIGURATION = "starts", "refused for memory", "refused for configuration"

_QUANTIZED: Final = {
    "awq": "awq",
    "gptq": "gptq",
    "fp8": "fp8",
    "int8": "int8",
    "int4": "int4",
    "bnb": "bitsandbytes",
    "bitsandbytes": "bitsandbytes",
    "nvfp4": "nvfp4",
    "modelopt-nvfp4": "nvfp4",
    "mxfp4": "mxfp4",
}
_MEMORY_WORDS: Final = (
    "OOM",
    "larger than",
    "no available memory",
    "free memory at startup",
    "over KV capacity",
    "out of memory",
)
_CONFIGURATION_WORDS: Final = ("divisible", "heads", "vocabulary", "greater than the", "capability", "not supported")


class Row(NamedTuple):
    """One recorded start: what it was told as the estimate takes it, and the cells that were printed."""

    cells: dict[str, str]
    model: ModelFacts | None
    gpu: Gpu | None
    server: Server
    engine: Engine
    free: int | None

    def number(self, column: str) -> float | None:
        """Return a cell as a number."""
        try:
            return float(self.cells[column])
        except ValueError:
            return None

    @property
    def states_enough(self) -> bool:
        """Whether the row says what an estimate has to know."""
        said = ("gpu_mem_gib", "gpu_memory_utilization", "tp", "dtype_or_quant", "max_model_len")
        return self.model is not None and not self.model.gap and all(self.cells[column] for column in said)

    @property
    def outcome(self) -> str:
        """The outcome folded to three; blank where it says nothing of memory or settings."""
        text = self.cells["outcome"]
        if text == "ok":
            return STARTS
        if "not memory" in text:
            return ""
        if any(word in text for word in _MEMORY_WORDS):
            return MEMORY
        return CONFIGURATION if any(word in text for word in _CONFIGURATION_WORDS) else ""


@cache
def _names() -> dict[str, str]:
    names: dict[str, str] = json.loads((ROOT / "tests" / "gpu" / "names.json").read_text("utf-8"))
    return names


def read_rows(path: Path) -> list[Row]:
    """Read recorded starts."""
    with path.open(encoding="utf-8", newline="") as file:
        return [_row(cells) for cells in csv.DictReader(file)]


def _row(cells: dict[str, str]) -> Row:
    name = cells["model"]
    model = STORE.model(_names().get(name, name))
    notes = cells["notes"]
    version = cells["vllm_version"] or ("0.7" if re.search(r"\bV0\b", notes) else "")
    server = Server(
        tensor=int(cells["tp"] or 1),
        pipeline=int(cells["pp"] or 1),
        expert_parallel="EP on" in notes,
        quantization=_quantization(cells["dtype_or_quant"], model),
        dtype={"fp16": "float16", "bf16": "bfloat16", "fp32": "float32"}.get(cells["dtype_or_quant"], "auto"),
        cache_dtype=cells["kv_cache_dtype"] or "auto",
        max_length=int(cells["max_model_len"]) if cells["max_model_len"] else None,
        max_sequences=_noted(r"max_num_seqs (\d+)", notes),
        batched_tokens=_noted(r"batched_tokens (\d+)", notes),
        utilization=float(cells["gpu_memory_utilization"]) if cells["gpu_memory_utilization"] else None,
        block_tokens=_noted(r"block size (\d+)", notes) or 16,
        context_parallel=_noted(r"(?:dcp|decode.context.parallel\S*)\D{0,3}(\d+)", notes) or 1,
        eager=bool(re.search(r"\beager\b", notes)),
        chunked=False if "no chunking" in notes else None,
        longer_allowed=model is None or bool(_names().get(name)),
    )
    free = re.search(r"free memory at startup ([\d.]+)", cells["outcome"])
    return Row(cells, model, _gpu(cells), server, STORE.engine(version), round(float(free[1]) * GIB) if free else None)


def _gpu(cells: dict[str, str]) -> Gpu | None:
    if not cells["gpu_mem_gib"]:
        return None
    known = STORE.gpu(cells["gpu_name"])
    capability = known.capability if known else 80
    return Gpu(name=cells["gpu_name"], memory=round(float(cells["gpu_mem_gib"]) * GIB), capability=capability)


def _quantization(dtype: str, model: ModelFacts | None) -> str:
    method = _QUANTIZED.get(dtype, "")
    return "" if model is None or model.quantization == method else method


def _noted(pattern: str, notes: str) -> int | None:
    found = re.search(pattern, notes)
    return int(found[1]) if found else None


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
    """A figure that is compared: its column, what is predicted for it, which rows count, and its targets in percent."""

    name: str
    column: str
    predict: Callable[[Row], float | None]
    counts: Callable[[Row], bool]
    median: float | None = None
    p90: float | None = None

    def errors(self, rows: Iterable[Row]) -> list[Error]:
        """Compare the rows that count."""
        found = []
        for row in rows:
            measured = row.number(self.column)
            predicted = self.predict(row) if measured and row.model is not None and self.counts(row) else None
            if predicted is not None and measured:
                found.append(Error(row, predicted, measured))
        return found


def _estimated(row: Row) -> Estimate | None:
    if row.model is None or row.model.gap or row.gpu is None:
        return None
    return estimate(row.model, row.gpu, row.server, row.engine, free=row.free)


def _weights(row: Row) -> float | None:
    gpu = row.gpu or Gpu(name="", memory=80 * GIB, capability=80)
    assert row.model is not None  # noqa: S101
    return None if row.model.gap else estimate(row.model, gpu, row.server, row.engine).weights / GIB


def _part(take: Callable[[Estimate], float]) -> Callable[[Row], float | None]:
    def predict(row: Row) -> float | None:
        done = _estimated(row)
        return None if done is None else take(done)

    return predict


def _tokens_from_pool(row: Row) -> float | None:
    """Return the tokens in the pool that was measured: the cut of the cache alone."""
    pool = row.number("kv_cache_mem_gib")
    if not pool or pool < 0 or row.model is None or row.model.gap:
        return None
    cut = plan(row.model, row.server, row.engine, -(-row.model.depth // row.server.pipeline))
    blocks = (round(pool * GIB) - _lead_of_first_stage(row)) // cut.block_bytes
    tokens = row.server.batched_tokens or row.engine.batched_tokens[0]
    length = row.server.max_length or row.model.max_length or 0
    return float(cut.tokens(blocks, length, tokens, by_concurrency=row.engine.tokens_by_concurrency))


def _lead_of_first_stage(row: Row) -> int:
    """Return how much larger the pool of the first stage, which a log shows first, is than the smallest."""
    if row.server.pipeline == 1 or row.model is None or "per PP stage" in row.cells["notes"]:
        return 0
    gpu = row.gpu or Gpu(name=row.cells["gpu_name"], memory=80 * GIB, capability=90)
    size = batch(row.model, gpu, row.server, row.engine, row.server.max_length or 0)
    first, last = stages(row.model, row.server, row.engine, size)
    return max(last.weights + last.activation - first.weights - first.activation, 0)


def _plain(row: Row) -> bool:
    """Tell whether a row is text only, without pipeline stages, and states enough."""
    return row.states_enough and row.server.pipeline == 1 and row.model is not None and not row.model.multimodal


def _known(row: Row) -> bool:
    """Tell whether version and sequences are known: told, or the default of a card and a version that are."""
    named = bool(row.cells["vllm_version"]) and bool(row.cells["gpu_name"])
    return named or (row.server.max_sequences is not None and "V0" in row.cells["notes"])


def _quantized(row: Row) -> bool:
    return bool(row.model and (row.server.quantization or row.model.quantization))


QUANTITIES: Final = (
    Quantity("KV pool, version and sequences known", "kv_cache_mem_gib", _part(lambda e: e.pool / GIB),
             lambda r: _plain(r) and _known(r), median=0.5, p90=5.0),
    Quantity("KV pool, the rest of text-only rows", "kv_cache_mem_gib", _part(lambda e: e.pool / GIB),
             lambda r: _plain(r) and not _known(r)),
    Quantity("KV pool, multimodal or in stages", "kv_cache_mem_gib", _part(lambda e: e.pool / GIB),
             lambda r: r.states_enough and not _plain(r)),
    Quantity("weights, unquantised", "weights_gib", _weights, lambda r: not _quantized(r), median=0.3, p90=1.0),
    Quantity("weights, quantised", "weights_gib", _weights, _quantized),
    Quantity("KV tokens from the measured pool", "kv_tokens", _tokens_from_pool, lambda _: True, p90=0.1),
    Quantity("KV tokens, whole chain", "kv_tokens", _part(lambda e: e.tokens), _plain),
    Quantity("concurrency, whole chain", "max_concurrency", _part(lambda e: e.concurrency), _plain),
    Quantity("peak activation", "peak_activation_gib", _part(lambda e: e.activation / GIB), _plain),
    Quantity("beside PyTorch", "non_torch_gib", _part(lambda e: e.non_torch / GIB), _plain),
    Quantity("CUDA graphs", "cudagraph_gib", _part(lambda e: e.graphs / GIB), _plain),
)  # fmt: skip


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the values do not exceed, with linear interpolation."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = ordered[min(below + 1, len(ordered) - 1)]
    return ordered[below] + (place - below) * (above - ordered[below])


def report_quantities(rows: list[Row]) -> bool:
    """Print the errors of every quantity; return whether all targets are met."""
    print(f"\n{'quantity':40} {'n':>4} {'median %':>9} {'p90 %':>8} {'worst %':>9}   target")
    met = True
    for quantity in QUANTITIES:
        errors = quantity.errors(rows)
        if not errors:
            print(f"{quantity.name:40} {0:4}")
            continue
        values = [error.percent for error in errors]
        median, p90 = statistics.median(values), percentile(values, 0.9)
        fails = (quantity.median is not None and median > quantity.median) or (
            quantity.p90 is not None and p90 > quantity.p90
        )
        target = ", ".join(
            f"{name} <= {limit}" for name, limit in (("median", quantity.median), ("p90", quantity.p90)) if limit
        )
        print(
            f"{quantity.name:40} {len(values):4} {median:9.3f} {p90:8.3f} {max(values):9.2f}"
            f"   {target}{'  MISSED' if fails else ''}"
        )
        met = met and not fails
    return met


def predicted_outcome(row: Row) -> str:
    """Return what the estimate says of a start: one of the three outcomes, or `uncertain`."""
    assert row.model is not None  # noqa: S101
    if next(refusals(row.model, row.gpu, row.server), None) is not None:
        return CONFIGURATION
    done = _estimated(row)
    if done is None:
        return ""
    return {Verdict.FITS: STARTS, Verdict.DOES_NOT_FIT: MEMORY}.get(done.verdict, "uncertain")


def report_outcomes(rows: list[Row]) -> bool:
    """Print predicted against real outcomes; return whether the targets are met."""
    judged = [(row, predicted_outcome(row)) for row in rows if row.outcome and row.states_enough and row.gpu]
    table = Counter((row.outcome, said) for row, said in judged)
    columns = (STARTS, MEMORY, CONFIGURATION, "uncertain")
    print(f"\n{'outcome (rows that state enough)':34}" + "".join(f"{'said ' + c:>32}" for c in columns))
    for real in (STARTS, MEMORY, CONFIGURATION):
        print(f"{real:34}" + "".join(f"{table[real, said]:32}" for said in columns))
    certain = [(row, said) for row, said in judged if said != "uncertain"]
    right = sum(row.outcome == said for row, said in certain)
    uncertain = len(judged) - len(certain)
    false_fits = sum(said == STARTS and row.outcome == MEMORY for row, said in certain)
    told = sum(row.free is not None for row, _ in judged)
    for row, said in judged:
        if said != row.outcome:
            print(f"  {row.outcome}, said {said}: {row.cells['model']} {row.cells['gpu_name']} {row.cells['outcome']}")
    if not judged:
        return True
    print(
        f"right {right} of {len(certain)} certain ({right / max(len(certain), 1):.1%}, target 95 %); uncertain "
        f"{uncertain} of {len(judged)} ({uncertain / len(judged):.1%}, target 15 %); false 'fits' {false_fits} "
        f"(target 1); free memory told by {told} rows"
    )
    return right >= 0.95 * len(certain) and uncertain <= 0.15 * len(judged) and false_fits <= 1


def report_rows(rows: list[Row]) -> None:
    """Print predicted against measured for every row that can be estimated."""
    print(f"{'model':44} {'GPU':20} {'tp':>2} {'version':9} {'weights':>15} {'activation':>13} {'pool':>15}  verdict")
    for row in rows:
        done = _estimated(row)
        if done is None:
            continue
        cells = row.cells
        pairs = [
            f"{value / GIB:6.2f}/{cells[column] or '-':>6.6}"
            for value, column in (
                (done.weights, "weights_gib"),
                (done.activation, "peak_activation_gib"),
                (done.pool, "kv_cache_mem_gib"),
            )
        ]
        print(
            f"{cells['model'][:44]:44} {cells['gpu_name'][:20]:20} {row.server.tensor:2} {cells['vllm_version'][:9]:9} "
            f"{pairs[0]:>15} {pairs[1]:>13} {pairs[2]:>15}  {predicted_outcome(row)} ({row.outcome or 'dropped'})"
        )


def cross_validate(rows: list[Row]) -> None:
    """Fit the fitted constants on every second row and measure them on the others, both ways."""
    for name, half in (("even", 0), ("odd", 1)):
        fitting, testing = rows[half::2], rows[1 - half :: 2]
        fitted = _fit(fitting)
        changed = [row._replace(engine=fitted.get(row.engine.since, row.engine)) for row in testing]
        errors = QUANTITIES[0].errors(changed)
        values = [error.percent for error in errors]
        if values:
            print(
                f"fitted on {name} rows, tested on the others: KV pool of {len(values)} rows, median "
                f"{statistics.median(values):.3f} %, p90 {percentile(values, 0.9):.2f} %, worst {max(values):.2f} %"
            )
        for since, engine in sorted(fitted.items()):
            beside = {size: round(value / GIB, 2) for size, value in engine.non_torch.items()}
            print(
                f"  {'.'.join(map(str, since))}: sampler {engine.sampler_bytes:.2f} bytes, beside PyTorch {beside} GiB"
            )


def _fit(rows: list[Row]) -> dict[tuple[int, ...], Engine]:
    """Return engines whose sampler bytes and memory beside PyTorch are the medians of the given rows."""
    fitted = {}
    for since in {row.engine.since for row in rows}:
        own = [row for row in rows if row.engine.since == since and _plain(row)]
        if not own:
            continue
        engine = own[0].engine
        sampler = [value for row in own if (value := _sampler_bytes(row)) is not None]
        beside = {}
        for size in engine.non_torch:
            seen = [
                value * GIB
                for row in own
                if (value := row.number("non_torch_gib")) is not None
                and max(s for s in engine.non_torch if s <= row.server.tensor) == size
            ]
            beside[size] = round(statistics.median(seen)) if seen else engine.non_torch[size]
        fitted[since] = replace(
            engine,
            sampler_bytes=statistics.median(sampler) if sampler else engine.sampler_bytes,
            non_torch=beside,
        )
    return fitted


def _sampler_bytes(row: Row) -> float | None:
    """Solve a row's measured activation for the sampler's bytes, where the sampler decides it."""
    measured, done = row.number("peak_activation_gib"), _estimated(row)
    if measured is None or done is None or row.model is None:
        return None
    cells = done.batch.sequences * row.model.vocabulary
    without = replace(row.engine, sampler_bytes=0.0)
    assert row.gpu is not None  # noqa: S101
    rest = estimate(row.model, row.gpu, row.server, without).activation
    if done.activation - rest < done.activation // 2:
        return None
    # Both readings of `activation` differ by the sampler alone where it decides.
    return row.engine.sampler_bytes + (measured * GIB - done.activation) / cells


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    files = [argument for argument in arguments if not argument.startswith("-")]
    rows = read_rows(Path(files[0]) if files else MEASUREMENTS)
    report_rows(rows)
    met = report_quantities(rows)
    met = report_outcomes(rows) and met
    if "--cross-validate" in arguments:
        cross_validate(rows)
    print("\nall targets met" if met else "\na target is missed")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
