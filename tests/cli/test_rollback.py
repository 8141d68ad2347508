"""`kservegen rollback`: words of a model as they were at a commit."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result
from tests.support.git_repository import git
from tests.support.project import DEV, Project

from kservegen.cli import cli
from kservegen.commands import edits
from kservegen.core.errors import GeneratorError

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "kservegen" / "report.schema.json").read_text("utf-8"))
MODELS = """\
version: 1
defaults: {namespace: ns}
models:
  iris: {modelFormat: sklearn, storageUri: hf://a/iris}
  other: {modelFormat: sklearn, storageUri: s3://models/other}
"""
OVERLAY = """\
models:
  # iris runs twice here
  iris:
    minReplicas: 2   # for the night
    env: [{name: A, value: x}]
  other: {minReplicas: 1}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write("environments/prod.yaml", DEV.replace("name: dev", "name: prod") + OVERLAY)
    made.write("models.yaml", MODELS)
    made.write(
        "environments/prod.lock.yaml", f"version: 1\nmodels:\n  hf://a/iris: {{revision: {'a' * 40}}}   # then\n"
    )
    git(tmp_path, "init", "-q")
    commit(made, "as it began")
    return made


def commit(project: Project, subject: str) -> None:
    git(project.root, "add", "-A")
    git(project.root, "commit", "-q", "-m", subject)


def run(project: Project, *words: str) -> Result:
    return CliRunner().invoke(cli, [*words, "--root", str(project.root)], standalone_mode=False)


def text(project: Project, file: str = "environments/prod.yaml") -> str:
    return (project.root / file).read_text("utf-8")


@pytest.mark.parametrize(
    "words",
    [
        ("minReplicas=3",),
        ("minReplicas=3", "env[A].value=z", "resources.limits.memory=8Gi"),
        ("--unset", "env", "labels.team=x"),
        ("minReplicas=null",),
    ],
)
def test_set_and_rollback_leave_every_byte_as_it_was(project: Project, words: tuple[str, ...]) -> None:
    before = text(project)
    assert run(project, "set", "iris", *words, "--env", "prod", "--yes").exception is None
    assert text(project) != before
    commit(project, "an edit")
    done = run(project, "rollback", "iris", "--env", "prod", "--yes")
    assert done.exception is None
    assert "Ada: as it began" in done.output
    assert text(project) == before


def test_a_new_entry_of_an_environment_goes_again(project: Project) -> None:
    before = text(project, "environments/dev.yaml")
    run(project, "set", "iris", "minReplicas=3", "--env", "dev", "--yes")
    assert text(project, "environments/dev.yaml") != before
    run(project, "rollback", "iris", "--env", "dev", "--yes")
    assert text(project, "environments/dev.yaml") == before


def test_the_entrys_lines_come_back_among_lines_that_changed_since(project: Project) -> None:
    run(project, "set", "iris", "minReplicas=3", "--env", "prod", "--yes")
    run(project, "set", "other", "minReplicas=2", "--env", "prod", "--yes")
    run(project, "rollback", "iris", "--env", "prod", "--yes")
    before = DEV.replace("name: dev", "name: prod") + OVERLAY
    assert text(project) == before.replace("other: {minReplicas: 1}", "other: {minReplicas: 2}")


def test_a_change_of_the_catalog_is_undone_in_this_environment_alone(project: Project) -> None:
    run(project, "set", "iris", "storageUri=hf://a/iris2", "labels.team=x", "--yes")
    commit(project, "another model")
    catalog, dev = text(project, "models.yaml"), text(project, "environments/dev.yaml")
    assert run(project, "rollback", "iris", "--env", "prod", "--yes").exception is None
    assert (text(project, "models.yaml"), text(project, "environments/dev.yaml")) == (catalog, dev)
    assert "storageUri: hf://a/iris\n" in text(project)
    assert "labels: null" in text(project)
    assert "minReplicas: 2   # for the night" in text(project)


def test_the_pin_goes_back_with_the_words(project: Project) -> None:
    before = text(project, "environments/prod.lock.yaml")
    project.write("environments/prod.lock.yaml", before.replace("a" * 40, "b" * 40).replace("then", "now"))
    commit(project, "a new revision")
    done = run(project, "rollback", "iris", "--env", "prod", "--output", "json", "--yes")
    jsonschema.validate(json.loads(done.stdout), SCHEMA)
    assert text(project, "environments/prod.lock.yaml") == before.replace("then", "now")
    assert json.loads(done.stdout)["edits"]["origin"]["subject"] == "as it began"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "was never anything else in prod"),
        (("--to", "nowhere"), "no such revision"),
        (("--to=-x",), "not a revision"),
    ],
)
def test_what_there_is_no_way_back_to(project: Project, words: tuple[str, ...], message: str) -> None:
    done = run(project, "rollback", "iris", "--env", "prod", "--yes", *words)
    assert isinstance(done.exception, GeneratorError)
    assert message in done.exception.message


def test_what_is_wrong_with_the_question_is_told_before_nobody_can_agree(project: Project) -> None:
    done = run(project, "rollback", "isir", "--env", "prod")
    assert isinstance(done.exception, GeneratorError)
    assert "isir" in done.exception.message
    before = text(project)
    done = run(project, "set", "iris", "minReplicas=3", "--env", "prod")
    assert "there is no terminal to ask on" in str(done.exception)
    assert text(project) == before


def test_a_shallow_clone_says_what_it_lacks(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    run(project, "set", "iris", "minReplicas=3", "--env", "prod", "--yes")
    commit(project, "an edit")
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "-q", "--depth", "1", project.root.as_uri(), "here")
    words = ["rollback", "iris", "--env", "prod", "--yes", "--root", str(clone / "here")]
    done = CliRunner().invoke(cli, words, standalone_mode=False)
    assert isinstance(done.exception, GeneratorError)
    assert "which is shallow" in done.exception.message
    assert "fetch --deepen" in done.exception.hint


@pytest.mark.parametrize(
    "words",
    [
        ("set", "iris", "minReplicas=5"),
        ("set", "iris", "storageUri=nowhere", "--env", "prod"),
        ("promote", "dev", "prod", "--field", "minReplicas"),
        ("rollback", "iris", "--env", "prod"),
    ],
)
def test_nothing_is_judged_where_nobody_can_agree(
    project: Project, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(project, "set", "iris", "minReplicas=3", "--env", "dev", "--yes")
    run(project, "set", "iris", "minReplicas=4", "--env", "prod", "--yes")
    commit(project, "an edit")
    monkeypatch.setattr(edits, "evaluate_repository", lambda *_: pytest.fail("it was judged"))
    assert "there is no terminal to ask on" in str(run(project, *words).exception)
