"""Who answers for which pods, as JSON and as CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from io import StringIO
from typing import Final

from kservegen.checks.budget.amounts import amount_as_json, write_amount
from kservegen.checks.budget.ledger import ACCELERATORS
from kservegen.commands.owner_export import OwnedPods
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.inert import inert_cell


def owners_as_json(rows: Iterable[OwnedPods]) -> list[JsonValue]:
    """Return the `owners` part of the JSON report."""
    return [_as_json(row) for row in rows]


def _as_json(row: OwnedPods) -> JsonObject:
    kind, name = row.workload
    return {
        "environment": row.environment,
        "cluster": row.cluster,
        "kind": row.kind,
        "namespace": row.namespace,
        "name": row.name,
        "entry": row.entry,
        "owner": row.owner,
        "role": row.role,
        "workload": {"kind": kind, "name": name, "selector": {**row.selector}} if kind else None,
        "labels": {**row.labels},
        "pods": {"minimum": row.pods[0], "maximum": row.pods[1]},
        "accelerators": [{"type": taken.type, "each": amount_as_json(taken.each)} for taken in row.accelerators],
    }


def owners_as_csv(rows: Iterable[OwnedPods]) -> str:
    """Write one line per row; labels as selectors of kubectl, accelerators those of one pod."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([inert_cell(cell(row)) for cell in _COLUMNS.values()] for row in rows)
    return out.getvalue()


def _selector(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())


_COLUMNS: Final[Mapping[str, Callable[[OwnedPods], str]]] = {
    "environment": lambda row: row.environment,
    "cluster": lambda row: row.cluster,
    "namespace": lambda row: row.namespace,
    "owner": lambda row: row.owner,
    "entry": lambda row: row.entry,
    "kind": lambda row: row.kind,
    "name": lambda row: row.name,
    "role": lambda row: row.role,
    "workloadKind": lambda row: row.workload[0],
    "workload": lambda row: row.workload[1],
    "selector": lambda row: _selector(row.selector),
    "labels": lambda row: _selector(row.labels),
    "minPods": lambda row: str(row.pods[0]),
    "maxPods": lambda row: str(row.pods[1]),
    "accelerators": lambda row: "; ".join(
        f"{write_amount(ACCELERATORS, taken.each)} {taken.type or '?'}" for taken in row.accelerators
    ),
}
