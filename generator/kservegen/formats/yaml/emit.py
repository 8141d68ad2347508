"""An object in; block-style YAML out that PyYAML, ruamel.yaml and Go's readers all take for the same data.

Plain only what every reader takes for the same text, a block of text only where no reader could add or drop a
character, double quotes for the rest. Keys stay in the caller's order, nothing is folded, lists stand at their key's
column, as kubectl writes them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from msgspec import Struct

from kservegen.core.jsontypes import JsonArray, JsonObject, JsonScalar, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.formats.yaml.readings import is_text_everywhere

_INT64: Final = 1 << 63
# YAML 1.1 looks for the colon of an ordinary key within 1,024 characters; longer keys take the `? ` form.
_LONGEST_SIMPLE_KEY: Final = 1000
_DEEPEST: Final = 200
_LARGEST_CACHED: Final = 128

# What stands for itself in a review: printable ASCII and the letters, signs and ideographs of the world. Escaped are
# control characters, blanks other than the space, what is invisible or turns the direction of writing, private use.
# Spelled out, because `str.isprintable` changes with the version of Python and the bytes must not.
_VISIBLE: Final = (
    "\\x20-\\x7e\u00a1-\u00ac\u00ae-\u034e\u0350-\u05ff\u0606-\u061b\u061d-\u06dc\u06de-\u070e\u0710-\u115e"
    "\u1161-\u167f\u1681-\u17b3\u17b6-\u180a\u180f-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u2fff\u3001-\u3163"
    "\u3165-\ud7ff\uf900-\ufdcf\ufdf0-\ufdff\ufe10-\ufefe\uff01-\uff9f\uffa1-\uffee"
    "\U00010000-\U0001d172\U0001d17b-\U0003fffd"
)
# No indicator at the start; a dash only before a character that makes no list of it; no sign between documents.
_START: Final = "(?!\\.\\.\\.)(?:[A-Za-z0-9_/.+~$(<=;^\\\\{letters}]|-(?=[^ -]|-[^-]))[{visible}]*"


class _Alphabet(Struct, frozen=True):
    """Patterns over what is visible: of text as it stands plainly, of a character to escape, of a line of a block."""

    plain: re.Pattern[str]
    invisible: re.Pattern[str]
    block_line: re.Pattern[str]


def _alphabet(letters: str, visible: str) -> _Alphabet:
    return _Alphabet(
        plain=lazy_pattern(_START.format(letters=letters, visible=visible)),
        invisible=lazy_pattern(f"[^{visible}]"),
        block_line=lazy_pattern(f"[{visible}][{visible}\\t]*(?<![ \\t])"),
    )


# Over all of Unicode they take 10 ms to compile, and most texts are ASCII.
_ASCII: Final = _alphabet(letters="", visible="\\x20-\\x7e")
_UNICODE: Final = _alphabet(letters="\u00bf-\u024f", visible=_VISIBLE)
# Signs, dots and underscores alone: ruamel takes `._` and `-_` for numbers and fails on them.
_NUMBERLIKE: Final = lazy_pattern(r"[-+.][-+._0-9]*")
_UNTRUSTED_IN_PLAIN: Final = lazy_pattern(r": |:$| #| $")
_SHORT_ESCAPES: Final = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}

_Write = Callable[[str], None]


class UnwritableValueError(ValueError):
    """A value that no YAML document can carry to every reader unchanged; a mistake of the program, not of a user."""


def emit(value: JsonObject) -> str:
    """Write one document, with a final newline and no `---`. Raises UnwritableValueError."""
    if not value:
        return "{}\n"
    out: list[str] = []
    _write_map(value, "", out.append)
    return "".join(out)


def _write_map(value: JsonObject, indent: str, write: _Write, first: str | None = None) -> None:
    """Write a map's lines; `first` begins the first of them where it stands behind a dash."""
    if len(indent) > 2 * _DEEPEST:
        raise UnwritableValueError("the value is nested too deep to be written")
    lead = indent if first is None else first
    for key, item in value.items():
        head = lead + _text(key)
        if len(head) - len(lead) > _LONGEST_SIMPLE_KEY:
            write(f"{lead}? {head[len(lead) :]}\n")
            head = indent
        lead = indent
        if item.__class__ is str and len(item) <= _LARGEST_CACHED and "\n" not in item:
            write(f"{head}: {_text(item)}\n")
        elif isinstance(item, dict) and item:
            write(f"{head}:\n")
            _write_map(item, indent + "  ", write)
        elif isinstance(item, list) and item:
            write(f"{head}:\n")
            _write_list(item, indent, write)
        else:
            write(f"{head}: {_leaf(item, indent)}\n")


