"""What people and programs see of `kservegen commit`."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from tests.support.clone import Clone

from kservegen.cli import cli
from kservegen.cli.failures import run_cli

REPORT = json.loads((Path(__file__).parents[4] / "schemas" / "kservegen" / "report.schema.json").read_text("utf-8"))


def see(capfd: pytest.CaptureFixture[str], clone: Clone, *words: str) -> tuple[int, str, str]:
    """Run the command; return exit code, standard output and standard error."""
    code = run_cli(cli, ["commit", *words, "--root", str(clone.root)])
    return code, *capfd.readouterr()


def test_the_branches_stand_below_the_summary(clone: Clone, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = see(capfd, clone)
    head = clone.git("rev-parse", "--short=12", "HEAD")
    assert (code, err) == (0, "")
    summary, verdict, *_, line = out.splitlines()
    assert summary.startswith("commit: dev, prod · 4 objects · 12 written, 0 unchanged · no problems")
    assert verdict.startswith("green, assuming ")
    assert line == f"main: {head} Render dev, prod: 1 model added (12 added)"
    assert see(capfd, clone)[1].splitlines()[-1] == "main: nothing to commit, 12 files as rendered"


@pytest.mark.usefixtures("hub")
def test_a_proposal_names_what_a_pull_request_compares(clone: Clone, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = see(capfd, clone, "prod", "--hydrated", "--propose", "--push")
    head = clone.git("rev-parse", "--short=12", "origin/environments/prod-next")
    assert code == 0
    assert out.splitlines()[-3:] == [
        f"environments/prod-next: {head} Render prod: 1 model added (6 added, pushed to origin)",
        "  pull request: environments/prod...environments/prod-next",
        "  no pull request was opened: it takes gh or glab, and a remote that is a forge",
    ]


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("words", [(), ("--push",), ("--hydrated", "--propose"), ("--branch=x",)])
def test_the_report_is_as_its_schema_says(
    clone: Clone, capfd: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    source = clone.git("rev-parse", "HEAD")
    for statuses in ({"committed"}, {"unchanged"}):
        code, out, _ = see(capfd, clone, *words, "--output", "json")
        report = json.loads(out)
        jsonschema.validate(report, REPORT)
        assert (code, report["exitCode"]) == (0, 0)
        assert {branch["status"] for branch in report["commit"]["branches"]} == statuses
        assert report["commit"]["source"] in (source, clone.git("rev-parse", "HEAD"))


def test_findings_and_failures(clone: Clone, capfd: pytest.CaptureFixture[str]) -> None:
    clone.models("models:\n  iris: {modelFormat: sklearn, storageUri: s3://b/c, minReplica: 2}\n")
    code, out, _ = see(capfd, clone, "--output", "json")
    report = json.loads(out)
    jsonschema.validate(report, REPORT)
    assert (code, report["error"]["message"]) == (2, "not committed: models.yaml")
    clone.save()
    code, out, _ = see(capfd, clone, "--output", "json")
    report = json.loads(out)
    jsonschema.validate(report, REPORT)
    assert (code, "commit" in report, bool(report["findings"])) == (1, False, True)
    assert see(capfd, clone)[1].endswith("\nnothing was committed\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--propose"], "say --push, too"),
        (["--hydrated", "--branch", "x"], "--branch holds {env}"),
        (["--branch", "x/{env}"], "say --hydrated, too"),
        (["--author", "nobody"], "'NAME <ADDRESS>'"),
    ],
)
def test_usage(clone: Clone, capfd: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    code, _, err = see(capfd, clone, *words)
    assert (code, message in err) == (2, True)
