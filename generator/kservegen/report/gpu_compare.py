"""A model on several cards as one table, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from kservegen.checks.gpu.model import GIB
from kservegen.checks.gpu.start import Seconds
from kservegen.commands.gpu_compare import ComparedGpu
from kservegen.core.jsontypes import JsonObject
from kservegen.formats.inert import printable
from kservegen.report.text import BOLD, painter

_HEAD: Final = (
    "environment",
    "model",
    "GPUs",
    "tp",
    "verdict",
    "KV cache GiB",
    "full length",
    "half length",
    "start s",
    "per hour",
)
_FIRST_NUMBER: Final = 5


def render_gpu_comparison(rows: Sequence[ComparedGpu], *, colour: bool) -> str:
    """Write one row for each candidate and parallel size; an empty cell says that nothing is known."""
    if not rows:
        return "no model asks for a GPU, or no size of --tp fits the candidates\n"
    cells = [_cells(row) for row in rows]
    widths = [max(len(line[i]) for line in (_HEAD, *cells)) for i in range(len(_HEAD))]
    lines = [
        "  ".join(
            cell.rjust(width) if index >= _FIRST_NUMBER else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (_HEAD, *cells)
    ]
    lines[0] = painter(colour)(lines[0], BOLD)
    reasons = dict.fromkeys(printable(row.fit.unknown) for row in rows if row.fit.unknown)
    return "\n".join([*lines, *(f"not estimated: {reason}" for reason in reasons), ""])


def _cells(row: ComparedGpu) -> tuple[str, ...]:
    done, account = row.fit.estimate, row.account
    named = (account.environment, printable(account.key), f"{row.count} x {row.gpu.name}", str(row.tensor))
    price = "" if row.price is None else f"{row.price:.2f}"
    if row.fit.refused:
        return (*named, f"refused: {row.fit.refused[0].matter.value}", "", "", "", "", price)
    if done is None:
        return (*named, "not estimated", "", "", "", "", price)
    pool = f"{done.pool / GIB:.1f} -{done.band.below / GIB:.1f} +{done.band.above / GIB:.1f}"
    half = "" if row.half is None else f"{row.half:.1f}"
    start = "" if row.start is None else _span(row.start.whole)
    return (*named, done.verdict.value, pool, f"{done.concurrency:.1f}", half, start, price)


def _span(time: Seconds) -> str:
    return f"{time.least}-{time.most}"


def gpu_comparison_as_json(rows: Iterable[ComparedGpu]) -> list[JsonObject]:
    """Return the rows for the JSON report; sizes are bytes of one GPU, times are seconds."""
    return [_json(row) for row in rows]


def _json(row: ComparedGpu) -> JsonObject:
    done = row.fit.estimate
    return {
        "environment": row.account.environment,
        "subject": row.account.subject,
        "gpu": row.gpu.name,
        "gpus": row.count,
        "tensorParallelSize": row.tensor,
        "verdict": "refused" if row.fit.refused else done.verdict.value if done else "not estimated",
        "gate": done.gate.value if done and done.gate else None,
        "refusals": [refusal.message for refusal in row.fit.refused],
        "unknown": row.fit.unknown or None,
        "pool": done.pool if done else None,
        "band": {"below": done.band.below, "above": done.band.above} if done else None,
        "concurrency": round(done.concurrency, 4) if done else None,
        "concurrencyAtHalf": None if row.half is None else round(row.half, 4),
        "startSeconds": None
        if row.start is None
        else {"least": row.start.whole.least, "most": row.start.whole.most, "download": row.start.download.least},
        "pricePerHour": row.price,
    }
