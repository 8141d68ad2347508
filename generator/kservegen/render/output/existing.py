"""An output folder goes in; what lies below its environments comes out, to be compared without touching it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from msgspec import Struct, field

from kservegen.core import disk
from kservegen.core.errors import GeneratorError
from kservegen.render.output.conflicts import Reason
from kservegen.render.output.failures import raise_not_a_folder
from kservegen.render.output.files import EVERYTHING, read_file
from kservegen.render.output.ownership import HEAD_SIZE, is_ours
from kservegen.render.output.paths import confine_environment, is_confined


class Existing(Struct, frozen=True, eq=False):
    """The files and folders below the environments in scope, by path relative to the output folder.

    `odd` holds what is neither: links and special files, never followed. Hidden names are not listed at all:
    kservegen writes none, so they are somebody else's. `environments` is the scope; None is the whole folder.
    """

    out: str
    files: frozenset[str]
    folders: frozenset[str]
    odd: Mapping[str, Reason]
    environments: tuple[str, ...] | None = None
    _compared: dict[str, tuple[bytes, bool]] = field(default_factory=dict)

    def same(self, path: str, content: bytes) -> bool:
        """Whether the file is there and holds exactly `content`: it is read once, however often that is asked."""
        known = self._compared.get(path)
        if known is None or known[0] is not content:
            known = self._compared[path] = content, path in self.files and self._holds(path, content)
        return known[1]

    def _holds(self, path: str, content: bytes) -> bool:
        """Whether a file holds this; reads no more of it than that takes."""
        size = len(content) + 1
        handle = self._open(path)
        try:
            data = os.read(handle, size)
            return data == content or (len(data) < size and data + read_file(handle, size - len(data)) == content)
        finally:
            disk.close_handle(handle)

    def read(self, path: str) -> bytes:
        """Return the whole file."""
        return self._read(path, EVERYTHING)

    def is_ours(self, path: str) -> bool:
        """Whether the file is there and is ours to replace or remove."""
        return path in self.files and is_confined(path) and is_ours(self._read(path, HEAD_SIZE), path)

    def covers(self, path: str) -> bool:
        """Whether `path` belongs to an environment in scope."""
        return self.environments is None or path.partition("/")[0] in self.environments

    def _read(self, path: str, size: int) -> bytes:
        handle = self._open(path)
        try:
            return read_file(handle, size)
        finally:
            disk.close_handle(handle)

    def _open(self, path: str) -> int:
        try:
            return disk.open_file(f"{self.out}/{path}", disk.READ)
        except OSError as error:
            raise GeneratorError(
                f"cannot be read: {error.strerror}",
                subject=f"{self.out}/{path}",
                hint="Make it readable, or wait for whoever is changing the output folder, and run the command again.",
            ) from error


def scan(out: Path, environments: Sequence[str] | None) -> Existing:
    """List what lies below `<out>/<environment>` for the named environments, or for every folder of `out`."""
    found = _Scan(str(out))
    try:
        if _is_folder(found.out):
            found.top(environments)
    except OSError as error:
        _raise_unreadable(found.out, error)
    scope = None if environments is None else tuple(environments)
    return Existing(found.out, frozenset(found.files), frozenset(found.folders), found.odd, scope)


class _Scan:
    """What a walk has found so far."""

    def __init__(self, out: str) -> None:
        self.out = out
        self.files: list[str] = []
        self.folders: list[str] = []
        self.odd: dict[str, Reason] = {}

    def top(self, environments: Sequence[str] | None) -> None:
        """Walk the environments' folders; what else lies at the top is noted only where a folder may be wanted."""
        wanted = None if environments is None else {confine_environment(name) for name in environments}
        with os.scandir(self.out) as entries:
            tops = [entry for entry in entries if entry.name[0] != "." and (wanted is None or entry.name in wanted)]
        for entry in tops:
            if entry.is_symlink():
                self.odd[entry.name] = Reason.SYMLINK
            elif entry.is_dir():
                self._walk(entry.name)
            else:
                self.odd[entry.name] = Reason.NOT_A_FOLDER

    def _walk(self, top: str) -> None:
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            self.folders.append(folder)
            with os.scandir(f"{self.out}/{folder}") as entries:
                waiting.extend(self._sort(folder, entries))

    def _sort(self, folder: str, entries: Iterator[os.DirEntry[str]]) -> Iterator[str]:
        """File each entry under what it is; yield the folders."""
        for entry in entries:
            if entry.name[0] == ".":
                continue
            path = f"{folder}/{entry.name}"
            if entry.is_file(follow_symlinks=False):
                self.files.append(path)
            elif entry.is_dir(follow_symlinks=False):
                yield path
            else:
                self.odd[path] = Reason.SYMLINK if entry.is_symlink() else Reason.SPECIAL


def _is_folder(out: str) -> bool:
    """Whether there is an output folder yet; a link or a file in its place is refused."""
    try:
        mode = os.lstat(out).st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(mode):
        raise_not_a_folder(out, is_link=stat.S_ISLNK(mode))
    return True


def _raise_unreadable(out: str, error: OSError) -> NoReturn:
    vanished = error.errno in (errno.ENOENT, errno.ENOTDIR)
    raise GeneratorError(
        "the folder changed while it was read" if vanished else f"cannot be listed: {error.strerror}",
        subject=str(error.filename or out),
        hint="Run the command again." if vanished else "Make the folder readable for the user who runs kservegen.",
    ) from error
