"""What rules find in objects is kept for the rules that ask next: those of other scopes, and of other environments.

An entry goes by identity, so it holds what it was found in; it is read and written whole, so threads cannot mix two up.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Final, TypeVar, cast

_Subject = TypeVar("_Subject")
_Context = TypeVar("_Context")
_Part = TypeVar("_Part")
# As many objects as environments are looked at by turns, and some that they do not have in common; the oldest go first.
_MOST: Final = 1536
_forgetting: Final[list[Callable[[], None]]] = []


def cached(find: Callable[[_Subject, _Context], _Part]) -> Callable[[_Subject, _Context], _Part]:
    """Cache what a function finds in the last object and the context it has there."""
    last: tuple[object, object, _Part] | None = None

    def found(subject: _Subject, context: _Context) -> _Part:
        nonlocal last
        entry = last
        if entry is None or entry[0] is not subject or entry[1] is not context:
            entry = last = (subject, context, find(subject, context))
        return entry[2]

    def clear() -> None:
        nonlocal last
        last = None

    _forgetting.append(clear)
    return wraps(find)(found)


def cached_by_object(find: Callable[[_Subject], _Part]) -> Callable[[_Subject], _Part]:
    """Cache what a function finds in each of the last objects, of which nobody changes one."""
    # A dict that loses its first item again and again looks longer for it each time.
    known: OrderedDict[int, tuple[object, _Part]] = OrderedDict()

    def found(subject: _Subject) -> _Part:
        entry = known.get(id(subject))
        if entry is None or entry[0] is not subject:
            if len(known) >= _MOST:
                known.popitem(last=False)
            entry = known[id(subject)] = (subject, find(subject))
        return entry[1]

    return wraps(find)(found)


def cached_by_context(find: Callable[[_Context], _Part]) -> Callable[[_Context], _Part]:
    """Cache what a function finds in a context, in the context."""
    name = f"{find.__module__}.{find.__qualname__}"

    def found(context: _Context) -> _Part:
        kept = vars(context)
        if name not in kept:
            kept[name] = find(context)
        return cast("_Part", kept[name])

    return wraps(find)(found)


def forget() -> None:
    """Let go of what was looked at last: a run is over, its environment may change."""
    for clear in _forgetting:
        clear()
