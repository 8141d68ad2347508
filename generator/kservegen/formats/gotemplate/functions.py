"""The functions that Go gives every template (text/template funcs.go), as far as they are evaluated here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from kservegen.core.patterns import lazy_pattern
from kservegen.formats.gotemplate.values import GoValue, is_true, pointed_to, printed

TemplateFunction: TypeAlias = Callable[[Sequence[GoValue]], GoValue]

_VERB: Final = lazy_pattern(r"%(.?)")


class CallError(Exception):
    """A function cannot do with its arguments what it is asked to."""


def _only(arguments: Sequence[GoValue]) -> GoValue:
    if len(arguments) != 1:
        raise CallError(f"wrong number of args: want 1 got {len(arguments)}")
    return pointed_to(arguments[0])


def _length(arguments: Sequence[GoValue]) -> GoValue:
    value = _only(arguments)
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Mapping | Sequence):
        return len(value)
    raise CallError("len of a value that has no length")


def _index(arguments: Sequence[GoValue]) -> GoValue:
    if not arguments:
        raise CallError("wrong number of args: want at least 1 got 0")
    value, *keys = map(pointed_to, arguments)
    for key in keys:
        if isinstance(value, Mapping) and isinstance(key, str):
            value = value.get(key, "")
        elif isinstance(value, Sequence) and not isinstance(value, str) and isinstance(key, int):
            if not 0 <= key < len(value):
                raise CallError(f"index out of range: {key}")
            value = value[key]
        else:
            raise CallError(f"can't index item of type {_kind(value)}")
    return value


def _kind(value: GoValue) -> str:
    value = pointed_to(value)
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "int" if isinstance(value, int) else "float64"
    return "string" if isinstance(value, str) else "other"


def _compared(arguments: Sequence[GoValue]) -> tuple[GoValue, list[GoValue]]:
    if len(arguments) < 2:
        raise CallError("missing argument for comparison")
    first, *others = map(pointed_to, arguments)
    if _kind(first) == "other" or any(_kind(other) != _kind(first) for other in others):
        raise CallError("incompatible types for comparison")
    return first, others


def _equal(arguments: Sequence[GoValue]) -> GoValue:
    first, others = _compared(arguments)
    return first in others


def _ordered(holds: Callable[[object, object], bool]) -> TemplateFunction:
    def compare(arguments: Sequence[GoValue]) -> GoValue:
        first, others = _compared(arguments)
        if len(others) != 1 or isinstance(first, bool):
            raise CallError("invalid type for comparison")
        return holds(first, others[0])

    return compare


def _less(first: object, second: object) -> bool:
    return first < second  # type: ignore[operator,no-any-return] # of one kind, and that is ordered


def _print(arguments: Sequence[GoValue]) -> GoValue:
    """Print arguments with a blank between two of which neither is text."""
    out = ""
    for number, argument in enumerate(arguments):
        apart = number and not isinstance(argument, str) and not isinstance(arguments[number - 1], str)
        out += (" " if apart else "") + printed(argument)
    return out


def _format(arguments: Sequence[GoValue]) -> GoValue:
    """Do what printf does with the verbs that people write; CallError for another one, and for arguments amiss."""
    if not arguments or not isinstance(arguments[0], str):
        raise CallError("printf needs a format")
    rest = iter(arguments[1:])

    def verb(match: re.Match[str]) -> str:
        if match[1] == "%":
            return "%"
        value = pointed_to(next(rest, None))
        if match[1] == "v" or (match[1] == "s" and isinstance(value, str)):
            return printed(value)
        if match[1] == "d" and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise CallError(f"printf {match[0]} is not evaluated here")

    out = _VERB.sub(verb, arguments[0])
    if next(rest, None) is not None:
        raise CallError("printf has more arguments than verbs")
    return out


BUILT_IN: Final[Mapping[str, TemplateFunction]] = {
    "not": lambda arguments: not is_true(_only(arguments)),
    "len": _length,
    "index": _index,
    "eq": _equal,
    "ne": lambda arguments: not _equal(arguments),
    "lt": _ordered(_less),
    "le": _ordered(lambda a, b: not _less(b, a)),
    "gt": _ordered(lambda a, b: _less(b, a)),
    "ge": _ordered(lambda a, b: not _less(a, b)),
    "print": _print,
    "println": lambda arguments: " ".join(map(printed, arguments)) + "\n",
    "printf": _format,
}
# Go has these too; nothing that was seen of KServe uses them.
NOT_EVALUATED: Final = frozenset({"call", "html", "js", "slice", "urlquery"})
