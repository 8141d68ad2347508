"""Rows in; a table for a terminal out, or, where it is too wide, lines that lose no cell of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from kservegen.report.terminal import fitted, visible
from kservegen.report.text import BOLD, DIM, Paint

_GAP: Final = 2


class TableColumn(NamedTuple):
    """A column: its title, on which side its cells stand, and how a cell is painted; all of its rows are given."""

    title: str
    is_number: bool = False
    paint: Callable[[int, str], str] | None = None
    is_picture: bool = False  # left out where rows are told in lines


def table_lines(columns: Sequence[TableColumn], rows: Sequence[Sequence[str]], width: int, paint: Paint) -> list[str]:
    """Write a table, without columns that are blank in all rows; where it is too wide, without its pictures.

    Where it is too wide still, each row is told in lines of its own: the first cell, then the others with their titles.
    """
    used = [n for n in range(len(columns)) if any(row[n] for row in rows)]
    for shown in (used, [n for n in used if not columns[n].is_picture]):
        sizes = [max(visible(columns[n].title), *(visible(row[n]) for row in rows)) for n in shown]
        if not width or sum(sizes) + _GAP * (len(sizes) - 1) <= width:
            return _aligned([columns[n] for n in shown], [[row[n] for n in shown] for row in rows], sizes, paint)
    told = [n for n in used if not columns[n].is_picture]
    lines: list[str] = []
    for index, row in enumerate(rows):
        first, *others = told
        lines += fitted([_painted(columns[first], index, row[first])], width)
        said = [f"{paint(columns[n].title, DIM)} {_painted(columns[n], index, row[n])}" for n in others if row[n]]
        lines += fitted([f"  {', '.join(said)}"], width)
    return lines


def _aligned(
    columns: Sequence[TableColumn], rows: Sequence[Sequence[str]], sizes: Sequence[int], paint: Paint
) -> list[str]:
    head = [_padded(column, column.title, size) for column, size in zip(columns, sizes, strict=True)]
    lines = [paint((" " * _GAP).join(head).rstrip(), BOLD)]
    for index, row in enumerate(rows):
        cells = [
            _padded(column, _painted(column, index, cell), size)
            for column, cell, size in zip(columns, row, sizes, strict=True)
        ]
        lines.append((" " * _GAP).join(cells).rstrip())
    return lines


def _painted(column: TableColumn, index: int, cell: str) -> str:
    return cell if column.paint is None else column.paint(index, cell)


def _padded(column: TableColumn, cell: str, size: int) -> str:
    blank = " " * (size - visible(cell))
    return f"{blank}{cell}" if column.is_number else f"{cell}{blank}"
