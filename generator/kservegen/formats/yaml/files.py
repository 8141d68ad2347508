"""A path in; the bytes of that file out, or the finding that says why it has none."""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from kservegen.core import disk
from kservegen.core.confined import LEADS_OUT, LEADS_OUT_HINT, leads_out
from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.errors import GeneratorError
from kservegen.core.manual import by_manual
from kservegen.formats.yaml.problems import problem
from kservegen.formats.yaml.text import LARGEST_FILE, too_big

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_bytes(path: Path, file: str, root: Path | None) -> bytes | Diagnostic:
    """Read a file, named `file` in findings; never blocks on a pipe or a device.

    Nothing outside of the repository around `root` is read; None for a path whose user answers for where it leads.
    Raises GeneratorError where there is nothing of that name at all.
    """
    if root is not None and leads_out(path, root):
        return _leads_out(path, file)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return _not_a_file(file, found.st_mode)
        # Should a pipe take the file's place meanwhile, opening it must not wait for a writer.
        descriptor = disk.open_file(path, disk.READ_THROUGH_LINKS)
        with os.fdopen(descriptor, "rb", buffering=0) as opened:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                return _not_a_file(file, found.st_mode)
            data = opened.readall() if found.st_size <= LARGEST_FILE else b""
            size = max(found.st_size, len(data))
            return data if size <= LARGEST_FILE else too_big(file, size)
    except OSError as error:
        return _failure(path, file, error)


def find_misplaced(folder: Path, file: str, root: Path) -> Diagnostic | None:
    """Say what stands where a folder of the repository belongs; None where it is one, or where there is nothing."""
    if leads_out(folder, root):
        return _leads_out(folder, file)
    if folder.is_dir() or not os.path.lexists(folder):
        return None
    seen = _target(folder) or "no folder"
    hint = "Move what stands here, or put the folder in its place."
    return _unreadable(file, "a folder belongs here", seen, hint, "a folder")


def find_clashes(files: Iterable[str]) -> Iterator[Diagnostic]:
    """Yield a finding for each file that macOS or Windows do not tell from an earlier one, by case or normal form."""
    seen: dict[str, str] = {}
    for file in files:
        first = seen.setdefault(unicodedata.normalize("NFC", unicodedata.normalize("NFC", file).casefold()), file)
        if first != file:
            yield by_manual(
                "catalog/file-name",
                f"the file's name is {first} in other letters",
                Location(file),
                hint="Rename one of them: macOS and Windows take both for one file, and a checkout there holds one.",
            )


def _failure(path: Path, file: str, error: OSError) -> Diagnostic:
    if error.errno == errno.ELOOP:
        return _unreadable(file, "the symbolic link leads back to itself", _target(path), "Point it at a file.")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        if path.is_symlink():
            return _unreadable(
                file, "the symbolic link leads nowhere", _target(path), "Point it at a file that exists, or remove it."
            )
        raise GeneratorError("there is no such file", subject=file, hint="Check the path.") from error
    if error.errno in (errno.EACCES, errno.EPERM):
        return _unreadable(
            file, "the file may not be read", "no permission", "Give the user who runs this read access."
        )
    return _unreadable(file, "the file cannot be read", error.strerror or str(error), "Check the file system.")


def _target(path: Path) -> str:
    try:
        return f"-> {path.readlink()}"
    except OSError:  # a folder above it is the link
        return ""


def _not_a_file(file: str, mode: int) -> Diagnostic:
    kind = next((name for matches, name in _KINDS if matches(mode)), "something else")
    return _unreadable(file, "the path names no regular file", kind, "Name a file, or move what stands in its place.")


def _leads_out(path: Path, file: str) -> Diagnostic:
    return _unreadable(file, LEADS_OUT, _target(path), LEADS_OUT_HINT, "a file or a folder of this repository")


def _unreadable(file: str, message: str, seen: str, hint: str, allowed: str = "a regular file") -> Diagnostic:
    return problem("unreadable-file", Location(file), message, seen=seen, allowed=allowed, hint=hint)
