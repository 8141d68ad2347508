"""What compiling and evaluating can end in beside a program and a value."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from kservegen.core.patterns import lazy_pattern


class CompileError(Struct, frozen=True, kw_only=True):
    """An expression that is no program: what is wrong, at which line and column of its own text.

    `unsupported` says that the API server would take it and only this interpreter does not.
    """

    message: str
    line: int = 1
    column: int = 1
    unsupported: bool = False


class CelError(Struct, frozen=True, kw_only=True):
    """An evaluation that ended in an error value; `unsupported` as for `CompileError`."""

    message: str
    unsupported: bool = False


_NO_OVERLOAD: Final = lazy_pattern(
    r"No matching overloads found : (?:\((?P<owner>[^()]*)\)\.)?(?P<name>[^(]*)\((?P<rest>.*)\)"
)
_NO_KEY: Final = lazy_pattern(r'Key not found in map : "?(?P<key>.*?)"?')


def in_servers_words(message: str) -> str:
    """Say an error of the interpreter as the API server says it."""
    if message == "divide by zero":
        return "division by zero"
    if match := _NO_KEY.fullmatch(message):
        return f"no such key: {match['key']}"
    if not (match := _NO_OVERLOAD.fullmatch(message)):
        return message
    if match["name"].startswith("_"):  # an operator
        return "no such overload"
    kinds = ", ".join(filter(None, (match["owner"], match["rest"]))).replace("int64", "int")
    return f"no such overload: {match['name']}({kinds})"
