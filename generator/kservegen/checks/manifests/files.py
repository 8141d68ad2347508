"""Paths that a user names in; the files of manifests that they mean out, in a fixed order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace

from kservegen.core.confined import leads_out, repository_top
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.core.errors import GeneratorError
from kservegen.formats.yaml.files import read_bytes

_SUFFIXES: Final = (".yaml", ".yml", ".json")


class ManifestFile(NamedTuple):
    """A file to read. `name` is what findings call it; `named`: the user asked for this very file.

    `root` is the folder of the repository that a link must not leave; None for what is none, or lies in no repository.
    """

    name: str
    path: Path
    named: bool
    root: Path | None = None

    def read(self) -> bytes | Diagnostic:
        """Return the bytes, or the finding that says why there are none."""
        try:
            content = read_bytes(self.path, self.name, self.root)
        except GeneratorError:  # it went between the listing of its folder and now
            return b""
        if isinstance(content, Diagnostic) and self.path.is_dir() and not self.named:
            return replace(content, severity=Severity.WARNING)  # a build's cache, more often than manifests
        return content


class Argument(NamedTuple):
    """A path that the user named: the files that it stands for, and how many more an earlier path stands for."""

    path: Path
    files: tuple[ManifestFile, ...]
    repeated: int


def find_files(paths: Sequence[Path]) -> list[Argument]:
    """List the files below each path; a file that several paths mean counts for the first.

    Raises GeneratorError where nothing stands at a path.
    """
    arguments = [Argument(path, tuple(_files_of(path)), 0) for path in paths]
    return arguments if len(arguments) == 1 else list(_each_once(arguments))


def _each_once(arguments: Sequence[Argument]) -> Iterator[Argument]:
    seen: set[Path] = set()
    for argument in arguments:
        fresh = tuple(file for file in argument.files if file.path.absolute() not in seen)
        seen.update(file.path.absolute() for file in fresh)
        yield Argument(argument.path, fresh, len(argument.files) - len(fresh))


def _files_of(path: Path) -> Iterator[ManifestFile]:
    where = Path(os.path.abspath(path))  # noqa: PTH100 - Path has nothing that takes `..` away and follows no link
    top = repository_top(where)
    if path.is_dir() and not (top and leads_out(where, top)):
        yield from _walk(path, top or where, set())
    elif os.path.lexists(path):
        yield ManifestFile(path.as_posix(), path, named=True, root=top)
    else:
        raise GeneratorError("there is no such file or folder", subject=str(path), hint="Check the path.")


def _walk(folder: Path, root: Path, seen: set[tuple[int, int]]) -> Iterator[ManifestFile]:
    """Go through a folder, files and folders by name, hidden ones left out; a folder that links lead to twice, once.

    A link that leaves `root` is not followed: whoever reads it says so.
    """
    try:
        status = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise GeneratorError(
            f"the folder cannot be read: {error.strerror}", subject=str(folder), hint="Check its permissions."
        ) from error
    if (status.st_dev, status.st_ino) in seen:
        return
    seen.add((status.st_dev, status.st_ino))
    prefix = "" if folder == Path() else f"{folder.as_posix().rstrip('/')}/"
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = folder / entry.name
        leaves = entry.is_symlink() and leads_out(path, root)
        if _is_folder(entry) and not leaves:
            yield from _walk(path, root, seen)
        elif entry.name.endswith(_SUFFIXES) or (leaves and _is_folder(entry)):
            yield ManifestFile(prefix + entry.name, path, named=False, root=root if leaves else None)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads back to itself: a finding of whoever reads it
        return False
