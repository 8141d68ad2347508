"""The commit by which a branch got each file as it is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.support.git_repository import commit_files, git, new_repository

from kservegen.git.log import last_commits
from kservegen.git.process import open_git


def test_each_file_has_its_own_and_a_merge_stands_for_what_it_brought(tmp_path: Path) -> None:
    new_repository(tmp_path, {"out/a": "1", "out/b": "1", "beside": "1"})
    first = git(tmp_path, "rev-parse", "HEAD")
    git(tmp_path, "checkout", "--quiet", "-b", "change")
    commit_files(tmp_path, {"out/b": "2"})
    commit_files(tmp_path, {"out/b": "3"})
    git(tmp_path, "checkout", "--quiet", "main")
    commit_files(tmp_path, {"beside": "2"})
    git(tmp_path, "merge", "--quiet", "--no-ff", "-m", "merge", "change")
    merge = git(tmp_path, "rev-parse", "HEAD")
    commit_files(tmp_path, {"beside": "3"})
    found = last_commits(open_git(tmp_path), "HEAD", "out")
    assert {path: commit.name for path, commit in found.items()} == {"a": first, "b": merge}
    assert found["a"].when == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_catalog_below_the_top(tmp_path: Path) -> None:
    new_repository(tmp_path, {"apps/out/a": "1", "out/a": "1"})
    commit_files(tmp_path, {"out/a": "2"})
    first = git(tmp_path, "rev-parse", "HEAD^")
    assert {p: c.name for p, c in last_commits(open_git(tmp_path / "apps"), "HEAD", "out").items()} == {"a": first}


def test_what_a_shallow_clone_ends_with_is_not_known(tmp_path: Path) -> None:
    new_repository(tmp_path / "r", {"out/a": "1", "out/b": "1"})
    last = commit_files(tmp_path / "r", {"out/b": "2"})
    commit_files(tmp_path / "r", {"beside": "1"})
    url = f"file://{tmp_path / 'r'}"
    for depth in (3, 2, 1):
        git(tmp_path, "clone", "--quiet", f"--depth={depth}", url, str(depth))
    found = {d: last_commits(open_git(tmp_path / str(d)), "HEAD", "out") for d in (3, 2, 1)}
    assert {path: commit.name for path, commit in found[3].items() if path == "b"} == {"b": last}
    assert found[2] == found[1] == {}
