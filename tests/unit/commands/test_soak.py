"""The law of a soak: when it begins, and how much of it is left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kservegen.commands.rollout.soak import begun, left_of

DAY = datetime(2026, 1, 2, tzinfo=UTC)
times = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - see timezones
soaks = st.timedeltas(timedelta(), timedelta(days=30))


@pytest.mark.parametrize(
    ("soak", "committed", "ready", "now", "left"),
    [
        (24, 0, None, 24, 0),
        (24, 0, None, 23, 1),
        (24, 0, 12, 24, 12),  # it became Ready later than it was committed
        (24, 0, -12, 24, 0),  # it was Ready all the time
        (24, 0, None, -1, 25),  # a commit of a clock that runs ahead
        (0, 0, None, -1, 1),
        (0, None, None, 0, 0),  # nothing is asked
        (0, None, 3, 0, 0),
        (24, None, 0, 99, None),
    ],
)
def test_table(soak: int, committed: int | None, ready: int | None, now: int, left: int | None) -> None:
    at = [None if hours is None else DAY + timedelta(hours=hours) for hours in (committed, ready)]
    found = left_of(timedelta(hours=soak), begun(*at), DAY + timedelta(hours=now))
    assert found == (None if left is None else timedelta(hours=left))


@given(soak=soaks, committed=times, ready=st.none() | times, now=times)
def test_what_is_left_is_waited_for_and_no_more(
    soak: timedelta, committed: datetime, ready: datetime | None, now: datetime
) -> None:
    since = begun(committed, ready)
    left = left_of(soak, since, now)
    assert left is not None
    assert left_of(soak, since, now + left) == timedelta()
    assert not left or left_of(soak, since, now + left - timedelta(microseconds=1))


@given(soak=soaks, committed=times, ready=times, now=times)
def test_knowing_more_never_shortens_it(soak: timedelta, committed: datetime, ready: datetime, now: datetime) -> None:
    blind, seeing = (left_of(soak, begun(committed, known), now) for known in (None, ready))
    assert blind is not None
    assert seeing is not None
    assert blind <= seeing
