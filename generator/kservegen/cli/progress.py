"""Progress of a run that takes longer than people wait without asking: one line at a terminal, gone when the run is.

It is drawn when a step is told of, by nobody else: no thread runs beside what forks. In pipes and in CI there is none.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from kservegen.core.progress import Progress, watched

if TYPE_CHECKING:
    import rich.progress

_PATIENCE: Final = 1.0  # seconds before anything is shown
_PAUSE: Final = 0.1  # seconds from one drawing to the next


class _Line:
    """The line at the foot of a terminal that says what is done."""

    def __init__(self) -> None:
        self._drawn_at = time.monotonic() + _PATIENCE - _PAUSE
        self._bar: rich.progress.Progress | None = None
        self._task: rich.progress.TaskID | None = None
        self._is_over = False

    def show(self, progress: Progress) -> None:
        """Draw a step, unless the last one was drawn just now."""
        now = time.monotonic()
        if self._is_over or now - self._drawn_at < _PAUSE:
            return
        self._drawn_at = now
        if self._bar is None:
            self._bar = _open_bar()
            self._task = self._bar.add_task("")
        if self._task is not None:
            total = progress.total or None
            self._bar.update(self._task, description=progress.step, total=total, completed=progress.done, refresh=True)

    def stop(self) -> None:
        """Take the line away; nothing is drawn any more."""
        self._is_over = True
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


_LINES: Final[list[_Line]] = []


def stop_progress() -> None:
    """Take progress away, because something else is printed."""
    for line in _LINES:
        line.stop()


@contextmanager
def shown_progress() -> Iterator[None]:
    """Show progress, where somebody looks at a terminal."""
    if not _is_watched():
        yield
        return
    line = _Line()
    _LINES.append(line)
    try:
        with watched(line.show):
            yield
    finally:
        line.stop()
        _LINES.remove(line)


def runs_in_ci() -> bool:
    """Whether this is a job of CI, where nobody sits: there CI is set."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def _is_watched() -> bool:
    return sys.stderr.isatty() and sys.stdout.isatty() and not runs_in_ci() and os.environ.get("TERM") != "dumb"


def _open_bar() -> rich.progress.Progress:
    from rich.console import Console  # noqa: PLC0415 - brings a third of what starting costs
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("kservegen: {task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    # What is printed meanwhile takes the line away first: nothing needs to be led around it.
    bar = Progress(
        *columns, console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
    )
    bar.start()
    return bar
