"""kservegen in a system that has what Windows has: `python -m tests.support.windows COMMAND… [+ COMMAND…]`.

There are no folders by handle, no O_NOFOLLOW, no fcntl; nothing is moved over what is there but by `os.replace`,
nothing removed that is open or for reading only, nothing flushed that is open for reading. Exit code: the highest.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final

LACKS: Final = (
    "O_NOFOLLOW",
    "O_DIRECTORY",
    "O_CLOEXEC",
    "O_NONBLOCK",
    "O_NOCTTY",
    "fchmod",
    "sync",
    "major",
    "minor",
    "fork",
)
_LOADED: Final = (shutil, subprocess, tempfile)  # they look at what there is when they are imported
_open, _close, _unlink, _rename, _fsync = os.open, os.close, os.unlink, os.rename, os.fsync
_flock, _fcntl = fcntl.flock, fcntl.fcntl
_opened: dict[int, str] = {}


def take_away() -> None:
    """Take away what Windows lacks, and have the rest behave as there."""
    for name in LACKS:
        delattr(os, name)
    for supported in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        supported.clear()
    os.open, os.close, os.unlink, os.rename, os.fsync = open_, close, unlink, rename, fsync  # type: ignore[assignment]
    sys.modules["fcntl"] = None  # type: ignore[assignment]
    msvcrt: Any = ModuleType("msvcrt")
    msvcrt.LK_NBLCK, msvcrt.locking = 2, locking
    sys.modules["msvcrt"] = msvcrt
    from kservegen.core import disk  # noqa: PLC0415 - it looks at what there is when it is imported

    assert not disk.BY_HANDLE
    vars(disk)["sys"] = SimpleNamespace(platform="win32")


def open_(path: str | Path, flags: int, mode: int = 0o777) -> int:
    if os.path.isdir(path):  # noqa: PTH112
        raise PermissionError(errno.EACCES, "Permission denied", str(path))
    handle = _open(path, flags, mode)
    _opened[handle] = os.path.abspath(path)  # noqa: PTH100
    return handle


def close(handle: int) -> None:
    _opened.pop(handle, None)
    _close(handle)


def unlink(path: str | Path) -> None:
    if os.path.abspath(path) in _opened.values() or not os.lstat(path).st_mode & stat.S_IWUSR:  # noqa: PTH100
        raise PermissionError(errno.EACCES, "Permission denied", str(path))
    _unlink(path)


def rename(source: str | Path, target: str | Path) -> None:
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, "File exists", str(target))
    _rename(source, target)


def fsync(handle: int) -> None:
    if _fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(errno.EBADF, "Bad file descriptor")
    _fsync(handle)


def locking(handle: int, _mode: int, _bytes: int) -> None:
    try:
        _flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OSError(errno.EACCES, "Permission denied") from error


def main(words: list[str]) -> int:
    take_away()
    from kservegen.cli import cli  # noqa: PLC0415
    from kservegen.cli.failures import run_cli  # noqa: PLC0415

    codes = []
    while words:
        end = words.index("+") if "+" in words else len(words)
        codes.append(run_cli(cli, words[:end]))
        words = words[end + 1 :]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
