"""What stands in the way of the output, as values, and the diagnostics that say so to people."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.manual import written_manuals


class Reason(StrEnum):
    """Why a path is left alone."""

    FOREIGN_FILE = "a file that kservegen did not write"
    SYMLINK = "a symbolic link"
    FOLDER = "a folder where a file belongs"
    NOT_A_FOLDER = "a file where a folder belongs"
    SPECIAL = "neither a file nor a folder"
    CASE = "the same name in another case"


class Conflict(Struct, frozen=True, order=True):
    """A path below the output folder that was neither followed nor touched.

    A wanted file cannot be written because of it. `other` is the wanted path it collides with.
    """

    path: str
    reason: Reason
    other: str = ""


_RULES: dict[Reason, str] = {
    Reason.FOREIGN_FILE: "gitops/foreign-file",
    Reason.SYMLINK: "gitops/symlink-in-output",
    Reason.FOLDER: "gitops/not-a-file",
    Reason.NOT_A_FOLDER: "gitops/not-a-file",
    Reason.SPECIAL: "gitops/not-a-file",
    Reason.CASE: "gitops/case-collision",
}


def diagnose(conflict: Conflict, *, out: str) -> Diagnostic:
    """Say what to do about a conflict; `out` is the output folder as the reader knows it."""
    rule = written_manuals()[_RULES[conflict.reason]]
    return Diagnostic(
        rule=rule.id,
        severity=rule.severity,
        message=_message(conflict),
        location=Location(_printable(f"{out}/{conflict.path}")),
        hint=rule.fix,
        seen=conflict.reason.value,
    )


def _message(conflict: Conflict) -> str:
    if conflict.reason is Reason.CASE:
        return f"differs from the generated file {_printable(conflict.other)} in case only"
    return f"{conflict.reason} stands where a generated file goes; it was left alone"


def _printable(path: str) -> str:
    """Names on disk need be neither UTF-8 nor free of terminal escapes."""
    text = path.encode("utf-8", "backslashreplace").decode()
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
