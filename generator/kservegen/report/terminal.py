"""Lines for a terminal of some width: nothing is cut, what does not fit is told in more lines.

A width of 0 is that of a file or a pipe: there, lines have no end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.core.patterns import lazy_pattern

_CODES: Final = lazy_pattern("\x1b\\[[0-9;]*m")
_GOES_ON: Final = 4  # further in than the line that goes on
_LEAST: Final = 20


def visible(text: str) -> int:
    """Return how long a text is without the codes of colours."""
    return len(_CODES.sub("", text))


def fitted(lines: Iterable[str], width: int) -> Iterator[str]:
    """Break lines that are too wide at their blanks, so that a name can be copied; what goes on is indented."""
    for line in lines:
        if not width or visible(line) <= width:
            yield line
        else:
            yield from _broken(line, max(width, _LEAST))


def beside(parts: Iterable[str], width: int) -> Iterator[str]:
    """Put parts beside each other, two blanks apart and as far in, each in one piece; further lines where none fits."""
    line = ""
    for part in parts:
        if line and width and visible(line) + visible(part) + 2 > width:
            yield line
            line = ""
        line += f"  {part}"
    if line:
        yield line


def _broken(line: str, width: int) -> Iterator[str]:
    first = len(line) - len(line.lstrip(" "))
    current, used, is_empty = " " * first, first, True
    for word in line.strip(" ").split(" "):
        size = visible(word)
        if not is_empty and used + 1 + size > width:
            yield current.rstrip(" ")
            indent = min(first + _GOES_ON, width // 2)
            current, used, is_empty = " " * indent, indent, True
        current += word if is_empty else f" {word}"
        used += size + (0 if is_empty else 1)
        is_empty = False
    yield current
