"""`kservegen commit` on a branch that is not checked out, and with a remote that others push to."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.clone import Clone, first_be, report_of, start_command
from tests.support.git_repository import git

from kservegen.core.errors import GeneratorError
from kservegen.render.commit.outcome import Status


def other_clone(hub: Path, name: str, *words: str) -> Clone:
    """Clone the hub once more."""
    git(hub.parent, "clone", "--quiet", *words, f"file://{hub}", name)
    return Clone(hub.parent / name, catalog=False)


def test_a_new_branch_starts_at_the_source_and_nothing_is_checked_out(clone: Clone) -> None:
    source = clone.git("rev-parse", "HEAD")
    clone.write("notes.txt", "mine")
    (outcome,) = clone.commit(branch="bot/render")
    assert clone.git("rev-parse", "bot/render^") == source
    assert clone.git("status", "--porcelain") == "?? notes.txt"
    assert clone.git("rev-parse", "HEAD") == source
    assert not (clone.root / "rendered").exists()
    again = clone.commit(branch="bot/render")[0]
    assert (again.status, again.commit) == (Status.UNCHANGED, outcome.commit)


def test_a_branch_of_kservegen_alone_takes_the_source_in(clone: Clone) -> None:
    (first,) = clone.commit(branch="bot/render")
    source = clone.scale(2)
    clone.commit(branch="bot/render")
    assert clone.git("log", "-1", "--format=%P", "bot/render").split() == [first.commit, source]
    assert clone.git("diff", "--name-only", source, "bot/render", "--", "models.yaml", "environments") == ""
    clone.git("merge", "--quiet", "--ff-only", "bot/render")
    assert clone.render(check=True).exit_code == 0


def test_a_branch_that_holds_output_alone_keeps_its_other_files(clone: Clone) -> None:
    blob = clone.git("hash-object", "-w", "models.yaml")
    clone.git("read-tree", "--empty")
    clone.git("update-index", "--add", "--cacheinfo", f"100644,{blob},docs/keep.txt")
    clone.git("update-ref", "refs/heads/output", clone.git("commit-tree", "-m", "Start", clone.git("write-tree")))
    clone.git("read-tree", "HEAD")
    clone.commit(branch="output")
    assert {path.split("/")[0] for path in clone.files("output")} == {"docs", "rendered"}
    clone.scale(2)
    clone.commit("dev", branch="output")
    assert clone.subjects("output") == ["Render dev: 1 model changes", "Render dev, prod: 1 model added", "Start"]


def test_a_push_moves_the_remote_then_this_clone(clone: Clone, hub: Path) -> None:
    (outcome,) = clone.commit(push="")
    assert outcome.pushed == "origin"
    assert git(hub, "rev-parse", "main") == outcome.commit == clone.git("rev-parse", "HEAD")
    assert clone.git("status", "--porcelain") == ""
    assert clone.git("rev-parse", "origin/main") == outcome.commit


def test_what_was_committed_and_never_pushed_is_said(clone: Clone, hub: Path) -> None:
    clone.commit()
    (outcome,) = clone.commit(push="origin")
    assert (outcome.status, outcome.remarks) == (
        Status.UNCHANGED,
        ("origin does not have all of this branch: git push",),
    )
    assert git(hub, "rev-parse", "main") == clone.git("rev-parse", "HEAD^")


def test_a_push_that_is_refused_leaves_this_clone_as_it_was(clone: Clone, hub: Path) -> None:
    hook = hub / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'policy says no' >&2\nexit 1\n")
    hook.chmod(0o755)
    head = clone.git("rev-parse", "HEAD")
    with pytest.raises(GeneratorError, match="pre-receive hook declined"):
        clone.commit(push="origin")
    assert clone.git("rev-parse", "HEAD") == head == git(hub, "rev-parse", "main")
    assert clone.git("diff", "--cached", "--name-only") == ""


def test_a_remote_that_is_not_there(clone: Clone) -> None:
    with pytest.raises(GeneratorError, match="there is no remote to push to"):
        clone.commit(push="")
    with pytest.raises(GeneratorError, match="--push: there is no remote nowhere") as no_such:
        clone.commit(push="nowhere")
    assert no_such.value.hint == "Add it: git remote add nowhere URL."
    with pytest.raises(
        GeneratorError, match=r"git ls-remote: '\./nowhere' does not appear to be a git repository"
    ) as away:
        clone.commit(push="./nowhere")
    assert away.value.hint.startswith("See that the remote can be reached")
    with pytest.raises(GeneratorError, match="--push: prod is an environment and no remote"):
        clone.commit(push="prod")


def test_a_shallow_clone_that_is_detached(clone: Clone, hub: Path) -> None:
    clone.commit(push="origin")
    clone.scale(2)
    clone.publish()
    job = other_clone(hub, "job", "--depth=1")
    job.git("checkout", "--quiet", "--detach")
    (outcome,) = job.commit(branch="main", push="origin")
    assert git(hub, "rev-parse", "main") == outcome.commit
    assert git(hub, "log", "-3", "--format=%s", "main").splitlines() == [
        "Render dev, prod: 1 model changes",
        "2 replicas",
        "Render dev, prod: 1 model added",
    ]


def test_the_same_source_rendered_by_another_job_first(clone: Clone, hub: Path) -> None:
    other = other_clone(hub, "other")
    other.commit()
    first_be(clone, f"git -C '{other.top}' push -q origin main")
    (outcome,) = clone.commit(push="origin")
    assert outcome.status is Status.UNCHANGED
    assert git(hub, "rev-parse", "main") == other.git("rev-parse", "main")


def test_a_change_beside_the_catalog_is_built_upon(clone: Clone, hub: Path) -> None:
    other = other_clone(hub, "other")
    other.write("notes.txt", "x")
    other.git("add", "notes.txt")
    theirs = other.save("Notes")
    first_be(clone, f"git -C '{other.top}' push -q origin main")
    (outcome,) = clone.commit(push="origin")
    assert git(hub, "log", "-1", "--format=%P", "main") == theirs
    assert git(hub, "rev-parse", "main") == outcome.commit
    assert outcome.remarks == ("this clone is behind origin/main now: git pull",)
    assert clone.subjects() == ["A catalog"]


def test_an_older_source_stops_where_the_branch_has_a_newer_one(clone: Clone, hub: Path) -> None:
    other = other_clone(hub, "other")
    newer = other.scale(2)
    first_be(clone, f"git -C '{other.top}' push -q origin main")
    (outcome,) = clone.commit(push="origin")
    assert outcome.status is Status.SUPERSEDED
    assert (outcome.added, outcome.changed, outcome.removed, outcome.unchanged) == (0, 0, 0, 0)
    assert outcome.remarks[0].startswith(f"main has moved on to {newer[:12]}")
    assert git(hub, "rev-parse", "main") == newer
    assert clone.subjects() == ["A catalog"]


@pytest.mark.parametrize("depth", [[], ["--depth=1"]], ids=["full", "shallow"])
def test_jobs_of_two_sources_on_a_branch_for_a_pull_request(clone: Clone, hub: Path, depth: list[str]) -> None:
    older = other_clone(hub, "older", *depth)
    source = clone.scale(2)
    clone.publish()
    newer = other_clone(hub, "newer", *depth)
    (first,) = newer.commit(branch="bot", push="origin")
    (late,) = older.commit(branch="bot", push="origin")
    assert (first.status, late.status) == (Status.COMMITTED, Status.SUPERSEDED)
    clone.scale(3)
    clone.publish()
    newest = other_clone(hub, "newest", *depth)
    assert newest.commit(branch="bot", push="origin")[0].status is Status.COMMITTED
    assert newer.commit(branch="bot", push="origin")[0].status is Status.SUPERSEDED
    assert git(hub, "log", "-1", "--format=%(trailers:key=Kservegen-Source,valueonly)", "bot^") == source + "\n"


@pytest.mark.usefixtures("hub")
def test_a_source_that_is_not_in_the_history_needs_a_word(clone: Clone) -> None:
    clone.git("checkout", "--quiet", "-b", "feature")
    clone.scale(2)
    clone.publish("feature")
    clone.commit(hydrated=True, push="origin")
    clone.git("checkout", "--quiet", "main")
    clone.scale(3)
    clone.publish()
    with pytest.raises(GeneratorError, match=r"environments/dev: was rendered from .*not in the history of"):
        clone.commit(hydrated=True, push="origin")
    assert [o.status for o in clone.commit(hydrated=True, push="origin", allow_unrelated=True)] == ["committed"] * 2


def test_a_branch_that_never_stands_still(clone: Clone, hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def lose(*words: object) -> bool:
        tries.append(words)
        return False

    monkeypatch.setattr("kservegen.render.commit.landing.push", lose)
    with pytest.raises(GeneratorError, match="main: moved 10 times"):
        clone.commit(push="origin")
    assert len(tries) == 10
    assert clone.subjects() == ["A catalog"]
    assert git(hub, "rev-parse", "main") == clone.git("rev-parse", "HEAD")


def test_jobs_at_once(clone: Clone, hub: Path) -> None:
    older = [other_clone(hub, f"older{number}") for number in range(2)]
    clone.scale(2)
    clone.publish()
    newer = [other_clone(hub, f"newer{number}", "--depth=1") for number in range(2)]
    words = ["--push", "origin"]
    running = [start_command(job.root, words) for job in (*older, *newer)]
    reports = [report_of(process) for process in running]
    assert [report["exitCode"] for report in reports] == [0] * 4, reports
    branches = [report["commit"]["branches"][0] for report in reports]
    assert [branch["status"] for branch in branches[:2]] == ["superseded"] * 2
    # Two that commit the same files in the same second make the same commit.
    assert {branch["status"] for branch in branches[2:]} in ({"committed"}, {"committed", "unchanged"})
    assert {branch["commit"] for branch in branches[2:]} == {git(hub, "rev-parse", "main")}
    assert git(hub, "log", "--format=%s", "main").splitlines() == [
        "Render dev, prod: 1 model added",
        "2 replicas",
        "A catalog",
    ]
    assert "minReplicas: 2" in git(hub, "show", "main:rendered/prod/models/ns/inferenceservice-iris.yaml")


def test_commits_of_the_source_come_along_to_no_branch_but_their_own(clone: Clone, hub: Path) -> None:
    main = git(hub, "rev-parse", "main")
    clone.git("checkout", "--quiet", "--detach")
    clone.scale(2)
    # As CI checks out a pull request: a merge that no branch holds.
    for options in ({"branch": "main"}, {"branch": "bot"}, {"hydrated": True}):
        with pytest.raises(GeneratorError, match="is on no branch of origin"):
            clone.commit(push="origin", **options)
    clone.publish("feature")
    with pytest.raises(GeneratorError, match="main: lacks commits that lead to"):
        clone.commit(branch="main", push="origin")
    with pytest.raises(GeneratorError, match="main: lacks commits that lead to"):
        clone.commit(branch="main")
    assert git(hub, "rev-parse", "main") == main == clone.git("rev-parse", "main")
    assert clone.commit(branch="bot", push="origin")[0].status is Status.COMMITTED


def test_a_branch_of_kservegen_goes_on_after_it_was_merged(clone: Clone, hub: Path) -> None:
    (first,) = clone.commit(branch="bot", push="origin")
    clone.git("merge", "--quiet", "--no-ff", "--message", "Merge", first.commit)
    source = clone.scale(2)
    clone.publish()
    (second,) = clone.commit(branch="bot", push="origin")
    assert git(hub, "log", "-1", "--format=%P", "bot") == source
    assert git(hub, "rev-parse", "bot") == second.commit


def test_a_push_that_stops_half_way_says_what_is_in_place(clone: Clone, hub: Path) -> None:
    hook = hub / "hooks" / "update"
    hook.write_text("#!/bin/sh\n[ $1 != refs/heads/environments/prod ]\n")
    hook.chmod(0o755)
    with pytest.raises(GeneratorError, match="hook declined") as caught:
        clone.commit(hydrated=True, push="origin")
    assert caught.value.hint.endswith("In place already: environments/dev.")
    hook.unlink()
    assert [o.status for o in clone.commit(hydrated=True, push="origin")] == [Status.UNCHANGED, Status.COMMITTED]
    assert len(git(hub, "notes", "--ref=hydrator.metadata", "list").splitlines()) == 2
