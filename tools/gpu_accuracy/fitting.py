"""The fitted constants, fitted again without one source at a time and measured on that source.

Rows of one source share a machine, an image and a setup: within a source, everything fits. What a constant is worth
elsewhere shows only where its whole source is left out.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace
from tools.gpu_accuracy.quantities import QUANTITIES, coverage, percentile, plain
from tools.gpu_accuracy.rows import Row

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
    """Return engines whose memory beside PyTorch is the median of the given rows, with and without an NVSwitch.

    What the sampling takes is derived from vLLM's source, and nothing of it is fitted.
    """
    fitted = {}
    for since in {row.engine.since for row in rows}:
        own = [row for row in rows if row.engine.since == since and plain(row)]
        if own:
            engine = own[0].engine
            switched = [row for row in own if row.gpu is not None and row.gpu.nvswitch]
            others = [row for row in own if row not in switched]
            fitted[since] = replace(
                engine,
                non_torch=_medians(engine.non_torch, switched),
                non_torch_plain=_medians(engine.non_torch_plain, others),
            )
    return fitted


def _medians(known: Mapping[int, int], rows: list[Row]) -> dict[int, int]:
    """Return the median by tensor parallel size, in bytes; what is known where no row prints it."""
    found = {}
    for size, value in known.items():
        seen = [
            printed * GIB
            for row in rows
            if (printed := row.number("non_torch_gib")) is not None
            and max(s for s in known if s <= row.server.tensor) == size
        ]
        found[size] = round(statistics.median(seen)) if seen else value
    return found
