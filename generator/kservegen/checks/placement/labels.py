"""Selectors of labels: what is asked and labels in, a verdict out; the semantics are those of apimachinery's labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.values import whole_number

# Says of a key that is not among the labels whether it may hold whatever is asked for.
IsOpen = Callable[[str], bool]


class LabelRequirement(NamedTuple):
    """One line of a selector: a key, an operator, values."""

    key: str
    operator: str
    values: frozenset[str]

    def holds(self, labels: Mapping[str, str], is_open: IsOpen) -> bool:
        """Whether labels satisfy it."""
        value = labels.get(self.key)
        if value is None and is_open(self.key):
            return True
        return _OPERATORS.get(self.operator, _never)(value, self.values)


def closed_expression(_: str) -> bool:
    """Say that a label which is not listed is not there."""
    return False


def _never(_value: str | None, _values: frozenset[str]) -> bool:
    return False


def _greater(value: str | None, values: frozenset[str]) -> bool:
    return _compare(value, values) > 0


def _less(value: str | None, values: frozenset[str]) -> bool:
    return _compare(value, values) < 0


def _compare(value: str | None, values: frozenset[str]) -> int:
    found, bound = _signed(value or ""), _signed(next(iter(values), ""))
    if found is None or bound is None:
        return 0  # neither greater nor less
    return (found > bound) - (found < bound)


def _signed(text: str) -> int | None:
    number = whole_number(text[1:] if text[:1] in ("+", "-") else text)
    return -number if number is not None and text[0] == "-" else number


_OPERATORS: Final[dict[str, Callable[[str | None, frozenset[str]], bool]]] = {
    "In": lambda value, values: value in values,
    "NotIn": lambda value, values: value not in values,
    "Exists": lambda value, _: value is not None,
    "DoesNotExist": lambda value, _: value is None,
    "Gt": _greater,
    "Lt": _less,
}


def equalities(labels: JsonValue) -> Iterator[LabelRequirement]:
    """Read a map of labels that must be equal: `nodeSelector`, `matchLabels`."""
    for key, value in mapping(labels).items():
        if isinstance(value, str):
            yield LabelRequirement(key, "In", frozenset({value}))


def expressions(items: JsonValue) -> Iterator[LabelRequirement]:
    """Read a list of `matchExpressions`."""
    for item in sequence(items):
        said = mapping(item)
        values = frozenset(value for value in sequence(said.get("values")) if isinstance(value, str))
        yield LabelRequirement(text(said.get("key")), text(said.get("operator")), values)


def match_selector(selector: JsonObject) -> tuple[LabelRequirement, ...]:
    """Read a LabelSelector."""
    return (*equalities(selector.get("matchLabels")), *expressions(selector.get("matchExpressions")))
