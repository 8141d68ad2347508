"""An output folder goes in; for the length of a `with` block this process alone may change it.

The lock is advisory and on the folder itself: nothing appears in it, and the kernel drops the lock with its holder,
however that one ends. A process forked meanwhile shares the lock until it ends, too.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from kservegen.core import disk
from kservegen.core.errors import GeneratorError
from kservegen.render.output.failures import operational
from kservegen.render.output.folders import FOLDER_MODE, open_out
from kservegen.render.output.store import open_lock_file

_ATTEMPTS = 10
# NFS locks no folder: there, a file in our scratch folder is locked instead.
_CANNOT_LOCK_FOLDERS = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOTSUP)


@contextmanager
def lock(out: Path) -> Iterator[None]:
    """Hold the output folder, created where missing; one that another process holds is a `GeneratorError`."""
    with ExitStack() as held:
        with operational(out, "the output folder cannot be locked"):
            created = _create(out)
            _acquire(out, held)
        if created:
            held.callback(_remove_if_empty, out)
        yield


def _create(out: Path) -> bool:
    try:
        out.mkdir(mode=FOLDER_MODE, parents=True)
    except FileExistsError:
        return False
    return True


def _remove_if_empty(out: Path) -> None:
    with suppress(OSError):
        out.rmdir()


def _acquire(out: Path, held: ExitStack) -> None:
    """Open and lock the folder; once more where it was replaced between the two."""
    for _ in range(_ATTEMPTS):
        folder = open_out(out)
        held.callback(disk.close_handle, folder)
        _take(folder, out, held)
        if _is_still(folder, out):
            return
        held.close()
    raise GeneratorError("the folder keeps being replaced", subject=str(out), hint="Find out by whom, and run again.")


def _take(folder: int, out: Path, held: ExitStack) -> None:
    try:
        _flock(folder, out)
    except OSError as error:
        if error.errno not in _CANNOT_LOCK_FOLDERS:
            raise
        handle = open_lock_file(folder)
        held.callback(disk.close_handle, handle)
        _flock(handle, out)


def _flock(handle: int, out: Path) -> None:
    try:
        disk.hold(handle)
    except BlockingIOError as error:
        pid = _holder(handle)
        by = f"process {pid}" if pid else "another process"
        raise GeneratorError(
            f"the output folder is being written by {by}",
            subject=str(out),
            hint="Wait until it has ended, or end it; what it leaves half done is completed or undone by the next run.",
        ) from error


def _is_still(folder: int, out: Path) -> bool:
    """Whether the locked folder is the one that the path names now."""
    try:
        return os.path.samestat(disk.fstat(folder), os.lstat(out))
    except FileNotFoundError:
        return False


def _holder(handle: int) -> int | None:
    """Find who holds the lock, where the system tells (Linux does)."""
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    status = disk.fstat(handle)
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    # `1: FLOCK  ADVISORY  WRITE 4711 fd:01:1835010 0 EOF`; a waiting process has `->` in second place.
    fields = (line.split() for line in lines)
    return next((int(f[4]) for f in fields if len(f) > 5 and f[1] == "FLOCK" and f[5] == place and int(f[4]) > 0), None)
