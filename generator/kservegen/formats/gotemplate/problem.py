"""What is wrong with a template, in the words of Go's own error."""

from __future__ import annotations

from msgspec import Struct


class TemplateFault(Struct, frozen=True):
    """A mistake at an offset of the text."""

    offset: int
    message: str


class TemplateError(Exception):
    """Ends the reading of a template; never leaves this package."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.problem = TemplateFault(offset, message)


class TooDeepError(Exception):
    """Ends the reading of a template that nests deeper than anything written by hand; never leaves this package."""
