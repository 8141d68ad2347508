"""Folders opened by handle, name by name, following no link: what is checked is what is then written to."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from kservegen.core import disk
from kservegen.render.output.failures import raise_not_a_folder

FOLDER_MODE = 0o755


def open_out(out: Path) -> int:
    """Open the output folder itself; a link or a file in its place is refused."""
    try:
        return disk.open_dir(out)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK) and os.path.lexists(out):
            raise_not_a_folder(str(out), is_link=out.is_symlink())
        raise


def open_folder(root: int, path: str, *, create: bool = False) -> int:
    """Open the folder `path` below the open folder `root`; the empty path is `root` itself."""
    handle = disk.dup(root)
    try:
        for name in path.split("/") if path else ():
            inner = _open_inner(handle, name, create=create)
            disk.close_handle(handle)
            handle = inner
    except BaseException:
        disk.close_handle(handle)
        raise
    return handle


def _open_inner(handle: int, name: str, *, create: bool) -> int:
    if create:
        with suppress(FileExistsError):
            disk.mkdir(name, FOLDER_MODE, dir_fd=handle)
    return disk.open_dir(name, dir_fd=handle)


def exists(name: str, folder: int) -> bool:
    """Whether the folder has an entry of that name, be it a dangling link."""
    try:
        disk.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def flush(handle: int) -> None:
    """Force a file or folder to the disk. Some network filesystems cannot do that for a folder: they do it unasked."""
    try:
        disk.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


class Walker:
    """Opens the folders of paths handed over in order; the last one stays open for its neighbours."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._path: str | None = None
        self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def at(self, path: str, *, create: bool = False) -> tuple[int, str]:
        """Return the open folder of `path` and the name in it."""
        folder, _, name = path.rpartition("/")
        if folder != self._path:
            self._leave()
            self._handle = open_folder(self._root, folder, create=create)
            self._path = folder
        return self._handle, name

    def _leave(self) -> None:
        if self._path is not None:
            self._path = None
            disk.close_handle(self._handle)
