"""What rules find in one object is kept while they look at it: all of them do before the next object has its turn.

An entry goes by identity, so it holds what it was found in; it is read and written whole, so threads cannot mix two up.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, TypeVar

from kservegen.checks.rules.base import Context
from kservegen.core.resource import Resource

_Subject = TypeVar("_Subject", Resource, Context)
_Part = TypeVar("_Part")
_forgetting: Final[list[Callable[[], None]]] = []


def cached(find: Callable[[_Subject], _Part]) -> Callable[[_Subject], _Part]:
    """Cache what a function finds in its last subject."""
    last: tuple[_Subject, _Part] | None = None

    @wraps(find)
    def found(subject: _Subject) -> _Part:
        nonlocal last
        entry = last
        if entry is None or entry[0] is not subject:
            entry = last = (subject, find(subject))
        return entry[1]

    def clear() -> None:
        nonlocal last
        last = None

    _forgetting.append(clear)
    return found


def cached_in_context(find: Callable[[Resource, Context], _Part]) -> Callable[[Resource, Context], _Part]:
    """Cache what a function finds in the last object that it was asked about, in the context that it has there."""
    last: tuple[Resource, Context, _Part] | None = None

    @wraps(find)
    def found(resource: Resource, context: Context) -> _Part:
        nonlocal last
        entry = last
        if entry is None or entry[0] is not resource or entry[1] is not context:
            entry = last = (resource, context, find(resource, context))
        return entry[2]

    def clear() -> None:
        nonlocal last
        last = None

    _forgetting.append(clear)
    return found


def forget() -> None:
    """Let go of what was looked at last: a run is over, its objects may change."""
    for clear in _forgetting:
        clear()
