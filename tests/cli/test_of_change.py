"""What a change brings is told first, what stood before it is folded, in every form of `plan --base` and `check`."""

from __future__ import annotations

import json
import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from syrupy.assertion import SnapshotAssertion
from tests.support.git_repository import commit_files, git, new_repository
from tests.support.project import DEV, Project
from tests.support.reports import checked_report
from tools.team_repository import team_repository

from kservegen.cli import cli

PROD = (
    DEV.replace("{name: dev}", "{name: prod}").replace("{engine: none}", "{engine: argocd, repoURL: 'https://x.git'}")
    + """\
policies:
  render: false
  bindings: {storage-scheme: {actions: [Deny]}, no-latest-image: {actions: [Warn]}, maxreplicas-set: {actions: [Warn]}}
"""
)
MODELS = {
    "a": "{modelFormat: sklearn, storageUri: s3://models/a, image: 'x/y:latest', minReplicas: 1}",
    "b": "{modelFormat: sklearn, storageUri: s3://models/b, image: 'x/z:latest', minReplicas: 1}",
    "c": "{modelFormat: sklearn, storageUri: s3://models/c, minReplicas: 1, maxReplicas: 2}",
    "d": "{modelFormat: sklearn, storageUri: s3://models/d, minReplicas: 1, maxReplicas: 2}",
}
TODAY = "2027-01-01"


