"""JSON of others in, its value out, with numbers as Kubernetes' clients have them: every one of them can be written."""

from __future__ import annotations

import json
from math import isfinite
from typing import Final

from kservegen.core.jsontypes import JsonValue
from kservegen.core.values import LARGEST_INT64

_MOST_DIGITS: Final = 4000  # beyond, Python converts no text to an integer, and a double is infinite
_SHOWN_DIGITS: Final = 40


def parse_json(content: bytes | bytearray | str) -> JsonValue:
    """Read a document; ValueError for what is no JSON, RecursionError for what is too deep."""
    value: JsonValue = json.loads(content, parse_int=json_number, parse_float=json_number, parse_constant=json_number)
    return value


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
