"""`kservegen rollback`: the layer that it edits, several environments at once, and following the catalog again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.support.git_repository import commit_files, new_repository
from tests.support.project import Project
from tests.support.reports import checked_report

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

CATALOG = """\
version: 1
defaults: {namespace: ns}
models:
  # the flowers
  iris: {modelFormat: sklearn, storageUri: s3://m/iris, environments: [dev, prod]}   # first
  wine: {modelFormat: sklearn, storageUri: s3://m/wine, environments: [prod]}
"""
BASE = """\
version: 1
prerequisites: [cert-manager]
namespaces: {ns: {}}
models:
  wine: {minReplicas: 2}   # for the evening
"""
FILES = {
    "models.yaml": CATALOG,
    "environments/defaults.yaml": "version: 1\nkserve: {version: v0.19.0, deploymentMode: Standard}\n",
    "environments/dev.yaml": "version: 1\ncluster: {name: dev}\nprerequisites: [cert-manager]\nnamespaces: {ns: {}}\n",
    "environments/bases/prod.yaml": BASE,
    "environments/eu.yaml": "version: 1\nextends: [prod]\ncluster: {name: eu, server: 'https://eu'}\n",
    "environments/us.yaml": "version: 1\nextends: [prod]\ncluster: {name: us, server: 'https://us'}\n",
}
EU, US, PROD = (f"environments/{name}.yaml" for name in ("eu", "us", "bases/prod"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    new_repository(tmp_path, FILES)
    return Project.at(tmp_path)


def run(project: Project, command: str, *words: str) -> Result:
    return CliRunner().invoke(cli, [command, *words, "--root", str(project.root)], standalone_mode=False)


def edits(project: Project, command: str, *words: str) -> dict[str, Any]:
    done = run(project, command, *words, "--yes", "--output", "json")
    assert done.exception is None, done.exception
    return dict(checked_report(done.stdout)["edits"])


def set_words(project: Project, *words: str) -> None:
    edits(project, "set", *words)
    commit_files(project.root, {}, f"set {' '.join(words)}")


def differing(project: Project) -> set[str]:
    """Return the files that are not what they began as."""
    return {path for path, said in FILES.items() if held(project, path) != said}


def held(project: Project, path: str) -> str:
    return (project.root / path).read_text("utf-8")


@pytest.mark.parametrize(
    ("edit", "words", "left"),
    [
        (("iris", "minReplicas=3"), ("--env", "prod", "--env", "dev"), set()),
        (("iris", "minReplicas=3"), ("--env", "prod"), {"models.yaml", EU, US}),
        (("iris", "minReplicas=3"), ("--env", "prod", "--in", "base"), {"models.yaml", PROD}),
        (("iris", "minReplicas=3"), ("--env", "eu", "--in", "catalog"), set()),
        (("wine", "storageUri=s3://m/wine2"), ("--env", "prod"), set()),
        (("wine", "storageUri=s3://m/wine2"), ("--env", "eu"), {"models.yaml", EU}),
        (("wine", "minReplicas=3", "--env", "prod"), ("--env", "prod"), set()),
        (("wine", "minReplicas=3", "--env", "prod"), ("--env", "us"), {PROD, US}),
        (("wine", "minReplicas=3", "--env", "prod"), ("--env", "us", "--in", "base"), set()),
        (("wine", "minReplicas=3", "--env", "us"), ("--env", "prod"), set()),
    ],
)
def test_it_is_undone_in_the_lowest_layer_that_changes_nothing_else_or_in_the_one_that_is_asked(
    edit: tuple[str, ...], words: tuple[str, ...], left: set[str], project: Project
) -> None:
    set_words(project, *edit)
    before = {name: project.built(name) for name in ("dev", "eu", "us")}
    edits(project, "rollback", edit[0], *words)
    assert differing(project) == left, "all else is what it was, comments and all"
    if "--in" not in words:
        asked = {name for word in words[1::2] for name in (("eu", "us") if word == "prod" else (word,))}
        unasked = before.keys() - asked
        assert {name: project.built(name) for name in unasked} == {name: before[name] for name in unasked}


def test_a_layer_that_would_change_more_is_named_with_what_it_would_change(project: Project) -> None:
    set_words(project, "iris", "minReplicas=3")
    notes = edits(project, "rollback", "iris", "--env", "eu")["notes"]
    assert "in models.yaml it would change iris in dev, iris in us, too: --in catalog" in notes
    ends = "kservegen rollback iris --env eu --follow ends that"
    assert f"eu does not follow the catalog any more in minReplicas of iris: {ends}" in notes


def test_a_layer_that_cannot_say_it_is_refused_and_nothing_is_written(project: Project) -> None:
    set_words(project, "wine", "minReplicas=3", "--env", "us")
    before = {path: held(project, path) for path in FILES}
    done = run(project, "rollback", "wine", "--env", "us", "--in", "catalog", "--yes")
    assert isinstance(done.exception, GeneratorError)
    assert "cannot be written as words of the catalog" in done.exception.message
    assert {path: held(project, path) for path in FILES} == before


def test_one_environment_where_it_did_not_live_stops_all(project: Project) -> None:
    set_words(project, "wine", "labels.tier=gold")
    done = run(project, "rollback", "wine", "--env", "prod", "--env", "dev", "--yes")
    assert isinstance(done.exception, GeneratorError)
    assert done.exception.message.startswith("wine did not live in dev at ")
    assert differing(project) == {"models.yaml"}


def test_what_is_rendered_is_held_against_what_was(project: Project) -> None:
    set_words(project, "iris", "minReplicas=3")
    notes = edits(project, "rollback", "iris", "--env", "eu")["notes"]
    assert "eu: InferenceService ns/iris is rendered as it was" in notes
    commit_files(project.root, {EU: held(project, EU) + "uriPrefixes: {'s3://m/': s3://mirror/}\n"})
    set_words(project, "iris", "minReplicas=4")
    notes = edits(project, "rollback", "iris", "--env", "us", "--env", "eu", "--to", "HEAD~2")["notes"]
    assert "us: InferenceService ns/iris is rendered as it was" in notes
    assert (
        "eu: InferenceService ns/iris is not rendered as it was, as more than its words changed:"
        " spec.predictor.model.storageUri: s3://m/iris -> s3://mirror/iris" in notes
    )


def test_what_a_rollback_keeps_is_told_since_when_and_ended(project: Project) -> None:
    set_words(project, "iris", "minReplicas=3", "storageUri=s3://m/iris2", "--env", "eu")
    set_words(project, "iris", "storageUri=s3://m/iris3", "labels.tier=gold")
    commit_files(project.root, {EU: FILES[EU] + "models: {iris: {minReplicas: 3}}\n"}, "as the catalog")
    after = {path: held(project, path) for path in FILES}
    edits(project, "rollback", "iris", "--env", "eu", "--to", "HEAD~3")
    uncommitted = edits(project, "rollback", "iris", "--env", "eu", "--status")["held"]
    assert {word["path"]: word["since"] for word in uncommitted} == {"storageUri": None, "labels": None}
    commit_files(project.root, {}, "back for the night")
    held_back = edits(project, "rollback", "iris", "--env", "eu", "--status")["held"]
    storage = next(word for word in held_back if word["path"] == "storageUri")
    assert (storage["here"], storage["beneath"]) == ("s3://m/iris", "s3://m/iris3")
    assert (storage["file"], storage["since"]["subject"]) == (EU, "back for the night")
    done = run(project, "rollback", "iris", "--env", "eu", "--follow", "--yes")
    assert done.exception is None
    assert "eu does not follow the catalog in storageUri of iris, since" in done.output
    assert "s3://m/iris here (environments/eu.yaml:" in done.output
    assert edits(project, "rollback", "iris", "--env", "eu", "--status")["held"] == []
    assert held(project, "models.yaml") == after["models.yaml"]


def test_the_file_that_held_the_entry_before_tells_what_a_rollback_keeps(project: Project) -> None:
    """Else a model that moved between files since follows again in nothing."""
    set_words(project, "iris", "minReplicas=3")
    edits(project, "rollback", "iris", "--env", "eu")
    commit_files(project.root, {}, "back for the night")
    lines = held(project, "models.yaml").splitlines(keepends=True)
    moved = "".join(line for line in lines if "iris:" in line)
    rest = "".join(line for line in lines if "iris:" not in line)
    commit_files(project.root, {"models.yaml": rest, "models/iris.yaml": f"{''.join(lines[:3])}{moved}"}, "move it")
    commit_files(project.root, {"models/more.yaml": f"{''.join(lines[:3])}{moved}"}, "and again")
    (project.root / "models/iris.yaml").unlink()
    commit_files(project.root, {}, "and gone")
    (word,) = edits(project, "rollback", "iris", "--env", "eu", "--status")["held"]
    assert (word["path"], word["here"], word["beneath"]) == ("minReplicas", None, 3)
    assert word["since"]["subject"] == "back for the night"
    edits(project, "rollback", "iris", "--env", "eu", "--follow")
    assert held(project, EU) == FILES[EU]


def test_following_again_leaves_no_empty_map(project: Project) -> None:
    """An empty map of an environment says that what is beneath is to be empty."""
    set_words(project, "iris", "resources.limits.memory=2Gi")
    set_words(project, "iris", "resources.limits.memory=3Gi", "--env", "eu")
    set_words(project, "iris", "resources.limits.memory=4Gi")
    set_words(project, "iris", "minReplicas=2", "--env", "eu")
    commit_files(project.root, {EU: held(project, EU).replace("3Gi", "2Gi")}, "as it was")
    edits(project, "rollback", "iris", "--env", "eu", "--follow")
    assert "resources" not in held(project, EU)
    assert "minReplicas: 2" in held(project, EU)


def test_what_a_rollback_keeps_in_a_base_is_told_and_ended(project: Project) -> None:
    set_words(project, "iris", "minReplicas=3")
    edits(project, "rollback", "iris", "--env", "prod", "--in", "base")
    commit_files(project.root, {}, "back for the night")
    for name in ("eu", "us"):
        (word,) = edits(project, "rollback", "iris", "--env", name, "--status")["held"]
        assert (word["environment"], word["path"], word["file"]) == (name, "minReplicas", PROD)
        assert word["since"]["subject"] == "back for the night"
    done = run(project, "rollback", "iris", "--env", "eu", "--follow", "--yes")
    assert isinstance(done.exception, GeneratorError)
    assert done.exception.message == f"what {PROD} says of iris reaches us, too"
    assert done.exception.hint == "Name them as well: --env us."
    edits(project, "rollback", "iris", "--env", "prod", "--follow")
    assert held(project, PROD) == FILES[PROD]


def test_what_an_environment_says_on_purpose_is_no_rollback(project: Project) -> None:
    set_words(project, "iris", "minReplicas=3", "--env", "eu")
    set_words(project, "iris", "minReplicas=2")
    before = held(project, EU)
    done = run(project, "rollback", "iris", "--env", "eu", "--follow", "--yes")
    assert "no rollback keeps it from following the catalog" in done.output
    assert held(project, EU) == before


@pytest.mark.parametrize("words", [("--follow", "--status"), ("--follow", "--to", "x"), ("--status", "--in", "base")])
def test_options_that_exclude_each_other(words: tuple[str, ...], project: Project) -> None:
    done = run(project, "rollback", "iris", "--env", "eu", "--dry-run", *words)
    assert "stand alone" in str(done.exception)


@pytest.mark.parametrize(
    ("words", "message"),
    [(("--env", "nowhere"), "there is no environment nowhere"), (("--env", "spare"), "no environment extends spare")],
)
def test_environments_that_there_are_none_of(words: tuple[str, ...], message: str, project: Project) -> None:
    project.write("environments/bases/spare.yaml", "version: 1\n")
    done = run(project, "rollback", "iris", *words, "--yes")
    assert isinstance(done.exception, GeneratorError)
    assert done.exception.message == message
