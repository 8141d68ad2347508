"""Kubernetes' list functions (isSorted, sum, min, max) and CEL's sets, on plain Python values."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, TypeAlias

from kservegen.cel.function import Function

_Ordered: TypeAlias = int | float | str | bytearray | datetime | timedelta

_SUMMABLE: Final = ("int", "uint", "double", "duration")
_COMPARABLE: Final = ("int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes")
_INT64: Final = range(-(2**63), 2**63)


def _family(value: object) -> type:
    """Numbers compare with numbers; everything else, booleans too, only with its own kind."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float
    return type(value)


def _ordered(values: list[_Ordered]) -> list[_Ordered]:
    families = {_family(value) for value in values}
    if len(families) > 1 or families & {list, dict, type(None)}:
        raise TypeError("no such overload: the items of the list do not compare")
    return values


def _is_sorted(values: list[_Ordered]) -> bool:
    items = _ordered(values)
    return all(left <= right for left, right in pairwise(items))  # type: ignore[operator]


def _min(values: list[_Ordered]) -> object:
    if not values:
        raise ValueError("min called on empty list")
    return min(_ordered(values))


def _max(values: list[_Ordered]) -> object:
    if not values:
        raise ValueError("max called on empty list")
    return max(_ordered(values))


def _sum(values: list[object]) -> object:
    kinds = {type(value) for value in values}
    if not kinds:
        return 0
    if len(kinds) > 1 or not kinds <= {int, float, timedelta}:
        raise TypeError("no such overload: only numbers of one type and durations add up")
    total = sum(values[1:], start=values[0])  # type: ignore[call-overload]
    if isinstance(total, int) and total not in _INT64:
        raise OverflowError("integer overflow")
    return total


def equal(left: object, right: object) -> bool:
    """Compare as CEL does: numbers across types, a boolean only with a boolean."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(equal(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    return _family(left) is _family(right) and left == right


def _contains(values: list[object], wanted: list[object]) -> bool:
    return all(any(equal(value, item) for value in values) for item in wanted)


def _equivalent(left: list[object], right: list[object]) -> bool:
    return _contains(left, right) and _contains(right, left)


def _intersects(left: list[object], right: list[object]) -> bool:
    return any(equal(a, b) for a in left for b in right)


_PAIR: Final = ("list<dyn>", "list<dyn>")

FUNCTIONS: Final = (
    *(Function(name="isSorted", parameters=(f"list<{t}>",), result="bool", call=_is_sorted) for t in _COMPARABLE),
    *(Function(name="min", parameters=(f"list<{t}>",), result=t, call=_min) for t in _COMPARABLE),
    *(Function(name="max", parameters=(f"list<{t}>",), result=t, call=_max) for t in _COMPARABLE),
    *(Function(name="sum", parameters=(f"list<{t}>",), result=t, call=_sum) for t in _SUMMABLE),
    Function(name="sets.contains", parameters=_PAIR, result="bool", call=_contains, member=False),
    Function(name="sets.equivalent", parameters=_PAIR, result="bool", call=_equivalent, member=False),
    Function(name="sets.intersects", parameters=_PAIR, result="bool", call=_intersects, member=False),
)
