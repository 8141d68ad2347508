"""`kservegen promote`: versions that one environment runs, brought to another."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result
from tests.support.project import DEV, Project

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "kservegen" / "report.schema.json").read_text("utf-8"))
MODELS = """\
version: 1
defaults: {namespace: ns}
models:
  iris: {modelFormat: sklearn, storageUri: hf://a/iris}
  other: {modelFormat: sklearn, storageUri: s3://dev/other/1}
  new: {modelFormat: sklearn, storageUri: s3://dev/new, environments: [dev]}   # not yet
"""
FROM = """\
images: [{name: kserve/sklearnserver, newTag: v2}]
models:
  iris: {minReplicas: 1, storageUri: hf://a/iris2, args: [--a]}
  other: {storageUri: s3://dev/other/2}
"""
TO = """\
images:
- name: kserve/sklearnserver
  newName: mirror.example.com/sklearnserver
  newTag: v1   # proven
models:
  iris: {minReplicas: 4}   # four
  other: {storageUri: s3://prod/other/1}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write("environments/dev.yaml", DEV + FROM)
    made.write("environments/prod.yaml", DEV.replace("name: dev", "name: prod") + TO)
    made.write("environments/dev.lock.yaml", f"version: 1\nmodels:\n  hf://a/iris2: {{revision: {'a' * 40}}}\n")
    made.write("models.yaml", MODELS)
    return made


def run(project: Project, *words: str) -> Result:
    words = ("promote", "dev", "prod", *words, "--yes", "--root", str(project.root))
    return CliRunner().invoke(cli, list(words), standalone_mode=False)


def text(project: Project, file: str = "environments/prod.yaml") -> str:
    return (project.root / file).read_text("utf-8")


def test_versions_come_over_and_nothing_else(project: Project) -> None:
    before = text(project)
    done = run(project)
    assert done.exception is None
    after = before.replace("newTag: v1 ", "newTag: v2 ").replace(
        "{minReplicas: 4}", "{minReplicas: 4, storageUri: hf://a/iris2}"
    )
    assert text(project) == after
    assert "a" * 40 in text(project, "environments/prod.lock.yaml")
    assert "other: storageUri stays s3://prod/other/1" in done.output
    assert "new runs in dev and not in prod" in done.output
    again = run(project)
    assert "nothing to change" in again.output
    assert text(project) == after


def test_one_model_alone(project: Project) -> None:
    before = text(project)
    assert run(project, "iris").exception is None
    assert text(project) == before.replace("{minReplicas: 4}", "{minReplicas: 4, storageUri: hf://a/iris2}")


def test_more_words_and_more_models_on_request(project: Project) -> None:
    assert run(project, "--field", "args", "--add").exception is None
    assert "args: [--a]" in text(project)
    assert text(project, "models.yaml") == MODELS.replace("environments: [dev]", "environments: [dev, prod]")


def test_the_json_report_follows_its_schema(project: Project) -> None:
    report = json.loads(run(project, "--output", "json").stdout)
    jsonschema.validate(report, SCHEMA)
    assert [f["file"] for f in report["edits"]["files"]] == ["environments/prod.yaml", "environments/prod.lock.yaml"]


def test_a_model_that_is_not_there(project: Project) -> None:
    done = CliRunner().invoke(
        cli, ["promote", "prod", "dev", "new", "--yes", "--root", str(project.root)], standalone_mode=False
    )
    assert isinstance(done.exception, GeneratorError)
    assert done.exception.message == "new does not live in prod"
