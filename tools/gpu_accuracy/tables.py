"""Predicted against measured as text: rows in, tables printed, and whether every target is met out."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import Final

from tools.gpu_accuracy.quantities import QUANTITIES, Error, coverage, estimated, percentile
from tools.gpu_accuracy.rows import CONFIGURATION, MEMORY, STARTS, Row

from kservegen.checks.gpu.estimate import FitVerdict
from kservegen.checks.gpu.model import GIB
from kservegen.checks.gpu.refusals import engine_refusals


def report_quantities(rows: list[Row], *, fresh: bool) -> bool:
    """Print the errors of every quantity; return whether none falls behind its target, or behind what was reached."""
    print(f"\n{'quantity':40} {'n':>4} {'median %':>9} {'p90 %':>8} {'worst %':>9}   target")
    met = True
    for quantity in QUANTITIES:
        errors = quantity.errors(rows)
        if not errors:
            print(f"{quantity.name:40} {0:4}")
            continue
        values = [error.percent for error in errors]
        median, p90 = statistics.median(values), percentile(values, 0.9)
        wanted = quantity.targets(fresh=fresh)
        missed = any(limit is not None and value > limit for limit, value in zip(wanted, (median, p90), strict=True))
        reached = quantity.fresh_reached if fresh else (None, None)
        held = tuple(aim if kept is None else kept for aim, kept in zip(wanted, reached, strict=True))
        fails = any(limit is not None and value > limit for limit, value in zip(held, (median, p90), strict=True))
        target = ", ".join(
            f"{name} <= {limit}" for name, limit in zip(("median", "p90"), wanted, strict=True) if limit is not None
        )
        print(
            f"{quantity.name:40} {len(values):4} {median:9.3f} {p90:8.3f} {max(values):9.2f}"
            f"   {target}{'  MISSED' if missed else ''}{_held(reached)}"
        )
        if fresh and quantity.column == "kv_cache_mem_gib":
            _report_halves(errors)
        met = met and not fails
    return met


def _held(reached: tuple[float | None, float | None]) -> str:
    kept = [f"{name} {limit}" for name, limit in zip(("median", "p90"), reached, strict=True) if limit is not None]
    return f" (held below {', '.join(kept)})" if kept else ""


def _report_halves(errors: list[Error]) -> None:
    """Print an error of the sources that constants may be set by, and of those that are held out."""
    for held_out, words in ((False, "sources to fit on"), (True, "sources held out")):
        values = [error.percent for error in errors if error.row.held_out is held_out]
        if values:
            print(f"  {words:38} {len(values):4} {statistics.median(values):9.3f} {percentile(values, 0.9):8.3f}")


def report_coverage(rows: list[Row]) -> bool:
    """Print how often the band held, how wide it was, and how many rows got no answer; return whether it held."""
    found = coverage(rows)
    answered = sum(row.answered for row in rows)
    silent = 1 - answered / len(rows)
    print(f"\nno answer: {len(rows) - answered} of {len(rows)} ({silent:.1%})")
    if not found.rows:
        return True
    share, width = found.inside / found.rows, statistics.median(found.half_widths)
    met = share >= _COVERED and width <= _HALF_WIDTH
    print(
        f"band: {found.inside} of {found.rows} pools inside ({share:.1%}, target {_COVERED:.0%}"
        f"{'' if share >= _COVERED else ', MISSED'}); half of its width: median {width:.1f} % of the pool"
        f" (target {_HALF_WIDTH} %{'' if width <= _HALF_WIDTH else ', MISSED'})"
    )
    return met


_COVERED: Final = 0.9
_HALF_WIDTH: Final = 8.0  # in percent of the pool
_UNCERTAIN: Final = 0.15


def predicted_outcome(row: Row) -> str:
    """Return what the estimate says of a start: one of the three outcomes, or `uncertain`."""
    assert row.model is not None  # noqa: S101
    if next(engine_refusals(row.model, row.gpu, row.server), None) is not None:
        return CONFIGURATION
    done = estimated(row)
    if done is None:
        return ""
    return {FitVerdict.FITS: STARTS, FitVerdict.DOES_NOT_FIT: MEMORY}.get(done.verdict, "uncertain")


def report_outcomes(rows: list[Row]) -> bool:
    """Print predicted against real outcomes; return whether none misses its target."""
    judged = [(row, predicted_outcome(row)) for row in rows if row.outcome and row.answered and row.states_outcome]
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
        f"{uncertain} of {len(judged)} ({uncertain / len(judged):.1%}, target {_UNCERTAIN:.0%}"
        f"{', MISSED' if uncertain > _UNCERTAIN * len(judged) else ''}); false 'fits' {false_fits} "
        f"(target 0); free memory told by {told} rows"
    )
    return right >= 0.95 * len(certain) and uncertain <= _UNCERTAIN * len(judged) and false_fits == 0


def report_rows(rows: list[Row]) -> None:
    """Print predicted against measured for every row that can be estimated."""
    print(f"{'model':44} {'GPU':20} {'tp':>2} {'version':9} {'weights':>15} {'activation':>13} {'pool':>15}  verdict")
    for row in rows:
        done = estimated(row)
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
