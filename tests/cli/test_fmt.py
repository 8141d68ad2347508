"""`kservegen fmt`: files put in order, and a base proposed for two environments."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.support.project import Project
from tests.support.reports import checked_report

from kservegen.catalog.resolve import resolve_environment
from kservegen.cli import cli
from kservegen.core.errors import GeneratorError
from kservegen.evaluate.project import open_project

MODELS = """\
version: 1
defaults: {namespace: ns}
models:
  iris:
    storageUri: 's3://m/iris'
    modelFormat: sklearn   # the format
  both: {modelFormat: sklearn, storageUri: s3://m/both, environments: [prod-eu, prod-us]}
"""
ORDERED = MODELS.replace("    storageUri: 's3://m/iris'\n", "").replace(
    "# the format\n", "# the format\n    storageUri: s3://m/iris\n"
)
EU = """\
# yaml-language-server: $schema=../schemas/kservegen/environments.schema.json
version: 1
cluster: {name: prod-eu, server: https://eu.example.com, kubernetesVersion: "1.34"}
kserve: {version: v0.19.0, deploymentMode: Standard}   # as tried in staging
prerequisites: [cert-manager]
namespaces: {ns: {}}

gitops: {engine: none}

models:
  # Europe asks more.
  iris: {minReplicas: 2, maxReplicas: 5}
  both: {minReplicas: 2}
"""
US = EU.replace("prod-eu", "prod-us").replace("eu.example", "us.example").replace("maxReplicas: 5", "maxReplicas: 4")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    (tmp_path / "environments/dev.yaml").unlink()
    made.write("environments/prod-eu.yaml", EU)
    made.write("environments/prod-us.yaml", US)
    made.write("models.yaml", MODELS)
    return made


def fmt(project: Project, *words: str) -> Result:
    return CliRunner().invoke(
        cli, ["fmt", "--root", str(project.root), *words], standalone_mode=False, catch_exceptions=False
    )


def held(project: Project, file: str) -> str:
    return (project.root / file).read_text("utf-8")


def test_files_are_put_in_order(project: Project) -> None:
    result = fmt(project)
    assert (result.return_value, result.stdout) == (0, "written: models.yaml\nfmt: 2 files are in order\n")
    assert held(project, "models.yaml") == ORDERED
    assert fmt(project).stdout == "fmt: 3 files are in order\n"
    assert fmt(project, "--check").return_value == 0


def test_check_shows_what_would_change_and_writes_nothing(project: Project) -> None:
    result = fmt(project, "--check")
    assert result.return_value == 1
    assert "-    storageUri: 's3://m/iris'\n" in result.stdout
    assert result.stdout.endswith("fmt: 1 would be written, 2 files are in order\n")
    assert held(project, "models.yaml") == MODELS
    report = checked_report(fmt(project, "--check", "--output", "json").stdout)
    (found,) = report["findings"]
    assert (report["exitCode"], found["rule"], found["line"]) == (1, "catalog/unordered", 5)
    assert [file["file"] for file in report["edits"]["files"]] == ["models.yaml"]


def test_files_can_be_named(project: Project) -> None:
    project.write("models/team.yaml", "models: {}\nversion: 1\n")
    assert fmt(project, str(project.root / "models/team.yaml")).return_value == 0
    assert held(project, "models/team.yaml") == "version: 1\nmodels: {}\n"
    assert held(project, "models.yaml") == MODELS
    with pytest.raises(GeneratorError, match="no file of the catalog"):
        fmt(project, str(project.root / "README.md"))


def test_a_file_with_mistakes_leaves_all_as_they_were(project: Project) -> None:
    project.write("models/team.yaml", "models: {a: {}, a: {}}\nversion: 1\n")
    with pytest.raises(GeneratorError, match="not edited while it has mistakes"):
        fmt(project)
    assert held(project, "models.yaml") == MODELS


def words(project: Project, environment: str) -> tuple[object, ...]:
    resolved, _ = resolve_environment(open_project(project.repository).catalog, environment)
    said = {word: value for word, value in resolved.value.items() if word != "extends"}
    return said, {entry.key: entry.words for entry in resolved.entries}


def test_a_base_is_proposed_and_written_where_that_is_asked_for(project: Project) -> None:
    before = words(project, "prod-eu"), words(project, "prod-us")
    shown = fmt(project, "--factor", "prod-eu", "prod-us").stdout
    assert "+++ b/environments/bases/prod.yaml" in shown
    assert "note: 1 entries name both" not in shown
    assert "note: 1 entry names both prod-eu and prod-us: environments: [prod] would reach what extends it" in shown
    assert shown.endswith("\nnothing was written: --write writes it\n")
    assert not (project.root / "environments/bases").exists()

    told = fmt(project, "--factor", "prod-eu", "prod-us", "--write").stdout
    files = "environments/prod-eu.yaml, environments/prod-us.yaml, environments/bases/prod.yaml"
    assert told.endswith(f"\nwritten: {files}\n")
    assert (words(project, "prod-eu"), words(project, "prod-us")) == before
    base = held(project, "environments/bases/prod.yaml")
    assert "kserve: {version: v0.19.0, deploymentMode: Standard}   # as tried in staging\n" in base
    assert base.startswith("# yaml-language-server: $schema=../../schemas/kservegen/environments.schema.json\n")
    assert 'cluster: {kubernetesVersion: "1.34"}\n' in base
    assert held(project, "environments/prod-us.yaml") == (
        "# yaml-language-server: $schema=../schemas/kservegen/environments.schema.json\n"
        "version: 1\n"
        "extends: [prod]\n"
        "cluster: {name: prod-us, server: https://us.example.com}\n"
        "\n"
        "models:\n"
        "  # Europe asks more.\n"
        "  iris: {maxReplicas: 4}\n"
    )
    assert project.problems() == []


def test_a_second_base_lies_over_the_first(project: Project) -> None:
    project.write("environments/bases/old.yaml", "version: 1\nbandwidths: {disk: 1Gi}\n")
    project.write("environments/prod-eu.yaml", EU + "extends: [old]\n")
    before = words(project, "prod-eu"), words(project, "prod-us")
    fmt(project, "--factor", "prod-eu", "prod-us", "--write")
    assert (words(project, "prod-eu"), words(project, "prod-us")) == before
    assert "extends: [old, prod]\n" in held(project, "environments/prod-eu.yaml")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("prod-eu", "prod-eu"), "a base is made of two environments"),
        (("prod-eu", "prod-su"), "there is no environment prod-su"),
        (("prod-eu", "dev"), "the base needs another name: the two names have no beginning in common"),
        (("prod-eu", "prod-us", "--base", "dev"), "the base needs another name: is an environment's, too: dev"),
        (("prod-eu", "prod-us", "--base", "Prod"), "the base needs another name"),
        (("prod-eu", "dev", "--base", "all"), "prod-eu and dev have no word in common"),
    ],
)
def test_what_makes_no_base_is_refused(project: Project, options: tuple[str, ...], message: str) -> None:
    project.write("environments/dev.yaml", "version: 1\ncluster: {name: dev}\n")
    with pytest.raises(GeneratorError) as caught:
        fmt(project, "--factor", *options)
    assert caught.value.message.startswith(message)


def test_a_new_repository_is_in_order(tmp_path: Path) -> None:
    words = ["--engine", "argocd", "--repo-url", "https://example.com/models.git"]
    made = CliRunner().invoke(cli, ["init", str(tmp_path / "new"), *words], standalone_mode=False)
    assert made.return_value == 0, made.output
    assert fmt(Project.at(tmp_path / "new"), "--check").stdout == "fmt: 4 files are in order\n"
