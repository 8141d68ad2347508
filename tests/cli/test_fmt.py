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


COMMENTED = """\
# {0}
# All of prod.
version: 1
# of the cluster
cluster: {{name: prod-{0}, server: https://{0}.example.com}}
kserve:
  # of the mode
  deploymentMode: Standard
  version: v0.19.0
# at most
guards: {{maxRemovals: 1}}   # careful
# of {0}
prerequisites: [cert-manager]
namespaces: {{ns: {{}}}}
gitops: {{engine: none}}
"""


def test_comments_go_with_their_words_and_all_is_in_order(project: Project) -> None:
    for name in ("eu", "us"):
        project.write(f"environments/prod-{name}.yaml", COMMENTED.format(name))
    told = fmt(project, "--factor", "prod-eu", "prod-us", "--write")
    assert told.return_value == 0
    assert told.stdout.count("\nnote: ") == 1 + 1  # the catalog's entry of both
    assert "environments/prod-us.yaml says otherwise of what moves, and loses this: # of us\n" in told.stdout
    assert held(project, "environments/bases/prod.yaml") == (
        "# All of prod.\n"
        "version: 1\n"
        "kserve:\n"
        "  # of the mode\n"
        "  deploymentMode: Standard\n"
        "  version: v0.19.0\n"
        "# of eu\n"
        "prerequisites: [cert-manager]\n"
        "namespaces: {ns: {}}\n"
        "gitops: {engine: none}\n"
        "# at most\n"
        "guards: {maxRemovals: 1}   # careful\n"
    )
    assert held(project, "environments/prod-us.yaml") == (
        "# us\n"
        "# All of prod.\n"
        "version: 1\n"
        "extends: [prod]\n"
        "# of the cluster\n"
        "cluster: {name: prod-us, server: https://us.example.com}\n"
    )
    files = ("environments/bases/prod.yaml", "environments/prod-eu.yaml", "environments/prod-us.yaml")
    assert fmt(project, "--check", *(str(project.root / file) for file in files)).return_value == 0


@pytest.mark.parametrize("options", [(), ("--write",)])
def test_a_base_with_findings_is_not_written_and_says_why(project: Project, options: tuple[str, ...]) -> None:
    waiver = "waivers: {w: {rule: policy/no-latest-image, model: iris, reason: r, owner: o, expires: 2999-01-31}}\n"
    for file, text in (("prod-eu", EU), ("prod-us", US)):
        gone = text[: text.index("models:")] + "models: {iris: null}\n"
        project.write(f"environments/{file}.yaml", gone + waiver)
    result = fmt(project, "--factor", "prod-eu", "prod-us", *options)
    assert result.return_value == 1
    assert "environments/bases/prod.yaml:" in result.stdout
    assert "waiver w is for iris, which this environment does not have" in result.stdout
    assert result.stdout.endswith("\nnothing was written: the files would have what is found above\n")
    assert not (project.root / "environments/bases").exists()


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


def test_manifests_are_kubernetes_own_and_have_no_order(project: Project) -> None:
    account = "kind: ServiceAccount\napiVersion: v1\nmetadata: {name: '%s', namespace: ns}\n"
    text = "---\n".join(account % name for name in ("one", "two"))
    project.write("manifests/all/accounts.yaml", text)
    project.write("models.yaml", ORDERED)
    assert fmt(project).exception is None
    assert fmt(project, "--check").return_value == 0
    assert (project.root / "manifests/all/accounts.yaml").read_text("utf-8") == text
