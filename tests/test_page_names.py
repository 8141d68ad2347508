"""Whoever writes a page of their own finds in docs/day-two.md the names and the filters that there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from tests.support.project import Project

from kservegen.changes.plan.comparison import Comparison, EntryDifference, Sourced
from kservegen.changes.plan.model import (
    BudgetChange,
    EnvironmentPlan,
    FieldChange,
    LeftRunning,
    ObjectChange,
    ObjectKey,
    Plan,
    Verb,
)
from kservegen.commands.page_facts import page_facts
from kservegen.commands.result import FilePlan, Result
from kservegen.core.assumptions import Unchecked
from kservegen.core.diagnostics import Diagnostic, Location, Severity
from kservegen.core.errors import GeneratorError
from kservegen.evaluate.environment import evaluate
from kservegen.evaluate.project import open_project
from kservegen.formats.templates import PageTemplates
from kservegen.render.layout import lay_out
from kservegen.report.comparison import comparison_as_markdown
from kservegen.report.html_page import result_as_html
from kservegen.report.links import FileLinks
from kservegen.report.plan_markdown import plan_as_markdown

PAGE = (Path(__file__).parents[1] / "docs" / "day-two.md").read_text("utf-8")
FIELD = FieldChange("spec.a", 1, 2)
CHANGE = ObjectChange(
    verb=Verb.CHANGED, key=ObjectKey("serving.kserve.io", "InferenceService", "ns", "a"), file="a.yaml", fields=(FIELD,)
)
NOTE = Diagnostic(rule="a/c", severity=Severity.INFO, message="m", location=Location("models.yaml"))
BUDGET = BudgetChange("gpus", "accelerators", Fraction(1), Fraction(2), Fraction(4), Fraction(4))
LEFT = LeftRunning("another cluster", ("InferenceService ns/b",))
ENTRY = EntryDifference(section="models", key="a", kind="InferenceService", fields=(Sourced(FIELD, None, None),))
FINDING = Diagnostic(rule="a/b", severity=Severity.WARNING, message="m", location=Location("models.yaml"))


class Recorder(PageTemplates):
    """Templates that write nothing, and keep which names they are given: of each page and each map in its data."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[tuple[str, str], set[str]] = {}

    def pieces(self, name: str, /, **data: object) -> Iterator[str]:
        self._map(f"{name}.j2", "", data)
        yield ""

    def _map(self, page: str, where: str, data: dict[str, object]) -> None:
        for key, value in data.items():
            is_many = not isinstance(value, str | int | dict)
            self.names.setdefault((page, where), set()).add(f"{key}[]" if is_many else key)
            for item in value if isinstance(value, list | tuple | Iterator) else [value]:
                if isinstance(item, dict):
                    self._map(page, f"{where}.{key}".lstrip("."), item)


@pytest.fixture
def recorded(project: Project) -> Recorder:
    """Write each of the pages once."""
    recorder = Recorder()
    opened = open_project(project.repository)
    built = evaluate(opened.catalog, "dev", opened.tools).built
    assert built is not None
    assert len(dict(lay_out(built, recorder))) > 2
    plan = Plan(
        base="main", environments=(EnvironmentPlan(name="dev", objects=(CHANGE,), budgets=(BUDGET,), left=LEFT),)
    )
    unchecked = (Unchecked("that images can be pulled"),)
    plan_as_markdown(Result(command="plan", diagnostics=(FINDING,), unchecked=unchecked), plan, recorder)
    result = Result(command="check", diagnostics=(FINDING, NOTE), plan=FilePlan(changes=plan), unchecked=unchecked)
    result_as_html(result, page_facts(project.repository), recorder, FileLinks())
    found = Comparison(left="a", right="b", settings=(), values=(), entries=(ENTRY,), own=(), equal=0)
    comparison_as_markdown(found, recorder)
    return recorder


def test_the_page_lists_the_names_of_each_template(recorded: Recorder) -> None:
    rows = re.findall(r"^\| `(\S+\.j2)` \| (?:`(\S+)`)? ?\| (.+) \|$", PAGE, re.MULTILINE)
    listed = {(page, where): re.findall(r"`([^`]+)`", names) for page, where, names in rows}
    assert listed == {key: sorted(names) for key, names in recorded.names.items()}


def test_the_page_lists_the_filters() -> None:
    with pytest.raises(GeneratorError) as raised:
        PageTemplates(own={"page.j2": b"{{ a|nothing }}"}).write("page", a="")
    table = PAGE.partition("| filter |")[2].partition("\n\n")[0]
    listed = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert raised.value.message.endswith(f"there are: {', '.join(sorted(listed))}")
