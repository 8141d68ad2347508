"""Findings as JUnit's XML: a test case for each environment and each finding, for the test tabs of CI servers.

A finding that decides (`--fail-on`) is a failure, a waived one is skipped, a lighter one passes and says so in its
output. There are no times: the same result gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic
from kservegen.formats.inert import inert_attribute, inert_element
from kservegen.report.text import also_at, waived_by, words_at


def render_junit(result: Result) -> str:
    """Write one suite: environments first, then findings, heaviest first within a file as everywhere else."""
    failing = _failing(result)
    cases = [
        *_environments(result, failing),
        *(line for item in result.diagnostics for line in _finding(item, fails=_fails(result, item))),
    ]
    failures = sum(_fails(result, item) for item in result.diagnostics) + len(failing)
    tests = len(result.diagnostics) + len(result.environments)
    counts = f'tests="{tests}" failures="{failures}" errors="0" skipped="{result.waived}"'
    name = inert_attribute(f"kservegen {result.command}")
    head = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites name={name} {counts}>",
        f"  <testsuite name={name} {counts}>",
    ]
    if result.verdict:
        said = inert_attribute(result.verdict)
        head.append(f'    <properties><property name="verdict" value={said}/></properties>')
    return "\n".join([*head, *cases, "  </testsuite>", "</testsuites>"]) + "\n"


def _fails(result: Result, item: Diagnostic) -> bool:
    return item.waived is None and item.severity.rank <= result.fail_on.rank


def _failing(result: Result) -> frozenset[str]:
    """Return the environments in which a finding fails; one that names none is about them all."""
    wrong = [item for item in result.diagnostics if _fails(result, item)]
    if any(not item.environments for item in wrong):
        return frozenset(result.environments)
    return frozenset(name for item in wrong for name in item.environments) & frozenset(result.environments)


def _environments(result: Result, failing: Collection[str]) -> Iterator[str]:
    for name in result.environments:
        opening = f'    <testcase classname="kservegen.environments" name={inert_attribute(name)}'
        if name in failing:
            yield f'{opening}><failure message="findings stand in this environment"/></testcase>'
        else:
            yield f"{opening}/>"


def _finding(item: Diagnostic, *, fails: bool) -> Iterator[str]:
    name = inert_attribute(f"{item.location}: {item.message}")
    area = inert_attribute(f"kservegen.{item.rule.replace('/', '.')}")
    place = f'file={inert_attribute(item.location.file)} line="{item.location.line}"'
    yield f"    <testcase classname={area} name={name} {place}>"
    if item.waived is not None:
        yield f"      <skipped message={inert_attribute(waived_by(item))}/>"
    elif fails:
        yield f"      <failure type={inert_attribute(item.rule)} message={inert_attribute(item.message)}>"
        yield from (inert_element(line) for line in _about(item))
        yield "      </failure>"
    else:
        said = "\n".join(inert_element(line) for line in (f"{item.severity.value}: {item.message}", *_about(item)))
        yield f"      <system-out>{said}</system-out>"
    yield "    </testcase>"


def _about(item: Diagnostic) -> Iterator[str]:
    about = (
        ("place", str(item.location)),
        ("at", words_at(item)),
        ("seen", item.seen),
        ("allowed", item.allowed),
        ("fix", item.hint),
        ("also at", also_at(item)),
        ("in", ", ".join(item.environments)),
        ("rule", item.rule),
    )
    return (f"{label}: {said}" for label, said in about if said)
