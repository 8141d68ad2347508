"""Operational failures: what an operator, not a catalog author, has to put right."""

from __future__ import annotations


class GeneratorError(Exception):
    """A run that cannot go on: a missing path, an unknown version, a held lock, a full disk.

    `subject` names what it is about (a path, a version, a command); `hint` says how to go on.
    The command line prints both and ends with exit code 2; secrets in them are hidden.
    """

    def __init__(self, message: str, *, subject: str = "", hint: str = "") -> None:
        from kservegen.core.secrets import mask_text  # noqa: PLC0415 - a run that goes on needs no patterns for it

        self.message, self.subject, self.hint = map(mask_text, (message, subject, hint))
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}" if self.subject else self.message
