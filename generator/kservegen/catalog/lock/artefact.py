"""What a model's files look like from outside, wherever they lie: names, sizes, and parts of them on request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


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
