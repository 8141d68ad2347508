"""Operational failures: what an operator, not a catalog author, has to put right."""

from __future__ import annotations


class GeneratorError(Exception):
    """A run that cannot go on: a missing path, an unknown version, a held lock, a full disk.

    `subject` names what it is about (a path, a version, a command); `hint` says how to go on.
    The command line prints both and ends with exit code 2.
    """

    def __init__(self, message: str, *, subject: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.subject = subject
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}" if self.subject else self.message
