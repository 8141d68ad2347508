"""What `kservegen commit` refuses, each time before anything is written or moved."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.clone import Clone
from tests.support.git_repository import git

from kservegen.core.errors import GeneratorError
from kservegen.render.output.lock import lock


def _edit(clone: Clone) -> None:
    clone.write("models.yaml", (clone.root / "models.yaml").read_text() + "    minReplicas: 1\n")


def _new_file(clone: Clone) -> None:
    clone.write("models/more.yaml", "version: 1\nmodels: {}\n")


def _ignored_file(clone: Clone) -> None:
    clone.write(".gitignore", "more/\n")
    clone.write("models/more/more.yaml", "version: 1\nmodels: {}\n")


def _staged(clone: Clone) -> None:
    clone.write("policies/mine.yaml", "kind: ValidatingAdmissionPolicy\n")
    clone.git("add", "policies/mine.yaml")


def _deleted(clone: Clone) -> None:
    (clone.root / "environments" / "prod.yaml").unlink()


def _out_of_sight(clone: Clone) -> None:
    clone.git("update-index", "--skip-worktree", "environments/prod.yaml")
    _deleted(clone)


def _assumed(clone: Clone) -> None:
    clone.git("update-index", "--assume-unchanged", "models.yaml")
    _edit(clone)


@pytest.mark.parametrize(
    ("spoil", "path"),
    [
        (_edit, "models.yaml"),
        (_new_file, "models/more.yaml"),
        (_ignored_file, "models/more/more.yaml"),
        (_staged, "policies/mine.yaml"),
        (_deleted, "environments/prod.yaml"),
        (_out_of_sight, "environments/prod.yaml"),
        (_assumed, "models.yaml"),
    ],
)
def test_a_catalog_that_is_not_committed(clone: Clone, spoil: Callable[[Clone], None], path: str) -> None:
    spoil(clone)
    for options in ({}, {"branch": "other"}, {"hydrated": True}):
        with pytest.raises(GeneratorError, match=f"the catalog: not committed: {path}$"):
            clone.attempt(**options)
    assert not (clone.root / "rendered").exists()


def test_files_of_editors_beside_the_catalog_do_not_count(clone: Clone) -> None:
    clone.write("models/.more.yaml.swp", "x")
    clone.write("environments/.#prod.yaml", "x")
    clone.write("environments/notes.txt", "x")
    clone.commit()


def _merge(clone: Clone) -> None:
    clone.git("checkout", "--quiet", "-b", "side", "HEAD^")
    clone.write("notes.txt", "theirs\n")
    clone.git("add", "notes.txt")
    clone.git("commit", "--quiet", "--message", "Theirs")
    clone.git("checkout", "--quiet", "main")


def _run(clone: Clone, *words: str) -> None:
    subprocess.run(["git", *words], cwd=clone.root, capture_output=True, check=False)


@pytest.mark.parametrize(
    ("words", "what"),
    [(["merge", "side"], "a merge"), (["rebase", "side"], "a rebase"), (["cherry-pick", "side"], "a cherry-pick")],
)
def test_what_is_under_way(clone: Clone, words: list[str], what: str) -> None:
    clone.write("notes.txt", "ours\n")
    clone.git("add", "notes.txt")
    clone.save("Ours")
    _merge(clone)
    _run(clone, *words)
    with pytest.raises(GeneratorError, match=f"{what} is under way"):
        clone.attempt(branch="other")


def test_paths_that_are_not_merged(clone: Clone) -> None:
    name = clone.git("rev-parse", "HEAD:models.yaml")
    entries = "".join(f"100644 {name} {stage}\tconflict.txt\n" for stage in (1, 2, 3))
    subprocess.run(["git", "update-index", "--index-info"], cwd=clone.root, input=entries.encode(), check=True)
    with pytest.raises(GeneratorError, match=r"not merged yet: conflict.txt$"):
        clone.attempt()


def test_another_git_command_that_holds_the_index(clone: Clone) -> None:
    (clone.root / ".git" / "index.lock").touch()
    with pytest.raises(GeneratorError, match="another git command is under way"):
        clone.attempt()


def test_no_branch_to_commit_on(clone: Clone) -> None:
    clone.git("checkout", "--quiet", "--detach")
    with pytest.raises(GeneratorError, match="no branch is checked out"):
        clone.attempt()
    (outcome,) = clone.commit(branch="main")
    assert clone.git("rev-parse", "main") == outcome.commit
    assert clone.git("status", "--porcelain") == ""


def test_no_work_tree(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    bare = Clone(tmp_path / "bare.git", catalog=False)
    bare.write("models.yaml", "version: 1\n")
    with pytest.raises(GeneratorError, match="not in a git work tree"):
        bare.attempt()


@pytest.mark.parametrize("folder", ["environments", "rendered"])
def test_a_folder_that_is_a_repository_of_its_own(clone: Clone, folder: str) -> None:
    (clone.root / folder).mkdir(exist_ok=True)
    git(clone.root / folder, "init", "--quiet")
    with pytest.raises(GeneratorError, match="a git repository of its own") as caught:
        clone.attempt()
    assert caught.value.subject == folder


def test_a_submodule_among_the_files_of_the_catalog(clone: Clone) -> None:
    clone.git("update-index", "--add", "--cacheinfo", f"160000,{clone.git('rev-parse', 'HEAD')},models/team")
    clone.git("commit", "--quiet", "--message", "Submodule")
    with pytest.raises(GeneratorError, match="a git repository of its own") as caught:
        clone.attempt()
    assert caught.value.subject == "models/team"


def test_what_a_link_leads_to_is_part_of_the_catalog(clone: Clone, tmp_path: Path) -> None:
    clone.write("shared/more.yaml", "version: 1\nmodels: {}\n")
    (clone.root / "models").mkdir()
    (clone.root / "models" / "more.yaml").symlink_to("../shared/more.yaml")
    clone.save()
    assert clone.attempt()[1] is not None
    clone.write("shared/more.yaml", "version: 1\nmodels: {}\n# changed\n")
    with pytest.raises(GeneratorError, match=r"not committed: shared/more\.yaml"):
        clone.attempt()
    (tmp_path / "outside.yaml").write_text("version: 1\nmodels: {}\n")
    (clone.root / "models" / "more.yaml").unlink()
    (clone.root / "models" / "more.yaml").symlink_to(tmp_path / "outside.yaml")
    clone.save()
    with pytest.raises(GeneratorError, match=r"models/more.yaml: leads out of the repository"):
        clone.attempt()


def test_an_output_folder_that_the_other_branch_has_something_else_for(clone: Clone) -> None:
    empty = clone.git("hash-object", "-w", "--stdin")
    for mode, name in (("160000", clone.git("rev-parse", "HEAD")), ("120000", empty), ("100644", empty)):
        clone.git("read-tree", "--empty")
        clone.git("update-index", "--add", "--cacheinfo", f"{mode},{name},rendered")
        commit = clone.git("commit-tree", "-m", "x", clone.git("write-tree"))
        clone.git("update-ref", "refs/heads/other", commit)
        clone.git("read-tree", "HEAD")
        with pytest.raises(GeneratorError, match=":rendered: no folder"):
            clone.attempt(branch="other")
        assert clone.git("rev-parse", "other") == commit


@pytest.mark.parametrize("path", ["rendered/dev/README.md", "rendered/dev/models", "rendered/dev/README.md/x"])
def test_a_file_of_somebody_else_in_the_way(clone: Clone, path: str) -> None:
    clone.git("checkout", "--quiet", "-b", "other")
    clone.write(path, "mine\n")
    clone.git("add", path)
    clone.git("commit", "--quiet", "--message", "Mine")
    clone.git("checkout", "--quiet", "main")
    clone.git("update-ref", "refs/heads/output", "other")
    with pytest.raises(GeneratorError, match="files that kservegen did not write are in the way"):
        clone.attempt(branch="output")
    assert clone.git("rev-parse", "output") == clone.git("rev-parse", "other")


def test_output_that_git_ignores_is_a_finding(clone: Clone) -> None:
    clone.write(".gitignore", "*.log\n\nrendered/\n!rendered/\nrendered/*/models\n")
    clone.git("add", ".gitignore")
    clone.save("Ignore")
    result, outcome = clone.attempt()
    assert outcome is None
    assert [f"{d.location} {d.rule}" for d in result.diagnostics] == [".gitignore:5:1 gitops/output-ignored"]
    assert result.diagnostics[0].seen == "rendered/*/models hides rendered/dev/models/ns/README.md"
    assert not (clone.root / "rendered").exists()
    clone.commit(branch="output")
    clone.commit(hydrated=True)


def test_a_branch_that_another_work_tree_has_checked_out(clone: Clone, tmp_path: Path) -> None:
    clone.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "other"))
    with pytest.raises(GeneratorError, match="other: is checked out in "):
        clone.attempt(branch="other")
    clone.git("checkout", "--quiet", "-b", "environments/dev")
    with pytest.raises(GeneratorError, match="environments/dev: is checked out in "):
        clone.attempt(hydrated=True)


@pytest.mark.parametrize("name", ["-x", "a..b", "a b", "x.lock"])
def test_a_name_that_is_none_for_a_branch(clone: Clone, name: str) -> None:
    with pytest.raises(GeneratorError, match="not a name for a branch"):
        clone.attempt(branch=name)


def test_a_branch_with_commits_of_somebody_else(clone: Clone) -> None:
    first = clone.git("rev-parse", "HEAD")
    clone.git("branch", "other")
    clone.scale(2)
    clone.git("checkout", "--quiet", "other")
    clone.write("notes.txt", "x")
    clone.git("add", "notes.txt")
    theirs = clone.save("Theirs")
    clone.git("checkout", "--quiet", "main")
    with pytest.raises(GeneratorError, match=f"1 commits there are not kservegen's, {theirs[:12]} first"):
        clone.attempt(branch="other")
    assert clone.git("rev-parse", "other^") == first


def test_an_output_that_is_being_written(clone: Clone) -> None:
    with lock(clone.root / "rendered"), pytest.raises(GeneratorError, match="is being written by"):
        clone.attempt()
