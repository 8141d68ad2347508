"""How readers take a plain scalar: its text in, what PyYAML, kubectl and YAML 1.2 make of it out.

YAML 1.1 (PyYAML), Go's goyaml.v2 (behind sigs.k8s.io/yaml: kubectl, Argo CD, Helm) and the core schema of YAML 1.2
give different types to the same characters. The laws of all three stand here, so that a catalog may use only what they
agree on and the emitter quotes the rest. The tests hold them against the readers themselves.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import Final, TypeAlias

from msgspec import Struct

from kservegen.core.jsontypes import JsonScalar
from kservegen.core.patterns import lazy_pattern


class Odd(Enum):
    """A reading that no JSON value can show."""

    DATE = "a date"
    ERROR = "an error"
    MERGE = "a merge key"


PlainReading: TypeAlias = JsonScalar | Odd

_NULLS: Final = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_BOOLS: Final = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_BOOLS_1_1: Final = {
    **_BOOLS,
    **dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF"), False),
}
_BOOLS_GO: Final = {**_BOOLS_1_1, "y": True, "Y": True, "n": False, "N": False}
_INF_NAN: Final = {
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
# What each reader takes for a value of its own, letter by letter.
_WORDS_1_1: Final[dict[str, PlainReading]] = {**_NULLS, **_BOOLS_1_1, **_INF_NAN, "=": Odd.ERROR, "<<": Odd.MERGE}
_WORDS_GO: Final[dict[str, JsonScalar]] = {**_NULLS, **_BOOLS_GO, **_INF_NAN}
_WORDS_1_2: Final[dict[str, JsonScalar]] = {**_NULLS, **_BOOLS, **_INF_NAN}
_INT64: Final = 1 << 63
_UINT64: Final = 1 << 64

# Whatever else begins a plain scalar makes it text for every reader. Behind one of a number so does a letter that no
# number, no date and no name of a number has; behind the others, whatever is longer than the words below.
_FIRST_CHARACTERS: Final = frozenset("+-.0123456789=<~nNyYtTfFoO")
_FIRST_OF_NUMBERS: Final = frozenset("+-.0123456789")
_IN_NO_NUMBER: Final = frozenset("gGhHjJkKlLmMpPqQrRsSuUvVwWyY")
_LONGEST_WORD: Final = 5

_INFINITIES: Final = frozenset({float("inf"), float("-inf")})

# Python converts no integer of more than 4,300 decimal digits, from text or to it, and 3,500 of base 16 are as many; no
# reader of Kubernetes takes one.
_MOST_DIGITS: Final = 3500

_DECIMAL: Final = lazy_pattern(r"[-+]?[0-9]+", re.ASCII)
_FLOAT: Final = lazy_pattern(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_HEX: Final = lazy_pattern(r"[0-9a-fA-F]+", re.ASCII)
_OCTAL: Final = lazy_pattern(r"[0-7]+", re.ASCII)
_LEADING_ZERO: Final = lazy_pattern(r"[-+]?0[0-9]", re.ASCII)

_INT_1_1: Final = lazy_pattern(
    r"[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)", re.ASCII
)
_FLOAT_1_1: Final = lazy_pattern(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*",
    re.ASCII,
)
# Dates and times of YAML 1.1, and the short forms that Go takes for them too.
_DATE: Final = lazy_pattern(
    r"[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?"
    r"(?:(?:[Tt]|[ \t]+)[0-9][0-9]?:[0-9][0-9]?:[0-9][0-9]?(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::?[0-9][0-9])?))?)?",
    re.ASCII,
)
_INT_GO: Final = lazy_pattern(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII)
_DOT_FLOAT_GO: Final = lazy_pattern(r"\.[0-9]+(?:[eE][-+]?[0-9]+)?", re.ASCII)


def read_as_yaml_1_1(text: str) -> PlainReading:
    """Read a plain scalar as PyYAML's safe loaders do."""
    if text in _WORDS_1_1:
        return _WORDS_1_1[text]
    if _FLOAT_1_1.fullmatch(text):
        return _sexagesimal(text.replace("_", ""), float)
    if _INT_1_1.fullmatch(text):
        return _int_1_1(text.replace("_", ""))
    return Odd.DATE if _DATE.fullmatch(text) else text


def _int_1_1(text: str) -> PlainReading:
    if len(text) > _MOST_DIGITS:
        return Odd.ERROR
    sign = -1 if text[0] == "-" else 1
    digits = text.lstrip("+-")
    try:
        if digits.startswith(("0b", "0x")):
            return sign * int(digits[2:], 2 if digits[1] == "b" else 16)
        if digits[0] == "0":
            return sign * int(digits, 8)
    except ValueError:  # `0x_`: PyYAML's pattern takes it, its conversion breaks
        return Odd.ERROR
    return _sexagesimal(text, int)


