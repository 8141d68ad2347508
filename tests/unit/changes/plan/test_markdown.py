"""The comment on a pull request: short enough whatever the change, and deaf to what the catalog says."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kservegen.changes.impact.model import Cause, Impact, Restart
from kservegen.changes.plan.model import EnvironmentPlan, FieldChange, NamedChange, ObjectChange, ObjectKey, Plan, Verb
from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic, Location, Severity
from kservegen.core.resource import ResourceId
from kservegen.formats.inert import code, inert, inert_html
from kservegen.formats.templates import PageTemplates
from kservegen.report.plan_markdown import MARKER, plan_as_markdown

LIMIT = 65_536
EMPTY = Result(command="plan")


def change(name: str, *, fields: int = 3, value: str = "x" * 60) -> ObjectChange:
    key = ObjectKey("serving.kserve.io", "InferenceService", "team", name)
    differing = tuple(FieldChange(f"spec.predictor.model.args[{i}]", value, value + "y") for i in range(fields))
    return ObjectChange(verb=Verb.CHANGED, key=key, file=f"models/team/{name}.yaml", fields=differing)


def restart(name: str, *causes: Cause) -> Restart:
    subject = ResourceId("InferenceService", "team", name)
    return Restart(subject=subject, pods=2, accelerators={"h100": 8}, causes=causes or (Cause(),))


def comment(*environments: EnvironmentPlan, own: str | None = None) -> str:
    templates = PageTemplates(own={} if own is None else {"plan.md.j2": own.encode()})
    return plan_as_markdown(EMPTY, Plan(base="main", environments=environments), templates)


@pytest.mark.parametrize(("objects", "fields"), [*product([1, 50, 500], [0, 1, 30]), (5_000, 0), (5_000, 1)])
def test_the_comment_fits_whatever_the_size(objects: int, fields: int) -> None:
    names = [f"model-{index:05d}-with-a-name-of-usual-length" for index in range(objects)]
    impact = Impact(restarts=tuple(restart(name, Cause(note=name[:11])) for name in names))  # no two are alike
    text = comment(
        EnvironmentPlan(name="prod", objects=tuple(change(name, fields=fields) for name in names), impact=impact)
    )
    assert len(text.encode()) < LIMIT
    assert text.startswith(f"{MARKER}\n- **prod**: {objects:,} model")
    assert f"{2 * objects:,} pods / {8 * objects:,} h100 restart" in text
    if objects <= 50:
        assert all(name in text for name in names)
    if objects == 500:
        assert all(name in text for name in names[:400])
    if objects == 5_000:
        assert "… and 4,9" in text or "… and 4,6" in text
    assert text.count("<details>") == text.count("</details>") == 1


def test_what_is_alike_is_one_block_with_all_names_that_there_is_room_for() -> None:
    names = [f"model-{index:03d}" for index in range(100)]
    impact = Impact(restarts=tuple(map(restart, names)))
    plan = EnvironmentPlan(name="prod", objects=tuple(map(change, names)), impact=impact)
    text = comment(plan)
    assert "- changed `100 InferenceServices`: restart 200 pods / 800 h100\n  - `team/model-000, team/model-001" in text
    assert all(name in text for name in names)
    assert text.count("spec.predictor.model.args[0]") == 1
    assert comment(plan, EnvironmentPlan(name="too", objects=plan.objects, impact=impact)) == text.replace(
        "**prod**", "**prod, too**"
    ).replace("| prod |", "| prod, too |").replace("<summary>prod:", "<summary>prod, too:")


def test_findings_stand_in_the_comment() -> None:
    found = Diagnostic(
        rule="kserve/replicas",
        severity=Severity.ERROR,
        message="two at most",
        location=Location("models.yaml", 7, 5),
        seen="three",
    )
    plan = Plan(base="main", environments=(EnvironmentPlan(name="prod", objects=(change("a"),)),))
    text = plan_as_markdown(Result(command="plan", diagnostics=(found,)), plan, PageTemplates(own={}))
    assert text.startswith(f"{MARKER}\n**red: 1 error**\n")
    (line,) = [line for line in text.splitlines() if "kserve/replicas" in line]
    assert all(said in line for said in ("error", "models.yaml:7:5", "two at most", "three"))


def test_many_environments_fit_too() -> None:
    text = comment(*(EnvironmentPlan(name=f"environment-{i:04d}", objects=(change("a"),)) for i in range(3_000)))
    assert len(text.encode()) < LIMIT
    assert "environments" in text or "environment" in text


def test_one_enormous_value_fits_too() -> None:
    text = comment(EnvironmentPlan(name="prod", objects=(change("a", value="é" * 100_000),)))
    assert len(text.encode()) < 5_000


def test_nothing_is_said_where_nothing_changes() -> None:
    assert comment(EnvironmentPlan(name="prod", pages=("README.md",))) == ""


@pytest.mark.parametrize("own", ["ours\n", "{{ marker|plain }}\nours\n"])
def test_the_marker_stands_above_any_template(own: str) -> None:
    assert comment(EnvironmentPlan(name="prod", objects=(change("a"),)), own=own) == f"{MARKER}\nours\n"


HOSTILE = (
    "@octocat #1 GH-2 <img src=x onerror=alert(1)> </details> ![a](http://x) "
    "| `b` ``c`` https://e.vil www.e.vil *d* \u202e"
)


def test_no_text_of_the_catalog_does_anything() -> None:
    text = comment(
        EnvironmentPlan(
            name=HOSTILE,
            objects=(change(HOSTILE, value=HOSTILE + "\n- @octocat\n\n</details>"),),
            values=(NamedChange(HOSTILE, (FieldChange(HOSTILE, HOSTILE, {HOSTILE: HOSTILE}),)),),
            impact=Impact(restarts=(restart("a", Cause(through=HOSTILE, note=HOSTILE)),)),
            unreadable=(HOSTILE,),
            version=(HOSTILE, HOSTILE),
        )
    )
    assert text.count("</details>") - sum(span.count("</details>") for span in code_spans(text)) == 1
    outside = CODE.sub("", text)
    assert "<img" not in outside
    assert not re.search(r"[@#]\w|GH-\d|://|www\.", outside)
    assert "\u202e" not in text


CODE = re.compile(r"(?<!`)(?<!\\)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)


def code_spans(text: str) -> list[str]:
    return [found[2] for found in CODE.finditer(text)]


@given(st.text(max_size=40))
def test_code_is_one_span_of_the_very_text(text: str) -> None:
    written = code(text)
    assert "\n" not in written
    assert CODE.fullmatch(written) is not None


@given(st.text(alphabet="@#<>&`*_[]()!|\\ aw.:/GH-1\n", max_size=40))
def test_inert_text_mentions_nobody_and_opens_nothing(text: str) -> None:
    for written in (inert(text), inert_html(text)):
        assert "\n" not in written
        assert not re.search(r"[@#]\w|GH-\d|://|www\.", written.replace("&#x27;", "").replace("&#39;", ""))
        assert not re.search(r"<\w|</", written)
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]|]", re.sub(r"\\.", "", inert(text)))
