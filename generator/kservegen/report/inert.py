"""Text of other people in; Markdown that shows it and does nothing else out: no HTML, no mention, no link."""

from __future__ import annotations

import html
import re
from typing import Final

from kservegen.report.text import printable

_PUNCTUATION: Final = re.compile(r"[\\`*_{}\[\]()#|~$]")
_RUN: Final = re.compile("`+")
# GitHub looks for these after Markdown is done, so no escape keeps them from being links: a break in between does.
_LIVE: Final = re.compile(r"(?<=[@#])|(?<=GH-)|(?<=gh-)|(?<=:)(?=//)|(?<=www)(?=\.)")
_BREAK: Final = "\u200b"  # no width, no link


def inert(text: str) -> str:
    """Write text among Markdown."""
    broken = _LIVE.sub(_BREAK, printable(text))
    return _PUNCTUATION.sub(lambda found: f"\\{found[0]}", html.escape(broken, quote=False))


def inert_html(text: str) -> str:
    """Write text among HTML."""
    return html.escape(_LIVE.sub(_BREAK, printable(text)))


def code(text: str) -> str:
    """Write text as code, in which nothing means anything; inside a list or a paragraph, not in a table."""
    shown = printable(text) or " "
    fence = "`" * (1 + max((len(run) for run in _RUN.findall(shown)), default=0))
    # One blank on each side is taken away again, and keeps a backtick or a blank at the end apart from the fence.
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
