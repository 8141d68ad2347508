"""`kservegen plan` as it is typed: its three forms, its exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from syrupy.assertion import SnapshotAssertion
from tests.support.committed import committed
from tests.support.project import DEV, Project
from tests.support.reports import checked_report

from kservegen.cli import cli

BEFORE = """\
models:
  iris: {modelFormat: sklearn, storageUri: s3://models/iris, env: [{name: LOG_LEVEL, value: info}]}
  wine: {modelFormat: sklearn, storageUri: s3://models/wine}
  old: {modelFormat: xgboost, storageUri: s3://models/old}
  big: {modelFormat: huggingface, storageUri: s3://models/big, accelerator: {type: l4, count: 1}, minReplicas: 2}
"""
AFTER = """\
models:
  iris: {modelFormat: sklearn, storageUri: s3://models/iris, env: [{name: LOG_LEVEL, value: debug}]}
  vino: {modelFormat: sklearn, storageUri: s3://models/wine}
  new: {modelFormat: sklearn, storageUri: s3://models/new}
  big: {modelFormat: huggingface, storageUri: s3://models/big-2, accelerator: {type: l4, count: 1}, minReplicas: 2}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make a rendered, committed repository in whose catalog much has changed since."""
    project = committed(tmp_path, BEFORE)
    project.models(AFTER)
    return project


def run(project: Project, *words: str) -> Result:
    return CliRunner().invoke(
        cli, ["plan", "--root", str(project.root), *words], catch_exceptions=False, standalone_mode=False
    )


def test_text(project: Project, snapshot: SnapshotAssertion) -> None:
    result = run(project)
    assert result.return_value == 0
    assert run(project, "--exit-code").return_value == 1
    assert result.stdout == snapshot


def test_markdown(project: Project, snapshot: SnapshotAssertion) -> None:
    result = run(project, "--output", "markdown")
    assert result.return_value == 0
    assert result.stdout == snapshot


def test_json_is_the_report(project: Project) -> None:
    for words in ((), ("--base", "HEAD")):
        result = run(project, "--output", "json", *words)
        document = checked_report(result.stdout)
        assert (document["exitCode"], result.return_value) == (0, 0)
        assert document["plan"]["written"] == sorted(document["plan"]["written"])
        changes = document["plan"]["changes"]
        assert changes["verdict"] == run(project, *words).stdout.split("\n")[0]
        (environment,) = changes["environments"]
        assert {item["name"]: item["change"] for item in environment["objects"]} == {
            "iris": "changed",
            "big": "changed",
            "new": "added",
            "old": "removed",
            "vino": "renamed",
        }


def test_nothing_changes(project: Project) -> None:
    project.models(BEFORE)
    assert run(project, "--exit-code").return_value == 0
    assert run(project).stdout.startswith("nothing changes\nagainst rendered/ as it is\n")
    assert run(project, "--output", "markdown").stdout == ""


def test_an_unknown_revision_is_an_operational_failure(project: Project) -> None:
    result = CliRunner().invoke(cli, ["plan", "--root", str(project.root), "--base", "nowhere"], standalone_mode=False)
    assert "no such revision" in str(result.exception)


def test_a_new_environment_takes_one_line(project: Project) -> None:
    project.write("environments/prod.yaml", DEV.replace("name: dev", "name: prod"))
    text = run(project, "prod").stdout
    assert text.startswith("prod: a new environment, 4 models are added, 1 other object is added\n")
    assert "\n  + 5 objects: 4 InferenceService, 1 Namespace\n" in text
    assert "+ InferenceService ns/new" in run(project, "prod", "--all").stdout
    assert "- added 5 objects: 4 InferenceService, 1 Namespace\n" in run(project, "prod", "--output", "markdown").stdout


def test_what_nothing_syncs_is_for_a_person_to_apply(project: Project) -> None:
    engine = "{engine: argocd, repoURL: https://example.com/m.git}"
    project.write("environments/dev.yaml", DEV.replace("{engine: none}", engine))
    assert project.render().exit_code == 0
    project.write("environments/dev.yaml", DEV.replace("{engine: none}", engine.replace("}", ", project: ml}")))
    said = run(project).output
    by_hand = "a person applies sync/application-dev.yaml, as README.md there says"
    assert f"~ Application argocd/dev: nothing syncs it: once this is merged, {by_hand}\n" in said
    assert said.count("nothing syncs it") == 1
