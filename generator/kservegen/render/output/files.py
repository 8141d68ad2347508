"""Regular files read by handle: no link followed, no pipe waited for."""

from __future__ import annotations

import os
import stat

from kservegen.core import disk

EVERYTHING = 1 << 62
_CHUNK = 1 << 20


def read_file(handle: int, size: int = EVERYTHING) -> bytes:
    """Read up to `size` bytes: one call of the system may give less than it was asked for."""
    chunks = []
    while size > 0 and (chunk := os.read(handle, min(size, _CHUNK))):
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def read_at(name: str, folder: int, size: int = EVERYTHING) -> bytes | None:
    """Read a file of an open folder, or its first `size` bytes; None where it is no regular file."""
    if not stat.S_ISREG(disk.lstat(name, dir_fd=folder).st_mode):
        return None
    handle = disk.open_file(name, disk.READ, dir_fd=folder)
    try:
        return read_file(handle, size)
    finally:
        disk.close_handle(handle)
