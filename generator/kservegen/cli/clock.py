"""The day and time of a run: the one place that asks the clock, and the options that stand in for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from kservegen.checks.waivers.apply import Clock

_F = TypeVar("_F", bound=Callable[..., object])


def clock_options(function: _F) -> _F:
    """Add --today and --waiver-notice."""
    function = click.option(
        "--waiver-notice",
        type=click.IntRange(0, 365),
        default=14,
        show_default=True,
        metavar="DAYS",
        help="Warn so many days before a waiver expires.",
    )(function)
    return click.option(
        "--today",
        type=click.DateTime(formats=["%Y-%m-%d"]),
        default=None,
        help="Day that waivers are judged by. Default: the day that it is.",
    )(function)


def this_day() -> date:
    """Return the day that it is where this runs."""
    return date.today()  # noqa: DTZ011 - the day where CI runs


def clock(today: datetime | None, notice: int) -> Clock:
    """Return the day that was given, or the day that it is."""
    from kservegen.checks.waivers.apply import Clock  # noqa: PLC0415 - not for help, nor where there is no catalog

    return Clock(today.date() if today is not None else this_day(), notice)


def moment_option(function: _F) -> _F:
    """Add --now."""
    return click.option(
        "--now",
        "moment",
        type=click.DateTime(formats=["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ"]),
        default=None,
        metavar="TIME",
        help="Time that soaks are judged by, as 2026-03-31T12:00Z. Default: the time that it is.",
    )(function)


def moment(given: datetime | None) -> datetime:
    """Return the time that was given, of UTC, or the time that it is."""
    return datetime.now(UTC) if given is None else given.replace(tzinfo=UTC)
