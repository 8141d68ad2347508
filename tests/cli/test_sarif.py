"""SARIF for code scanning: lines, rules, weights, suppressions, and reports written to files beside the output."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from syrupy.assertion import SnapshotAssertion
from tests.support.project import Project

from kservegen.cli import cli
from kservegen.cli.options import write_report
from kservegen.core.errors import GeneratorError

Json = dict[str, Any]
WRONG = """\
models:
  iris:
    modelFormat: sklearn
    storageUri: s3://models/iris
    minReplica: 1
  "späte rose": {modelFormat: sklearn, storageUri: s3://models/rose}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project(tmp_path / "r")
    found.models(WRONG)
    return found


def validate(project: Project, *words: str) -> Result:
    return CliRunner().invoke(
        cli, ["validate", "--root", str(project.root), *words], catch_exceptions=False, standalone_mode=False
    )


def run_of(text: str) -> Json:
    document = json.loads(text)
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


def test_each_finding_stands_on_its_line_with_the_manual_of_its_rule(
    project: Project, snapshot: SnapshotAssertion
) -> None:
    run = run_of(validate(project, "--output", "sarif").stdout)
    places = [
        (result["ruleId"], result["level"], region["startLine"], region["startColumn"])
        for result in run["results"]
        for region in [result["locations"][0]["physicalLocation"]["region"]]
    ]
    assert ("schema/unknown-field", "error", 7, 5) in places
    assert [place[2] for place in places] == sorted(place[2] for place in places)
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "models.yaml"
    assert [result["message"]["text"] for result in run["results"]] == snapshot
    (known,) = [rule for rule in rules if rule["id"] == "schema/unknown-field"]
    assert known["help"]["text"].endswith("kservegen explain schema/unknown-field")


def test_fingerprints_tell_findings_apart_and_outlive_a_moved_line(project: Project) -> None:
    def prints() -> list[str]:
        results = run_of(validate(project, "--output", "sarif").stdout)["results"]
        return [result["partialFingerprints"]["kservegen/v1"] for result in results]

    before = prints()
    assert len(set(before)) == len(before)
    project.models("# a line more\n" + WRONG)
    assert prints() == before


def test_a_waived_finding_is_suppressed_with_its_reason(project: Project) -> None:
    project.models("models: {iris: {modelFormat: sklearn, storageUri: 's3://models/iris'}}")
    dev = (project.root / "environments/dev.yaml").read_text("utf-8")
    project.write(
        "environments/dev.yaml",
        dev
        + "policies: {bindings: {maxreplicas-set: {actions: [Deny]}}}\n"
        + "waivers: {w: {rule: policy/maxreplicas-set, model: iris, reason: later, owner: ada, expires: 2999-01-01}}\n",
    )
    project.models("models: {iris: {modelFormat: sklearn, storageUri: 's3://models/iris', minReplicas: 2}}")
    results = run_of(validate(project, "--output", "sarif").stdout)["results"]
    (waived,) = [result for result in results if result["ruleId"] == "policy/maxreplicas-set"]
    assert waived["suppressions"][0]["justification"] == "later (w, ada, until 2999-01-01)"


def test_reports_go_to_files_beside_the_output(project: Project, tmp_path: Path) -> None:
    done = validate(
        project, "--report", f"sarif={tmp_path}/a.sarif", "--report", f"json={tmp_path}/b=c.json", "--output", "github"
    )
    assert done.return_value == 1
    assert done.stdout.startswith("::error file=models.yaml")
    assert len(run_of((tmp_path / "a.sarif").read_text("utf-8"))["results"]) == len(
        json.loads((tmp_path / "b=c.json").read_text("utf-8"))["findings"]
    )


def test_nothing_found_is_a_run_without_results(project: Project) -> None:
    project.models("models: {iris: {modelFormat: sklearn, storageUri: 's3://models/iris'}}")
    assert run_of(validate(project, "--output", "sarif").stdout)["results"] == []


@pytest.mark.parametrize("report", ["sarif", "sarif=", "pdf=x", "=x"])
def test_what_is_no_report(report: str, project: Project) -> None:
    done = CliRunner().invoke(cli, ["validate", "--root", str(project.root), "--report", report])
    assert done.exit_code == 2
    assert "FORM=FILE" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("text=models.yaml",), "models.yaml is a file of YAML, which a report would replace"),
        (("json=environments/../models.yaml",), "models.yaml is a file of YAML, which a report would replace"),
        (("json=a.txt", "text=./a.txt"), "a.txt cannot hold both json and text: name two files"),
    ],
)
def test_a_report_replaces_no_source_and_no_other_report(
    words: tuple[str, ...], said: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.models("models: {iris: {modelFormat: sklearn, storageUri: 's3://models/iris'}}")
    monkeypatch.chdir(project.root)
    before = {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()}
    done = CliRunner().invoke(cli, ["validate", *(part for word in words for part in ("--report", word))])
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr
    assert {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()} == before


def test_a_device_takes_any_number_of_reports(project: Project) -> None:
    project.models("models: {iris: {modelFormat: sklearn, storageUri: 's3://models/iris'}}")
    assert validate(project, "--report", "json=/dev/null", "--report", "text=/dev/null").exit_code == 0


def test_a_file_that_cannot_be_written(project: Project, tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match="the report cannot be written"):
        validate(project, "--report", f"json={tmp_path}/nowhere/x.json")


def test_a_report_that_a_full_disk_cuts_short_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(path: Path, _content: bytes) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill)
    new, old = tmp_path / "new.json", tmp_path / "old.json"
    old.touch()
    for file in (new, old):
        with pytest.raises(GeneratorError, match="the report cannot be written: No space left on device") as caught:
            write_report(file, "{}")
        assert caught.value.hint == "Free some space, then run the command again."
    assert (new.exists(), old.exists()) == (False, True)
