"""What environments take, as a terminal's table with bars, as JSON and as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from fractions import Fraction
from io import StringIO
from typing import TYPE_CHECKING, Final

from kservegen.checks.budget.amounts import amount_as_json, write_amount
from kservegen.checks.budget.overview import Overview, Row
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.inert import inert_cell, printable

if TYPE_CHECKING:
    from rich.table import Table

_BAR: Final = 20
_NO_VALUE: Final = "-"


def budget_as_text(overviews: Sequence[Overview], *, colour: bool, width: int) -> str:
    """Draw each environment: its budgets with bars, its accelerators with what they cost, its owners."""
    from rich.console import Console  # noqa: PLC0415 - takes longer to import than a small check takes to run

    out = StringIO()
    console = Console(file=out, force_terminal=colour, no_color=not colour, width=width, highlight=False, emoji=False)
    for shown in overviews:
        console.print(
            f"[bold]{_shown(shown.environment)}[/bold]  at maxReplicas; rollout: while the largest object rolls"
        )
        if shown.budgets:
            console.print(_budgets(shown.budgets))
        else:
            console.print("  no budgets: add some under budgets in the environment's file")
        if shown.accelerators:
            console.print(_accelerators(shown.accelerators))
        console.print(_owners(shown.owners) if shown.owners else "  nothing is asked for")
        console.print()
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _table(title: str, *columns: str) -> Table:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, show_edge=False)
    for column in columns:
        name, _, kind = column.partition(":")
        table.add_column(name, justify="right" if kind == "r" else "left", no_wrap=True)
    return table


def _budgets(rows: Sequence[Row]) -> Table:
    table = _table("Budgets", "budget", "of", "used:r", "", "granted:r", "left:r", "rollout:r", "change:r")
    for row in rows:
        table.add_row(
            _shown(row.name),
            _shown(row.resource),
            write_amount(row.resource, row.used.maximum),
            _bar(row),
            _write(row, row.granted),
            _write(row, row.left),
            write_amount(row.resource, row.used.rollout),
            _change(row),
        )
    return table


def _shown(text: str) -> str:
    """Write text for rich, to which brackets are orders."""
    from rich.markup import escape  # noqa: PLC0415

    return escape(printable(text))


def _bar(row: Row) -> str:
    """Draw what is used, and beyond it what a rolling update adds, of what is granted."""
    granted = row.granted or Fraction(0)
    whole = max(granted, row.used.rollout) or Fraction(1)
    used = _cells(row.used.maximum, whole)
    rollout = _cells(row.used.rollout, whole) - used
    end = _cells(granted, whole)
    cells = "█" * used + "▒" * rollout
    colour = "red" if row.used.maximum > granted else "yellow" if row.used.rollout > granted else "green"
    inside, beyond = cells[:end].ljust(end, "·"), cells[end:]
    return f"[{colour}]{inside}[/{colour}]│[{colour}]{beyond}[/{colour}]"


def _cells(amount: Fraction, whole: Fraction) -> int:
    cells = round(amount / whole * _BAR)
    return max(cells, 1) if amount else 0


def _accelerators(rows: Sequence[Row]) -> Table:
    table = _table("Accelerators", "type", "least:r", "most:r", "rollout:r", "change:r", "cost a month:r")
    for row in rows:
        table.add_row(
            _shown(row.name),
            write_amount(row.resource, row.used.minimum),
            write_amount(row.resource, row.used.maximum),
            write_amount(row.resource, row.used.rollout),
            _change(row),
            _NO_VALUE if row.cost is None else f"{float(row.cost):,.0f}",
        )
    return table


def _owners(rows: Sequence[Row]) -> Table:
    table = _table("Owners", "owner", "resource", "least:r", "most:r", "rollout:r", "change:r")
    last = ""
    for row in rows:
        table.add_row(
            "" if row.name == last else _shown(row.name),
            _shown(row.resource),
            write_amount(row.resource, row.used.minimum),
            write_amount(row.resource, row.used.maximum),
            write_amount(row.resource, row.used.rollout),
            _change(row),
        )
        last = row.name
    return table


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
