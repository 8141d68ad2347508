"""Paths that a user names in; the files of manifests that they mean out, in a fixed order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from kservegen.core.diagnostics import Diagnostic
from kservegen.core.errors import GeneratorError
from kservegen.formats.yaml.files import read_bytes

_SUFFIXES: Final = (".yaml", ".yml", ".json")


class ManifestFile(NamedTuple):
    """A file to read. `name` is what findings call it; `named`: the user asked for this very file."""

    name: str
    path: Path
    named: bool

    def read(self) -> bytes | Diagnostic:
        """Return the bytes, or the finding that says why there are none."""
        try:
            return read_bytes(self.path, self.name)
        except GeneratorError:  # it went between the listing of its folder and now
            return b""


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
    if path.is_dir():
        yield from _walk(path, set())
    elif os.path.lexists(path):
        yield ManifestFile(path.as_posix(), path, named=True)
    else:
        raise GeneratorError("there is no such file or folder", subject=str(path), hint="Check the path.")


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[ManifestFile]:
    """Go through a folder, files and folders by name, hidden ones left out; a folder that links lead to twice, once."""
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
        if _is_folder(entry):
            yield from _walk(folder / entry.name, seen)
        elif entry.name.endswith(_SUFFIXES):
            yield ManifestFile(prefix + entry.name, folder / entry.name, named=False)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads back to itself: a finding of whoever reads it
        return False
