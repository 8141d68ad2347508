"""What a commit holds, read without touching the work tree."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.git_repository import commit_files, git, new_repository

from kservegen.core.errors import GeneratorError
from kservegen.git.process import open_git
from kservegen.git.tree import blob_name, differing, files, is_shallow, merge_base, read, resolve_revision

A, E = "app/rendered/prod/a.yaml", "app/rendered/prod/é x.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_repository(
        tmp_path / "r", {"app/rendered/prod/a.yaml": "a: 1\n", "app/rendered/prod/é x.yaml": "", "b": "b"}
    )


def test_files_below_a_folder_are_listed_and_read_by_name(folder: Path) -> None:
    opened = open_git(folder / "app")
    assert (opened.top, opened.prefix) == (folder.resolve(), "app/")
    tree = files(opened, resolve_revision(opened, "main"), "rendered")
    assert sorted(tree) == ["prod/a.yaml", "prod/é x.yaml"]
    contents = read(opened, (blob.name for blob in tree.values()))
    assert [contents[tree[path].name] for path in sorted(tree)] == [b"a: 1\n", b""]
    assert files(opened, "HEAD", "nowhere") == {}
    assert sorted(files(open_git(folder), "HEAD", "")) == [
        "app/rendered/prod/a.yaml",
        "app/rendered/prod/é x.yaml",
        "b",
    ]


def test_contents_are_compared_by_the_name_that_git_gives_them(folder: Path) -> None:
    opened = open_git(folder / "app" / "rendered")
    tree = files(opened, "HEAD", "prod")
    assert differing(tree, {"a.yaml": b"a: 1\n", "é x.yaml": b"x", "new.yaml": b""}) == {"é x.yaml", "new.yaml"}
    assert blob_name(b"a: 1\n", tree["a.yaml"].name) == git(folder, "rev-parse", "HEAD:app/rendered/prod/a.yaml")


def test_a_link_is_no_file(folder: Path) -> None:
    (folder / "app" / "link").symlink_to("rendered")
    commit_files(folder, {})
    assert {path: blob.is_file for path, blob in files(open_git(folder), "HEAD", "app").items()}["link"] is False


@pytest.mark.parametrize("revision", ["nothing", "--all", "HEAD~9", "main:b"])
def test_what_is_no_commit_is_refused(folder: Path, revision: str) -> None:
    with pytest.raises(GeneratorError, match="revision"):
        resolve_revision(open_git(folder), revision)


def test_a_shallow_clone_says_so(folder: Path, tmp_path: Path) -> None:
    commit_files(folder, {"b": "2"})
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{folder}", "shallow")
    opened = open_git(tmp_path / "shallow")
    assert is_shallow(opened)
    with pytest.raises(GeneratorError) as caught:
        resolve_revision(opened, "HEAD~1")
    assert "fetch-depth: 0" in caught.value.hint


def test_revisions_part_at_their_merge_base(folder: Path) -> None:
    start = git(folder, "rev-parse", "HEAD")
    git(folder, "switch", "--quiet", "--create", "topic")
    commit_files(folder, {"b": "topic"})
    git(folder, "switch", "--quiet", "main")
    commit_files(folder, {"b": "main"})
    git(folder, "switch", "--quiet", "--orphan", "apart")
    commit_files(folder, {"c": ""})
    opened = open_git(folder)
    assert merge_base(opened, "main", "topic") == start
    assert merge_base(opened, "main", "apart") is None


def test_the_environment_of_a_hook_is_not_obeyed(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = new_repository(tmp_path / "other", {"x": ""})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert "b" in files(open_git(folder), "HEAD", "")


def test_outside_of_a_work_tree(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match="not in a git work tree"):
        open_git(tmp_path)


def test_without_git(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(GeneratorError, match="git is not on the path"):
        open_git(folder)
