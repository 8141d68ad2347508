"""What was found of objects that nobody changes, by which objects they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

_Found = TypeVar("_Found")


class IdentityCache(Generic[_Found]):
    """Keeps what was found of so many objects, or groups of them, and then begins anew.

    Several rules in turn ask about one object, and then of the next: a few are enough.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        # The subjects are held, so that no others take their identities.
        self._known: dict[tuple[int, ...], tuple[tuple[object, ...], _Found]] = {}

    def get(self, subjects: tuple[object, ...], find: Callable[[], _Found]) -> _Found:
        """Return what was found of the very same subjects, else what `find` finds of them."""
        key = tuple(map(id, subjects))
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= self._most:
                self._known.clear()
            known = self._known[key] = (subjects, find())
        return known[1]
