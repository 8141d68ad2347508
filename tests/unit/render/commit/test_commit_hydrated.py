"""The hydrated layout: a branch for each environment; metadata, notes and trailers as Argo CD's hydrator has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.clone import PROD, Clone, first_be, report_of, start_command
from tests.support.git_repository import git
from tests.support.project import DEV

from kservegen.core.errors import GeneratorError
from kservegen.render.commit.outcome import Status
from kservegen.render.commit.source import split_references

NOTES = "refs/notes/hydrator.metadata"
METADATA = "rendered/prod/hydrator.metadata"


def note(folder: Path, commit: str) -> object:
    """Return what the note of a commit says."""
    return json.loads(git(folder, "notes", f"--ref={NOTES}", "show", commit))


def test_each_environment_gets_a_branch_of_its_own(clone: Clone) -> None:
    source = clone.git("rev-parse", "HEAD")
    outcomes = clone.commit(hydrated=True)
    assert [(o.branch, o.environments) for o in outcomes] == [
        ("environments/dev", ("dev",)),
        ("environments/prod", ("prod",)),
    ]
    clone.render()
    wanted = {path: text for path, text in clone.rendered().items() if path.startswith("rendered/prod/")}
    found = {path: entry.content for path, entry in clone.files("environments/prod").items()}
    assert json.loads(found.pop(METADATA)) == {"drySha": source, "commands": ["kservegen render prod"]}
    assert list(json.loads(found.pop("hydrator.metadata")).items()) == [
        ("drySha", source),
        ("author", "Ada <ada@example.com>"),
        ("date", "2026-01-02T03:04:05+00:00"),
        ("subject", "A catalog"),
    ]
    assert found == wanted
    assert clone.git("log", "--format=%P", "environments/prod") == ""
    assert note(clone.root, outcomes[1].commit) == {"drySha": source}


def test_trailers_tell_the_source_to_argo_cd(clone: Clone) -> None:
    clone.write("environments/prod.yaml", PROD.replace("{engine: none}", "{engine: none, repoURL: 'https://h/o/r'}"))
    clone.git("add", "environments")
    clone.git("commit", "--quiet", "--message", 'Bump to 2\n\nWhy: "so".\n\nSigned-off-by: A <a@b.c>')
    source = clone.git("rev-parse", "HEAD")
    clone.commit("prod", hydrated=True)
    shown = clone.git("log", "-1", "--format=%(trailers:only,unfold)", "environments/prod").strip().splitlines()
    assert shown[:-1] == [
        "Argocd-reference-commit-author: Ada <ada@example.com>",
        f"Argocd-reference-commit-sha: {source}",
        "Argocd-reference-commit-subject: Bump to 2",
        r'Argocd-reference-commit-body: "Why: \"so\".\n\nSigned-off-by: A <a@b.c>"',
        "Argocd-reference-commit-repourl: https://h/o/r",
        "Argocd-reference-commit-date: 2026-01-02T03:04:05+00:00",
        f"Kservegen-Source: {source}",
    ]
    metadata = json.loads(clone.git("show", "environments/prod:hydrator.metadata"))
    assert (metadata["repoURL"], metadata["body"]) == ("https://h/o/r", 'Why: "so".\n\nSigned-off-by: A <a@b.c>')
    # What we write is what we would read.
    (reference,), rest = split_references("\n".join(shown))
    assert reference["commit"]["body"] == metadata["body"]  # type: ignore[index,call-overload]
    assert rest.splitlines() == shown[-2:]


def test_references_of_the_source_are_handed_on(clone: Clone) -> None:
    text = (
        "Body.\n\nArgocd-reference-commit-author: A B <a@b.c>\nArgocd-reference-commit-sha: 0123abc\n"
        'Argocd-reference-commit-subject: fix: it\nArgocd-reference-commit-body: "all\\nof it"\n'
        "Argocd-reference-commit-repourl: https://u:p@h/o/r\nArgocd-reference-commit-date: 2025-06-09T13:50:18-04:00\n"
    )
    wrong = (
        "Argocd-reference-commit-author: nobody\nArgocd-reference-commit-sha: xyz\n"
        "Argocd-reference-commit-date: yesterday\nArgocd-reference-commit-body: plain\n"
        "Argocd-reference-commit-repourl: here\nArgocd-reference-commit-other: x\n"
    )
    clone.git("commit", "--quiet", "--allow-empty", "--message", f"Bump\n\n{text}{wrong}")
    clone.commit("prod", hydrated=True)
    metadata = json.loads(clone.git("show", "environments/prod:hydrator.metadata"))
    assert metadata["references"] == [
        {
            "commit": {
                "author": "A B <a@b.c>",
                "sha": "0123abc",
                "subject": "fix: it",
                "body": "all\nof it",
                "repoURL": "https://h/o/r",
                "date": "2025-06-09T13:50:18-04:00",
            }
        }
    ]
    assert metadata["body"] == f"Body.\n\n{wrong}".strip()


def test_the_same_files_from_another_source_are_a_note_and_no_commit(clone: Clone, hub: Path) -> None:
    first = clone.commit(hydrated=True, push="origin")
    clone.write("notes.txt", "x")
    clone.git("add", "notes.txt")
    source = clone.save("Notes")
    clone.publish()
    again = clone.commit(hydrated=True, push="origin")
    assert [(o.status, o.commit) for o in again] == [(Status.UNCHANGED, o.commit) for o in first]
    assert note(hub, first[0].commit) == note(hub, first[1].commit) == {"drySha": source}
    notes = git(hub, "rev-parse", NOTES)
    clone.commit(hydrated=True, push="origin")
    assert git(hub, "rev-parse", NOTES) == notes


def test_what_is_no_longer_rendered_goes_and_what_is_not_ours_stays(clone: Clone) -> None:
    clone.models(
        "models:\n  a: {modelFormat: sklearn, storageUri: s3://b/a}\n  b: {modelFormat: sklearn, storageUri: s3://b/b}\n"
    )
    clone.save()
    clone.commit(hydrated=True)
    clone.git("worktree", "add", "--quiet", str(clone.top.parent / "prod"), "environments/prod")
    prod = clone.top.parent / "prod"
    (prod / "CODEOWNERS").write_text("* @ops\n")
    (prod / "rendered" / "prod" / "OWNERS").write_text("approvers: [me]\n")
    git(prod, "add", "--all")
    git(prod, "commit", "--quiet", "--message", "Ours")
    clone.git("worktree", "remove", str(prod))
    before = clone.files("environments/prod")
    clone.models("models:\n  a: {modelFormat: sklearn, storageUri: s3://b/a}\n")
    clone.save()
    (_, outcome) = clone.commit(hydrated=True)
    after = clone.files("environments/prod")
    assert before.keys() - after.keys() == {"rendered/prod/models/ns/inferenceservice-b.yaml"}
    assert after.keys() <= before.keys()
    assert after["CODEOWNERS"] == before["CODEOWNERS"]
    assert after["rendered/prod/OWNERS"] == before["rendered/prod/OWNERS"]
    assert outcome.removed == 1


def test_a_branch_that_would_lose_every_model_is_guarded_before_any_moves(clone: Clone) -> None:
    clone.commit(hydrated=True)
    kept = ("for-each-ref", "refs/heads/environments", "refs/notes")
    tips = clone.git(*kept)
    clone.write("environments/prod.yaml", PROD + "models: {iris: null}\n")
    clone.scale(2)
    result, outcome = clone.attempt(hydrated=True)
    assert (outcome, [d.rule for d in result.diagnostics]) == (None, ["gitops/removal-guard"])
    assert clone.git(*kept) == tips


def test_an_environment_that_is_synced_from_elsewhere_is_warned_of(clone: Clone) -> None:
    words = "gitops:\n  engine: argocd\n  repoURL: https://h/o/r\n  targetRevision: {}\n"
    for name in ("dev", "prod"):
        text = DEV.replace("dev", name).replace("gitops: {engine: none}\n", words.format("environments/dev"))
        clone.write(f"environments/{name}.yaml", text)
    clone.save()
    result, outcome = clone.attempt(hydrated=True)
    assert outcome is not None
    found = [d for d in result.diagnostics if d.rule == "gitops/hydrated-revision"]
    assert [(str(d.location), d.severity.value, d.seen, d.allowed) for d in found] == [
        ("environments/prod.yaml:9:19", "warning", "environments/dev", "environments/prod")
    ]
    assert not [d for d in clone.attempt(branch="output")[0].diagnostics if d.rule == "gitops/hydrated-revision"]


def test_names_of_branches_are_a_template(clone: Clone) -> None:
    clone.commit(hydrated=True, branch="deploy/{env}/live")
    assert clone.git("branch", "--list", "deploy/*", "--format=%(refname:short)").splitlines() == [
        "deploy/dev/live",
        "deploy/prod/live",
    ]


def test_a_folder_of_a_bigger_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "r")
    clone = Clone(tmp_path / "r", inside="ml")
    clone.commit("prod", hydrated=True)
    tops = {path.rpartition("/rendered/")[0] for path in clone.files("environments/prod")}
    assert tops == {"", "ml"}
    assert clone.commit("prod", hydrated=True)[0].status is Status.UNCHANGED


def test_proposals_go_to_a_branch_beside_the_one_that_is_synced(clone: Clone, hub: Path) -> None:
    first = clone.commit(hydrated=True, proposes=True, push="origin")
    assert [o.compare for o in first] == [
        "environments/dev...environments/dev-next",
        "environments/prod...environments/prod-next",
    ]
    # Where nothing is synced yet, the branch is there and empty: a pull request needs one to go into.
    assert git(hub, "ls-tree", "-r", "environments/prod") == ""
    assert git(hub, "rev-parse", "environments/prod-next^") == git(hub, "rev-parse", "environments/prod")
    clone.scale(2)
    clone.publish()
    second = clone.commit(hydrated=True, proposes=True, push="origin")
    assert git(hub, "rev-parse", "environments/prod-next^") == first[1].commit
    # Merged with a commit of its own (a squash): the next proposal is built on what is synced now.
    tree = git(hub, "rev-parse", "environments/prod-next^{tree}")
    merged = git(hub, "commit-tree", "-p", "environments/prod", "-m", "Squashed (#1)", tree)
    git(hub, "update-ref", "refs/heads/environments/prod", merged)
    assert clone.commit("prod", hydrated=True, proposes=True, push="origin")[0].status is Status.UNCHANGED
    clone.scale(3)
    clone.publish()
    (third,) = clone.commit("prod", hydrated=True, proposes=True, push="origin")
    assert git(hub, "log", "-1", "--format=%P", third.commit).split() == [second[1].commit, merged]
    changed = git(hub, "diff", "--name-only", "environments/prod", "environments/prod-next").splitlines()
    assert changed == [
        "hydrator.metadata",
        METADATA,
        "rendered/prod/models/ns/inferenceservice-iris.yaml",
    ]
    # Merged as it is: the proposal starts from there.
    git(hub, "update-ref", "refs/heads/environments/prod", third.commit)
    clone.scale(4)
    clone.publish()
    (fourth,) = clone.commit("prod", hydrated=True, proposes=True, push="origin")
    assert git(hub, "rev-parse", f"{fourth.commit}^") == third.commit


@pytest.mark.parametrize("depth", [[], ["--depth=1"]], ids=["full", "shallow"])
def test_an_older_source_stops(clone: Clone, hub: Path, depth: list[str]) -> None:
    git(hub.parent, "clone", "--quiet", *depth, f"file://{hub}", "older")
    older = Clone(hub.parent / "older", catalog=False)
    newer = clone.scale(2)
    clone.publish()
    clone.commit("prod", hydrated=True, push="origin")
    dev, prod = older.commit(hydrated=True, push="origin")
    assert (dev.status, prod.status) == (Status.COMMITTED, Status.SUPERSEDED)
    assert prod.remarks[0].startswith(f"environments/prod was rendered from {newer[:12]}, which is newer")
    git(hub.parent, "clone", "--quiet", *depth, f"file://{hub}", "newer")
    late = Clone(hub.parent / "newer", catalog=False)
    assert [o.status for o in late.commit(hydrated=True, push="origin")] == [Status.COMMITTED, Status.UNCHANGED]


def test_a_newer_source_that_comes_in_between_wins(clone: Clone, hub: Path) -> None:
    git(hub.parent, "clone", "--quiet", f"file://{hub}", "newer")
    newer = Clone(hub.parent / "newer", catalog=False)
    newer.scale(2)
    newer.publish()
    (theirs,) = newer.commit("prod", hydrated=True)
    first_be(clone, f"git -C '{newer.top}' push -q origin environments/prod")
    dev, prod = clone.commit(hydrated=True, push="origin")
    assert (dev.status, prod.status) == (Status.COMMITTED, Status.SUPERSEDED)
    assert git(hub, "rev-parse", "environments/prod") == theirs.commit


def test_jobs_at_once_write_every_branch_and_every_note(clone: Clone, hub: Path) -> None:
    environments = ("dev", "prod")
    jobs = []
    for name in environments:
        git(hub.parent, "clone", "--quiet", "--depth=1", f"file://{hub}", name)
        jobs.append(Clone(hub.parent / name, catalog=False))
    words = ["--hydrated", "--push", "origin"]
    running = [start_command(job.root, [*words, name]) for job, name in zip(jobs, environments, strict=True)]
    reports = [report_of(process) for process in running]
    assert [report["exitCode"] for report in reports] == [0, 0], reports
    source = clone.git("rev-parse", "HEAD")
    for name in environments:
        assert note(hub, git(hub, "rev-parse", f"environments/{name}")) == {"drySha": source}


def test_notes_that_never_stand_still(clone: Clone, hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kservegen.render.commit.notes.push", lambda *_: False)
    with pytest.raises(GeneratorError, match="moved 10 times while notes were written"):
        clone.commit(hydrated=True, push="origin")
    assert git(hub, "branch", "--format=%(refname:short)").splitlines() == [
        "environments/dev",
        "environments/prod",
        "main",
    ]
    assert clone.git("for-each-ref", "refs/notes") == ""


@pytest.mark.parametrize("name", ["role.yaml", ".hidden/role.yml", "Kustomization"])
def test_what_others_put_on_the_branch_is_refused(clone: Clone, name: str) -> None:
    clone.commit("prod", hydrated=True)
    clone.git("checkout", "--quiet", "environments/prod")
    path = f"rendered/prod/cluster/{name}"
    clone.write(path, "kind: ClusterRole\n")
    clone.git("add", path)
    clone.git("commit", "--quiet", "--message", "Mine")
    tip = clone.git("rev-parse", "HEAD").strip()
    clone.git("checkout", "--quiet", "main")
    with pytest.raises(GeneratorError, match="would be synced with the output") as refused:
        clone.commit("prod", hydrated=True)
    assert refused.value.subject == f"{tip[:12]}:{path}"
    if name == "role.yaml":
        entry = "{path: cluster/role.yaml, reason: r, owner: o, expires: 2099-12-31}"
        clone.write("environments/prod.yaml", f"{PROD}unmanaged:\n  role: {entry}\n")
        clone.git("add", "environments")
        clone.git("commit", "--quiet", "--message", "List it")
        assert [outcome.status for outcome in clone.commit("prod", hydrated=True)] == [Status.UNCHANGED]
