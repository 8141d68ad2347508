"""Trials of policies as a table, as part of the JSON report, as JUnit XML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kservegen.checks.policy.trial import Trial, TrialOutcome
from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.core.jsontypes import JsonArray
from kservegen.formats.inert import inert_attribute, inert_element
from kservegen.report.summary import plural, problem_counts

_COLUMNS = ("policy", "pass", "fail", "wrong", "not tested")


def trials_as_table(trials: Iterable[Trial]) -> str:
    """Write one row for each policy: its cases by the verdict they expect, those that get another, and gaps."""
    rows = [_COLUMNS, *(_row(trial) for trial in trials)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    return "\n".join(_line(row, widths) for row in rows) + "\n"


def _row(trial: Trial) -> tuple[str, ...]:
    counts = (trial.count(fails=False), trial.count(fails=True), trial.wrong, len(gaps(trial)))
    return (trial.policy, *map(str, counts))


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    first, *rest = zip(row, widths, strict=True)
    return "  ".join((first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)))


def trials_summary(trials: Iterable[Trial], result: Result) -> str:
    """Write the closing line."""
    trials = list(trials)
    cases = sum(len(trial.outcomes) for trial in trials)
    tested = f"{plural(len(trials), 'policy', 'policies')} · {plural(cases, 'case')}"
    return f"{result.command}: {tested} · {problem_counts(result)}\n"


def gaps(trial: Trial) -> list[Diagnostic]:
    """Return the findings about expressions that no case puts to the test."""
    return [diagnostic for diagnostic in trial.diagnostics if diagnostic.severity is not Severity.ERROR]


def trials_as_json(trials: Iterable[Trial]) -> JsonArray:
    """Write the `policyTests` of the JSON report."""
    return [
        {
            "policy": trial.policy,
            "cases": [
                {
                    "name": outcome.case.name,
                    "file": outcome.case.location.file,
                    "line": outcome.case.location.line,
                    "expects": "fail" if outcome.case.expected else "pass",
                    "ok": outcome.diagnostic is None,
                }
                for outcome in trial.outcomes
            ],
        }
        for trial in trials
    ]


def trials_as_junit(trials: Iterable[Trial]) -> str:
    """Write a test suite for each policy: its cases, and what keeps it from being tested at all."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites name="kservegen policy test">']
    for trial in trials:
        of_cases = [outcome.diagnostic for outcome in trial.outcomes]
        own = [d for d in trial.diagnostics if d.severity is Severity.ERROR and d not in of_cases]
        tests, failures = len(trial.outcomes) + len(own), trial.wrong + len(own)
        lines.append(f'  <testsuite name={inert_attribute(trial.policy)} tests="{tests}" failures="{failures}">')
        for outcome in trial.outcomes:
            lines.extend(_test_case(trial.policy, outcome))
        for diagnostic in own:
            lines.extend(_failed(trial.policy, diagnostic.rule, diagnostic))
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _test_case(policy: str, outcome: TrialOutcome) -> Iterator[str]:
    if outcome.diagnostic is None:
        place = inert_attribute(outcome.case.location.file)
        called = f"classname={inert_attribute(policy)} name={inert_attribute(outcome.case.name)}"
        yield f"    <testcase {called} file={place}/>"
    else:
        yield from _failed(policy, outcome.case.name, outcome.diagnostic)


def _failed(policy: str, name: str, diagnostic: Diagnostic) -> Iterator[str]:
    place = inert_attribute(diagnostic.location.file)
    yield f"    <testcase classname={inert_attribute(policy)} name={inert_attribute(name)} file={place}>"
    lines = (str(diagnostic.location), f"seen: {diagnostic.seen}", f"expected: {diagnostic.allowed}")
    detail = "\n".join(inert_element(line) for line in lines)
    yield f"      <failure message={inert_attribute(diagnostic.message)}>{detail}</failure>"
    yield "    </testcase>"
