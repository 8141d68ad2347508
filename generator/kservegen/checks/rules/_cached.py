"""What rules find in one object is kept while they look at it: all of them do before the next object has its turn.

An entry goes by identity, so it holds what it was found in; it is read and written whole, so threads cannot mix two up.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, TypeVar, TypeVarTuple, cast

_Asked = TypeVarTuple("_Asked")
_Part = TypeVar("_Part")
_forgetting: Final[list[Callable[[], None]]] = []


def cached(find: Callable[[*_Asked], _Part]) -> Callable[[*_Asked], _Part]:
    """Cache what a function finds in the last object or context, or in the last object and the context it has there."""
    last: tuple[object, object, _Part] | None = None
    ask = cast("Callable[..., _Part]", find)

    def found(subject: object, *context: object) -> _Part:
        nonlocal last
        entry, beside = last, context[0] if context else None
        if entry is None or entry[0] is not subject or entry[1] is not beside:
            entry = last = (subject, beside, ask(subject, *context))
        return entry[2]

    def clear() -> None:
        nonlocal last
        last = None

    _forgetting.append(clear)
    return cast("Callable[[*_Asked], _Part]", wraps(ask)(found))


def forget() -> None:
    """Let go of what was looked at last: a run is over, its objects may change."""
    for clear in _forgetting:
        clear()
