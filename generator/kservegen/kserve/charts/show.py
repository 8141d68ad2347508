"""How findings about chart values write values and keys: JSON in one line, paths as `helm --set` takes them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Final

from kservegen.core.jsontypes import JsonValue
from kservegen.kserve.charts.model import KeyPath

_LONGEST: Final = 60
_MANY: Final = 12


def show(value: JsonValue) -> str:
    """Write a value in one line, cut where it grows long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def dotted(path: KeyPath) -> str:
    """Write a path as `helm --set` does."""
    return ".".join(path)


def listing_of_values(names: Iterable[str], *, word: str = "or") -> str:
    """Join names as a sentence does: `a, b or c`."""
    *head, last = names
    return f"{', '.join(head)} {word} {last}" if head else last


def listing_if_short(names: Collection[str]) -> str:
    """Join names unless there are none, or more than a reader wants to see."""
    return listing_of_values(names) if 0 < len(names) <= _MANY else ""
