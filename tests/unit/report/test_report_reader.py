"""A report that was read says what it said, and what is no report says nothing."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import pytest
from msgspec.structs import replace

from kservegen.changes.impact.model import Cause, Impact, RefusedUpdate, Restart, Scaled
from kservegen.changes.plan.model import (
    ABSENT,
    BudgetChange,
    EnvironmentPlan,
    Fate,
    FieldChange,
    LeftRunning,
    ModelChange,
    ModelFit,
    ModelUse,
    NamedChange,
    ObjectChange,
    ObjectKey,
    OwnerChange,
    Plan,
    PoolChange,
    PoolSide,
    Presence,
    Verb,
)
from kservegen.cli import cli
from kservegen.cli.failures import run_cli
from kservegen.commands.result import FilePlan, Result
from kservegen.core.assumptions import Assumption, Unchecked
from kservegen.core.diagnostics import Diagnostic, Finding, Location, Related, Severity, Waived
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.templates import PageTemplates
from kservegen.report.json_report import render_json
from kservegen.report.plan_markdown import MARKER, plan_as_markdown
from kservegen.report.plan_text import plan_as_text
from kservegen.report.report_reader import LARGEST_REPORT, read_report
from kservegen.report.sarif import render_sarif

# Words of a report that have a closed set of values, or a pattern.
_CLOSED = {"severity", "presence", "change", "rule", "inCluster"}
KEY = ObjectKey("serving.kserve.io", "InferenceService", "team", "a")
SUBJECT = ResourceId("InferenceService", "team", "a")
REFUSED = RefusedUpdate(
    Resource(id=SUBJECT, api_version="v1", doc={}, file="a.yaml"), Finding(rule="a/b", path=(), message="m")
)
FULL = EnvironmentPlan(
    name="prod",
    objects=(
        ObjectChange(
            verb=Verb.CHANGED,
            key=KEY,
            file="models/team/a.yaml",
            fields=(
                FieldChange("spec.a", {"x": [1, None, True]}, "1.5"),
                FieldChange("spec.b", ABSENT, None),
                FieldChange("spec.c", None, ABSENT),
            ),
            entry="a",
        ),
        ObjectChange(
            verb=Verb.RENAMED, key=KEY, file="b.yaml", old_key=ObjectKey(KEY.group, *SUBJECT), old_file="c.yaml"
        ),
        ObjectChange(verb=Verb.REMOVED, key=KEY, file="d.yaml", fate=Fate.LEFT, by="no engine", readable=False),
    ),
    values=(NamedChange("kserve-resources", (FieldChange("kserve.a", 1, 2),)),),
    words=(FieldChange("guards.maxRemovals", 1, 9),),
    owners=(OwnerChange("models/team", "", "Application prod"),),
    version=("v0.19.0", "v0.20.0"),
    engine=("argocd", "flux"),
    impact=Impact(
        restarts=(
            Restart(
                subject=SUBJECT,
                pods=2,
                accelerators={"h100": 8},
                causes=(Cause("ClusterServingRuntime x", ("spec.image",), certain=False, note="if"), Cause()),
                surge={"h100": 4},
                surge_pods=1,
            ),
        ),
        refused=(REFUSED, REFUSED),
        scaled=(Scaled(SUBJECT, "predictor", (1, 2), (0, 0)),),
    ),
    left=LeftRunning("another cluster (a -> b)", ("InferenceService team/a",), (), 1, ("team",), "a", "it stays"),
    gpus={"h100": "H100"},
    budgets=(BudgetChange("gpus", "nvidia.com/gpu", Fraction(1), Fraction(5, 2), None, Fraction(8)),),
    pools=(PoolChange("l4", None, PoolSide(4, 1, 4)), PoolChange("any", PoolSide(1, 0, None), None)),
    models=(
        ModelChange(
            SUBJECT,
            ModelUse(1, 2, {"h100": Fraction(8)}, Fraction(100)),
            ModelUse(2, 2, {"h100": Fraction(1, 2)}, None),
            ("hf://org/a",),
            "team-a",
            ModelFit("uncertain", "18.0 of 19.8 GiB of L4: one request of full length", "unsure"),
        ),
        ModelChange(SUBJECT, None, ModelUse(0, 0, {}), ()),
    ),
    rewritten=("e.yaml",),
    pages=("README.md",),
    unreadable=("f.yaml",),
)
FOUND = Diagnostic(
    rule="kserve/replicas",
    severity=Severity.ERROR,
    message="two at most",
    location=Location("models.yaml", 7, 5),
    path="models.a",
    hint="Fewer.",
    seen="three",
    allowed="2",
    environments=("prod",),
    subjects=("InferenceService team/a",),
    entries=("a",),
    related=(Related("here, too", Location("environments/prod.yaml", 3)),),
    cause="the replicas of a profile",
)
WAIVED = Diagnostic(
    rule="policy/x",
    severity=Severity.WARNING,
    message="m",
    location=Location("models.yaml"),
    waived=Waived(waiver="old", owner="o", reason="r", expires="2026-12-01"),
)
PLAN = Plan(base="abc", environments=(FULL, EnvironmentPlan(name="new", presence=Presence.NEW)), unknown=("dev",))
RESULT = Result(
    command="check",
    diagnostics=(FOUND, WAIVED),
    plan=FilePlan(written=("prod/a",), removed=("prod/b",), unchanged=3, diff="-a\n+b\n", changes=PLAN),
    assumptions=(Assumption("Secret", "models/token", "prerequisites", ("prod",)),),
    unchecked=(Unchecked("that images can be pulled", "no registry is asked"),),
    verdict="red: 1 error",
)


def test_what_is_read_is_what_was_written() -> None:
    written = render_json(RESULT)
    read = read_report(written.encode(), "run.json")
    assert render_json(read) == written
    assert render_sarif(read) == render_sarif(RESULT)
    assert read.plan is not None
    assert read.plan.changes is not None
    templates = PageTemplates(own={})
    assert plan_as_markdown(read, read.plan.changes, templates) == plan_as_markdown(RESULT, PLAN, templates)


@pytest.mark.parametrize(("everything", "shown"), [(False, 120), (True, 500)])
def test_of_a_long_diff_a_screen_shows_the_beginning(everything: bool, shown: int) -> None:
    assert RESULT.plan is not None
    long = replace(RESULT, plan=replace(RESULT.plan, diff="+ a line of the diff\n" * 500))
    said = plan_as_text(long, Plan(base="abc", environments=()), lambda _: None, colour=False, everything=everything)
    assert said.count("+ a line of the diff\n") == shown
    assert ("… and 380 more (--all shows them)" in said) is not everything


def changed(**more: object) -> bytes:
    return json.dumps({**json.loads(render_json(RESULT)), **more}).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no JSON"),
        (b"<!-- kservegen-plan -->\n# All green\n", "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"a": NaN}', "is no JSON"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "is no JSON"),
        (b'{"a": 1e999}', "has a number in it"),
        (b'{"a": ' + b"9" * 400 + b"}", "has a number in it"),
        (b'{"a": "\\ud800"}', "has half a character"),
        (b'{"\\udfff": 1}', "has half a character"),
        (b"[" * 200 + b"]" * 200, "has maps and lists inside one another"),
        (b" " * (LARGEST_REPORT + 1), "is larger than 16 MiB"),
        (b"[]", "is no report of this version"),
        (b"null", "is no report of this version"),
        (changed(reportVersion=2), "is no report of this version"),
        (changed(comment="<script>"), "is no report of this version"),
        (changed(findings=[{"rule": "a/b"}]), "is no report of this version"),
        (changed(pullRequest=1), "is no report of this version"),
        (changed(plan=None), "is no report of this version"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value[:24]),
)
def test_what_is_no_report_is_refused(
    data: bytes, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.json").write_bytes(data)
    assert run_cli(cli, ["convert", str(tmp_path / "run.json")]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert f"run.json: {said}" in err


def converted(tmp_path: Path, capfd: pytest.CaptureFixture[str], data: bytes, *words: str) -> str:
    (tmp_path / "run.json").write_bytes(data)
    code = run_cli(cli, ["convert", str(tmp_path / "run.json"), "--root", str(tmp_path), *words])
    out, err = capfd.readouterr()
    assert (code, err) == (0, "")
    return out


def test_no_text_of_a_report_is_more_than_text(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    evil = "</details> @org/team <script>x</script> [x](//example.com) ![x](//example.com/x.png)\n\n# ok\n::error::x"
    report = json.loads(render_json(RESULT))
    finding, plan = report["findings"][0], report["plan"]["changes"]
    for item in (
        finding,
        plan["environments"][0],
        plan["environments"][0]["objects"][0],
        plan["environments"][0]["budgets"][0],
    ):
        item.update({word: evil for word, value in item.items() if isinstance(value, str) and word not in _CLOSED})
    plan["environments"][0]["models"][0].update({"name": evil, "namespace": evil, "sources": [evil]})
    plan |= {"base": evil, "unknown": [evil]}
    report["standsOn"]["assumed"][0].update({"kind": evil, "name": evil, "why": evil})
    report["standsOn"]["notChecked"][0].update({"what": evil, "why": evil})
    page = converted(tmp_path, capfd, json.dumps({**report, "verdict": evil}).encode())
    headings = ("#### Models", "#### Budgets and node pools at maxReplicas", "#### What to do before the merge")
    ours = (*headings, "#### What to do after the merge")
    assert not [line for line in page.splitlines() if line.startswith(("#", "::")) and line not in ours]
    outside = _without_code(page)
    assert "<script" not in outside
    assert "@org" not in outside
    assert "](//" not in outside
    assert outside.count("</details>") == outside.count("<details>") == 3


def _without_code(page: str) -> str:
    """Leave out what is no Markdown: code, and the text of a summary, a block of HTML up to the next blank line."""
    page = re.sub(r"<summary>[^<>]*</summary>", "", page)
    return re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", page)


def test_the_page_is_written_by_the_templates_of_the_folder(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/plan.md.j2").write_text("ours, against {{ base }}\n", "utf-8")
    page = converted(tmp_path, capfd, render_json(RESULT).encode())
    assert page.endswith("ours, against abc\n")
    assert page.startswith(f"{MARKER}\n")


def test_a_change_of_what_checks_it_is_told_first(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    nothing = Result(command="check", plan=FilePlan(changes=Plan(base="abc")))
    data = render_json(nothing).encode()
    (tmp_path / "files").write_text("models.yaml\n.github/workflows/kservegen.yml\ndocs/.github/x\n", "utf-8")
    page = converted(tmp_path, capfd, data, "--changed-files", str(tmp_path / "files"))
    assert page.startswith(f"{MARKER}\n> [!CAUTION]\n")
    assert "`.github/workflows/kservegen.yml`." in page
    assert "docs/.github" not in page
    (tmp_path / "files").write_text("models.yaml\n", "utf-8")
    assert converted(tmp_path, capfd, data, "--changed-files", str(tmp_path / "files")) == ""


def test_a_report_of_no_change_is_no_comment(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.json").write_text(render_json(Result(command="validate")), "utf-8")
    assert run_cli(cli, ["convert", str(tmp_path / "run.json")]) == 2
    assert "tells of no change" in capfd.readouterr().err