def catalog(**models: str | None) -> str:
    """Write a file of the catalog with these models beside those that are there; None takes one away."""
    entries = {**MODELS, **models}
    return "version: 1\ndefaults: {namespace: ns}\nmodels:\n" + "".join(
        f"  {name}: {words}\n" for name, words in entries.items() if words is not None
    )


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a repository with four standing warnings, rendered and committed."""
    root = tmp_path_factory.mktemp("first")
    new_repository(root)
    project = Project(root)
    (root / "environments/dev.yaml").unlink()
    project.write("environments/prod.yaml", PROD)
    project.write("models.yaml", catalog())
    assert project.render().exit_code == 0
    commit_files(root, {})
    return root


@pytest.fixture
def project(first: Path, tmp_path: Path) -> Project:
    """Return a copy of it to change."""
    return Project.at(shutil.copytree(first, tmp_path / "work"))


def run(project: Project, *words: str) -> str:
    words = (words[0], "--root", str(project.root), "--base", "HEAD", *words[1:])
    dated = ("--today", TODAY) if words[0] == "check" else ()
    return CliRunner().invoke(cli, (*words, *dated), standalone_mode=False, catch_exceptions=False).stdout


def report(project: Project, command: str = "check") -> dict[str, Any]:
    return checked_report(run(project, command, "--output", "json"))


def brought(said: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return sorted((found["rule"], found["entries"]) for found in said["findings"] if not found["standing"])


NOTHING: list[tuple[str, list[str]]] = []
LATEST, UNLIMITED = "policy/no-latest-image", "policy/maxreplicas-set"
# What a change writes, what it brings, and what it resolves.
CHANGES: dict[str, tuple[dict[str, str], list[tuple[str, list[str]]], list[str]]] = {
    "nothing": ({}, NOTHING, []),
    "a file beside the catalog": ({"README.md": "x"}, NOTHING, []),
    "a comment above all": ({"models.yaml": f"# more\n\n\n{catalog()}"}, NOTHING, []),
    "models in another order": ({"models.yaml": catalog(a=None) + f"  a: {MODELS['a']}\n"}, NOTHING, []),
    "a model in another file": (
        {"models.yaml": catalog(a=None), "models/x.yaml": catalog(b=None, c=None, d=None)},
        NOTHING,
        [],
    ),
    "one that has less": (
        {"models.yaml": catalog(c=MODELS["c"].replace(", maxReplicas: 2", ""))},
        [(UNLIMITED, ["c"])],
        [],
    ),
    "one that has more": (
        {"models.yaml": catalog(a=MODELS["a"].replace("}", ", maxReplicas: 2}"))},
        NOTHING,
        [UNLIMITED],
    ),
    "another mistake in the place of one": (
        {"models.yaml": catalog(a=MODELS["a"].replace("x/y", "x/other"))},
        [(LATEST, ["a"])],
        [LATEST],
    ),
    "a model that goes": ({"models.yaml": catalog(a=None)}, NOTHING, [UNLIMITED, LATEST]),
    "a word that is none": (
        {"models.yaml": catalog(d="{modelFormat: sklearn, storageUri: 's3://models/d', minReplicas: 1, typo: 1}")},
        [(UNLIMITED, ["d"]), ("schema/unknown-field", [])],
        [],
    ),
    "what a policy weighs": (
        {
            "environments/prod.yaml": PROD.replace(
                "no-latest-image: {actions: [Warn]}", "no-latest-image: {actions: [Deny]}"
            )
        },
        [(LATEST, ["a"]), (LATEST, ["b"])],
        [],
    ),
    "an environment like another": (
        {"environments/prod-us.yaml": PROD.replace("{name: prod}", "{name: us}")},
        NOTHING,
        [],
    ),
}


@pytest.mark.parametrize("command", ["plan", "check"])
@pytest.mark.parametrize("case", CHANGES)
def test_what_a_change_brings_and_resolves(project: Project, case: str, command: str) -> None:
    files, expected, resolved = CHANGES[case]
    for path, content in files.items():
        project.write(path, content)
    project.render(allow_removals=9)
    said = report(project, command)
    assert [found for found in brought(said) if found[0] != "gitops/stale-output"] == expected
    assert sorted(found["rule"] for found in said["resolved"]) == resolved


def test_a_finding_that_grows_heavier_says_so(project: Project) -> None:
    project.write(
        "environments/prod.yaml",
        PROD.replace("no-latest-image: {actions: [Warn]}", "no-latest-image: {actions: [Deny]}"),
    )
    found = [item for item in report(project)["findings"] if item["rule"] == LATEST]
    assert [(item["standing"], item["heavier"]) for item in found] == [(False, True)] * 2
    assert "base:    it is lighter there, or waived" in run(project, "check")


def test_what_comes_and_what_stands_are_all_findings(project: Project) -> None:
    project.write("models.yaml", catalog(c=MODELS["c"].replace(", maxReplicas: 2", "")))
    project.render()
    validated = CliRunner().invoke(cli, ["validate", "--root", str(project.root), "--output", "json", "--today", TODAY])

    def places(findings: list[dict[str, Any]]) -> set[tuple[str, str, int]]:
        return {(found["rule"], place["file"], place["line"]) for found in findings for place in found["places"]}

    said = report(project)["findings"]
    new = [found for found in said if not found["standing"]]
    old = [found for found in said if found["standing"]]
    assert new
    assert places(new).isdisjoint(places(old))
    assert places(new) | places(old) == places(json.loads(validated.stdout)["findings"])


def standing_error(project: Project) -> None:
    commit_files(project.root, {"models.yaml": catalog(d=MODELS["d"].replace("s3://", "http://"))})


def test_an_error_that_stands_is_red_and_told_after_what_the_change_brings(project: Project) -> None:
    standing_error(project)
    said = report(project)
    assert said["exitCode"] == 1
    assert said["verdict"].startswith("red: 1 error, which stands on the base already: this change brings none")
    text = run(project, "check")
    assert text.index("this change brings no findings") < text.index("standing before this change: 1 error")
    assert "models.yaml:7:" in text
    project.write(
        "models.yaml", catalog(c=MODELS["c"].replace("s3://", "http://"), d=MODELS["d"].replace("s3://", "http://"))
    )
    assert report(project)["verdict"].startswith("red: 2 errors, 1 of them stands on the base already")


def edited(project: Project) -> None:
    project.write("models.yaml", catalog(c=MODELS["c"].replace(", maxReplicas: 2", "")))
    project.render()


@pytest.mark.parametrize(
    "words",
    [("plan",), ("check",), ("check", "--all"), ("check", "--output", "github"), ("plan", "--output", "markdown")],
    ids=" ".join,
)
def test_forms(project: Project, words: tuple[str, ...], snapshot: SnapshotAssertion) -> None:
    edited(project)
    said = run(project, *words)
    assert said.replace(git(project.root, "rev-parse", "HEAD")[:12], "COMMIT") == snapshot


def test_annotations_are_of_the_change_and_its_errors_come_first(project: Project) -> None:
    standing_error(project)
    project.write(
        "models.yaml",
        catalog(
            a=MODELS["a"].replace("s3://", "http://"),
            c=MODELS["c"].replace(", maxReplicas: 2", ""),
            d=MODELS["d"].replace("s3://", "http://"),
        ),
    )
    lines = run(project, "check", "--output", "github").splitlines()
    commands = [line for line in lines if line.startswith("::")]
    assert [line.partition("title=")[2].partition("::")[0] for line in commands] == [
        "kservegen check",
        "policy/storage-scheme",
        "policy/maxreplicas-set",
        "kservegen check",
    ]
    assert commands[-1].startswith("::error title=kservegen check::standing before this change: 1 error, 4 warnings")
    assert any(line.startswith("standing: models.yaml:7:") for line in lines)


def test_sarif_says_how_each_result_stands(project: Project) -> None:
    edited(project)
    (run_of,) = json.loads(run(project, "check", "--output", "sarif"))["runs"]
    assert sorted(result["baselineState"] for result in run_of["results"]) == ["new", *["unchanged"] * 4]
    assert run_of["properties"]["resolved"] == 0


def test_the_comment_is_the_same_from_the_report(project: Project, tmp_path: Path) -> None:
    edited(project)
    (tmp_path / "run.json").write_text(run(project, "check", "--output", "json"), "utf-8")
    words = ["convert", str(tmp_path / "run.json"), "--root", str(project.root)]
    assert CliRunner().invoke(cli, words).stdout == run(project, "check", "--output", "markdown")
    (run_of,) = json.loads(CliRunner().invoke(cli, [*words, "--output", "sarif"]).stdout)["runs"]
    assert sorted(result["baselineState"] for result in run_of["results"]) == ["new", *["unchanged"] * 4]


def test_a_base_without_a_catalog_has_no_findings(project: Project) -> None:
    git(project.root, "rm", "-rq", "--cached", "models.yaml", "environments", "rendered")
    git(project.root, "commit", "-qm", "no catalog")
    said = report(project)
    assert all(not found["standing"] for found in said["findings"])
    assert said["resolved"] == []


def test_what_somebody_else_put_there_stands(project: Project) -> None:
    stray = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: ns}\n"
    commit_files(project.root, {"rendered/prod/models/stray.yaml": stray})
    said = report(project)
    assert brought(said) == NOTHING
    assert said["verdict"].startswith("red: 1 error, which stands on the base already")
    project.write("rendered/prod/models/more.yaml", stray.replace("name: x", "name: y"))
    assert len(brought(report(project))) == 1
    (project.root / "rendered/prod/models/stray.yaml").unlink()
    said = report(project)
    assert len(brought(said)) + len(said["resolved"]) == 0  # the same mistake in another file


@pytest.mark.parametrize("seed", range(3))
def test_shuffling_models_between_files_brings_nothing(tmp_path: Path, seed: int) -> None:
    files = {path: text for path, text in team_repository(36).items() if path != "owners.yaml"}  # they hold files
    root = new_repository(tmp_path / "team", files)
    project = Project.at(root)
    teams = sorted(file.stem for file in (root / "models").glob("*.yaml"))
    namespaces = f"namespaces: {{{', '.join(f'{team}: {{}}' for team in teams)}}}\n"
    defaults = (root / "environments/defaults.yaml").read_text("utf-8") + namespaces
    project.write(
        "environments/defaults.yaml",
        defaults
        + "policies: {render: false, bindings: {pinned-revision: {actions: [Warn]}, probes-set: {actions: [Warn]}}}\n",
    )
    assert project.render().exit_code == 0
    commit_files(root, {})
    chosen = random.Random(seed)  # noqa: S311 - an order, and no secret
    entries: list[tuple[str, str]] = []
    for file in sorted((root / "models").glob("*.yaml")):
        queue = "    labels: {kueue.x-k8s.io/queue-name: video}\n" if file.stem == "video" else ""
        _, *blocks = file.read_text("utf-8").split("\n  " + file.stem)
        entries += [
            (file.stem, f"  {file.stem}{block.rstrip()}\n    namespace: {file.stem}\n    owner: {file.stem}\n{queue}")
            for block in blocks
        ]
        file.unlink()
    chosen.shuffle(entries)
    for number in range(4):
        mine = entries[number::4]
        project.write(f"models/part-{number}.yaml", "version: 1\nmodels:\n" + "".join(text for _, text in mine))
    said = report(project)
    assert brought(said) == NOTHING
    assert said["resolved"] == []
    assert {found["rule"] for found in said["findings"]} == {"policy/pinned-revision"}


@pytest.fixture(scope="module")
def first_team(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the repository of many teams, rendered and committed."""
    root = new_repository(tmp_path_factory.mktemp("team"), team_repository(60))
    assert Project.at(root).render().exit_code == 0
    commit_files(root, {})
    return root


