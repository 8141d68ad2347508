"""The scratch folder of a run, `<out>/.kservegen`: new contents, old contents and the journal, hidden from Git.

It lies in the output folder because only there is it sure to be on the same filesystem, so that a rename moves a file
in one instant. It is there only while something is under way, and names its own content in a `.gitignore`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from kservegen.core import disk
from kservegen.render.output.files import read_file
from kservegen.render.output.folders import exists, flush, open_folder

SCRATCH = ".kservegen"
JOURNAL = "journal"
JOURNAL_DRAFT = "journal.draft"  # a name that binds nobody
_NEW = "new"
_OLD = "old"
_LOCK = "lock"
_GITIGNORE = ".gitignore"

_FILE_MODE = 0o644
_LARGEST_JOURNAL = 1 << 28  # what is cut off here fails its checksum


class Store(Struct, frozen=True):
    """The open folders of a run: `new` and `old` hold one file per step, named by the step's number."""

    scratch: int
    new: int
    old: int


def needs_recovery(out: Path) -> bool:
    """Whether an earlier run left anything in an output folder."""
    return os.path.lexists(out / SCRATCH)


@contextmanager
def open_store(root: int) -> Iterator[Store]:
    """Open the scratch folder and what is in it, creating what is missing."""
    with ExitStack() as handles:

        def opened(parent: int, name: str) -> int:
            handle = open_folder(parent, name, create=True)
            handles.callback(disk.close_handle, handle)
            return handle

        scratch = opened(root, SCRATCH)
        _ignore(scratch)
        yield Store(scratch, opened(scratch, _NEW), opened(scratch, _OLD))


def open_lock_file(root: int) -> int:
    """Open the file that is locked where folders cannot be; it stays, as removing it would let two runs in."""
    scratch = open_folder(root, SCRATCH, create=True)
    try:
        _ignore(scratch)
        return disk.open_file(_LOCK, disk.WRITE_LOCK, _FILE_MODE, dir_fd=scratch)
    finally:
        disk.close_handle(scratch)


def write_new(name: str, content: bytes, folder: int) -> None:
    """Write a file that is not there yet."""
    handle = disk.open_file(name, disk.WRITE_NEW, _FILE_MODE, dir_fd=folder)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
    finally:
        disk.close_handle(handle)


def flush_file(name: str, folder: int) -> None:
    """Force the content of a file to the disk."""
    handle = disk.open_file(name, disk.READ, dir_fd=folder)
    try:
        flush(handle)
    finally:
        disk.close_handle(handle)


def place_journal(scratch: int) -> None:
    """Let the journal appear, in one instant: from then on the run will be completed or undone."""
    disk.rename(JOURNAL_DRAFT, JOURNAL, src_dir_fd=scratch, dst_dir_fd=scratch)


def read_journal(scratch: int) -> bytes | None:
    """Return the journal's text, or None where there is none."""
    try:
        handle = disk.open_file(JOURNAL, disk.READ, dir_fd=scratch)
    except FileNotFoundError:
        return None
    try:
        return read_file(handle, _LARGEST_JOURNAL)
    finally:
        disk.close_handle(handle)


def drop_journal(scratch: int) -> None:
    """End the run, if it had come to a journal: what is left of it is waste."""
    if exists(JOURNAL, scratch):
        disk.unlink(JOURNAL, dir_fd=scratch)


def clear(root: int) -> bool:
    """Remove the scratch folder of a run without a journal; say whether there was anything of a run in it."""
    try:
        scratch = open_folder(root, SCRATCH)
    except FileNotFoundError:
        return False
    try:
        used = [_empty(_NEW, scratch), _empty(_OLD, scratch), _unlink(JOURNAL_DRAFT, scratch)]
        if not exists(_LOCK, scratch):
            _unlink(_GITIGNORE, scratch)
            disk.rmdir(SCRATCH, dir_fd=root)
    finally:
        disk.close_handle(scratch)
    return any(used)


def _ignore(scratch: int) -> None:
    with suppress(FileExistsError):
        write_new(_GITIGNORE, b"*\n", scratch)


def _empty(name: str, scratch: int) -> bool:
    try:
        folder = open_folder(scratch, name)
    except FileNotFoundError:
        return False
    try:
        for entry in disk.names(folder):
            disk.unlink(entry, dir_fd=folder)
    finally:
        disk.close_handle(folder)
    disk.rmdir(name, dir_fd=scratch)
    return True


def _unlink(name: str, folder: int) -> bool:
    try:
        disk.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True