def _sexagesimal(text: str, number: type[int | float]) -> PlainReading:
    """Read `1:30` as 90: base 60, as YAML 1.1 has it for whole numbers and fractions."""
    sign = -1 if text[0] == "-" else 1
    total: int | float = 0
    if len(text) > _MOST_DIGITS:
        return Odd.ERROR
    for part in text.lstrip("+-").split(":"):
        total = total * 60 + number(part)
    return sign * total


def read_as_kubectl(text: str) -> PlainReading:
    """Read a plain scalar as goyaml.v2 does: the library under sigs.k8s.io/yaml, and so kubectl, Argo CD and Helm."""
    if not text or text[0] not in _FIRST_CHARACTERS or text == "<<":
        return text or None
    if text in _WORDS_GO:
        return _WORDS_GO[text]
    if text[0] == ".":
        return _finite(text) if _DOT_FLOAT_GO.fullmatch(text) else text
    return _number_go(text) if text[0] in "+-0123456789" else text


def _number_go(text: str) -> PlainReading:
    plain = text.replace("_", "")
    integer = _int_go(plain)
    if integer is not None:
        return integer
    number = _finite(plain) if _FLOAT.fullmatch(plain) else plain
    return text if isinstance(number, str) else number


def _int_go(plain: str) -> int | None:
    match = _INT_GO.fullmatch(plain)
    if match is None or len(plain) > _MOST_DIGITS:
        return None
    sign, hexadecimal, binary, octal, decimal = match.groups()
    size = int(hexadecimal or binary or octal or decimal, 16 if hexadecimal else 2 if binary else 8 if octal else 10)
    if sign == "-":
        return -size if size <= _INT64 else None
    return size if size < (_INT64 if sign else _UINT64) else None


def _finite(text: str) -> PlainReading:
    """Read a decimal number; one that is too large for a float stays text, as Go has it."""
    number = float(text)
    return text if number in _INFINITIES else number


def read_as_yaml_1_2(text: str) -> PlainReading:
    """Read a plain scalar by the core schema of YAML 1.2."""
    if text in _WORDS_1_2:
        return _WORDS_1_2[text]
    if text[:2] in ("0o", "0x"):
        digits = _HEX if text[1] == "x" else _OCTAL
        if not digits.fullmatch(text, 2):
            return text
        return int(text[2:], 16 if text[1] == "x" else 8) if len(text) <= _MOST_DIGITS else Odd.ERROR
    if _DECIMAL.fullmatch(text):
        return int(text) if len(text) <= _MOST_DIGITS else Odd.ERROR
    return float(text) if _FLOAT.fullmatch(text) else text


def is_date(text: str) -> bool:
    """Tell whether some reader takes a plain scalar for a date or a time of day on a date."""
    return _DATE.fullmatch(text) is not None


class Ambiguity(Struct, frozen=True):
    """A plain scalar on which readers differ, or that no JSON value can carry."""

    yaml_1_1: PlainReading
    kubectl: PlainReading
    yaml_1_2: PlainReading


def _is_surely_text(text: str) -> bool:
    """Tell by the letters of a text that it is one to every reader; most are known so."""
    first = text[:1]
    if first in _FIRST_OF_NUMBERS:
        return not _IN_NO_NUMBER.isdisjoint(text)
    return text != "" and (first not in _FIRST_CHARACTERS or len(text) > _LONGEST_WORD)


@lru_cache(maxsize=8192)
def read_plain(text: str) -> JsonScalar | Ambiguity:
    """Read a plain scalar as all readers do; a date stays text. An `Ambiguity` where they differ."""
    if _is_surely_text(text):
        return text
    ours = read_as_yaml_1_2(text)
    readings = Ambiguity(read_as_yaml_1_1(text), read_as_kubectl(text), ours)
    if readings.yaml_1_1 is Odd.DATE and readings.kubectl == ours == text:
        return text
    if isinstance(ours, Odd) or not _same(ours, readings.kubectl) or not _same(ours, readings.yaml_1_1):
        return readings
    return ours if _is_portable(text, ours) else readings


def _same(one: PlainReading, other: PlainReading) -> bool:
    return type(one) is type(other) and one == other


def _is_portable(text: str, value: JsonScalar) -> bool:
    """Weed out numbers on which all agree here and others do not: `07`, `.inf`, what no 64 bits hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return False
    return not _LEADING_ZERO.match(text) and value not in _INFINITIES


def is_text_everywhere(text: str) -> bool:
    """Tell whether every reader takes these characters, written plain, for text and nothing else."""
    return _is_surely_text(text) or (text != "" and read_plain(text) == text and not is_date(text))
