"""`kservegen commit` on the branch that is checked out: what it holds, and what it leaves alone."""

from __future__ import annotations

import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from tests.support.clone import Clone
from tests.support.git_repository import git, new_repository

from kservegen.core.errors import GeneratorError
from kservegen.git.process import open_git
from kservegen.render.commit.outcome import Status

MODEL = "rendered/dev/models/ns/inferenceservice-iris.yaml"


def test_the_commit_holds_what_is_rendered_and_nothing_else(clone: Clone) -> None:
    source = clone.git("rev-parse", "HEAD")
    (outcome,) = clone.commit()
    rendered = clone.rendered()
    assert {path: entry.content for path, entry in clone.files("HEAD", "rendered/").items()} == rendered
    assert {entry.mode for entry in clone.files("HEAD").values()} == {"100644"}
    assert clone.git("diff", "--name-only", source, "HEAD").splitlines() == sorted(rendered)
    assert clone.git("rev-parse", "HEAD^") == source
    assert (outcome.branch, outcome.status, outcome.commit) == (
        "main",
        Status.COMMITTED,
        clone.git("rev-parse", "HEAD"),
    )
    assert (outcome.added, outcome.changed, outcome.removed) == (len(rendered), 0, 0)
    assert clone.git("diff-files", "--name-only") == "", "of the files themselves, none has to be read again"
    assert clone.git("status", "--porcelain") == ""


def test_the_message_says_what_happens_to_models_and_where_it_comes_from(clone: Clone) -> None:
    source = clone.git("rev-parse", "HEAD")
    clone.commit()
    paths = ["environments/dev.yaml", "environments/prod.yaml", "models.yaml"]
    sums = "".join(f"{sha256((clone.root / path).read_bytes()).hexdigest()}  {path}\n" for path in paths)
    assert clone.git("log", "-1", "--format=%B").splitlines() == [
        "Render dev, prod: 1 model added",
        "",
        "+ dev: ns/inferenceservice-iris",
        "+ prod: ns/inferenceservice-iris",
        "",
        f"Kservegen-Source: {source}",
        f"Kservegen-Catalog: sha256:{sha256(sums.encode()).hexdigest()}",
    ]
    assert clone.git("log", "-1", "--format=%an <%ae> %cn") == "Bot <bot@example.com> Bot"
    clone.scale(2)
    clone.commit("prod")
    assert clone.subjects()[0] == "Render prod: 1 model changes"
    assert clone.git("diff", "--name-only", "HEAD^", "HEAD") == MODEL.replace("dev", "prod")


def test_a_message_of_the_user_keeps_its_trailers(clone: Clone) -> None:
    clone.commit(message="Ship it\n\nWith care.\n\nReviewed-by: Ada <ada@example.com>")
    assert clone.subjects()[0] == "Ship it"
    keys = clone.git("log", "-1", "--format=%(trailers:keyonly)").split()
    assert keys == ["Reviewed-by", "Kservegen-Source", "Kservegen-Catalog"]


def test_nothing_changed_is_no_commit(clone: Clone) -> None:
    clone.commit()
    before = clone.git("rev-parse", "HEAD")
    (outcome,) = clone.commit()
    assert (outcome.status, outcome.commit, clone.git("rev-parse", "HEAD")) == (Status.UNCHANGED, before, before)


def test_what_is_staged_or_changed_beside_it_stays_as_it_is(clone: Clone) -> None:
    clone.write("notes.txt", "committed\n")
    clone.write("gone.txt", "committed\n")
    clone.git("add", "notes.txt", "gone.txt")
    clone.save("Notes")
    clone.commit()
    clone.write("notes.txt", "staged\n")
    clone.git("add", "notes.txt")
    clone.write("notes.txt", "changed again\n")
    clone.git("rm", "--quiet", "--cached", "gone.txt")
    clone.write("rendered/dev/mine.txt", "not kservegen's\n")
    clone.write("new.txt", "untracked\n")
    staged = clone.git("ls-files", "--stage", "notes.txt", "gone.txt")
    status = clone.git("status", "--porcelain")
    clone.write("models.yaml", (clone.root / "models.yaml").read_text() + "    minReplicas: 2\n    maxReplicas: 2\n")
    clone.git("commit", "--quiet", "--message", "Two", "--only", "models.yaml")
    clone.commit()
    assert clone.git("ls-files", "--stage", "notes.txt", "gone.txt") == staged
    assert clone.git("status", "--porcelain") == status
    assert clone.git("diff", "--name-only", "HEAD^", "HEAD").splitlines() == [MODEL, MODEL.replace("dev", "prod")]


def test_what_is_rendered_already_is_committed(clone: Clone) -> None:
    clone.render()
    clone.git("add", MODEL)
    assert clone.commit()[0].status is Status.COMMITTED
    assert clone.git("status", "--porcelain") == ""


def test_removals_are_held_against_the_guard(clone: Clone) -> None:
    clone.models(
        "models:\n" + "".join(f"  m{n}: {{modelFormat: sklearn, storageUri: s3://b/{n}}}\n" for n in range(13))
    )
    clone.save()
    clone.commit()
    head = clone.git("rev-parse", "HEAD")
    clone.models("models:\n  m0: {modelFormat: sklearn, storageUri: s3://b/0}\n")
    clone.save()
    result, outcome = clone.attempt()
    assert outcome is None
    assert result.exit_code == 1
    assert {(d.rule, d.hint.partition(";")[0]) for d in result.diagnostics} == {
        ("gitops/removal-guard", "If that is meant, run at a terminal: kservegen commit --allow-removals 12")
    }
    assert clone.git("rev-parse", "HEAD^") == head
    (done,) = clone.commit(allow_removals=12)
    assert (done.removed, done.changed) == (24, 2)
    assert clone.subjects()[0] == "Render dev, prod: 12 models removed"
    assert len(clone.files("HEAD", "rendered/dev/models/")) == 2


