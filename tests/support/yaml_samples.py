"""The table of hard strings, and the type of Go's readers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from kservegen.core.jsontypes import JsonObject

# Mode and documents in; for each document {"ok": value} or {"error": text} out.
GoReader = Callable[[str, Iterable[bytes]], list[JsonObject]]


def hard_strings() -> list[str]:
    """Return the strings that some writer or reader of YAML is known to get wrong, and their neighbours."""
    lines = (
        (Path(__file__).parents[1] / "unit" / "formats" / "yaml" / "hard_strings.jsonl")
        .read_text(encoding="ascii")
        .splitlines()
    )
    return [json.loads(line) for line in lines]
