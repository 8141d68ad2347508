"""What a run is doing just now, for whoever watches: nobody, unless a terminal does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeAlias

from msgspec import Struct


class Progress(Struct, frozen=True):
    """A step in words that follow "kservegen is", and how much of it is done; a total of 0 where that is not known."""

    step: str
    done: int = 0
    total: int = 0


Watcher: TypeAlias = Callable[[Progress], None]
_WATCHER: Final[ContextVar[Watcher | None]] = ContextVar("watcher", default=None)


def tell(step: str, done: int = 0, total: int = 0) -> None:
    """Tell what is done next, and how far it is; where nobody watches, nothing happens."""
    watcher = _WATCHER.get()
    if watcher is not None:
        watcher(Progress(step, done, total))


@contextmanager
def watched(watcher: Watcher | None) -> Iterator[None]:
    """Have somebody watch, or nobody."""
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)
