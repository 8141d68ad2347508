"""An environment that is removed goes by the permit that its file had, for whoever judges, renders and commits."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.support.clone import Clone
from tests.support.git_repository import commit_files, new_repository
from tests.support.project import DEV

from kservegen.changes.departed import departed_limits
from kservegen.changes.guards import Allowances
from kservegen.commands.check import CheckOptions, check_change
from kservegen.commands.result import Result

ENGINE = "{engine: argocd, repoURL: 'https://git.example.org/x.git'}"
PROD = DEV.replace("cluster: {name: dev}", "cluster: {name: prod, server: 'https://prod.example.com'}")
FILE = "environments/prod.yaml"
LEFT, REMOVED = "gitops/left-behind-guard", "gitops/removal-guard"


def permit(words: str) -> str:
    return f"permits: {{go: {{{words}, reason: it moved, owner: ml, expires: 2099-01-01}}}}\n"


def removed(root: Path, engine: str, words: str = "") -> Clone:
    """Return a clone that has rendered prod, got a permit for it in `words`, and has lost its file since."""
    new_repository(root)
    clone = Clone(root)
    clone.write(FILE, PROD.replace("{engine: none}", engine) + words)
    assert clone.render().exit_code == 0
    commit_files(root, {})
    (root / FILE).unlink()
    commit_files(root, {})
    return clone


def said(result: Result) -> list[tuple[str, str, str, str | None]]:
    errors = [d for d in result.diagnostics if d.severity.value == "error"]
    return [(d.rule, str(d.location), d.message, d.seen) for d in errors]


def judged(clone: Clone, base: str) -> Result:
    return check_change(clone.repository, CheckOptions(base=base, carries_output=False)).result


@pytest.mark.parametrize(
    ("engine", "word", "rule"),
    [(ENGINE, "leftBehind", LEFT), (ENGINE, "removals", LEFT), ("{engine: none}", "removals", REMOVED)],
)
def test_one_number_permits_it_before_and_after_the_merge(tmp_path: Path, engine: str, word: str, rule: str) -> None:
    refused = removed(tmp_path / "refused", engine)
    found = said(judged(refused, "HEAD~1"))
    assert [(each[0], each[1]) for each in found] == [(rule, f"{FILE}:1:1")]
    assert said(judged(refused, "HEAD")) == said(refused.render()) == said(refused.attempt()[0]) == found
    count = int(str(found[0][3]).partition(" ")[0])
    for number in (count - 1, count):
        clone = removed(tmp_path / str(number), engine, permit(f"{word}: {number}"))
        expected = found if number < count else []
        assert said(judged(clone, "HEAD~1")) == said(judged(clone, "HEAD")) == expected
        assert said(clone.attempt(branch="output")[0]) == expected
        assert said(clone.attempt()[0]) == expected
        assert (clone.root / "rendered/prod").exists() is bool(expected)


def test_a_terminal_allows_it_by_the_number_that_the_finding_names(tmp_path: Path) -> None:
    clone = removed(tmp_path / "work", ENGINE)
    (finding,) = (d for d in clone.render().diagnostics if d.rule == LEFT)
    option = finding.hint.partition("--allow-removals ")[2].partition(";")[0]
    assert clone.render(allow_removals=int(option) - 1).exit_code == 1
    assert clone.render(allow_removals=int(option)).exit_code == 0


def test_what_is_known_of_the_file_that_is_gone_is_said(tmp_path: Path) -> None:
    clone = removed(tmp_path / "work", ENGINE, permit("leftBehind: 1"))
    before = clone.git("rev-parse", "HEAD~1")[:12]

    def hint() -> str:
        (finding,) = (d for d in clone.render().diagnostics if d.rule == LEFT)
        return finding.hint.partition("expires: YEAR-MONTH-DAY}}.")[2].strip()

    assert (
        hint() == f"The file is gone: git show {before}:{FILE} prints it as it was; remove it again after the permit."
    )
    clone.git("reset", "--quiet", "--soft", "HEAD~1")
    assert hint() == ""
    shutil.rmtree(clone.root / ".git")
    said = "it is gone and there is no git to ask: not in a git work tree."
    assert hint() == f"No permit of {FILE} was read, as {said}"
    new_repository(clone.root)
    assert hint() == f"No permit of {FILE} was read, as it is gone and there is no commit yet."
    commit_files(clone.root, {})
    assert hint() == f"No permit of {FILE} was read: no commit has it."


def test_a_clone_without_history_says_so(tmp_path: Path) -> None:
    clone = removed(tmp_path / "work", ENGINE, permit("removals: 99"))
    clone.git("clone", "--quiet", "--depth", "1", f"file://{clone.root}", str(tmp_path / "shallow"))
    limits = departed_limits(tmp_path / "shallow", "prod", Allowances())
    assert (limits.removals, limits.remark.partition(": ")[2]) == (
        10,
        "this clone is shallow: check out with fetch-depth: 0.",
    )
    assert departed_limits(clone.root, "prod", Allowances()).removals == 99


def test_what_a_merged_branch_said_on_its_way_permits_nothing(tmp_path: Path) -> None:
    clone = removed(tmp_path / "work", ENGINE)
    clone.git("reset", "--quiet", "--hard", "HEAD~1")
    main = clone.git("branch", "--show-current")
    clone.git("checkout", "--quiet", "-b", "own-permit")
    commit_files(clone.root, {FILE: PROD + permit("removals: 99")})
    (clone.root / FILE).unlink()
    commit_files(clone.root, {})
    clone.git("checkout", "--quiet", main)
    clone.git("merge", "--quiet", "--no-ff", "--no-edit", "own-permit")
    assert not (clone.root / FILE).exists()
    assert departed_limits(clone.root, "prod", Allowances()).removals == 10
