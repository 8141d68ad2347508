"""Kubernetes' resource.Quantity: text or number of a manifest in, its exact value and the text that Go prints out.

The law is `ParseQuantity` and `CanonicalizeBytes` of k8s.io/apimachinery v0.34 (pkg/api/resource), oddities included:
they decide what the API server stores, hence what a GitOps tool sees as a difference. A test holds this module
against the Go library.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Final

from msgspec import Struct

from kservegen.core.patterns import lazy_pattern

# Longer texts are taken as unparsable: Python refuses to convert integers of more than 4,300 digits.
_LONGEST: Final = 4000
_MAX_INT64: Final = 2**63 - 1
_MOST: Final = Fraction(_MAX_INT64)
_MAX_DIGITS: Final = 19
_MAX_FAST_DIGITS: Final = 18

_TEXT: Final = lazy_pattern(r"([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[+-]?[0-9]*)")
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_DECIMAL_SUFFIX: Final = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_BINARY_SUFFIX: Final = {0: "", **{exponent: suffix for suffix, exponent in _BINARY.items()}}

# What Go's TrimSpace takes away and JSON leaves unescaped: control characters never reach it.
_SPACE: Final = " \u0085\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


class SuffixFamily(StrEnum):
    """How a quantity is written: the suffixes it came with are the ones it keeps."""

    DECIMAL = "decimal SI"
    BINARY = "binary SI"
    EXPONENT = "decimal exponent"


class Quantity(Struct, frozen=True, kw_only=True):
    """An amount, exactly `unscaled` x 10^`exponent`; `text` is how the API server writes it."""

    unscaled: int
    exponent: int
    family: SuffixFamily
    text: str

    @property
    def sign(self) -> int:
        """-1, 0 or 1."""
        return (self.unscaled > 0) - (self.unscaled < 0)

    @property
    def value(self) -> Fraction:
        """The amount as a fraction, capped at 2^63-1 either way: more than 64 bits Go cannot count with."""
        if self.exponent > _MAX_DIGITS:
            return self.sign * _MOST
        if self.exponent >= 0:
            whole: int = self.unscaled * 10**self.exponent
            return Fraction(max(min(whole, _MAX_INT64), -_MAX_INT64))
        parts: int = 10**-self.exponent
        amount = Fraction(self.unscaled, parts)
        return amount if abs(self.unscaled) <= _MAX_INT64 * parts else self.sign * _MOST

    @property
    def is_countable(self) -> bool:
        """Whether Go can count with the amount: it is no more than 2^63-1 either way."""
        if self.exponent <= 0:
            most: int = _MAX_INT64 * 10**-self.exponent
            return abs(self.unscaled) <= most
        return self.unscaled == 0 or (self._magnitude() <= _MAX_DIGITS and abs(self.value) < _MAX_INT64)

    @property
    def is_whole(self) -> bool:
        """Whether the amount is an integer."""
        return self.exponent >= 0 or self.unscaled % 10**-self.exponent == 0

    def compare(self, other: Quantity) -> int:
        """-1, 0 or 1: exact, and cheap however large the exponents are."""
        if self.exponent == other.exponent:
            return (self.unscaled > other.unscaled) - (self.unscaled < other.unscaled)
        if self.sign != other.sign or self.sign == 0:
            return (self.sign > other.sign) - (self.sign < other.sign)
        ours, theirs = self._magnitude(), other._magnitude()
        if ours != theirs:
            return self.sign if ours > theirs else -self.sign
        # Equal magnitudes: the scales differ by no more digits than were written.
        base = min(self.exponent, other.exponent)
        left: int = self.unscaled * 10 ** (self.exponent - base)
        right: int = other.unscaled * 10 ** (other.exponent - base)
        return (left > right) - (left < right)

    def _magnitude(self) -> int:
        return len(str(abs(self.unscaled))) + self.exponent


@lru_cache(maxsize=8192, typed=True)
def parse_quantity(value: str | float) -> Quantity | None:
    """Read a quantity as a Kubernetes client does; None where that fails."""
    if isinstance(value, bool):
        return None
    if not isinstance(value, str):
        value = _number_text(value)
    text = value.strip(_SPACE)
    if len(text) > _LONGEST or not text:
        return None
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    sign, whole, fraction, suffix = match.groups()
    return _read(text, _Parts(sign == "-", whole or "0", fraction or "", suffix))


@lru_cache(maxsize=8192, typed=True)
def canonical(value: str | float) -> str:
    """Write a quantity as the API server stores it; ValueError where it is none."""
    quantity = parse_quantity(value)
    if quantity is None:
        raise ValueError(f"not a quantity: {value!r}")
    return quantity.text


class _Parts(Struct, frozen=True):
    """The pieces of a quantity's text; `whole` has no leading zeros but is never empty."""

    negative: bool
    whole: str
    fraction: str
    suffix: str

    @property
    def digits(self) -> str:
        return self.whole + self.fraction


