"""The last line of a run counts what was printed above it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from kservegen.commands.result import Result
from kservegen.core.assumptions import Assumption, Unchecked
from kservegen.core.diagnostics import Diagnostic, FindingPlace, Location, Severity, Waived
from kservegen.report.github import render_github
from kservegen.report.summary import problem_counts, standing_lines
from kservegen.report.text import render_text


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


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize(("standing", "said"), [([], "1 waived"), ([Severity.WARNING], "1 warning, 1 waived")])
def test_no_problems_is_not_said_under_what_is_waived(severity: Severity, standing: list[Severity], said: str) -> None:
    def found(weight: Severity, waived: Waived | None) -> Diagnostic:
        return Diagnostic(rule="a/b", severity=weight, message="m", location=Location("f", 1, 1), waived=waived)

    waived = found(severity, Waived("waivers.yaml", "team", "known", "2030-01-01"))
    result = Result(command="validate", diagnostics=(waived, *(found(weight, None) for weight in standing)))
    assert problem_counts(result) == said
    text = render_text(replace(result, lists_waived=True), lambda _: None, colour=False)
    assert "until 2030-01-01 by team: known" in text
    assert "no problems" not in text


def test_waived_findings_are_one_line_and_are_listed_where_that_is_asked_for() -> None:
    def found(line: int, waiver: str, *, of_change: bool = False) -> Diagnostic:
        mark = Waived(waiver, "ml", "known", "2030-01-01", of_change=of_change)
        places = (FindingPlace(Location("f", line)), FindingPlace(Location("f", line + 1))) if waiver == "b" else ()
        here = Location("f", line)
        return Diagnostic(rule="a/b", severity=Severity.INFO, message="m", location=here, waived=mark, places=places)

    many = (found(line, "z") for line in range(1300))
    told = (found(1, "a"), *many, *(found(line, "n", of_change=True) for line in (1, 2)), found(9, "b"))
    result = Result(command="validate", diagnostics=told)
    said = (
        "waived: 1,304 findings in 1,305 places by 4 waivers: z 1,300 (until 2030-01-01 by ml), "
        "b 2 (until 2030-01-01 by ml), n 2 (until 2030-01-01 by ml, of this change) and 1 more"
    )
    assert render_text(result, lambda _: None, colour=False).splitlines()[1:] == [said]
    assert render_github(result).splitlines()[1:] == [said]
    listed = render_text(replace(result, lists_waived=True), lambda _: None, colour=False)
    assert (listed.count("until 2030-01-01 by ml: known"), said in listed) == (1304, False)


@pytest.mark.parametrize("width", [50, 80])
def test_what_a_verdict_stands_on_breaks_at_blanks(width: int) -> None:
    names = [f"models/a-name-of-some-length-{number}" for number in range(4)]
    result = Result(
        command="validate",
        assumptions=tuple(Assumption("ConfigMap", name, "prerequisites") for name in names),
        unchecked=(Unchecked("that images can be pulled", "no registry is asked by anybody who wrote this"),),
    )
    whole, wrapped = list(standing_lines(result)), list(standing_lines(result, width))
    assert max(map(len, whole)) > width >= max(map(len, wrapped))
    assert " ".join(wrapped).split() == " ".join(whole).split()  # no word is broken
    assert wrapped[1].startswith("  4 ConfigMaps:")
