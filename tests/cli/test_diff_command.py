"""`kservegen diff`: two environments side by side, each value with its line."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result
from syrupy.assertion import SnapshotAssertion
from tests.support.project import DEV, Project
from tests.support.reports import checked_report

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

MODELS = """\
models:
  iris: {modelFormat: sklearn, storageUri: s3://models/iris, env: [{name: A, value: "1"}]}
  wine: {modelFormat: sklearn, storageUri: s3://models/wine}
  same: {modelFormat: sklearn, storageUri: s3://models/same}
  only: {modelFormat: sklearn, storageUri: s3://models/only, environments: [dev]}
"""
PROD = """\
uriPrefixes: {"s3://models/wine": "s3://prod/wine"}
models:
  iris: {minReplicas: 2, env: [{name: B, value: "2"}]}
"""


@pytest.fixture
def two(project: Project) -> Project:
    """Make a repository with two environments that differ in a few things."""
    project.models(MODELS)
    project.write("environments/prod.yaml", DEV.replace("name: dev", "name: prod").replace("v0.19.0", "v0.20.0") + PROD)
    return project


def run(project: Project, *words: str) -> Result:
    return CliRunner().invoke(
        cli, ["diff", "--root", str(project.root), *words], catch_exceptions=False, standalone_mode=False
    )


def test_text(two: Project, snapshot: SnapshotAssertion) -> None:
    result = run(two, "dev", "prod")
    assert result.return_value == 0
    assert run(two, "dev", "prod", "--exit-code").return_value == 1
    assert result.stdout == snapshot


def test_markdown(two: Project, snapshot: SnapshotAssertion) -> None:
    assert run(two, "dev", "prod", "--output", "markdown").stdout == snapshot


def test_json_has_the_lines(two: Project) -> None:
    result = run(two, "dev", "prod", "iris", "wine", "--output", "json")
    document = checked_report(result.stdout)
    assert document["exitCode"] == result.return_value == 0
    said = document["diff"]
    assert (said["settings"], said["equal"]) == ([], 0)
    lines = {
        (entry["key"], field["path"]): (field.get("oldAt", {}).get("line"), field.get("newAt", {}).get("line"))
        for entry in said["entries"]
        for field in entry["fields"]
    }
    prod = len(DEV.splitlines()) + 3
    assert lines == {
        ("iris", "spec.predictor.minReplicas"): (None, prod),
        ("iris", "spec.predictor.model.env[B]"): (None, prod),
        ("wine", "spec.predictor.model.storageUri"): (5, 5),
    }


def test_the_other_way_round_is_the_mirror_image(two: Project) -> None:
    def entries(left: str, right: str) -> dict[str, list[tuple[str, object, object]]]:
        said = json.loads(run(two, left, right, "--output", "json").stdout)["diff"]
        return {
            entry["key"]: sorted((field["path"], field.get("old"), field.get("new")) for field in entry["fields"])
            for entry in said["entries"]
        }

    there, back = entries("dev", "prod"), entries("prod", "dev")
    assert there.keys() == back.keys()
    assert all([(p, new, old) for p, old, new in back[key]] == fields for key, fields in there.items())


def test_another_namespace_is_said_once(two: Project) -> None:
    prod = DEV.replace("name: dev", "name: prod").replace("{ns: {}}", "{other: {}}")
    two.write("environments/prod.yaml", prod + "models: {iris: {namespace: other}, wine: null, same: null}\n")
    said = json.loads(run(two, "dev", "prod", "iris", "--output", "json").stdout)["diff"]
    (entry,) = said["entries"]
    assert (entry["namespaces"], entry["fields"]) == (["ns", "other"], [])


def test_nothing_differs(two: Project) -> None:
    two.write("environments/prod.yaml", DEV.replace("cluster: {name: dev}", "cluster: {name: prod}"))
    result = run(two, "dev", "prod", "same", "wine")
    assert (result.return_value, result.stdout) == (0, "dev and prod do not differ\n")
    assert run(two, "dev", "prod", "same", "--output", "markdown").stdout == ""


def test_an_entry_is_named_as_elsewhere(two: Project) -> None:
    assert run(two, "dev", "prod", "ns/iris").stdout == run(two, "dev", "prod", "iris").stdout != ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("dev", "dev"), "does not differ from itself"),
        (("dev", "prd"), "no environment prd"),
        (("dev", "prod", "irish"), "neither environment has such an entry"),
    ],
)
def test_names_that_there_are_none_of(two: Project, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(GeneratorError, match=said):
        run(two, *words)


def test_a_catalog_that_cannot_be_understood(two: Project) -> None:
    two.models("models: {iris: {typo: 1}}")
    with pytest.raises(GeneratorError, match="has errors"):
        run(two, "dev", "prod")
