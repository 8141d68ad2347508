"""Accounts of GPU memory as text and as JSON: a table, and a bar for each server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from kservegen.checks.gpu.check import explain_gate, gib
from kservegen.checks.gpu.estimate import CONTEXT, Estimate, FitVerdict
from kservegen.checks.gpu.model import GIB, Gpu
from kservegen.commands.gpu import Account, UnestimatedObject
from kservegen.core.jsontypes import JsonObject
from kservegen.formats.inert import printable
from kservegen.report.tables import TableColumn, table_lines
from kservegen.report.terminal import beside, fitted
from kservegen.report.text import BOLD, DIM, GREEN, RED, YELLOW, Paint, painter

_WIDTH: Final = 64
_BESIDE: Final = 28  # of a bar: how much the GPU has
_NARROW: Final = 24
_COLOURS: Final = {FitVerdict.FITS: GREEN, FitVerdict.UNCERTAIN: YELLOW, FitVerdict.DOES_NOT_FIT: RED}
_UNKNOWN: Final = "not estimated"
_REFUSED: Final = "refused"
BEYOND: Final = "beyond the card"  # the part of a server that does not fit


class Part(NamedTuple):
    """One part of a card: its name, its bytes, and how it is drawn with and without colours."""

    name: str
    size: int
    glyph: str
    colour: str


def render_gpu(
    accounts: Sequence[Account],
    others: Sequence[UnestimatedObject] = (),
    *,
    colour: bool,
    width: int = 0,
    model: str | None = None,
) -> str:
    """Write the table and, below it, bar, sum and advice of each server; then what was not estimated, and a legend.

    A server that is the same in several environments is told once. `model` is what was asked for, None for all.
    """
    if not accounts and not others:
        return f"{printable(model)} asks for no GPU\n" if model else "no model asks for a GPU\n"
    paint = painter(colour)
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Account]] = {}
    for account in accounts:
        told = (_row(account), tuple(_details(account, painter(False), 0)))
        alike.setdefault(told, []).append(account)
    groups = list(alike.values())
    lines = [*_table(groups, paint, width), ""] if groups else []
    for group in groups:
        title = f"{_called(group[0])} in {_named(group)}: {printable(group[0].fit.workload.model) or 'model unknown'}"
        lines += [*fitted([paint(title, BOLD), *_details(group[0], paint, width)], width), ""]
    untold: dict[tuple[str, str], list[str]] = {}
    for it in others:
        untold.setdefault((it.key, it.reason), []).append(it.environment)
    said = (
        f"{printable(key)} in {', '.join(where)}: {_UNKNOWN}: {printable(why)}" for (key, why), where in untold.items()
    )
    lines += [*fitted(said, width), *([""] if others else [])]
    if any(account.fit.estimate is not None for account in accounts):
        lines += fitted((paint(line, DIM) for line in _legend_of(accounts)), width)
    return "\n".join(lines).rstrip("\n") + "\n"


def _named(group: Sequence[Account]) -> str:
    return ", ".join(account.environment for account in group)


def _legend_of(accounts: Sequence[Account]) -> Iterator[str]:
    """Explain the figures, those that are shown alone."""
    yield "KV tokens: what the KV cache holds; full-length requests: how many of the longest context at once"
    yield "parallel: GPUs by tensor x pipeline x data parallelism; utilization: the share of a GPU that vLLM takes"
    yield "KV cache may be: as far off as nine of ten recorded starts on real GPUs were, at most"
    if any(not account.fit.version for account in accounts):
        yield "?: the version of vLLM is not known, this one is assumed"


def _table(groups: Sequence[Sequence[Account]], paint: Paint, width: int) -> list[str]:
    def weighed(index: int, cell: str) -> str:
        account = groups[index][0]
        done = account.fit.estimate
        return paint(cell, _COLOURS[_weight(account, done)]) if done is not None else cell

    columns = (
        TableColumn("model"),
        TableColumn("environment"),
        TableColumn("GPU"),
        TableColumn("vLLM"),
        TableColumn("verdict", paint=weighed),
        TableColumn("KV tokens", is_number=True),
        TableColumn("full-length requests", is_number=True),
    )
    rows = [(_called(group[0]), _named(group), *_row(group[0])) for group in groups]
    return table_lines(columns, rows, width, paint)


def _called(account: Account) -> str:
    role = account.fit.workload.role
    return printable(account.key) + ("" if role in {"main", "predictor"} else f" ({role})")


def _weight(account: Account, done: Estimate) -> FitVerdict:
    return FitVerdict.DOES_NOT_FIT if account.fit.refuses else done.verdict


def _row(account: Account) -> tuple[str, ...]:
    fit, workload = account.fit, account.fit.workload
    done = fit.estimate
    gpu = f"{workload.gpus * workload.nodes} x {fit.gpu.name if fit.gpu else '?'}"
    verdict = _REFUSED if fit.refuses else done.verdict.value if done else _UNKNOWN
    numbers = (f"{done.tokens:,}", f"{done.concurrency:.2f}") if done and not fit.refuses else ("", "")
    version = fit.version or f"{fit.assumed}?"
    return (gpu, version, verdict, *numbers)


def _details(account: Account, paint: Paint, width: int) -> Iterator[str]:
    fit = account.fit
    done, gpu = fit.estimate, fit.gpu
    if done is None or gpu is None:
        yield f"  not estimated: {printable(fit.unknown)}"
    else:
        parts = parts_of(done)
        wide = min(_WIDTH, max(width - _BESIDE, _NARROW)) if width else _WIDTH
        yield f"  {_bar(parts, done.memory, paint, wide)}  {gib(done.memory)} on each {gpu.name}{_source(gpu)}"
        yield from beside(["GiB:", *(_legend(part, paint) for part in parts)], width)
        yield paint(f"  {_facts(account, done)}", DIM)
        yield from (f"  {why}" for why in (fit.lacking, fit.misread) if why)
        if done.verdict is not FitVerdict.FITS and not fit.refuses:
            yield f"  {done.verdict.value}: {explain_gate(done)}"
    for finding in account.findings:
        if finding.rule == "gpu/unknown-model":
            continue
        if not finding.rule.endswith("fit"):
            yield f"  {printable(finding.message)}: {printable(finding.seen)} [{finding.rule}]"
        if finding.hint:
            yield f"  {printable(finding.hint)}"


def _source(gpu: Gpu) -> str:
    return ", as the environment says" if gpu.from_environment else ""


def parts_of(done: Estimate) -> tuple[Part, ...]:
    """Divide the card: what lies in it once the server runs; free is what nobody takes."""
    overhead = done.non_torch + CONTEXT + done.graphs
    cache = max(done.pool, 0)
    free = done.memory - done.weights - cache - done.activation - overhead
    return (
        Part("weights", done.weights, "█", "\x1b[34m"),
        Part("KV cache", cache, "▓", GREEN),
        Part("activation", done.activation, "▒", YELLOW),
        Part("overhead", overhead, "░", "\x1b[35m"),
        Part("free", free, "·", DIM) if free >= 0 else Part(BEYOND, -free, "!", RED),
    )


def _bar(parts: Iterable[Part], memory: int, paint: Paint, width: int) -> str:
    """Draw the parts to scale; what is more than the card is not drawn beyond its end."""
    out, drawn, total = [], 0, 0
    for part in parts:
        total += part.size
        end = min(round(total / memory * width), width)
        out.append(paint(part.glyph * (end - drawn), part.colour) if end > drawn else "")
        drawn = max(end, drawn)
    return "".join(out)


def _legend(part: Part, paint: Paint) -> str:
    return f"{paint(part.glyph, part.colour)} {part.name} {part.size / GIB:.2f}"


def _facts(account: Account, done: Estimate) -> str:
    server = account.fit.workload.server
    said = [
        f"context {done.length:,}",
        f"sequences {done.batch.sequences:,}",
        f"batched tokens {done.batch.tokens:,}",
        f"utilization {done.utilization:g}",
        f"parallel {server.tensor} x {server.pipeline} x {server.data}",
        f"KV cache may be {done.band.below / GIB:.2f} GiB less to {done.band.above / GIB:.2f} GiB more",
    ]
    if account.fit.model is not None:
        sibling = account.fit.model.sibling
        said.append(f"dimensions from {account.fit.known_from}" + (f" (sibling {sibling})" if sibling else ""))
    if not account.fit.version:
        said.append(f"version of vLLM unknown, {account.fit.assumed} assumed")
    return ", ".join(said)


def gpu_as_json(accounts: Iterable[Account], others: Iterable[UnestimatedObject] = ()) -> list[JsonObject]:
    """Return the accounts for the JSON report; sizes are bytes of one GPU."""
    return [*(_json(account) for account in accounts), *map(_unestimated_as_json, others)]


def _unestimated_as_json(item: UnestimatedObject) -> JsonObject:
    return {
        "environment": item.environment,
        "subject": item.subject,
        "role": "",
        "model": "",
        "gpu": None,
        "gpuSource": None,
        "gpus": 0,
        "vllm": None,
        "verdict": _UNKNOWN,
        "unknown": item.reason,
        "knownFrom": None,
        "refusals": [],
        "advice": [],
    }


def _json(account: Account) -> JsonObject:
    fit, done = account.fit, account.fit.estimate
    entry: JsonObject = {
        "environment": account.environment,
        "subject": account.subject,
        "role": fit.workload.role,
        "model": fit.workload.model,
        "gpu": fit.gpu.name if fit.gpu else None,
        "gpuSource": None if fit.gpu is None else "environment" if fit.gpu.from_environment else "table",
        "gpus": fit.workload.gpus * fit.workload.nodes,
        "vllm": fit.version or None,
        "verdict": _REFUSED if fit.refuses else done.verdict.value if done else _UNKNOWN,
        "unknown": fit.unknown or None,
        "knownFrom": fit.known_from if fit.model else None,
        "sibling": fit.model.sibling or None if fit.model else None,
        "vllmAssumed": fit.engine.assumed,
        "refusals": list(fit.refuses),
        "advice": [finding.hint for finding in account.findings if finding.hint],
    }
    if done is not None:
        entry["estimate"] = {
            "gate": done.gate.value if done.gate else None,
            "memory": done.memory,
            "budget": done.budget,
            "weights": done.weights,
            "activation": done.activation,
            "nonTorch": done.non_torch,
            "graphs": done.graphs,
            "pool": done.pool,
            "band": {"below": done.band.below, "above": done.band.above},
            "maxModelLen": done.length,
            "longest": done.longest,
            "neededForOneRequest": done.needed,
            "blocks": done.blocks,
            "tokens": done.tokens,
            "concurrency": round(done.concurrency, 4),
            "stateBlocks": {"least": done.least_blocks, "most": done.most_blocks},
            "maxNumSeqs": done.batch.sequences,
            "maxNumBatchedTokens": done.batch.tokens,
        }
    return entry
