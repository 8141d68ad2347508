"""A place inside a text of several lines in a YAML file: its start in, line and column of a character out."""

from __future__ import annotations

from typing import Final

from kservegen.core.diagnostics import Location
from kservegen.formats.yaml.text import lines_of

_INDICATORS: Final = "|>"
_QUOTES: Final = "'\""


def locate_inside(raw: str, start: Location, text: str, line: int, column: int) -> Location:
    """Return where character `line`:`column` (1-based) of a scalar stands in the file whose text is `raw`.

    YAML folds, indents and quotes, but changes no other character of these texts: the n-th that is no blank in the
    scalar is the n-th in the file. Where the two differ (escapes in quotes), the scalar's own start is returned.
    """
    rows = lines_of(raw)
    if not 0 < start.line <= len(rows):
        return start
    row, col = start.line - 1, start.column - 1
    head = rows[row][col : col + 1]
    if head and head in _INDICATORS:
        row, col = row + 1, 0
    elif head and head in _QUOTES:
        col += 1
    wanted = _solid_before(text, line, column)
    solid = "".join(text.split())
    seen = 0
    for number in range(row, len(rows)):
        for offset in range(col if number == row else 0, len(rows[number])):
            char = rows[number][offset]
            if char.isspace():
                continue
            if seen >= len(solid) or char != solid[seen]:
                return start
            if seen == wanted:
                return Location(start.file, number + 1, offset + 1)
            seen += 1
    return start


def _solid_before(text: str, line: int, column: int) -> int:
    """Count the characters before a place of the text that are no blanks; a place past its end is its last one."""
    rows = text.split("\n")
    before = "".join(rows[: line - 1]) + (rows[line - 1][: column - 1] if line <= len(rows) else "")
    solid = len("".join(before.split()))
    return min(solid, max(len("".join(text.split())) - 1, 0))
