"""A repository of many teams: nothing is said twice, an edit writes what it changes, and branches do not meet."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.support.git_repository import commit_branches, commit_files, git, new_repository
from tests.support.project import IRIS, Project
from tools.team_repository import TEAMS, model_name, team_repository, write_team_repository

from kservegen.commands.validate import validate
from kservegen.core.document import mapping
from kservegen.core.repository import Repository
from kservegen.evaluate.project import open_project
from kservegen.evaluate.repository import EvaluationOptions, evaluate_repository

BRANCHES = 40
MODELS = 48  # more than branches, in as many files as there are teams


def rendered(root: Path, files: Mapping[str, str]) -> dict[str, bytes]:
    """Render a catalog that lies nowhere."""
    repository = Repository(root, {path: text.encode() for path, text in files.items()})
    wanted = EvaluationOptions(names=(), out=root / "rendered", lays_out=True, judges_output=False)
    evaluated = evaluate_repository(repository, wanted)
    assert [d for d in evaluated.diagnostics if d.waived is None] == []
    return evaluated.desired


def differing(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> set[str]:
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def test_three_hundred_models_repeat_nothing_and_are_clean(tmp_path: Path) -> None:
    write_team_repository(tmp_path)
    files = team_repository()
    assert len(files["environments/prod-us.yaml"].splitlines()) < 15
    repository = Repository.find(tmp_path, search_parents=False)
    catalog = open_project(repository).catalog
    assert sum(section == "models" for section, _ in catalog.definitions) == 300
    assert [name for document in catalog.documents for name in document.section("profiles")] == []
    engines = {mapping(d.value.get("gitops")).get("engine") for s in catalog.environments.values() for d in s.documents}
    assert engines - {None} == {"argocd", "flux"}
    assert [d for d in validate(repository).diagnostics if d.waived is None] == []


@pytest.mark.parametrize(("top", "there"), [(None, True), (".", False), ("teams", True)])
def test_codeowners_is_written_where_git_has_its_top(tmp_path: Path, top: str | None, there: bool) -> None:
    root = tmp_path / "teams"
    if top is not None:
        (tmp_path / top).mkdir(exist_ok=True)
        git(tmp_path / top, "init", "--quiet")
    write_team_repository(root, 12)
    assert ((root / "CODEOWNERS").exists(), (root / "models/trust.yaml").exists()) == (there, True)


def test_an_edit_of_a_profile_writes_the_files_of_models_that_take_it(tmp_path: Path) -> None:
    files = team_repository(MODELS)
    edited = files | {"models.yaml": files["models.yaml"].replace("cpu: 100m", "cpu: 200m")}
    assert edited != files
    taking = {
        key
        for path, text in files.items()
        if path.startswith("models/")
        for key, words in re.findall(r"^  (\S+):\n((?:    .+\n)+)", text, re.MULTILINE)
        if re.search(r"profile: .*\btiny\b", words)
    }
    changed = differing(rendered(tmp_path, files), rendered(tmp_path, edited))
    assert {path.rpartition("inferenceservice-")[2] for path in changed} == {f"{key}.yaml" for key in taking}
    assert 0 < len(taking) < MODELS / 2


def test_branches_that_each_change_another_model_merge_without_a_conflict(tmp_path: Path) -> None:
    files = team_repository(MODELS)
    names = [model_name(TEAMS[number % len(TEAMS)], number) for number in range(BRANCHES)]
    edits = {name: f"  {name}:\n    labels: {{tier: gold}}\n" for name in names}
    all_edited = dict(files)
    for name, text in edits.items():
        file = f"models/{name.partition('-')[0]}.yaml"
        all_edited[file] = all_edited[file].replace(f"  {name}:\n", text)
    before, after = rendered(tmp_path, files), rendered(tmp_path, all_edited)
    owned = {name: {path for path in differing(before, after) if path.endswith(f"-{name}.yaml")} for name in names}
    assert sum(map(len, owned.values())) == len(differing(before, after))

    root = new_repository(tmp_path / "repository")
    output = {f"rendered/{path}": content.decode() for path, content in before.items()}
    commit_files(root, {**files, **output})
    branches = {}
    for number, name in enumerate(names):
        file = f"models/{name.partition('-')[0]}.yaml"
        branches[name] = {file: files[file].replace(f"  {name}:\n", edits[name])}
        if number % 20 == 0:  # that a branch by itself renders so
            assert differing(before, rendered(tmp_path, files | branches[name])) == owned[name]
        branches[name] |= {f"rendered/{path}": after[path].decode() for path in owned[name]}
    commit_branches(root, branches)
    for name in names:
        git(root, "merge", "--quiet", "--no-edit", name)  # fails on a conflict

    merged = {path: (root / path).read_text("utf-8") for path in files}
    assert merged == all_edited
    held = {p.relative_to(root / "rendered").as_posix(): p for p in (root / "rendered").rglob("*") if p.is_file()}
    assert {path: file.read_bytes() for path, file in held.items()} == after


def test_a_new_team_is_one_entry_and_its_file(tmp_path: Path) -> None:
    files = team_repository(MODELS)
    entry = '  robots:\n    reviewers: ["@acme/robots"]\n    namespaces: [robots]\n    quota: {cpu: 8}\n'
    model = (
        "version: 1\ndefaults: {namespace: robots}\n"
        "models: {arm: {modelFormat: sklearn, storageUri: s3://models/robots/arm, profile: tiny}}\n"
    )
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: models, namespace: robots}\n"
    added = {
        "owners.yaml": files["owners.yaml"] + entry,
        "models/robots.yaml": model,
        "manifests/all/robots.yaml": account,
    }
    before, after = rendered(tmp_path, files), rendered(tmp_path, files | added)
    new = {path for path in after.keys() - before.keys() if path.startswith("prod-eu/")}
    kinds = {path.rpartition("/")[2].partition("-")[0] for path in new}
    assert {"namespace", "resourcequota", "limitrange", "serviceaccount", "inferenceservice", "application"} <= kinds
    assert any("appproject" in path and "robots" in path for path in new)
    assert {path for path in differing(before, after) & before.keys() if "/models/" in path} == set()
    assert any(
        "serviceaccount" in p and "robots" in p for p in after.keys() - before.keys() if p.startswith("dev/sync/")
    )


def test_every_prod_model_reaches_each_cluster_that_extends_it(tmp_path: Path) -> None:
    files = team_repository(MODELS) | {
        "environments/prod-ap.yaml": team_repository()["environments/prod-eu.yaml"].replace("prod-eu", "prod-ap")
    }
    paths = rendered(tmp_path, files)
    everywhere = {
        environment: {path.partition("/")[2] for path in paths if path.startswith(f"{environment}/models/")}
        for environment in ("prod-eu", "prod-ap", "dev")
    }
    assert everywhere["prod-ap"] == everywhere["prod-eu"] > everywhere["dev"]


def test_a_conflict_in_the_output_is_resolved_by_a_render(tmp_path: Path) -> None:
    project = Project(tmp_path)
    root = new_repository(tmp_path)
    project.render()
    commit_files(root, {})
    for branch, replicas in (("two", 2), ("three", 3)):
        git(root, "checkout", "--quiet", "-b", branch, "main")
        project.write("models.yaml", f"{IRIS}    minReplicas: {replicas}\n")
        project.render()
        commit_files(root, {})
    merged = subprocess.run(["git", "merge", "two"], cwd=root, capture_output=True, check=False)
    output = root / "rendered/dev/models/ns/inferenceservice-iris.yaml"
    assert merged.returncode == 1
    assert "<<<<<<<" in output.read_text("utf-8")
    assert "models.yaml:7:1 yaml/syntax" in project.problems()

    project.write("models.yaml", f"{IRIS}    minReplicas: 3\n")
    assert project.render().exit_code == 0
    git(root, "add", "--all")
    assert git(root, "diff", "--cached", "--name-only", "three") == ""


@pytest.mark.parametrize(
    "file",
    [
        "owners.yaml",
        "models.yaml",
        "models/ads.yaml",
        "manifests/all/accounts.yaml",
        "environments/defaults.yaml",
        "environments/bases/prod.yaml",
        "environments/dev.yaml",
        "environments/dev.lock.yaml",
        "policies/memory-limit.yaml",
    ],
)
def test_markers_of_a_conflict_are_named_in_every_file_that_people_write(tmp_path: Path, file: str) -> None:
    write_team_repository(tmp_path, 12)
    there = tmp_path / file
    there.parent.mkdir(exist_ok=True)
    if not there.exists():
        there.write_text("version: 1\nmodels: {}\n", "utf-8")
    first, *rest = there.read_text("utf-8").splitlines(keepends=True)
    markers = ("<<<<<<< HEAD\n", *rest[:1], "=======\n", *rest[:1], ">>>>>>> theirs\n")
    there.write_text("".join((first, *markers, *rest[1:])), "utf-8")
    found = validate(Repository.find(tmp_path, search_parents=False)).diagnostics
    told = [(d.location.file, d.location.line, d.message) for d in found if "conflict" in d.message]
    assert told == [(file, 2, "a merge conflict that nobody has resolved")]
