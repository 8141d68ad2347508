"""The last line of a run counts what was printed above it."""

from __future__ import annotations

import pytest

from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic, Location, Severity
from kservegen.report.summary import problem_counts


@pytest.mark.parametrize(
    ("severities", "said"),
    [
        ([], "no problems"),
        ([Severity.INFO, Severity.INFO], "2 notes"),
        ([Severity.INFO, Severity.WARNING], "1 warning"),
        ([Severity.ERROR], "1 error"),
    ],
)
def test_no_problems_is_said_where_nothing_is_printed(severities: list[Severity], said: str) -> None:
    found = tuple(
        Diagnostic(rule="a/b", severity=severity, message="m", location=Location("f", 1, 1)) for severity in severities
    )
    assert problem_counts(Result(command="validate", diagnostics=found)) == said
