"""The models of a repository as JSON, as CSV and as a table in Markdown."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from io import StringIO
from typing import Final

from kservegen.checks.budget.amounts import amount_as_json, write_amount
from kservegen.commands.model_report import ModelReport, ModelRow
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.inert import inert, inert_cell
from kservegen.git.blame import BranchChange

_SHORT: Final = 12  # digits of a commit's name and of a revision


def models_as_json(rows: Iterable[ModelRow]) -> list[JsonValue]:
    """Return the `models` part of the JSON report; accelerators in devices."""
    return [_as_json(row) for row in rows]


def _as_json(row: ModelRow) -> JsonObject:
    change = row.change
    return {
        "environment": row.environment,
        "model": row.model,
        "kind": row.kind,
        "namespace": row.namespace,
        "name": row.name,
        "owner": row.owner,
        "sources": [{"uri": s.uri, "revision": s.revision, "licence": s.licence} for s in row.sources],
        "minReplicas": row.replicas[0],
        "maxReplicas": row.replicas[1],
        "memory": amount_as_json(row.memory),
        "accelerators": [
            {
                "type": use.name,
                "minimum": amount_as_json(use.used.minimum),
                "maximum": amount_as_json(use.used.maximum),
                "costPerMonth": amount_as_json(use.cost),
            }
            for use in row.accelerators
        ],
        "waivers": [
            {
                "name": waiver.name,
                "rule": rule,
                "owner": waiver.owner,
                "reason": waiver.reason,
                "expires": waiver.expires.isoformat() if waiver.expires else None,
            }
            for waiver in row.waivers
            for rule in waiver.rule_ids
        ],
        "change": None
        if change is None
        else {
            "commit": change.commit,
            "date": change.date,
            "author": change.author,
            "approvers": list(change.approvers),
        },
    }


def models_as_csv(report: ModelReport) -> str:
    """Write one line per row; accelerators and costs are those at maxReplicas, a blank cell: nothing is known."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([inert_cell(cell(row)) for cell in _COLUMNS.values()] for row in report.rows)
    return out.getvalue()


def models_as_markdown(report: ModelReport) -> str:
    """Write a table, and below it what it cannot say; revisions and commits by their first digits."""
    lines = [f"| {' | '.join(_SHOWN)} |", f"|{'---|' * len(_SHOWN)}"]
    for row in report.rows:
        cells = {name: cell(row) for name, cell in _COLUMNS.items()}
        cells["revision"] = _joined(source.revision[:_SHORT] for source in row.sources)
        cells["commit"] = cells["commit"][:_SHORT]
        lines.append(f"| {' | '.join(inert(cells[column]) for column in _SHOWN)} |")
    notes = [f"\n{inert(note[0].upper() + note[1:])}.\n" for note in report.notes]
    return "\n".join(lines) + "\n" + "".join(notes)


def _joined(words: Iterable[str]) -> str:
    """Join what is said of several things; of one that nothing is known of a question mark, of none a blank."""
    said = list(words)
    return "; ".join(word or "?" for word in said) if any(said) else ""


def replicas_text(row: ModelRow) -> str:
    """Write how many replicas serve, the least and the most where they differ."""
    least, most = row.replicas
    return f"{most:,}" if least == most else f"{least:,} to {most:,}"


def accelerators_text(row: ModelRow) -> str:
    """Write what all replicas hold at maxReplicas, by type; blank where that is none."""
    return _joined(f"{write_amount(use.resource, use.used.maximum)} {use.name}" for use in row.accelerators)


def memory_text(row: ModelRow) -> str:
    """Write the memory that all pods request at maxReplicas; blank where they request none."""
    return write_amount("memory", row.memory) if row.memory else ""


def cost_text(row: ModelRow) -> str:
    """Write the price of a month at maxReplicas; blank where no price is stated."""
    return "" if row.cost is None else f"{float(row.cost):.2f}"


def _of_change(word: Callable[[BranchChange], str]) -> Callable[[ModelRow], str]:
    return lambda row: word(row.change) if row.change else ""


_COLUMNS: Final[Mapping[str, Callable[[ModelRow], str]]] = {
    "environment": lambda row: row.environment,
    "model": lambda row: row.model,
    "kind": lambda row: row.kind,
    "namespace": lambda row: row.namespace,
    "name": lambda row: row.name,
    "owner": lambda row: row.owner,
    "uri": lambda row: _joined(source.uri for source in row.sources),
    "revision": lambda row: _joined(source.revision for source in row.sources),
    "licence": lambda row: _joined(source.licence for source in row.sources),
    "replicas": replicas_text,
    "memory": memory_text,
    "accelerators": accelerators_text,
    "costPerMonth": cost_text,
    "waivers": lambda row: _joined(
        f"{rule} until {waiver.expires or 'no day'}" for waiver in row.waivers for rule in waiver.rule_ids
    ),
    "commit": _of_change(lambda change: change.commit),
    "date": _of_change(lambda change: change.date),
    "author": _of_change(lambda change: change.author),
    "approvers": _of_change(lambda change: _joined(change.approvers)),
}
# What a page has room for: kind and place follow from the model.
_SHOWN: Final = tuple(name for name in _COLUMNS if name not in {"kind", "namespace", "name", "author"})
