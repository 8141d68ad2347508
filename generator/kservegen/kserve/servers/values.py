"""What a flag takes for a value: a flag and a text in, what is allowed instead out, or None."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from kservegen.core.jsontypes import JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.kserve.servers.tables import Flag

_INTEGER: Final = lazy_pattern(r"\s*[+-]?\d+(_\d+)*\s*")
_DECIMAL: Final = lazy_pattern(
    r"\s*[+-]?((\d+(_\d+)*)?\.?\d+(_\d+)*|\d+\.)([eE][+-]?\d+)?\s*|\s*[+-]?(inf|infinity|nan)\s*", re.IGNORECASE
)
# vLLM's human_readable_int: decimal units take fractions, binary ones do not.
_HUMAN: Final = lazy_pattern(r"\d+(\.\d+)?[kmgt]|\d+[KMGT]")
_SCALES: Final[Mapping[str, int]] = {unit: 1000**power for power, unit in enumerate("kmgt", 1)} | {
    unit: 1024**power for power, unit in enumerate("KMGT", 1)
}
_BRACED: Final = lazy_pattern(r"\s*{.*}\s*", re.DOTALL)
_YES_NO: Final = frozenset("y yes t true on 1 n no f false off 0".split())
_ON_OFF: Final = frozenset("true false on off 1 0".split())
_NONE: Final = frozenset({"", "None"})
_JSON_BEGINS: Final = frozenset('{["-0123456789tfnNI \t\n\r')
_LONGEST_NUMBER: Final = 40
_LISTED: Final = 12


def value_refusal(flag: Flag, value: str) -> str | None:
    """Return what a flag takes where it does not take this text; None where it does, or nobody knows."""
    if flag.takes_none and value in _NONE:
        return None
    readable = _READERS.get(flag.value_type)
    if readable is not None and not readable[0](value):
        return readable[1]
    if flag.choices is not None:
        given = value.lower().replace("-", "_") if flag.value_type == "str-lower" else value
        if given not in flag.choices and _plain(given) not in flag.choices:
            return _told(flag.choices)
    return _outside(flag.limits, value)


def takes_any(flag: Flag) -> bool:
    """Whether a flag takes every text."""
    return flag.value_type not in _READERS and flag.choices is None and not flag.limits


def _plain(value: str) -> str:
    """Write a whole number without what Python reads over: signs, underscores, leading zeros."""
    return str(int(value)) if len(value) <= _LONGEST_NUMBER and _INTEGER.fullmatch(value) else value


def parsed_json(value: str) -> JsonValue:
    """Read a JSON text; None where it is none."""
    if value[:1] not in _JSON_BEGINS:
        return None
    try:
        read: JsonValue = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return read


def read_number(value: str) -> float | None:
    """Read a number as the flags take it: 8192, 8k, 8K, 0.9; None where it is none."""
    if len(value) > _LONGEST_NUMBER:
        return None
    if _HUMAN.fullmatch(value):
        return float(value[:-1]) * _SCALES[value[-1]]
    return float(value) if _DECIMAL.fullmatch(value) else None


def _told(choices: tuple[str, ...]) -> str:
    known = [choice for choice in dict.fromkeys(choices) if choice != "None"]
    return ", ".join(known[:_LISTED]) + (", …" if len(known) > _LISTED else "")


def _outside(limits: Mapping[str, float], value: str) -> str | None:
    number = read_number(value) if limits else None
    if number is None:
        return None
    for name, (holds, words) in _LIMITS.items():
        if name in limits and not holds(number, limits[name]):
            return f"{words} {limits[name]:g}"
    return None


def _is_json(value: str) -> bool:
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True


_LIMITS: Final[dict[str, tuple[Callable[[float, float], bool], str]]] = {
    "ge": (float.__ge__, "at least"),
    "gt": (float.__gt__, "more than"),
    "le": (float.__le__, "at most"),
    "lt": (float.__lt__, "less than"),
}
_READERS: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "int": (lambda value: bool(_INTEGER.fullmatch(value)), "a whole number"),
    "float": (lambda value: bool(_DECIMAL.fullmatch(value)), "a number"),
    "hrint": (lambda value: bool(_HUMAN.fullmatch(value) or _INTEGER.fullmatch(value)), "a number such as 8192 or 8K"),
    "hrint-or-auto": (
        lambda value: value == "auto" or bool(_HUMAN.fullmatch(value) or _INTEGER.fullmatch(value)),
        "a number such as 8192 or 8K, or auto",
    ),
    "json": (_is_json, "JSON"),
    "json-or-str": (lambda value: not _BRACED.fullmatch(value) or _is_json(value), "JSON"),
    "json-or-level": (lambda value: bool(_INTEGER.fullmatch(value)) or _is_json(value), "a level or JSON"),
    "strtobool": (lambda value: value.lower() in _YES_NO, "true or false"),
    "bool-value": (lambda value: value.lower() in _ON_OFF, "true or false"),
}