EDITS = {
    "a profile": ("models.yaml", "limits: {cpu: 500m, memory: 1Gi}", "limits: {cpu: 600m, memory: 1Gi}"),
    "uriPrefixes": ("environments/bases/prod.yaml", "s3://models-prod/", "s3://models-live/"),
    "an owner": ("models/search.yaml", "owner: search", "owner: discovery"),
    "a model less": (
        "models/search.yaml",
        "  search-020:\n    modelFormat: lightgbm\n    storageUri: s3://models/search/search-020\n    profile: large\n",
        "",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_edits_that_reach_many_models_are_read_at_a_glance(
    first_team: Path, tmp_path: Path, edit: str, snapshot: SnapshotAssertion
) -> None:
    project = Project.at(shutil.copytree(first_team, tmp_path / "team"))
    prod = (project.root / "environments/prod-us.yaml").read_text("utf-8")
    project.write(
        "environments/prod-us.yaml",
        f"{prod}budgets: {{of-search: {{owner: search, accelerator: nvidia-l4, limit: 9}}}}\n",
    )
    commit_files(project.root, {})
    file, old, new = EDITS[edit]
    text = (project.root / file).read_text("utf-8")
    assert old in text
    project.write(file, text.replace(old, new))
    said = run(project, "plan")
    assert said.replace(git(project.root, "rev-parse", "HEAD")[:12], "COMMIT") == snapshot
    assert len(run(project, "plan", "--all").splitlines()) >= len(said.splitlines())


def test_a_new_environment_that_extends_another_is_read_at_a_glance(
    first_team: Path, tmp_path: Path, snapshot: SnapshotAssertion
) -> None:
    project = Project.at(shutil.copytree(first_team, tmp_path / "team"))
    project.write(
        "environments/prod-ap.yaml",
        "version: 1\nextends: [prod]\ncluster: {name: ap, server: https://ap.example.com}\n",
    )
    said = run(project, "plan")
    assert said.replace(git(project.root, "rev-parse", "HEAD")[:12], "COMMIT") == snapshot
    assert brought(report(project, "plan")) == NOTHING


def test_environments_are_compared_by_what_they_have_in_common(first_team: Path, snapshot: SnapshotAssertion) -> None:
    words = ["diff", "staging", "prod-us", "--root", str(first_team)]
    folded = CliRunner().invoke(cli, words).stdout
    assert folded == snapshot
    whole = CliRunner().invoke(cli, [*words, "--all"]).stdout
    assert len(whole.splitlines()) > 5 * len(folded.splitlines())
    assert CliRunner().invoke(cli, [*words, "--output", "markdown"]).stdout.count("storageUri") < 4


def test_an_upgrade_says_once_what_is_alike(first_team: Path, snapshot: SnapshotAssertion) -> None:
    words = ["upgrade", "--to", "v0.20.0", "--root", str(first_team)]
    folded = CliRunner().invoke(cli, words).stdout
    assert re.sub(r"\d{4}-\d\d-\d\d", "DAY", folded) == snapshot
    whole = CliRunner().invoke(cli, [*words, "--all"]).stdout
    assert whole.count("InferenceService ads/ads-000") == 4
    assert len(whole.splitlines()) > 2 * len(folded.splitlines())
