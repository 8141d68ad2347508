"""A run of ours in a process of its own, killed or refused at one of its calls that change a disk.

Production code knows nothing of it: calls of `os`, and programs that are started, are counted from outside.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

from kservegen.core.errors import GeneratorError

CALLS = ("open", "write", "fsync", "sync", "mkdir", "rename", "unlink", "rmdir")
REAL = {name: getattr(os, name) for name in CALLS}
START = subprocess.Popen.__init__
Action = Callable[[], None]
# Handed the call's name and its arguments when the run reaches the chosen point.
Breakage = Callable[[str, tuple[Any, ...]], None]


def break_at(point: int, breakage: Breakage, *, lasting: bool = False) -> None:
    """Let the `point`-th call that changes the disk, or starts a program, meet `breakage` first.

    `lasting`: and all later ones.
    """
    numbers = count(1)

    def wrap(name: str) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:  # noqa: ANN401 (any call of os)
            if changes_disk(name, args):
                # A write counts twice: nothing of it is done, half of it is done.
                for number in (next(numbers), next(numbers)) if name == "write" else (next(numbers),):
                    if number == point or (lasting and number > point):
                        breakage(name, args)
                    if name == "write" and number == point - 1:
                        args = (args[0], args[1][: max(1, len(args[1]) // 2)])
                        REAL["write"](*args)
            return REAL[name](*args, **options)

        return call

    def started(*args: Any, **options: Any) -> None:  # noqa: ANN401 (any call of Popen)
        number = next(numbers)
        if number == point or (lasting and number > point):
            breakage("start", args)
        START(*args, **options)

    for name in CALLS:
        setattr(os, name, wrap(name))
    setattr(subprocess.Popen, "__init__", started)  # noqa: B010 - mypy knows it as a method


def changes_disk(name: str, args: tuple[Any, ...]) -> bool:
    """Tell whether a call can find the disk full: not one that reads, nor one that writes to a pipe."""
    if name == "write":
        return stat.S_ISREG(os.fstat(args[0]).st_mode)
    return name != "open" or bool(args[1] & os.O_CREAT)


def noted(marker: Path, breakage: Breakage) -> Breakage:
    """Return the breakage, with a file made first: a run that comes through may have met it, or have ended before."""

    def breaks(name: str, args: tuple[Any, ...]) -> None:
        os.close(REAL["open"](marker, os.O_WRONLY | os.O_CREAT))
        breakage(name, args)

    return breaks


def kill(_name: str, _args: tuple[Any, ...]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(_name: str, _args: tuple[Any, ...]) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def in_process(action: Action, *, note: Path, before: Action | None = None) -> int:
    """Run in a fresh process; return its exit code (2: a GeneratorError, its text in `note`), negative if killed."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 3
    try:
        if before is not None:
            before()
        action()
        code = 0
    except GeneratorError as error:
        REAL["write"](REAL["open"](note, os.O_WRONLY | os.O_TRUNC), f"{error} | {error.hint}".encode())
        code = 2
    except BaseException:  # noqa: BLE001
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)
