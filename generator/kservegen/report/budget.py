"""What environments take, as a terminal's table with bars, as JSON and as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from fractions import Fraction
from io import StringIO
from typing import Final

from kservegen.checks.budget.amounts import amount_as_json, write_amount
from kservegen.checks.budget.overview import Overview, Row
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.inert import inert_cell, printable
from kservegen.report.tables import TableColumn, table_lines
from kservegen.report.terminal import fitted
from kservegen.report.text import BOLD, DIM, GREEN, RED, YELLOW, Paint, painter

_BAR: Final = 20
_NO_VALUE: Final = "-"


def budget_as_text(overviews: Sequence[Overview], *, colour: bool, width: int) -> str:
    """Draw each environment: its budgets with bars, its accelerators with what they cost, its owners.

    Environments of which all is the same are told once. Below, what the words and the bars mean.
    """
    paint, out = painter(colour), list[str]()
    alike: dict[str, list[Overview]] = {}
    for shown in overviews:
        alike.setdefault(repr((shown.budgets, shown.accelerators, shown.owners)), []).append(shown)
    for same in alike.values():
        out.append(paint(", ".join(printable(shown.environment) for shown in same), BOLD))
        shown = same[0]
        parts = [
            ("Budgets", _budgets(shown.budgets, paint, width) if shown.budgets else [_NO_BUDGETS]),
            ("Accelerators", _accelerators(shown.accelerators, paint, width) if shown.accelerators else []),
            ("Owners", _owners(shown.owners, paint, width) if shown.owners else ["nothing is asked for"]),
        ]
        for title, lines in parts:
            if lines:
                out += [paint(title, BOLD), *(f"  {line}" for line in lines)]
        out.append("")
    has_bars = any("│" in line for line in out)  # a narrow table has none
    out += (paint(line, DIM) for line in (*_WORDS, *(_BARS if has_bars else ())))
    return "\n".join(fitted(out, width)) + "\n"


_NO_BUDGETS: Final = "none: add some under budgets in the environment's file"
_WORDS: Final = (
    "least, most, used: what all pods request at minReplicas and at maxReplicas (used: at maxReplicas)",
    "rollout: at maxReplicas, while the object that takes the most beside its old pods rolls",
    "change: against what is rendered; cost: of a month at maxReplicas, by pricePerHour",
)
_BARS: Final = ("█ used, ▒ added by a rollout, · left, │ what is granted",)


def _budgets(rows: Sequence[Row], paint: Paint, width: int) -> list[str]:
    columns = (
        TableColumn("budget"),
        TableColumn("of"),
        TableColumn("used", is_number=True),
        TableColumn("", is_picture=True, paint=lambda index, bar: paint(bar, _colour(rows[index]))),
        TableColumn("granted", is_number=True),
        TableColumn("left", is_number=True),
        TableColumn("rollout", is_number=True),
        TableColumn("change", is_number=True),
    )
    cells = [
        (
            printable(row.name),
            printable(row.resource),
            write_amount(row.resource, row.used.maximum),
            _bar(row),
            _write(row, row.granted),
            _write(row, row.left),
            write_amount(row.resource, row.used.rollout),
            _change(row),
        )
        for row in rows
    ]
    return table_lines(columns, cells, _inside(width), paint)


def _inside(width: int) -> int:
    """Return how wide what is indented may be."""
    return width - 2 if width else 0


def _colour(row: Row) -> str:
    granted = row.granted or Fraction(0)
    return RED if row.used.maximum > granted else YELLOW if row.used.rollout > granted else GREEN


def _bar(row: Row) -> str:
    """Draw what is used, and beyond it what a rolling update adds, of what is granted."""
    granted = row.granted or Fraction(0)
    whole = max(granted, row.used.rollout) or Fraction(1)
    used = _cells(row.used.maximum, whole)
    rollout = _cells(row.used.rollout, whole) - used
    end = _cells(granted, whole)
    cells = "█" * used + "▒" * rollout
    return f"{cells[:end].ljust(end, '·')}│{cells[end:]}"


def _cells(amount: Fraction, whole: Fraction) -> int:
    cells = round(amount / whole * _BAR)
    return max(cells, 1) if amount else 0


def _accelerators(rows: Sequence[Row], paint: Paint, width: int) -> list[str]:
    numbers = ("least", "most", "rollout", "change", "cost a month")
    columns = (TableColumn("type"), *(TableColumn(title, is_number=True) for title in numbers))
    cells = [
        (
            printable(row.name),
            write_amount(row.resource, row.used.minimum),
            write_amount(row.resource, row.used.maximum),
            write_amount(row.resource, row.used.rollout),
            _change(row),
            _NO_VALUE if row.cost is None else f"{float(row.cost):,.0f}",
        )
        for row in rows
    ]
    return table_lines(columns, cells, _inside(width), paint)


def _owners(rows: Sequence[Row], paint: Paint, width: int) -> list[str]:
    numbers = ("least", "most", "rollout", "change")
    columns = (TableColumn("owner"), TableColumn("resource"), *(TableColumn(t, is_number=True) for t in numbers))
    cells = [
        (
            printable(row.name),
            printable(row.resource),
            write_amount(row.resource, row.used.minimum),
            write_amount(row.resource, row.used.maximum),
            write_amount(row.resource, row.used.rollout),
            _change(row),
        )
        for row in rows
    ]
    return table_lines(columns, cells, _inside(width), paint)


def _write(row: Row, amount: Fraction | None) -> str:
    return _NO_VALUE if amount is None else write_amount(row.resource, amount)


def _change(row: Row) -> str:
    change = row.change
    if change is None:
        return _NO_VALUE
    return ("+" if change > 0 else "") + write_amount(row.resource, change) if change else "0"


def budget_as_json(overviews: Sequence[Overview]) -> list[JsonValue]:
    """Return the `budget` part of the JSON report; amounts in cores, bytes and devices."""
    return [
        {
            "environment": shown.environment,
            "budgets": [_row_as_json(row) for row in shown.budgets],
            "accelerators": [_row_as_json(row) for row in shown.accelerators],
            "owners": [_row_as_json(row) for row in shown.owners],
        }
        for shown in overviews
    ]


def _row_as_json(row: Row) -> JsonObject:
    amounts = {
        "minimum": row.used.minimum,
        "maximum": row.used.maximum,
        "rollout": row.used.rollout,
        "before": row.before,
        "granted": row.granted,
        "left": row.left,
        "costPerMonth": row.cost,
    }
    numbers: JsonObject = {name: amount_as_json(amount) for name, amount in amounts.items()}
    return {"name": row.name, "scope": row.scope, "resource": row.resource, **numbers}


def budget_as_csv(overviews: Sequence[Overview]) -> str:
    """Write one line per row; the columns are those of the JSON report."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    header: list[str] = []
    for kind, environment, row in _all_rows(overviews):
        values = _row_as_json(row)
        if not header:
            header = ["environment", "table", *values]
            writer.writerow(header)
        writer.writerow([inert_cell(environment), kind, *map(_csv_cell, values.values())])
    return out.getvalue()


def _csv_cell(value: JsonValue) -> JsonValue:
    return "" if value is None else inert_cell(value) if isinstance(value, str) else value


def _all_rows(overviews: Sequence[Overview]) -> Iterator[tuple[str, str, Row]]:
    for shown in overviews:
        for kind, rows in (
            ("budgets", shown.budgets),
            ("accelerators", shown.accelerators),
            ("owners", shown.owners),
        ):
            for row in rows:
                yield kind, shown.environment, row
