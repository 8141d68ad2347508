"""Two documents in; the paths of the fields that differ out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.jsontypes import JsonValue, Path, format_path

_NAMED: Final = 4  # so many fit in a line


def differing(before: JsonValue, after: JsonValue) -> tuple[Path, ...]:
    """Return the paths of the topmost values that are not the same on both sides; lists are compared whole."""
    return tuple(_differing(before, after, ()))


def _differing(before: JsonValue, after: JsonValue, path: Path) -> Iterator[Path]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            if name not in before or name not in after:
                yield (*path, name)
            else:
                yield from _differing(before[name], after[name], (*path, name))
    elif before != after:
        yield path


def listed(paths: Iterable[Path]) -> str:
    """Name the first few paths, and count the rest."""
    names = [format_path(path) for path in paths]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
