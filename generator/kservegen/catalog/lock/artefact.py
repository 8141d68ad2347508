"""What a model's files look like from outside, wherever they lie: names, sizes, and parts of them on request."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Protocol

from kservegen.core.errors import GeneratorError


class Artefact(Protocol):
    """The files of one revision of a model. Sizes are bytes; a file of unknown size is counted as 0."""

    @property
    def revision(self) -> str:
        """The commit, 40 hexadecimal digits; blank where there is none."""

    @property
    def repository(self) -> str:
        """The name that a renamed repository has now; blank for one that was not renamed."""

    @property
    def license(self) -> str:
        """The licence that its card states; blank where it states none."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Every file's size by its name; empty where not all of them are known."""

    def has(self, name: str) -> bool:
        """Whether there is such a file."""

    def read(self, name: str, start: int, length: int) -> bytes:
        """Return `length` bytes of a file, fewer at its end, and never more; GeneratorError where that fails."""


class Folder:
    """An Artefact on disk. Of a folder that may hold a part of the files only (`partial`) no size is told."""

    license = ""
    repository = ""

    def __init__(self, root: Path, *, revision: str = "", partial: bool = False) -> None:
        if not root.is_dir():
            raise GeneratorError("no such folder", subject=str(root), hint="Give the folder of a model to --from.")
        self._root, self._partial = root, partial
        self.revision = revision

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """Every file's size by its name; hidden ones, such as git's own, left out."""
        if self._partial:
            return {}
        found = {}
        for path in sorted(self._root.rglob("*")):
            name = path.relative_to(self._root)
            if path.is_file() and not any(part.startswith(".") for part in name.parts):
                found[name.as_posix()] = path.stat().st_size
        return found

    def has(self, name: str) -> bool:
        """Whether there is such a file, inside the folder."""
        return ".." not in Path(name).parts and not Path(name).is_absolute() and (self._root / name).is_file()

    def read(self, name: str, start: int, length: int) -> bytes:
        """Return a part of a file."""
        try:
            with (self._root / name).open("rb") as file:
                file.seek(start)
                return file.read(length)
        except OSError as problem:
            raise GeneratorError(f"the file cannot be read: {problem.strerror}", subject=name) from problem
