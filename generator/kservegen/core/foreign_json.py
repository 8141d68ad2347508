"""JSON of others in; its value out, or what is wrong with it, the same whichever Python reads it.

Numbers are as Kubernetes' clients have them: every one of them can be written.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import Final, NamedTuple

from kservegen.core.jsontypes import JsonValue
from kservegen.core.values import LARGEST_INT64

_MOST_DIGITS: Final = 4000  # beyond, Python converts no text to an integer, and a double is infinite
_SHOWN_DIGITS: Final = 40
# What older Pythons say, and of what.
_TRAILING: Final = {
    ("Expecting property name enclosed in double quotes", "}"): "object",
    ("Expecting value", "]"): "array",
}


def parse_json(content: bytes | bytearray | str) -> JsonValue:
    """Read a document; ValueError for what is no JSON, RecursionError for what is too deep."""
    value: JsonValue = json.loads(content, parse_int=json_number, parse_float=json_number, parse_constant=json_number)
    return value


class JsonMistake(NamedTuple):
    """What is wrong with a text that is no JSON, and where, counted from 0."""

    message: str
    position: int


def json_mistake(error: json.JSONDecodeError) -> JsonMistake:
    """Return what is wrong: of a comma before a closing bracket, what Python says of it from 3.13 on."""
    closed = _TRAILING.get((error.msg, error.doc[error.pos : error.pos + 1]))
    before = error.doc[: error.pos].rstrip(" \t\r\n")
    if closed is None or not before.endswith(","):
        return JsonMistake(error.msg, error.pos)
    return JsonMistake(f"Illegal trailing comma before end of {closed}", len(before) - 1)


def json_number(text: str) -> int | float:
    """Read a number of JSON as k8s.io/apimachinery/pkg/util/json does: a whole one beyond an int64 is a double.

    Raises ValueError where no double holds it, and for what is no number of JSON (`NaN`, which Python reads).
    """
    if len(text) <= _MOST_DIGITS and not any(sign in text for sign in ".eE"):
        number = int(text)
        if -LARGEST_INT64 - 1 <= number <= LARGEST_INT64:
            return number
    double = float(text)
    if not isfinite(double):
        raise ValueError(text[:_SHOWN_DIGITS])
    return double
