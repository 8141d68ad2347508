"""What compiling and evaluating can end in beside a program and a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileError:
    """An expression that is no program: what is wrong, at which line and column of its own text.

    `unsupported` says that the API server would take it and only this interpreter does not.
    """

    message: str
    line: int = 1
    column: int = 1
    unsupported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CelError:
    """An evaluation that ended in an error value; `unsupported` as for `CompileError`."""

    message: str
    unsupported: bool = False


class UnsupportedError(ValueError):
    """Raised by a callback that cannot give the API server's answer."""

    def __init__(self, message: str) -> None:
        super().__init__(UNSUPPORTED + message)


# The interpreter carries errors as text: this is how one of ours is known again.
UNSUPPORTED = "unsupported: "
