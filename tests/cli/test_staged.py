"""The hooks for pre-commit in a real git repository: what passes them, CI passes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.support.actions import python_command
from tests.support.git_repository import commit_files, git, new_repository

from kservegen.cli import cli
from kservegen.cli.failures import run_cli
from kservegen.commands.init import Answers, write_scaffold
from kservegen.commands.tool_source import read_tool

ROOT = Path(__file__).parents[2]
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
TOOL = read_tool(f"git+https://git.example.com/org/kservegen@{'c0ffee42' * 5}")
ENTRY = (
    "\n  second: {modelFormat: sklearn, storageUri: gs://kfserving-examples/models/sklearn/1.0/model, profile: small}\n"
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository that is rendered and committed, in which git runs our hooks before each commit."""
    root = tmp_path / "models"
    write_scaffold(root, Answers(engine="argocd", repository="https://example.com/org/models.git", tool=TOOL))
    assert run_cli(cli, ["render", "--root", str(root)]) == 0
    new_repository(root)
    commit_files(root, {}, "first")
    commands = tmp_path / "bin"
    run = tmp_path / "run.py"
    run.write_text("import sys\nfrom kservegen.cli import main\nsys.exit(main())\n", "utf-8")
    python_command(commands, "kservegen", sys.executable, run)
    entries = "\n".join(hook["entry"] for hook in HOOKS.values())
    hook = root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nset -e\nexport PATH={commands}:$PATH\n{entries}\n", "utf-8")
    hook.chmod(0o755)
    return root


def commit(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    who = {f"GIT_{role}_{what}": "ada@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", "commit", "--quiet", "-m", "change", *words],
        cwd=root,
        env={**kept, **who, "GIT_CONFIG_GLOBAL": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )


def add_model(root: Path) -> None:
    with (root / "models.yaml").open("a", encoding="utf-8") as file:
        file.write(ENTRY)


def is_green(root: Path) -> bool:
    """Whether CI takes what was committed."""
    git(root, "stash", "--quiet", "--include-untracked") if git(root, "status", "--porcelain") else None
    return run_cli(cli, ["check", "--base", "HEAD~1", "--root", str(root)]) == 0


def test_a_new_rendered_file_is_asked_for(repository: Path) -> None:
    add_model(repository)
    git(repository, "add", "models.yaml")
    refused = commit(repository)
    assert refused.returncode == 1, refused.stderr
    said = refused.stdout + refused.stderr
    assert "[gitops/not-staged]" in said
    assert "rendered/dev/models/models/" in said
    assert "git add rendered" in said
    git(repository, "add", "rendered")
    assert commit(repository).returncode == 0
    assert is_green(repository)


def test_all_that_git_knows_is_not_all_that_was_rendered(repository: Path) -> None:
    add_model(repository)
    assert run_cli(cli, ["render", "--root", str(repository)]) == 0
    refused = commit(repository, "--all")
    assert refused.returncode == 1
    assert "second" in refused.stdout + refused.stderr


def test_the_index_of_the_commit_is_the_one_that_counts(repository: Path) -> None:
    defaults = repository / "environments/prod.yaml"
    defaults.write_text(defaults.read_text("utf-8").replace("minReplicas: 2", "minReplicas: 3"), "utf-8")
    assert run_cli(cli, ["render", "--root", str(repository)]) == 0
    # Git makes an index of its own for these two, and names it to the hook.
    refused = commit(repository, "--only", "environments/prod.yaml")
    assert refused.returncode == 1, refused.stderr
    assert commit(repository, "--all").returncode == 0
    assert is_green(repository)


def test_a_file_of_the_catalog_that_is_not_added_is_asked_for(repository: Path) -> None:
    (repository / "models").mkdir()
    text = "version: 1\nmodels:\n" + ENTRY.replace("profile: small", "namespace: models").lstrip("\n")
    (repository / "models/team.yaml").write_text(text, "utf-8")
    assert run_cli(cli, ["fmt", "--root", str(repository)]) == 0
    assert run_cli(cli, ["render", "--root", str(repository)]) == 0
    git(repository, "add", "rendered")
    refused = commit(repository)
    assert refused.returncode == 1
    assert "models/team.yaml" in refused.stdout + refused.stderr


def test_what_git_ignores_is_in_no_commit(repository: Path) -> None:
    (repository / ".gitignore").write_text("*second*\n", "utf-8")
    add_model(repository)
    assert run_cli(cli, ["render", "--root", str(repository)]) == 0
    git(repository, "add", "--all")
    assert commit(repository).returncode == 1


def test_a_removal_runs_the_hooks(repository: Path) -> None:
    assert all(hook["always_run"] and not hook["pass_filenames"] for hook in HOOKS.values())
    catalog = repository / "environments/dev.yaml"
    git(repository, "rm", "--quiet", "--cached", str(catalog))
    refused = commit(repository)
    assert refused.returncode == 1
    assert "environments/dev.yaml" in refused.stdout + refused.stderr


def test_it_needs_git_and_goes_with_what_is_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_scaffold(tmp_path, Answers(engine="argocd", repository="https://example.com/org/models.git", tool=TOOL))
    assert run_cli(cli, ["render", "--staged", "--root", str(tmp_path)]) == 2
    assert "not in a git work tree" in capfd.readouterr().err
    assert run_cli(cli, ["render", "--staged", "--check", "--root", str(tmp_path)]) == 2
