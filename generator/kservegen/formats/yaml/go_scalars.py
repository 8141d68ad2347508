"""A scalar of a manifest in, with its tag and style; the JSON value that sigs.k8s.io/yaml makes of it out."""

from __future__ import annotations

import base64
import math
import re
import struct
from datetime import date
from typing import Final

from kservegen.core.jsontypes import JsonScalar
from kservegen.core.patterns import lazy_pattern
from kservegen.formats.yaml.readings import Odd, read_as_kubectl

_TAGS: Final = "tag:yaml.org,2002:"
_DATE_BEGINS: Final = lazy_pattern(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:$|[Tt ][0-9])", re.ASCII)
_BASE64: Final = lazy_pattern(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)?")
_ESCAPED_BYTE: Final = lazy_pattern("[\udc80-\udcff]")
_INT64: Final = 1 << 63


class UnreadableScalarError(ValueError):
    """A scalar that has no JSON value; the message says why."""


def read_scalar(text: str, tag: str | None, *, is_plain: bool) -> JsonScalar:
    """Read a scalar: quoted text is text, a plain one is resolved, a tag asks for one type. It may be infinite."""
    if tag is None and not is_plain:
        return text
    match (tag or "").removeprefix(_TAGS):
        case "":
            return _resolve(text)
        case "bool" | "int" | "float" | "null" as kind:
            return _of_type(text, kind)
        case "timestamp":
            return _timestamp(text)
        case "binary":
            return _binary(text)
    return text


def _resolve(text: str) -> JsonScalar:
    return _as_stored(_read(text))


def _read(text: str) -> JsonScalar:
    value = read_as_kubectl(text)
    return text if isinstance(value, Odd) else value


def _as_stored(value: JsonScalar) -> JsonScalar:
    """Return a number as k8s.io/apimachinery/pkg/util/json reads it of the JSON: beyond an int64 it is a double."""
    return float(value) if isinstance(value, int) and value >= _INT64 else value


def _of_type(text: str, kind: str) -> JsonScalar:
    value = _read(text)
    kinds = {bool: "bool", int: "int", float: "float", type(None): "null", str: "str"}
    if kinds[type(value)] == kind:
        return _as_stored(value)
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool) and value < _INT64:
        return float(value)
    raise UnreadableScalarError(f"the value does not fit its tag !!{kind}")


def _timestamp(text: str) -> str:
    match = _DATE_BEGINS.match(text)
    try:
        if match is not None:
            date(*(int(part) for part in match.groups()))
            return text
    except ValueError:
        pass
    raise UnreadableScalarError("the value does not fit its tag !!timestamp")


def _binary(text: str) -> str:
    encoded = text.replace("\r", "").replace("\n", "")
    if not _BASE64.fullmatch(encoded):
        raise UnreadableScalarError("the value of !!binary is not base64")
    # Go writes U+FFFD for every single byte that is no text.
    return _ESCAPED_BYTE.sub("\ufffd", base64.b64decode(encoded).decode(errors="surrogateescape"))


def as_key(value: JsonScalar) -> str:
    """Write a key as text, as sigs.k8s.io/yaml does: numbers and booleans have a form, null has none."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() if value < _INT64:
            return str(value)
        case float():
            return _short_float(value)
    raise UnreadableScalarError("a key must be text, a number or a boolean")


def _short_float(value: float) -> str:
    """Write a float as Go's %g does: 32 bits, as few digits as tell it apart, an exponent beyond six of them."""
    single = _as_single(value)
    if math.isnan(single):
        return ".nan"
    if math.isinf(single):
        return ".inf" if single > 0 else "-.inf"
    digits = next(d for d in range(1, 18) if _as_single(float(f"{single:.{d - 1}e}")) == single)
    mantissa, _, exponent = f"{single:.{digits - 1}e}".partition("e")
    power = int(exponent)
    if -5 < power < 6:
        return f"{single:.{max(digits - 1 - power, 0)}f}"
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _as_single(value: float) -> float:
    try:
        rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return rounded