def test_nothing_is_committed_while_an_error_stands(clone: Clone) -> None:
    clone.models("models:\n  iris: {modelFormat: sklearn, storageUri: s3://b/c, minReplica: 2}\n")
    head = clone.save()
    result, outcome = clone.attempt()
    assert (result.exit_code, outcome, clone.git("rev-parse", "HEAD")) == (1, None, head)
    assert not (clone.root / "rendered").exists()


def test_line_ends_and_attributes_do_not_change_bytes(clone: Clone) -> None:
    clone.git("config", "core.autocrlf", "true")
    clone.write(".gitattributes", "rendered/** text eol=crlf filter=upper ident\n")
    clone.git("config", "filter.upper.clean", "tr a-z A-Z")
    clone.git("add", ".gitattributes")
    clone.save("Attributes")
    clone.commit()
    raw = subprocess.run(
        ["git", "cat-file", "blob", f"HEAD:{MODEL}"], cwd=clone.root, capture_output=True, check=True
    ).stdout
    assert raw == (clone.root / MODEL).read_bytes()
    assert b"\r" not in raw


def test_a_catalog_with_other_line_ends_on_disk_is_committed_all_the_same(clone: Clone) -> None:
    clone.write(".gitattributes", "*.yaml text eol=crlf\n")
    clone.git("add", ".gitattributes")
    clone.save("Attributes")
    (clone.root / "models.yaml").unlink()
    clone.git("checkout", "--quiet", "--", "models.yaml")
    assert b"\r\n" in (clone.root / "models.yaml").read_bytes()
    assert clone.commit()[0].status is Status.COMMITTED


@pytest.mark.parametrize("digits", [40, 64], ids=["sha1", "sha256"])
def test_a_repository_in_a_folder_of_a_bigger_one(tmp_path: Path, digits: int) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main", f"--object-format=sha{1 if digits == 40 else 256}", "r")
    clone = Clone(tmp_path / "r", inside="teams/ml é")
    (outcome,) = clone.commit()
    assert len(outcome.commit) == digits
    tree = clone.git("-c", "core.quotepath=off", "ls-tree", "-r", "--name-only", "HEAD", "teams/ml é/rendered/")
    assert tree.splitlines() == sorted(clone.rendered())
    assert clone.git("status", "--porcelain") == ""


def test_a_linked_work_tree(clone: Clone, tmp_path: Path) -> None:
    clone.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "other"))
    other = Clone(tmp_path / "other", catalog=False)
    other.commit()
    assert other.git("status", "--porcelain") == ""
    assert clone.git("log", "-1", "--format=%s", "other") == "Render dev, prod: 1 model added"
    assert len(clone.subjects()) == 1


def test_a_half_written_tree_is_completed_first(clone: Clone) -> None:
    clone.render()
    scratch = clone.root / "rendered" / ".kservegen"
    scratch.mkdir()
    (scratch / "journal.draft").write_text("a run that was killed")
    clone.commit()
    assert not scratch.exists()
    assert clone.git("status", "--porcelain") == ""
    scratch.mkdir()
    (scratch / "journal").write_text("nonsense")
    clone.scale(2)
    with pytest.raises(GeneratorError, match="a run was killed here"):
        clone.commit()
    assert clone.subjects()[0] == "2 replicas"


def test_a_signature_is_made_where_git_is_configured_to(clone: Clone, tmp_path: Path) -> None:
    signer = tmp_path / "signer"
    signer.write_text("#!/bin/sh\nprintf '\\n[GNUPG:] SIG_CREATED ' >&2\ncat >/dev/null\necho SIGNED\n")
    signer.chmod(0o755)
    clone.git("config", "commit.gpgSign", "true")
    clone.git("config", "gpg.program", str(signer))
    clone.commit()
    assert "gpgsig SIGNED" in clone.git("cat-file", "commit", "HEAD")
    clone.scale(2)
    signer.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(GeneratorError, match="gpg failed to sign the data"):
        clone.commit()


def test_who_commits(clone: Clone) -> None:
    clone.git("config", "--unset", "user.name")
    clone.git("config", "--unset", "user.email")
    with pytest.raises(GeneratorError, match="knows no name and address"):
        clone.commit()
    clone.commit(author=("CI", "ci@example.com"))
    assert clone.git("log", "-1", "--format=%an <%ae> %cn <%ce>") == "CI <ci@example.com> CI <ci@example.com>"
    clone.git("config", "user.name", "Bot")
    clone.git("config", "user.email", "bot@example.com")
    clone.scale(2)
    clone.commit(author=("CI", "ci@example.com"))
    assert clone.git("log", "-1", "--format=%an %cn") == "CI Bot"


def test_secrets_of_addresses_are_not_repeated(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://bot:s3cret@127.0.0.1:1/models.git"
    monkeypatch.setenv("GIT_CURL_VERBOSE", "0")
    with pytest.raises(GeneratorError) as caught:
        open_git(clone.root).run("fetch", url)
    assert "s3cret" not in f"{caught.value} {caught.value.hint} {getattr(caught.value, 'said', '')}"
    with pytest.raises(GeneratorError) as caught:
        clone.commit(push=url)
    assert "s3cret" not in f"{caught.value} {caught.value.hint} {getattr(caught.value, 'said', '')}"


def test_an_unborn_branch_has_no_source(tmp_path: Path) -> None:
    clone = Clone(new_repository(tmp_path / "r"), catalog=False)
    clone.write("models.yaml", "version: 1\n")
    with pytest.raises(GeneratorError, match="nothing is committed yet"):
        clone.commit()