def _write_list(value: JsonArray, indent: str, write: _Write, first: str | None = None) -> None:
    """Write a list's lines, the dashes at `indent`; `first` begins the first where a list stands in a list."""
    if len(indent) > 2 * _DEEPEST:
        raise UnwritableValueError("the value is nested too deep to be written")
    lead = (indent if first is None else first) + "- "
    below = indent + "  "
    for item in value:
        if isinstance(item, dict) and item:
            _write_map(item, below, write, lead)
        elif isinstance(item, list) and item:
            _write_list(item, below, write, lead)
        else:
            write(f"{lead}{_leaf(item, indent)}\n")
        lead = indent + "- "


def _leaf(value: JsonValue, indent: str) -> str:
    """Write a scalar or an empty container; a block of text brings its own lines, two columns further in."""
    if isinstance(value, str):
        if "\n" in value:
            return _block(value, indent + "  ") or quoted(value)
        return _text(value) if len(value) <= _LARGEST_CACHED else _spelled(value)
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list):
        return "[]"
    return _number(value)


def _number(value: JsonScalar) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if not -_INT64 <= value < _INT64:
            raise UnwritableValueError("a whole number of more than 64 bits: readers would round it")
        return str(value)
    if not isinstance(value, float) or not math.isfinite(value):
        raise UnwritableValueError(f"{value!r} has no form in JSON")
    written = repr(value)
    mantissa, e, exponent = written.partition("e")
    # YAML 1.1 takes an exponent for a number only behind a fraction: 1e+16 would be text.
    return written if not e or "." in mantissa else f"{mantissa}.0e{exponent}"


def _alphabet_of(text: str) -> _Alphabet:
    return _ASCII if text.isascii() else _UNICODE


def _spelled(text: str) -> str:
    """Write text on one line: plain where all readers take it as it stands, otherwise in double quotes."""
    is_plain = (
        _alphabet_of(text).plain.fullmatch(text)
        and not _UNTRUSTED_IN_PLAIN.search(text)
        and not _NUMBERLIKE.fullmatch(text)
        and is_text_everywhere(text)
    )
    return text if is_plain else quoted(text)


_text = lru_cache(maxsize=8192)(_spelled)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    if escaped.isascii() and escaped.isprintable():
        return f'"{escaped}"'
    return f'"{_alphabet_of(escaped).invisible.sub(_escape, escaped)}"'


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if 0xD800 <= code < 0xE000:
        raise UnwritableValueError(f"U+{code:04X} is half a character")
    return _SHORT_ESCAPES.get(character) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def _block(text: str, indent: str) -> str:
    """Write several lines as a literal block; empty where a reader might take it for other text.

    Trusted are visible lines that neither begin with a blank nor end in one, ended by one newline or none.
    """
    body = text.removesuffix("\n")
    lines = body.split("\n")
    block_line = _alphabet_of(text).block_line
    if not block_line.fullmatch(lines[0]) or lines[0][0] == " " or not lines[-1]:
        return ""
    if not all(line == "" or block_line.fullmatch(line) for line in lines):
        return ""
    sign = "|" if body != text else "|-"
    return "\n".join((sign, *(indent + line if line else "" for line in lines)))
