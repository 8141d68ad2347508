"""JUnit's XML of findings: what decides fails, what is waived is skipped, what is lighter passes."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic, Location, Severity, Waived
from kservegen.report.junit import render_junit

FOUND = Diagnostic(
    rule="kserve/replicas",
    severity=Severity.ERROR,
    message='two & "three" at <most>',
    location=Location("models.yaml", 7, 5),
    hint="Write 2.",
    seen="3",
    environments=("prod",),
)
WAIVED = replace(FOUND, waived=Waived(waiver="w", owner="o", reason="r", expires="2027-01-01"))


def read(*findings: Diagnostic, fail_on: Severity = Severity.ERROR, verdict: str = "") -> ET.Element:
    result = Result(
        command="check", diagnostics=findings, environments=("dev", "prod"), fail_on=fail_on, verdict=verdict
    )
    suites = ET.fromstring(render_junit(result))  # noqa: S314 - written by ourselves
    (suite,) = suites
    assert suites.attrib == suite.attrib
    cases = suite.findall("testcase")
    counts = {"tests": len(cases), "failures": len(suite.findall("testcase/failure")), "errors": 0}
    counts["skipped"] = len(suite.findall("testcase/skipped"))
    assert {name: int(suite.attrib[name]) for name in counts} == counts
    return suite


@pytest.mark.parametrize(
    ("finding", "fail_on", "child", "failing"),
    [
        (FOUND, Severity.ERROR, "failure", {"prod"}),
        (replace(FOUND, environments=()), Severity.ERROR, "failure", {"dev", "prod"}),
        (replace(FOUND, severity=Severity.WARNING), Severity.ERROR, "system-out", set()),
        (replace(FOUND, severity=Severity.WARNING), Severity.WARNING, "failure", {"prod"}),
        (WAIVED, Severity.ERROR, "skipped", set()),
    ],
)
def test_a_finding_is_a_case_and_an_environment_too(
    finding: Diagnostic, fail_on: Severity, child: str, failing: set[str]
) -> None:
    suite = read(finding, fail_on=fail_on)
    environments = {
        case.attrib["name"]: case.find("failure") is not None
        for case in suite.findall("testcase[@classname='kservegen.environments']")
    }
    assert environments == {name: name in failing for name in ("dev", "prod")}
    case = suite.find("testcase[@classname='kservegen.kserve.replicas']")
    assert case is not None
    assert (case.attrib["file"], case.attrib["line"]) == ("models.yaml", "7")
    assert case.attrib["name"] == 'models.yaml:7:5: two & "three" at <most>'
    assert [found.tag for found in case] == [child]


def test_a_failure_says_what_to_do() -> None:
    failure = read(FOUND).find("testcase/failure[@type='kserve/replicas']")
    assert failure is not None
    assert str(failure.text).split("\n")[1:-1] == [
        "place: models.yaml:7:5", "seen: 3", "fix: Write 2.", "in: prod", "rule: kserve/replicas",
    ]  # fmt: skip


def test_a_clean_run_is_its_environments_and_a_gate_has_its_verdict() -> None:
    suite = read(verdict="green")
    assert [case.attrib["name"] for case in suite.findall("testcase")] == ["dev", "prod"]
    said = suite.find("properties/property[@name='verdict']")
    assert said is not None
    assert said.attrib["value"] == "green"
