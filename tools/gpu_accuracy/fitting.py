"""The fitted constants, fitted again without one source at a time and measured on that source.

Rows of one source share a machine, an image and a setup: within a source, everything fits. What a constant is worth
elsewhere shows only where its whole source is left out.
"""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import Final

from tools.gpu_accuracy.quantities import QUANTITIES, coverage, estimated, percentile, plain
from tools.gpu_accuracy.rows import Row

from kservegen.checks.gpu.estimate import estimate
from kservegen.checks.gpu.model import GIB, EngineFacts

_POOLS: Final = 3  # quantities that are a pool: known, the rest, and multimodal


def cross_validate(rows: list[Row]) -> None:
    """Leave out every source once: fit on the others, measure on it, and print what all of them together show."""
    changed: list[Row] = []
    print(f"\n{'left out':44} {'pools':>5} {'median %':>9} {'worst %':>8}")
    for origin in sorted({row.origin for row in rows}):
        fitted = _fit([row for row in rows if row.origin != origin])
        own = [row._replace(engine=fitted.get(row.engine.since, row.engine)) for row in rows if row.origin == origin]
        changed += own
        values = _pool_errors(own)
        if values:
            print(f"{origin[:44]:44} {len(values):5} {statistics.median(values):9.2f} {max(values):8.2f}")
    for quantity in QUANTITIES[:_POOLS]:
        values = [error.percent for error in quantity.errors(changed)]
        if values:
            print(
                f"{quantity.name}, every source left out once: {len(values)} rows, median "
                f"{statistics.median(values):.2f} %, p90 {percentile(values, 0.9):.2f} %, worst {max(values):.2f} %"
            )
    found = coverage(changed)
    print(f"band: {found.inside} of {found.rows} pools inside ({found.inside / max(found.rows, 1):.1%})")


def _pool_errors(rows: list[Row]) -> list[float]:
    return [error.percent for quantity in QUANTITIES[:_POOLS] for error in quantity.errors(rows)]


def _fit(rows: list[Row]) -> dict[tuple[int, ...], EngineFacts]:
    """Return engines whose sampler bytes and memory beside PyTorch are the medians of the given rows."""
    fitted = {}
    for since in {row.engine.since for row in rows}:
        own = [row for row in rows if row.engine.since == since and plain(row)]
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
            sampler=engine.sampler._replace(each=statistics.median(sampler)) if sampler else engine.sampler,
            non_torch=beside,
        )
    return fitted


def _sampler_bytes(row: Row) -> float | None:
    """Solve a row's measured activation for the sampler's bytes, where the sampler decides it."""
    measured, done = row.number("peak_activation_gib"), estimated(row)
    if measured is None or done is None or row.model is None:
        return None
    cells = done.batch.sequences * row.model.vocabulary
    without = replace(row.engine, sampler=row.engine.sampler._replace(each=0.0))
    assert row.gpu is not None  # noqa: S101
    rest = estimate(row.model, row.gpu, row.server, without).activation
    if done.activation - rest < done.activation // 2:
        return None
    # Both readings of `activation` differ by the sampler alone where it decides.
    return row.engine.sampler.each + (measured * GIB - done.activation) / cells
