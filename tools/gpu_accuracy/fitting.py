"""The fitted constants, fitted again on every second row and measured on the others."""

from __future__ import annotations

import statistics
from dataclasses import replace

from tools.gpu_accuracy.quantities import QUANTITIES, estimated, percentile, plain
from tools.gpu_accuracy.rows import Row

from kservegen.checks.gpu.estimate import estimate
from kservegen.checks.gpu.model import GIB, EngineFacts


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
            sampler_bytes=statistics.median(sampler) if sampler else engine.sampler_bytes,
            non_torch=beside,
        )
    return fitted


def _sampler_bytes(row: Row) -> float | None:
    """Solve a row's measured activation for the sampler's bytes, where the sampler decides it."""
    measured, done = row.number("peak_activation_gib"), estimated(row)
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
