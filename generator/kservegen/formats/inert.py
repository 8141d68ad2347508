"""Text of other people in; Markdown that shows it and does nothing else out: no HTML, no mention, no link."""

from __future__ import annotations

import re
from typing import Final

_PUNCTUATION: Final = re.compile(r"[\\`*_{}\[\]()#|~$]")
_HARMLESS: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")  # most names: nothing in them means anything
_RUN: Final = re.compile("`+")
# GitHub looks for these after Markdown is done, so no escape keeps them from being links: a break in between does.
_LIVE: Final = re.compile(r"(?<=[@#])|(?<=GH-)|(?<=gh-)|(?<=:)(?=//)|(?<=www)(?=\.)")
_BREAK: Final = "\u200b"  # no width, no link


def printable(text: str) -> str:
    """Show control characters by their codes: a file's content must not drive the terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}" for c in text)


def inert(text: str) -> str:
    """Write text among Markdown."""
    if _HARMLESS.fullmatch(text):
        return text
    return _PUNCTUATION.sub(lambda found: f"\\{found[0]}", _without_html(_LIVE.sub(_BREAK, printable(text))))


def inert_html(text: str) -> str:
    """Write text among HTML."""
    return _without_html(_LIVE.sub(_BREAK, printable(text))).replace('"', "&quot;").replace("'", "&#x27;")


def _without_html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """Write text as code, in which nothing means anything; inside a list or a paragraph, not in a table."""
    shown = printable(text) or " "
    if "`" not in shown and shown[0] != " " != shown[-1]:
        return f"`{shown}`"
    fence = "`" * (1 + max((len(run) for run in _RUN.findall(shown)), default=0))
    # One blank on each side is taken away again, and keeps a backtick or a blank at the end apart from the fence.
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
