"""Kubernetes' list functions (isSorted, sum, min, max, indexOf) and CEL's sets, on plain Python values.

The interpreter keeps the name `indexOf` for its function of texts, so both live here, under names of their own.
The pairs of a list or map, and maps made from pairs, are what macros of two variables are made of: `rewrite` puts these
functions into an expression, nobody writes them.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta
from functools import reduce
from itertools import pairwise
from typing import Final, TypeAlias

from kservegen.formats.cel.function import Function

_Ordered: TypeAlias = int | float | str | bytearray | datetime | timedelta

_SUMMABLE: Final = ("int", "uint", "double", "duration")
_COMPARABLE: Final = ("int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes")
_WITHOUT_ORDER: Final = frozenset({list, dict, type(None)})
_INT64: Final = range(-(2**63), 2**63)


def _family(value: object) -> type:
    """Numbers compare with numbers; everything else, booleans too, only with its own kind."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float
    return type(value)


def _ordered(values: list[_Ordered]) -> list[_Ordered]:
    """Refuse what has no order; values of different kinds have none among themselves, which is no error."""
    if any(_family(value) in _WITHOUT_ORDER for value in values):
        raise TypeError("no such overload")
    return values


def _is_greater(left: _Ordered, right: _Ordered) -> bool:
    return _family(left) is _family(right) and left > right  # type: ignore[operator]


def _is_sorted(values: list[_Ordered]) -> bool:
    return not any(_is_greater(left, right) for left, right in pairwise(_ordered(values)))


def _min(values: list[_Ordered]) -> object:
    if not values:
        raise ValueError("min called on empty list")
    return reduce(lambda least, value: value if _is_greater(least, value) else least, _ordered(values))


def _max(values: list[_Ordered]) -> object:
    if not values:
        raise ValueError("max called on empty list")
    return reduce(lambda most, value: value if _is_greater(value, most) else most, _ordered(values))


def _sum(values: list[object]) -> object:
    kinds = {type(value) for value in values}
    if not kinds:
        return 0
    if len(kinds) > 1 or not kinds <= {int, float, timedelta}:
        raise TypeError("no such overload")
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


def _index(values: list[object], wanted: object) -> int:
    return next((index for index, value in enumerate(values) if equal(value, wanted)), -1)


def _last_index(values: list[object], wanted: object) -> int:
    return next((index for index in reversed(range(len(values))) if equal(values[index], wanted)), -1)


def _text_index(text: str, wanted: str, start: int = 0) -> int:
    if not wanted or _is_beyond(text, start):
        return start if not wanted else -1
    return text.find(wanted, start)


def _last_text_index(text: str, wanted: str, start: int | None = None) -> int:
    if start is None:
        return text.rfind(wanted)
    if not wanted or _is_beyond(text, start):
        return start if not wanted else -1
    return text.rfind(wanted, 0, start + len(wanted))


def _is_beyond(text: str, start: int) -> bool:
    if start < 0:
        raise ValueError(f"index out of range: {start}")
    return start >= len(text)


def _of_list(values: list[object]) -> list[list[object]]:
    return [[index, value] for index, value in enumerate(values)]


def _of_map(values: dict[object, object]) -> list[list[object]]:
    return [[key, value] for key, value in values.items()]


def _map(pairs: list[tuple[Hashable, object]]) -> dict[Hashable, object]:
    return dict(pairs)


def _merge(maps: list[dict[object, object]]) -> dict[object, object]:
    merged: dict[object, object] = {}
    for entries in maps:
        for key, value in entries.items():
            if key in merged:
                raise ValueError(f"insert failed: key {key} already exists")
            merged[key] = value
    return merged


_PAIR: Final = ("list<dyn>", "list<dyn>")

FUNCTIONS: Final = (
    *(Function(name="isSorted", parameters=(f"list<{t}>",), result="bool", call=_is_sorted) for t in _COMPARABLE),
    *(Function(name="min", parameters=(f"list<{t}>",), result=t, call=_min) for t in _COMPARABLE),
    *(Function(name="max", parameters=(f"list<{t}>",), result=t, call=_max) for t in _COMPARABLE),
    *(Function(name="sum", parameters=(f"list<{t}>",), result=t, call=_sum) for t in _SUMMABLE),
    Function(name="indexOf_", parameters=("list<dyn>", "dyn"), result="int", call=_index),
    Function(name="lastIndexOf_", parameters=("list<dyn>", "dyn"), result="int", call=_last_index),
    Function(name="indexOf_", parameters=("string", "string"), result="int", call=_text_index),
    Function(name="indexOf_", parameters=("string", "string", "int"), result="int", call=_text_index),
    Function(name="lastIndexOf_", parameters=("string", "string"), result="int", call=_last_text_index),
    Function(name="lastIndexOf_", parameters=("string", "string", "int"), result="int", call=_last_text_index),
    Function(name="sets.contains", parameters=_PAIR, result="bool", call=_contains, member=False),
    Function(name="sets.equivalent", parameters=_PAIR, result="bool", call=_equivalent, member=False),
    Function(name="sets.intersects", parameters=_PAIR, result="bool", call=_intersects, member=False),
    Function(name="pairs_", parameters=("list<dyn>",), result="list<list<dyn>>", call=_of_list),
    Function(name="pairs_", parameters=("map<dyn, dyn>",), result="list<list<dyn>>", call=_of_map),
    Function(name="map_", parameters=("list<list<dyn>>",), result="map<dyn, dyn>", call=_map),
    Function(name="merge_", parameters=("list<map<dyn, dyn>>",), result="map<dyn, dyn>", call=_merge),
)
