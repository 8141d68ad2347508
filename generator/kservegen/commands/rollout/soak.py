"""When a change reached a stage and when it became Ready in; how long it has to stay there yet, out."""

from __future__ import annotations

from datetime import datetime, timedelta


def begun(committed: datetime | None, ready_since: datetime | None) -> datetime | None:
    """Return when a soak began: with the commit, and not before what is Ready became so; None for no commit."""
    if committed is None or ready_since is None:
        return committed
    return max(committed, ready_since)


def left_of(soak: timedelta, since: datetime | None, now: datetime) -> timedelta | None:
    """Return how much of a soak is left, none where it has passed; None where nobody knows when it began."""
    if since is None:
        return None if soak else timedelta()
    return max(timedelta(), since + soak - now)
