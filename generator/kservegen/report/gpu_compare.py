"""A model on several cards, as one table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from kservegen.checks.gpu.estimate import FitVerdict
from kservegen.checks.gpu.model import GIB, Seconds
from kservegen.commands.gpu_compare import ComparedGpu, ServerToPlace
from kservegen.core.jsontypes import JsonObject
from kservegen.formats.inert import printable
from kservegen.report.summary import broken
from kservegen.report.text import BOLD, GREEN, RED, YELLOW, Paint, painter

_HEAD: Final = ("GPUs", "tp", "verdict", "KV cache GiB", "full", "half", "start s", "per hour")
_VERDICT, _FIRST_NUMBER = 2, 3
_NARROWEST: Final = 40
_COLOURS: Final = {"fits": GREEN, "uncertain": YELLOW, "does not fit": RED, "refused": RED}


def render_gpu_comparison(rows: Sequence[ComparedGpu], *, colour: bool, width: int, nothing: str = "") -> str:
    """Write one row for each candidate and parallel size; an empty cell says that nothing is known.

    Where `width` does not hold the table, each row becomes a sentence. Without rows `nothing` says why there are none.
    """
    if not rows:
        return f"{nothing}\n"
    paint, lines = painter(colour), list[str]()
    for server, found in groupby(rows, key=lambda row: row.server):
        own = [*found]
        lines += [*_title(server, own, paint, width), *_body(own, paint, width), ""]
    reasons = dict.fromkeys(
        f"not estimated: {printable(row.fit.unknown)} is not known" for row in rows if row.fit.unknown
    )
    refusals = dict.fromkeys(f"refused: {printable(refusal.message)}" for row in rows for refusal in row.fit.refused)
    return "\n".join([*lines[:-1], *(line for reason in (*reasons, *refusals) for line in _wrapped(reason, width)), ""])


def _title(server: ServerToPlace, rows: Sequence[ComparedGpu], paint: Paint, width: int) -> Iterator[str]:
    """Say whose rows these are, and what holds for all of them."""
    workload = server.workload
    said = [printable(server.key)]
    if workload.model and workload.model != server.key:
        said[0] += f" ({printable(workload.model)})"
    if server.environment:
        said[0] += f" in {printable(server.environment)}"
    if workload.role not in {"main", "predictor"}:
        said[0] += f", {workload.role}"
    version, done = server.version or f"{rows[0].fit.assumed} (assumed)", rows[0].fit.estimate
    said.append(f"vLLM {version}")
    model = rows[0].fit.model
    if model is not None and model.sibling:
        said.append(f"dimensions of its sibling {printable(model.sibling)}")
    for line in _wrapped(", ".join(said), width):
        yield paint(line, BOLD)
    if done is not None and done.length:
        yield from _wrapped(f"full, half: requests at once of {done.length:,} and {done.length // 2:,} tokens", width)


def _body(rows: Sequence[ComparedGpu], paint: Paint, width: int) -> Iterator[str]:
    cells = [_cells(row) for row in rows]
    used = [i for i in range(len(_HEAD)) if i < _FIRST_NUMBER or any(line[i] for line in cells)]
    table = [[line[i] for i in used] for line in (_HEAD, *cells)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    if sum(widths) + 2 * (len(widths) - 1) > width:
        for row in rows:
            yield from _sentence(row, paint, width)
        return
    for number, line in enumerate(table):
        aligned = [
            cell.rjust(size) if index >= _FIRST_NUMBER else cell.ljust(size)
            for index, (cell, size) in enumerate(zip(line, widths, strict=True))
        ]
        if number:
            aligned[_VERDICT] = paint(aligned[_VERDICT], _COLOURS.get(line[_VERDICT], ""))
            yield "  ".join(aligned).rstrip()
        else:
            yield paint("  ".join(aligned).rstrip(), BOLD)


def _sentence(row: ComparedGpu, paint: Paint, width: int) -> Iterator[str]:
    gpus, tensor, verdict, pool, full, half, start, price = _cells(row)
    yield f"{gpus}, tp {tensor}: {paint(verdict, _COLOURS.get(verdict, ''))}"
    said = [
        f"KV cache {pool} GiB" if pool else "",
        f"{full} requests of full length" if full else "",
        f"{half} of half length" if half else "",
        f"start {start} s" if start else "",
        f"{price} per hour" if price else "",
    ]
    yield from (f"  {line}" for line in _wrapped(", ".join(filter(None, said)), width - 2))


def _wrapped(line: str, width: int) -> list[str]:
    return broken(line, max(width, _NARROWEST))


def _cells(row: ComparedGpu) -> tuple[str, ...]:
    done = row.fit.estimate
    named = (f"{row.count} x {row.gpu.name}", str(row.tensor))
    price = "" if row.price is None else f"{row.price:.2f}"
    if row.fit.refused or done is None:
        return (*named, _verdict(row), "", "", "", "", price)
    pool = f"{done.pool / GIB:.1f} -{done.band.below / GIB:.1f} +{done.band.above / GIB:.1f}"
    half = "" if row.half is None else f"{row.half:.1f}"
    start = "" if row.start is None else _span(row.start.whole)
    return (*named, _verdict(row), pool, f"{done.concurrency:.1f}", half, start, price)


def _verdict(row: ComparedGpu) -> str:
    if row.fit.refused:
        return "refused"
    return FitVerdict(row.fit.estimate.verdict).value if row.fit.estimate is not None else "not estimated"


def _span(time: Seconds) -> str:
    return f"{time.least}-{time.most}"


def gpu_comparison_as_json(rows: Iterable[ComparedGpu]) -> list[JsonObject]:
    """Return the rows for the JSON report; sizes are bytes of one GPU, times are seconds."""
    return [_json(row) for row in rows]


def _json(row: ComparedGpu) -> JsonObject:
    done = row.fit.estimate
    return {
        "environment": row.server.environment,
        "subject": row.server.subject,
        "gpu": row.gpu.name,
        "gpus": row.count,
        "tensorParallelSize": row.tensor,
        "verdict": _verdict(row),
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
