"""Who wrote lines, and who let them in: along the branch itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.git_repository import commit_files, git, new_repository

from kservegen.git.blame import last_changes
from kservegen.git.log import Span
from kservegen.git.process import open_git

FILE = "app/models.yaml"
FIRST = "a: 1\nb:\n  c: 2\n\n# Of d.\nd: 3\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "r", {FILE: FIRST})


def changes(folder: Path, *spans: tuple[int, int], revision: str = "") -> list[str]:
    """Return the subject of the newest commit of each span, with its approvers; blank where git does not know one."""
    found = last_changes(open_git(folder / "app"), [[Span("models.yaml", *span)] for span in spans], revision)
    return [
        f"{git(folder, 'log', '-1', '--format=%s', change.commit)} {','.join(change.approvers)}".strip()
        if change
        else ""
        for change in found
    ]


def test_the_newest_commit_of_a_span_counts_and_what_follows_it_does_not(folder: Path) -> None:
    commit_files(folder, {FILE: FIRST.replace("c: 2", "c: 4")}, "c becomes 4")
    commit_files(folder, {FILE: FIRST.replace("c: 2", "c: 4").replace("Of d", "Of D")}, "words about d")
    assert changes(folder, (1, 1), (2, 5), (6, 9)) == ["change", "c becomes 4", "change"]
    assert changes(folder, (2, 5), revision="HEAD~2") == ["change"]


def test_approvers_are_those_that_the_commit_names(folder: Path) -> None:
    said = "a becomes 2\n\nReviewed-by: Grace <g@example.com>\nAcked-by: Edsger\nSigned-off-by: Ada\n"
    commit_files(folder, {FILE: FIRST.replace("a: 1", "a: 2")}, said)
    assert changes(folder, (1, 1), (2, 3)) == ["a becomes 2 Grace <g@example.com>,Edsger", "change"]


def test_a_merge_stands_for_what_it_brings_and_who_merged_approved(folder: Path) -> None:
    git(folder, "checkout", "--quiet", "-b", "topic")
    commit_files(folder, {FILE: FIRST.replace("a: 1", "a: 2")}, "work in progress")
    git(folder, "checkout", "--quiet", "main")
    git(folder, "merge", "--quiet", "--no-ff", "--message", "Merge topic", "topic")
    assert changes(folder, (1, 1), (2, 3)) == ["Merge topic Ada", "change"]


def test_what_git_does_not_know_is_nobodys(folder: Path, tmp_path: Path) -> None:
    (folder / FILE).write_text(FIRST.replace("a: 1", "a: 9"), "utf-8")
    assert changes(folder, (1, 1), (2, 3), (1, 3)) == ["", "change", ""]
    opened = open_git(folder / "app")
    assert last_changes(opened, [[Span("new.yaml", 1, 2)], []]) == [None, None]
    assert last_changes(open_git(new_repository(tmp_path / "empty")), [[Span("models.yaml", 1, 1)]]) == [None]
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{folder}", "shallow")
    assert changes(tmp_path / "shallow", (1, 1)) == [""]
