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
from kservegen.report.text import BOLD, DIM, GREEN, RED, YELLOW, Paint, painter

_WIDTH: Final = 64
_COLOURS: Final = {FitVerdict.FITS: GREEN, FitVerdict.UNCERTAIN: YELLOW, FitVerdict.DOES_NOT_FIT: RED}
_UNKNOWN: Final = "not estimated"
_REFUSED: Final = "refused"


class Part(NamedTuple):
    """One part of a card: its name, its bytes, and how it is drawn with and without colours."""

    name: str
    size: int
    glyph: str
    colour: str


def render_gpu(accounts: Sequence[Account], others: Sequence[UnestimatedObject] = (), *, colour: bool) -> str:
    """Write the table and, below it, bar, sum and advice of each server; then what was not estimated at all."""
    if not accounts and not others:
        return "no model asks for a GPU\n"
    paint = painter(colour)
    lines = [*_table(accounts, paint), ""] if accounts else []
    for account in accounts:
        lines += [*_details(account, paint), ""]
    lines += [f"{printable(it.key)} in {it.environment}: {_UNKNOWN}: {printable(it.reason)}" for it in others]
    return "\n".join([*lines, *([""] if others else [])])


def _table(accounts: Sequence[Account], paint: Paint) -> Iterator[str]:
    head = ("environment", "model", "GPU", "vLLM", "verdict", "KV tokens", "full-length requests")
    rows = [_row(account) for account in accounts]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    yield paint("  ".join(name.ljust(width) for name, width in zip(head, widths, strict=True)).rstrip(), BOLD)
    for account, row in zip(accounts, rows, strict=True):
        cells = [
            cell.rjust(width) if index >= _FIRST_NUMBER else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        done = account.fit.estimate
        if done is not None:
            cells[_VERDICT] = paint(cells[_VERDICT], _COLOURS[_weight(account, done)])
        yield "  ".join(cells).rstrip()


_VERDICT, _FIRST_NUMBER = 4, 5


def _weight(account: Account, done: Estimate) -> FitVerdict:
    return FitVerdict.DOES_NOT_FIT if account.fit.refused else done.verdict


def _row(account: Account) -> tuple[str, ...]:
    fit, workload = account.fit, account.fit.workload
    done = fit.estimate
    gpu = f"{workload.gpus * workload.nodes} x {fit.gpu.name if fit.gpu else '?'}"
    role = "" if workload.role in {"main", "predictor"} else f" ({workload.role})"
    verdict = _REFUSED if fit.refused else done.verdict.value if done else _UNKNOWN
    numbers = (f"{done.tokens:,}", f"{done.concurrency:.2f}") if done and not fit.refused else ("", "")
    version = fit.version or f"{fit.assumed}?"
    return (account.environment, printable(account.key) + role, gpu, version, verdict, *numbers)


def _details(account: Account, paint: Paint) -> Iterator[str]:
    fit = account.fit
    done, gpu = fit.estimate, fit.gpu
    title = f"{printable(account.key)} in {account.environment}: {printable(fit.workload.model) or 'model unknown'}"
    yield paint(title, BOLD)
    if done is None or gpu is None:
        yield f"  not estimated: {printable(fit.unknown)}"
    else:
        parts = parts_of(done)
        yield f"  {_bar(parts, done.memory, paint)}  {gib(done.memory)} on each {gpu.name}{_source(gpu)}"
        yield "  " + "  ".join(_legend(part, paint) for part in parts)
        yield paint(f"  {_facts(account, done)}", DIM)
        if done.verdict is not FitVerdict.FITS and not fit.refused:
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
        Part("free", free, "·", DIM) if free >= 0 else Part("missing", -free, "!", RED),
    )


def _bar(parts: Iterable[Part], memory: int, paint: Paint) -> str:
    """Draw the parts to scale; what is more than the card is not drawn beyond its end."""
    out, drawn, total = [], 0, 0
    for part in parts:
        total += part.size
        end = min(round(total / memory * _WIDTH), _WIDTH)
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
        f"pool -{done.band.below / GIB:.2f} +{done.band.above / GIB:.2f} GiB",
    ]
    if account.fit.model is not None:
        sibling = account.fit.model.sibling
        said.append(f"dimensions from {account.fit.model.known_from}" + (f" (sibling {sibling})" if sibling else ""))
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
        "verdict": _REFUSED if fit.refused else done.verdict.value if done else _UNKNOWN,
        "unknown": fit.unknown or None,
        "knownFrom": fit.model.known_from if fit.model else None,
        "sibling": fit.model.sibling or None if fit.model else None,
        "vllmAssumed": fit.engine.assumed,
        "refusals": [refusal.message for refusal in fit.refused],
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
