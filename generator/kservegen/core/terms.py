"""What short words in results mean: a word of a plan, a verdict, a layer, a reason of a controller in; sentences out.

Ids of rules have manuals (`core/manual.py`). These are all the other words of a closed set that reports print: each
stands in `terms.md` beside this module, below a heading, with a line that says where it is printed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from kservegen.core.patterns import lazy_pattern

_FILE: Final = Path(__file__).with_name("terms.md")
_HEADING: Final = lazy_pattern(r"^# (.+)$", re.MULTILINE)
_PRINTED: Final = "In: "


class ResultWord(Struct, frozen=True, kw_only=True):
    """A word, the commands that print it, and what it means."""

    name: str
    printed_by: tuple[str, ...]
    text: str


@lru_cache(maxsize=1)
def terms() -> dict[str, ResultWord]:
    """Read every word; ValueError where one stands there twice, or says nothing."""
    found: dict[str, ResultWord] = {}
    _, *parts = _HEADING.split(_FILE.read_text("utf-8"))
    for name, written in zip(parts[::2], parts[1::2], strict=True):
        printed, _, said = written.strip().partition("\n")
        if name in found or not printed.startswith(_PRINTED) or not said.strip():
            raise ValueError(f"the term {name} has to stand once, with where it is printed and what it means")
        by = tuple(each.strip() for each in printed.removeprefix(_PRINTED).split(","))
        found[name] = ResultWord(name=name, printed_by=by, text=" ".join(said.split()))
    return found


def find_term(name: str) -> ResultWord | None:
    """Return what a word means, whatever its case; None for one that is no term."""
    return next((term for known, term in terms().items() if known.lower() == name.lower()), None)
