"""Kubernetes' quantity functions: `quantity('1Gi').isGreaterThan(quantity('512Mi'))` and its kin.

A quantity travels through the interpreter as a map: its normal form, so that equal amounts are equal maps, and one
mark. The API server's `isInteger` depends on how an amount was written (`1000m` is none, `1` is one), although both
are equal; the mark is a zero whose sign says so: 0.0 and -0.0 are equal, too.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

from kservegen.core.patterns import lazy_pattern
from kservegen.core.quantity import Quantity, parse_quantity
from kservegen.formats.cel.function import CEL_QUANTITY, Function, Tagged, untagged

_MARK: Final = "mark"
_WRITTEN: Final = lazy_pattern(r"[+-]?0*([0-9]*)(?:\.([0-9]*))?(.*)")
_BINARY_POWER: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_LARGEST: Final = 2**63 - 1
_REFUSED: Final = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"  # the server's words
)


@lru_cache(maxsize=4096)
def _read(text: str) -> Tagged:
    amount = _parse(text)
    if amount is None:
        raise ValueError(_REFUSED)
    return _tag(amount.unscaled, amount.exponent, whole=_written_whole(text, amount))


@lru_cache(maxsize=4096)  # the interpreter asks it without a frame of Python's
def _is_quantity(text: str) -> bool:
    return _parse(text) is not None


@lru_cache(maxsize=4096)
def _parse(text: str) -> Quantity | None:
    # A manifest's quantity is trimmed while JSON is read; the function takes its argument as it is.
    return parse_quantity(text) if text == text.strip() else None


def _written_whole(text: str, amount: Quantity) -> bool:
    """Say whether the server keeps the amount as a 64-bit integer: its `AsInt64` knows no other whole numbers."""
    match = _WRITTEN.fullmatch(text)
    if match is None:  # a quantity always matches
        return False
    whole, fraction, suffix = match[1], match[2] or "", match[3]
    if suffix in _BINARY_POWER:
        short = not fraction and len(whole) <= 14 - _BINARY_POWER[suffix] * 3 // 10
        return short and abs(amount.unscaled) <= _LARGEST
    return len(whole) + len(fraction) <= 18 and amount.exponent >= 0 and _fits(amount.unscaled, amount.exponent)


def _fits(unscaled: int, exponent: int) -> bool:
    return exponent <= 18 and abs(unscaled) * int(10**exponent) <= _LARGEST


@lru_cache(maxsize=4096)
def _tag(unscaled: int, exponent: int, *, whole: bool) -> Tagged:
    """Make the value of an amount, one for all that are equal, as `tagged` does."""
    if unscaled == 0:
        exponent = 0
    while unscaled and unscaled % 10 == 0:
        unscaled //= 10
        exponent += 1
    return {CEL_QUANTITY: f"{unscaled}e{exponent}", _MARK: -0.0 if whole else 0.0}


def _amount(tagged: Tagged) -> tuple[int, int]:
    return _split(untagged(tagged, CEL_QUANTITY))


@lru_cache(maxsize=4096)
def _split(text: str) -> tuple[int, int]:
    unscaled, _, exponent = text.partition("e")
    return int(unscaled), int(exponent)


def _whole(tagged: Tagged) -> bool:
    mark = tagged.get(_MARK)
    return isinstance(mark, float) and math.copysign(1.0, mark) < 0


def _compare(left: Tagged, right: Tagged) -> int:
    return _compare_forms(untagged(left, CEL_QUANTITY), untagged(right, CEL_QUANTITY))


@lru_cache(maxsize=4096)
def _compare_forms(left: str, right: str) -> int:
    (ours, our_exponent), (theirs, their_exponent) = _split(left), _split(right)
    signs = (ours > 0) - (ours < 0), (theirs > 0) - (theirs < 0)
    if signs[0] != signs[1] or not ours:
        return (signs[0] > signs[1]) - (signs[0] < signs[1])
    size = len(str(abs(ours))) + our_exponent - len(str(abs(theirs))) - their_exponent
    if size:  # never writes out 1e999999999
        return signs[0] if size > 0 else -signs[0]
    base = min(our_exponent, their_exponent)
    our_part, their_part = ours * int(10 ** (our_exponent - base)), theirs * int(10 ** (their_exponent - base))
    return (our_part > their_part) - (our_part < their_part)


def _add(left: Tagged, right: Tagged) -> Tagged:
    return _sum(left, right, 1)


def _sub(left: Tagged, right: Tagged) -> Tagged:
    return _sum(left, right, -1)


def _add_int(left: Tagged, right: int) -> Tagged:
    return _sum(left, _tag(right, 0, whole=True), 1)


def _sub_int(left: Tagged, right: int) -> Tagged:
    return _sum(left, _tag(right, 0, whole=True), -1)


def _sum(left: Tagged, right: Tagged, sign: int) -> Tagged:
    (ours, our_exponent), (theirs, their_exponent) = _amount(left), _amount(right)
    base = min(our_exponent, their_exponent)
    if max(our_exponent, their_exponent) - base > 4096:
        raise OverflowError("quantity is too large to compute with")
    total = ours * int(10 ** (our_exponent - base)) + sign * theirs * int(10 ** (their_exponent - base))
    # Nought takes over how the other amount is kept; else both have to be integers.
    whole = _whole(right) if not ours else _whole(left) and (not theirs or _whole(right))
    return _tag(total, base, whole=whole and base >= 0 and _fits(total, base))


def _compare_texts(left: str, right: str) -> int:
    return _compare(_read(left), _read(right))


def _as_integer(tagged: Tagged) -> int:
    unscaled, exponent = _amount(tagged)
    if not _whole(tagged):
        raise ValueError("cannot convert value to integer")
    return unscaled * int(10**exponent)


def _is_integer(tagged: Tagged) -> bool:
    _amount(tagged)
    return _whole(tagged)


def _sign(tagged: Tagged) -> int:
    unscaled, _ = _amount(tagged)
    return (unscaled > 0) - (unscaled < 0)


def _as_float(tagged: Tagged) -> float:
    unscaled, exponent = _amount(tagged)
    return float(f"{unscaled}e{exponent}")


FUNCTIONS: Final = (
    Function(name="quantity", parameters=("string",), result=CEL_QUANTITY, call=_read, member=False),
    Function(name="isQuantity", parameters=("string",), result="bool", call=_is_quantity, member=False),
    Function(
        name="isGreaterThan",
        parameters=(CEL_QUANTITY, CEL_QUANTITY),
        result="bool",
        call=lambda left, right: _compare(left, right) > 0,
    ),
    Function(
        name="isLessThan",
        parameters=(CEL_QUANTITY, CEL_QUANTITY),
        result="bool",
        call=lambda left, right: _compare(left, right) < 0,
    ),
    Function(name="compareTo", parameters=(CEL_QUANTITY, CEL_QUANTITY), result="int", call=_compare),
    Function(name="add", parameters=(CEL_QUANTITY, CEL_QUANTITY), result=CEL_QUANTITY, call=_add),
    Function(name="add", parameters=(CEL_QUANTITY, "int"), result=CEL_QUANTITY, call=_add_int),
    Function(name="sub", parameters=(CEL_QUANTITY, CEL_QUANTITY), result=CEL_QUANTITY, call=_sub),
    Function(name="sub", parameters=(CEL_QUANTITY, "int"), result=CEL_QUANTITY, call=_sub_int),
    Function(name="asInteger", parameters=(CEL_QUANTITY,), result="int", call=_as_integer),
    Function(name="asApproximateFloat", parameters=(CEL_QUANTITY,), result="double", call=_as_float),
    Function(name="isInteger", parameters=(CEL_QUANTITY,), result="bool", call=_is_integer),
    Function(name="sign", parameters=(CEL_QUANTITY,), result="int", call=_sign, member=False),
    # Of the texts of quantities: `rewrite` writes these for the functions above.
    Function(name="compareTo_", parameters=("string", "string"), result="int", call=_compare_texts, member=False),
    Function(
        name="isGreaterThan_",
        parameters=("string", "string"),
        result="bool",
        call=lambda left, right: _compare_texts(left, right) > 0,
        member=False,
    ),
    Function(
        name="isLessThan_",
        parameters=("string", "string"),
        result="bool",
        call=lambda left, right: _compare_texts(left, right) < 0,
        member=False,
    ),
    Function(
        name="asApproximateFloat_",
        parameters=("string",),
        result="double",
        call=lambda text: _as_float(_read(text)),
        member=False,
    ),
)
