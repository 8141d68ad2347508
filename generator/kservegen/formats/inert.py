"""Text of other people in; text out that shows it and does nothing else, wherever it is printed.

Every form of a report has its function here. What is shown by its code: control characters, which drive a terminal or
begin a line of their own; marks that turn or hide what stands around them; bytes of a name that are no UTF-8; and what
a CI runner obeys when it reads it in a log.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from kservegen.core.patterns import lazy_pattern

if TYPE_CHECKING:
    from kservegen.core.jsontypes import JsonObject

_PUNCTUATION: Final = lazy_pattern(r"[\\`*_{}\[\]()#|~$]")
_HARMLESS: Final = lazy_pattern(r"[a-z0-9]+(?:-[a-z0-9]+)*")  # most names: nothing in them means anything
_RUN: Final = lazy_pattern("`+")
# GitHub looks for these after Markdown is done, so no escape keeps them from being links: a break in between does.
_LIVE: Final = lazy_pattern(r"(?<=[@#])|(?<=GH-)|(?<=gh-)|(?<=:)(?=//)|(?<=www)(?=\.)")
_OF_CELLS: Final = lazy_pattern(r"[|\\`]")
_BREAK: Final = "\u200b"  # no width, no link
# Letters and marks that no font draws, and that Python calls printable (Unicode's Default_Ignorable_Code_Point).
_HIDDEN: Final = lazy_pattern(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# GitHub's runner takes `::name …::` after blanks at the start of a line, and `##[name]` anywhere in one
# (actions/runner, src/Runner.Common/ActionCommand.cs); Azure's takes `##vso[`, TeamCity's `##teamcity[`.
_AT_START: Final = lazy_pattern(r"^(\s*):(?=:.*::)")
_ANYWHERE: Final = lazy_pattern(r"#(?=#\w*\[)")
# In JSON: a backslash, a pair of surrogates, or one alone, which stands for no character.
_HALVES: Final = lazy_pattern(r"\\\\|\\ud[89ab]..\\ud[c-f]..|\\u(d[89a-f]..)")
_FORMULA: Final = lazy_pattern(r"[=+\-@\t\r]")  # a spreadsheet runs what begins so (owasp.org, CSV injection)
# What our own colours are; a terminal gets no other code.
_COLOUR: Final = lazy_pattern("(\x1b\\[(?:[0-4]|3[0-7])(?:;(?:[0-4]|3[0-7]))*m)")


def printable(text: str) -> str:
    """Show what must not be printed as it is by its code, a line's end included: text for one place in a line."""
    if not text.isprintable() or _HIDDEN.search(text):
        text = "".join(c if c.isprintable() and not _HIDDEN.match(c) else _code_of(ord(c)) for c in text)
    return _ANYWHERE.sub(r"\\x23", _AT_START.sub(r"\1\\x3a", text)) if "::" in text or "##" in text else text


def _code_of(point: int) -> str:
    if 0xDC80 <= point <= 0xDCFF:
        return f"\\x{point - 0xDC00:02x}"
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def inert_lines(text: str, *, colour: bool = False) -> str:
    """Write lines for a terminal or a log; with `colour` the codes of our colours are left in."""
    return "\n".join(_inert_line(line, colour=colour) for line in text.split("\n"))


def _inert_line(line: str, *, colour: bool) -> str:
    parts = _COLOUR.split(line) if colour else [line]
    parts[::2] = ("\t".join(map(printable, part.split("\t"))) for part in parts[::2])
    line = "".join(parts)
    return _AT_START.sub(r"\1\\x3a", line) if "::" in line else line


def inert_json(value: JsonObject) -> str:
    """Write JSON in ASCII, in which no log finds a command, and no parser half of a character."""
    written = json.dumps(value, ensure_ascii=True, indent=2)
    if "\\ud" in written:
        written = _HALVES.sub(lambda found: f"\\{_code_of(int(found[1], 16))}" if found[1] else found[0], written)
    return _ANYWHERE.sub(r"\\u0023", written) + "\n"


def inert_sarif(text: str) -> str:
    """Write a line of a message in SARIF, where `[text](target)` is a link (SARIF 2.1.0, 3.11.6)."""
    return printable(text).replace("](", f"]{_BREAK}(")


def inert_cell(value: str) -> str:
    """Write text for a cell of a CSV file, in which no spreadsheet finds a formula."""
    shown = printable(value)
    return f"'{shown}" if _FORMULA.match(value) else shown


def inert(text: str) -> str:
    """Write text among Markdown."""
    if _HARMLESS.fullmatch(text):
        return text
    return _PUNCTUATION.sub(lambda found: f"\\{found[0]}", _without_html(_LIVE.sub(_BREAK, printable(text))))


def inert_html(text: str) -> str:
    """Write text among HTML."""
    return _without_html(_LIVE.sub(_BREAK, printable(text))).replace('"', "&quot;").replace("'", "&#x27;")


def inert_element(text: str) -> str:
    """Write a line between tags of XML."""
    return _without_html(printable(text))


def inert_attribute(text: str) -> str:
    """Write an attribute of XML, with its quotes."""
    return '"' + inert_element(text).replace('"', "&quot;") + '"'


def code_cell(text: str) -> str:
    """Write text as code in a table, where neither a fence nor a backslash keeps a `|` from ending the cell."""
    if not _OF_CELLS.search(text):
        return code(text)
    return f"<code>{inert(text)}</code>"


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
