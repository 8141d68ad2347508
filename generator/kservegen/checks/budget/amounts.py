"""Amounts as people write them: a resource and a number in, text out."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

_BYTES: Final = frozenset({"memory", "ephemeral-storage"})
_UNITS: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi")
_STEP: Final = 1024


def write_amount(resource: str, amount: Fraction) -> str:
    """Write bytes in the largest unit that leaves at least one, cores with up to three decimals."""
    if resource not in _BYTES:
        return _decimal(amount, 3)
    unit = 0
    while abs(amount) >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    return _decimal(amount, 1) + _UNITS[unit]


def amount_as_json(amount: Fraction | None) -> int | float | None:
    """Return cores, bytes or devices as a number; None where the amount is not known."""
    if amount is None:
        return None
    return int(amount) if amount.denominator == 1 else float(amount)


def _decimal(amount: Fraction, places: int) -> str:
    text = f"{float(amount):,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
