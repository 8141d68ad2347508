"""What is said of a finding fits a terminal, and is not touched where there is none."""

from __future__ import annotations

import pytest

from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic, Location, Related, Severity
from kservegen.report.text import render_findings

WORDS = " ".join(f"word{index}," for index in range(40))
FOUND = Diagnostic(
    rule="schema/unknown-field",
    severity=Severity.ERROR,
    message="unknown field",
    location=Location("models.yaml", 3, 5),
    path="models.a.x",
    allowed=WORDS,
    seen=" ",
    hint=f"Name {'x' * 90} or {WORDS}",
    related=(Related(WORDS, Location("models.yaml", 9)),),
)


def said(width: int) -> list[str]:
    result = Result(command="validate", diagnostics=(FOUND,))
    return render_findings(result, lambda _: None, colour=False, width=width).splitlines()


@pytest.mark.parametrize("width", [40, 80, 140])
def test_lines_break_at_blanks(width: int) -> None:
    lines = said(width)
    assert all(len(line) <= width or "x" * 90 in line for line in lines)
    rows = [line for line in lines if line.startswith("  ") and not line.startswith("    [")]  # the first goes on
    assert {line[:11].strip() for line in rows} == {"at:", "seen:", "allowed:", "fix:", "see:", ""}
    assert " ".join(" ".join(line.split()) for line in lines) == " ".join(" ".join(line.split()) for line in said(0))


def test_without_a_terminal_each_is_one_line() -> None:
    assert len([line for line in said(0) if line]) == 1 + 5
