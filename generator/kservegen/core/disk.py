"""The system's calls on files and folders by handle, and stand-ins by path where it has none, as on Windows.

With handles, what was looked at is what is then written to: no link is followed, whoever puts one in the way meanwhile.
By path that is asked right before each call, and a link that comes between the two is followed. Names and arguments are
those of `os`.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from itertools import count
from pathlib import Path
from typing import IO, Final

# O_NONBLOCK: a pipe put in a file's place since it was looked at must not hang the run. O_BINARY: Windows would change
# line ends otherwise.
_PLAIN: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_FOLDER: Final = getattr(os, "O_DIRECTORY", 0)
READ: Final = os.O_RDONLY | _NO_LINK | _NO_WAIT | _PLAIN
READ_THROUGH_LINKS: Final = os.O_RDONLY | _NO_WAIT | _PLAIN
WRITE_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | _PLAIN
WRITE_LOCK: Final = os.O_RDWR | os.O_CREAT | _NO_LINK | _PLAIN

BY_HANDLE: Final = bool(_NO_LINK and _FOLDER) and os.open in os.supports_dir_fd and os.scandir in os.supports_fd
# Symbolic links and junctions: https://learn.microsoft.com/windows/win32/fileio/reparse-point-tags
_LINK_TAGS: Final = (0xA000000C, 0xA0000003)
_first = count(1 << 40)  # no number that the system gives to a file
_folders: Final[dict[int, Path]] = {}


def open_dir(name: str | Path, *, dir_fd: int | None = None) -> int:
    """Open a folder, by its name in an open folder if there is one; OSError where there is a link or a file."""
    if BY_HANDLE:
        return os.open(name, os.O_RDONLY | _FOLDER | _NO_LINK | _PLAIN, dir_fd=dir_fd)
    path = _path(name, dir_fd)
    status = os.lstat(path)
    _refuse_link(status, path)
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    handle = next(_first)
    _folders[handle] = path
    return handle


def open_file(name: str | Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    """Open a file by one of the flags above; OSError for a link, unless the flags go through links."""
    if BY_HANDLE:
        return os.open(name, flags, mode, dir_fd=dir_fd)
    path = _path(name, dir_fd)
    if flags != READ_THROUGH_LINKS and os.path.lexists(path):
        _refuse_link(os.lstat(path), path)
    return os.open(path, flags, mode)


def close_handle(handle: int) -> None:
    """Close a file or a folder."""
    if _folders.pop(handle, None) is None:
        os.close(handle)


def dup(handle: int) -> int:
    """Open a folder once more."""
    if handle not in _folders:
        return os.dup(handle)
    copy = next(_first)
    _folders[copy] = _folders[handle]
    return copy


def fstat(handle: int) -> os.stat_result:
    """Tell what an open file or folder is."""
    return os.lstat(_folders[handle]) if handle in _folders else os.fstat(handle)


def lstat(name: str, *, dir_fd: int) -> os.stat_result:
    """Tell what a name in a folder is."""
    return os.lstat(name, dir_fd=dir_fd) if BY_HANDLE else os.lstat(_path(name, dir_fd))


def names(folder: int) -> list[str]:
    """List the names in a folder."""
    with os.scandir(folder if BY_HANDLE else _folders[folder]) as entries:
        return [entry.name for entry in entries]


def mkdir(name: str, mode: int, *, dir_fd: int) -> None:
    """Make a folder."""
    if BY_HANDLE:
        os.mkdir(name, mode, dir_fd=dir_fd)
    else:
        os.mkdir(_path(name, dir_fd), mode)  # noqa: PTH102 - one of the calls that tests break


def rename(
    source: str | Path, target: str | Path, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None
) -> None:
    """Move a file in one instant, over another one if there is one."""
    if BY_HANDLE:
        os.rename(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
    else:
        os.replace(_path(source, src_dir_fd), _path(target, dst_dir_fd))  # noqa: PTH105 - Windows renames over nothing


def unlink(name: str | Path, *, dir_fd: int | None = None) -> None:
    """Remove a file."""
    if BY_HANDLE:
        os.unlink(name, dir_fd=dir_fd)
        return
    path = _path(name, dir_fd)
    try:
        os.unlink(path)  # noqa: PTH108
    except PermissionError:  # Windows removes nothing that is for reading only
        path.chmod(0o600)
        os.unlink(path)  # noqa: PTH108


def rmdir(name: str, *, dir_fd: int) -> None:
    """Remove an empty folder."""
    if BY_HANDLE:
        os.rmdir(name, dir_fd=dir_fd)
    else:
        os.rmdir(_path(name, dir_fd))  # noqa: PTH106


def set_mode(handle: int, path: Path, mode: int) -> None:
    """Give an open file its rights."""
    if BY_HANDLE:
        os.fchmod(handle, mode)
    else:
        path.chmod(mode)


def fsync(handle: int) -> None:
    """Force a file or a folder to the disk; Windows does neither of what is open for reading, nor of folders."""
    if BY_HANDLE:
        os.fsync(handle)
    elif handle not in _folders:
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in (errno.EBADF, errno.EACCES):
                raise


def sync() -> None:
    """Force all that was written to the disks, where the system can."""
    if hasattr(os, "sync"):
        os.sync()


def hold(handle: int) -> None:
    """Hold an open file for this process; BlockingIOError where another one does, OSError where it cannot be held.

    Windows holds no folders: EBADF, as on network file systems.
    """
    if handle in _folders:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415 - Windows has none

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        import msvcrt  # noqa: PLC0415 - Windows alone has it

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EDEADLK):
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error
            raise


def _path(name: str | Path, folder: int | None) -> Path:
    return Path(name) if folder is None else _folders[folder] / name


def _refuse_link(status: os.stat_result, path: Path) -> None:
    if stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) in _LINK_TAGS:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def read_range(file: IO[bytes], place: int, size: int) -> bytes:
    """Read a part of a file that is written to at its end.

    Where processes fork, those that have the file in common may do so beside each other.
    """
    if hasattr(os, "pread"):
        return os.pread(file.fileno(), size, place)
    file.seek(place)
    content = file.read(size)
    file.seek(0, os.SEEK_END)
    return content
