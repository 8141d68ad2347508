"""What is told of an entry that the environment asked about does not have."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.support.project import DEV, Project

from kservegen.cli import cli
from kservegen.commands.explain import explain_entry
from kservegen.commands.simulate import simulate_entries
from kservegen.core.errors import GeneratorError
from kservegen.evaluate.project import open_project

MODELS = """\
version: 1
defaults: {namespace: ns, modelFormat: sklearn, storageUri: s3://models/x}
models:
  root-a: {}
  t-a: {environments: [prod]}
  taken: {}
  unborn: {environments: []}
"""


@pytest.mark.parametrize(
    ("key", "message", "hint"),
    [
        ("t-a", "t-a does not live in dev", "It lives in prod."),
        ("ns/t-a", "ns/t-a does not live in dev", "It lives in prod."),
        ("taken", "taken does not live in dev", "It lives in prod."),
        ("unborn", "unborn does not live in dev", "It lives in no environment: "),
        ("rot-a", "there is no rot-a in dev", "Did you mean root-a?"),
    ],
)
def test_an_entry_of_another_environment_is_told_with_its_home(
    tmp_path: Path, key: str, message: str, hint: str
) -> None:
    project = Project(tmp_path)
    project.write("models.yaml", MODELS)
    project.write("environments/dev.yaml", DEV + "models: {taken: null}\n")
    project.write("environments/prod.yaml", DEV)
    opened = open_project(project.repository)
    for ask in (explain_entry, lambda where, name, word: simulate_entries(where, name, [word])):
        with pytest.raises(GeneratorError) as caught:
            ask(opened, "dev", key)
        assert caught.value.message == message
        assert caught.value.hint.startswith(hint)


def test_explain_asks_for_the_environment_of_an_entry(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("models.yaml", MODELS)
    project.write("environments/dev.yaml", DEV)
    project.write("environments/prod.yaml", DEV)
    with pytest.raises(GeneratorError, match="t-a is an entry of the catalog") as caught:
        CliRunner().invoke(cli, ["explain", "t-a", "--root", str(project.root)], catch_exceptions=False)
    assert caught.value.hint == "Name one: kservegen explain t-a --env prod."