def _number_text(number: float) -> str:
    """Write a number as Go's JSON encoder does: that text is what a Quantity is read from."""
    if isinstance(number, int):
        return str(number) if abs(number) < 10**_LONGEST else ""
    if not math.isfinite(number):
        return ""
    shortest = repr(number)
    if number == 0 or 1e-6 <= abs(number) < 1e21:
        return format(Decimal(shortest), "f").removesuffix(".0")
    mantissa, _, exponent = shortest.partition("e")
    return f"{mantissa}e{int(exponent):+d}"


def _read(text: str, parts: _Parts) -> Quantity | None:
    if parts.suffix in _BINARY:
        return _read_binary(text, parts, _BINARY[parts.suffix])
    if parts.suffix in _DECIMAL:
        return _read_decimal(text, parts, exponent=_DECIMAL[parts.suffix], family=SuffixFamily.DECIMAL)
    exponent = _exponent(parts.suffix)
    if exponent is None:
        return None
    return _read_decimal(text, parts, exponent=exponent, family=SuffixFamily.EXPONENT)


def _exponent(suffix: str) -> int | None:
    """Read the number behind `e`; beyond 64 bits it is none, beyond 32 it wraps as Go's conversion does."""
    if suffix[0] not in "eE" or not re.fullmatch(r"[+-]?[0-9]+", suffix[1:]):
        return None
    exponent = int(suffix[1:])
    return _int32(exponent) if -(2**63) <= exponent < 2**63 else None


def _int32(number: int) -> int:
    return (number + 2**31) % 2**32 - 2**31


def _read_decimal(text: str, parts: _Parts, *, exponent: int, family: SuffixFamily) -> Quantity | None:
    digits = parts.digits
    scale = _int32(exponent - len(parts.fraction))
    if len(digits) <= _MAX_FAST_DIGITS and scale >= -9:
        unscaled = int(digits)
        # A text that is nearly canonical is kept as it is: `+1`, `01` and `1.500` included.
        kept = scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"
    else:
        if not _has_digits(text):
            return None
        unscaled, scale = _round_up(int(digits), scale)
        kept = False
    unscaled = -unscaled if parts.negative else unscaled
    written = text if kept or text == "0" else _write_decimal(unscaled, scale, family)
    return Quantity(unscaled=unscaled, exponent=scale, family=family, text=written)


def _read_binary(text: str, parts: _Parts, power: int) -> Quantity | None:
    digits, places = parts.digits, len(parts.fraction)
    unscaled = int(digits) << power
    fast = not places and len(digits) <= 14 - power * 3 // 10 and unscaled <= _MAX_INT64
    if fast and int(digits) & 7:
        unscaled = -unscaled if parts.negative else unscaled
        return Quantity(unscaled=unscaled, exponent=0, family=SuffixFamily.BINARY, text=text)
    if not fast and not _has_digits(text):
        return None
    unscaled, scale = _round_up(unscaled, -places)
    if _at_least(unscaled, scale, _MAX_INT64):
        unscaled, scale = _MAX_INT64, 0
    family = (
        SuffixFamily.DECIMAL if unscaled and not fast and not _at_least(unscaled, scale, 1) else SuffixFamily.BINARY
    )
    unscaled = -unscaled if parts.negative else unscaled
    return Quantity(unscaled=unscaled, exponent=scale, family=family, text=_write_binary(unscaled, scale, family))


def _has_digits(text: str) -> bool:
    """Go's slow path wants a digit before the suffix; its fast path takes `.` and `+` for nought."""
    match = _TEXT.fullmatch(text)
    return match is not None and any(c.isdigit() for c in text[: match.start(4)])


def _at_least(unscaled: int, scale: int, bound: int) -> bool:
    step: int = 10**-scale  # scale is in -9..0 here
    return unscaled >= bound * step


def _round_up(unscaled: int, scale: int) -> tuple[int, int]:
    """No quantity is finer than a nano: what was asked for is rounded away from nought."""
    if scale >= -9:
        return unscaled, scale
    if unscaled == 0:
        return 0, 0
    drop = -9 - scale
    if drop > len(str(unscaled)):
        return 1, -9
    return -(-unscaled // 10**drop), -9


def _write_decimal(unscaled: int, scale: int, family: SuffixFamily) -> str:
    if unscaled == 0:
        return "0"
    digits = str(unscaled)
    stripped = digits.rstrip("0")
    scale = scale + len(digits) - len(stripped)
    stripped += "0" * (scale % 3)
    scale = _int32(scale - scale % 3)
    if family is SuffixFamily.EXPONENT:
        return f"{stripped}e{scale}" if scale else stripped
    # Beyond the largest suffix Go writes none at all; so 1000E is stored as 1.
    return stripped + _DECIMAL_SUFFIX.get(scale, "")


def _write_binary(unscaled: int, scale: int, family: SuffixFamily) -> str:
    """Binary suffixes where the amount is whole and not below 1024; else it is written as a decimal."""
    step = 10**-scale
    whole, rest = divmod(unscaled, step)
    if family is SuffixFamily.DECIMAL or rest or -1024 < whole < 1024:
        return _write_decimal(unscaled, scale, SuffixFamily.DECIMAL)
    power = 0
    while whole % 1024 == 0:
        whole //= 1024
        power += 10
    return f"{whole}{_BINARY_SUFFIX.get(power, '')}"
