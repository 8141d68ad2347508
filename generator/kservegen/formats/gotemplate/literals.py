"""Go's literals: the text of a string, a character or a number in, what is wrong with it, or its value, out."""

from __future__ import annotations

import re
from typing import Final

from kservegen.core.patterns import lazy_pattern

_ESCAPE: Final = lazy_pattern(
    r"\\(?:[abfnrtv\\](?P<plain>)|(?P<quote>[\"'])|x(?P<hex>[0-9a-fA-F]{2})|(?P<octal>[0-7]{3})"
    r"|u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8}))",
    re.ASCII,
)
_MAX_BYTE: Final = 255
_MAX_RUNE: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)
_BITS: Final = 64
_MOST_DIGITS: Final = 4000  # Python converts 4,300 of them to an integer

_INTEGER: Final = lazy_pattern(
    r"[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)", re.ASCII
)
_DECIMAL: Final = r"[0-9](?:_?[0-9])*"
_HEX: Final = r"[0-9a-fA-F](?:_?[0-9a-fA-F])*"
_FLOAT: Final = lazy_pattern(
    rf"[+-]?(?:(?:{_DECIMAL}(?:\.(?:{_DECIMAL})?)?|\.{_DECIMAL})(?:[eE][+-]?{_DECIMAL})?"
    rf"|0[xX](?:_?{_HEX}(?:\.(?:{_HEX})?)?|\.{_HEX})[pP][+-]?{_DECIMAL})",
    re.ASCII,
)

# Where the second part of 1+2i begins: at a sign that is neither the first's nor an exponent's.
_COMPLEX_PART: Final = lazy_pattern(r"(?<=[^eEpP+-])(?=[+-])|(?<=i)(?=[+-])")


def is_string(text: str) -> bool:
    """Whether a quoted text, its quotes included, is one that Go unquotes."""
    return _is_escaped_well(text[1:-1], quote='"')


def is_character(text: str) -> bool:
    """Whether a text in single quotes is exactly one character."""
    inner = text[1:-1]
    found = _ESCAPE.match(inner)
    if inner.startswith("\\"):
        return found is not None and found.end() == len(inner) and _is_escaped_well(inner, quote="'")
    return len(inner) == 1 and inner != "'"


def _is_escaped_well(inner: str, *, quote: str) -> bool:
    at = 0
    while (at := inner.find("\\", at)) >= 0:
        found = _ESCAPE.match(inner, at)
        if found is None or not _is_escape(found, quote):
            return False
        at = found.end()
    return True


def _is_escape(found: re.Match[str], quote: str) -> bool:
    if found["quote"]:
        return found["quote"] == quote
    if found["octal"]:
        return int(found["octal"], 8) <= _MAX_BYTE
    code = found["short"] or found["long"]
    return not code or (int(code, 16) <= _MAX_RUNE and int(code, 16) not in _SURROGATES)


def number_error(text: str) -> str | None:
    """Say in Go's words what is wrong with a number; None where nothing is."""
    if text.endswith("i"):
        parts = [part for part in _COMPLEX_PART.split(text[:-1]) if part]
        return None if all(map(_is_float, parts)) else f'illegal number syntax: "{text}"'
    if _INTEGER.fullmatch(text) and _fits(text):
        return None
    if not _is_float(text):
        return f'illegal number syntax: "{text}"'
    return None if set(text) & set(".eEpP") else f'integer overflow: "{text}"'


def _is_float(text: str) -> bool:
    return _FLOAT.fullmatch(text) is not None and _is_finite(text)


def _is_finite(text: str) -> bool:
    plain = text.replace("_", "")
    try:
        value = float.fromhex(plain) if "x" in plain.lower() else float(plain)
    except (OverflowError, ValueError):
        return False
    return abs(value) != float("inf")


def _fits(text: str) -> bool:
    if len(text) > _MOST_DIGITS:
        return False
    value = _integer(text)
    if text[0] == "-":
        return -value <= 1 << (_BITS - 1)
    return value < 1 << (_BITS - 1 if text[0] == "+" else _BITS)


def _integer(text: str) -> int:
    plain = text.replace("_", "").lower()
    digits = plain.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0" and digits[1] in "01234567":
        digits = f"0o{digits[1:]}"
    return -int(digits, 0) if plain[0] == "-" else int(digits, 0)


def constant_value(text: str) -> str | int | float:
    """Return what a literal stands for, one that parses: a string's text, a character's number, a number, a boolean."""
    if text in {"true", "false"}:
        return text == "true"
    if text[0] == "`":
        return text[1:-1].replace("\r", "")
    if text[0] == '"':
        return _ESCAPE.sub(_unescaped, text[1:-1])
    if text[0] == "'":
        return ord(_ESCAPE.sub(_unescaped, text[1:-1]))
    plain = text.replace("_", "").rstrip("i")
    if _INTEGER.fullmatch(plain):
        return _integer(plain)
    return float.fromhex(plain) if "x" in plain.lower() else float(plain)


_PLAIN_ESCAPES: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}


def _unescaped(escape: re.Match[str]) -> str:
    if escape["quote"]:
        return escape["quote"]
    if escape["octal"]:
        return chr(int(escape["octal"], 8))
    code = escape["hex"] or escape["short"] or escape["long"]
    return chr(int(code, 16)) if code else _PLAIN_ESCAPES[escape[0][1]]
