"""What a killed run left is completed or discarded; what none can have left is refused and not touched."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from kservegen.core.errors import GeneratorError
from kservegen.render.output.apply import ApplyOutcome, Recovery, apply, is_half_written, recover
from kservegen.render.output.changes import Changes
from kservegen.render.output.journal import Journal, JournalStep, StepKind, encode_journal
from kservegen.render.output.ownership import stamp

Plant = Callable[[Path, Mapping[str, bytes]], None]
Snapshot = Callable[[Path], dict[str, bytes]]

NEW = stamp("x.yaml", "new")
OLD = stamp("x.yaml", "old")
DIGEST = sha256(NEW).hexdigest()
KILLED = Journal(
    ("dev/n",),
    (
        JournalStep(StepKind.REMOVE, "dev/a.yaml"),
        JournalStep(StepKind.CREATE, "dev/n/b.yaml", DIGEST),
        JournalStep(StepKind.REPLACE, "dev/c.yaml", DIGEST),
    ),
)
NOT_BEGUN = {"dev/a.yaml": OLD, "dev/c.yaml": OLD}
STAGED = {"new/1": NEW, "new/2": NEW}


def _leave(out: Path, plant: Plant, *, scratch: Mapping[str, bytes], tree: Mapping[str, bytes]) -> None:
    """Leave an output folder as a killed run would."""
    plant(
        out, {**tree, ".kservegen/.gitignore": b"*\n", **{f".kservegen/{path}": text for path, text in scratch.items()}}
    )


@pytest.mark.parametrize(
    ("scratch", "tree"),
    [
        ({**STAGED}, {**NOT_BEGUN}),
        ({**STAGED, "old/0": OLD}, {"dev/c.yaml": OLD}),
        ({"new/2": NEW, "old/0": OLD}, {"dev/n/b.yaml": NEW, "dev/c.yaml": OLD}),
        ({"new/2": NEW, "old/0": OLD, "old/2": OLD}, {"dev/n/b.yaml": NEW}),
        ({"old/0": OLD, "old/2": OLD}, {"dev/n/b.yaml": NEW, "dev/c.yaml": NEW}),
        ({}, {"dev/n/b.yaml": NEW, "dev/c.yaml": NEW}),  # a power cut kept the journal and lost its removal
        ({**STAGED}, {}),  # somebody removed the tree meanwhile
    ],
)
def test_a_killed_run_is_completed(
    out: Path, plant: Plant, snapshot: Snapshot, scratch: dict[str, bytes], tree: dict[str, bytes]
) -> None:
    _leave(out, plant, scratch={**scratch, "journal": encode_journal(KILLED)}, tree={"dev/": b"", **tree})
    assert is_half_written(out)
    assert recover(out) == Recovery(ApplyOutcome.COMPLETED, 3)
    assert not is_half_written(out)
    assert recover(out) is None
    assert snapshot(out) == {"dev/": b"", "dev/c.yaml": NEW, "dev/n/": b"", "dev/n/b.yaml": NEW}


@pytest.mark.parametrize(
    "scratch", [{"new/": b""}, {**STAGED}, {**STAGED, "journal.draft": encode_journal(KILLED)[:30]}, {"old/0": OLD}]
)
def test_a_run_killed_before_its_journal_is_discarded(
    out: Path, plant: Plant, snapshot: Snapshot, scratch: dict[str, bytes]
) -> None:
    _leave(out, plant, scratch=scratch, tree=NOT_BEGUN)
    assert not is_half_written(out)
    assert recover(out) == Recovery(ApplyOutcome.DISCARDED)
    assert snapshot(out) == {"dev/": b"", **NOT_BEGUN}


@pytest.mark.parametrize(
    ("scratch", "tree"),
    [
        # The user put old files back, for instance with Git.
        ({"new/2": NEW, "old/0": OLD}, {"dev/a.yaml": OLD, "dev/n/b.yaml": NEW, "dev/c.yaml": OLD}),
        ({"old/0": OLD, "old/2": OLD}, {"dev/n/b.yaml": NEW, "dev/c.yaml": OLD}),
        ({"new/2": NEW}, {**NOT_BEGUN}),
        # Somebody's file stands where the next step leads.
        ({**STAGED}, {**NOT_BEGUN, "dev/a.yaml": b"mine"}),
        ({**STAGED}, {**NOT_BEGUN, "dev/c.yaml": b"mine"}),
        ({**STAGED}, {**NOT_BEGUN, "dev/n/b.yaml": b"mine"}),
        ({**STAGED}, {**NOT_BEGUN, "dev/n/b.yaml": OLD}),
        ({**STAGED}, {**NOT_BEGUN, "dev/c.yaml/": b""}),
        # The disk lost what it had promised to keep.
        ({**STAGED, "new/2": b""}, {**NOT_BEGUN}),
        ({"new/1/": b"", "new/2": NEW}, {**NOT_BEGUN}),
    ],
)
def test_what_no_killed_run_leaves_is_refused_and_not_touched(
    out: Path, plant: Plant, snapshot: Snapshot, scratch: dict[str, bytes], tree: dict[str, bytes]
) -> None:
    tree = {path: text for path, text in tree.items() if f"{path}/" not in tree}
    _leave(out, plant, scratch={"new/": b"", "old/": b"", **scratch, "journal": encode_journal(KILLED)}, tree=tree)
    before = snapshot(out)
    with pytest.raises(GeneratorError, match=r"is not as the run left it; nothing was touched") as caught:
        recover(out)
    assert snapshot(out) == before
    assert caught.value.subject == str(out / ".kservegen")
    assert f"Delete {out / '.kservegen'}" in caught.value.hint


def _sealed(body: bytes) -> bytes:
    return f"kservegen-journal 1 {sha256(body).hexdigest()}\n".encode() + body


@pytest.mark.parametrize(
    ("journal", "reason"),
    [
        (b"", "cut off, damaged"),
        (encode_journal(KILLED)[:-1], "cut off, damaged"),
        (os.urandom(4096), "cut off, damaged"),
        (b"[" * 1_000_000, "cut off, damaged"),
        (_sealed(b"remove ../victim.yaml\n"), "leaves the output folder"),
        (_sealed(b"remove /etc/passwd\n"), "leaves the output folder"),
        (_sealed(b"folder ../x\n"), "leaves the output folder"),
        (_sealed(f"create {DIGEST} ../x.yaml\n".encode()), "leaves the output folder"),
        (_sealed(b"remove dev/notes.txt\n"), r"dev/notes\.txt is not as the run left it"),
        (_sealed(f"replace {DIGEST} dev/notes.txt\n".encode()), r"dev/notes\.txt is not as the run left it"),
    ],
)
def test_a_hostile_journal_is_refused_and_nothing_is_touched(
    out: Path, plant: Plant, snapshot: Snapshot, journal: bytes, reason: str
) -> None:
    plant(out.parent, {"victim.yaml": OLD})
    scratch = {"new/0": NEW, "old/": b"", "journal": journal}
    _leave(out, plant, scratch=scratch, tree={"dev/notes.txt": b"mine"})
    before = snapshot(out.parent)
    with pytest.raises(GeneratorError, match=reason) as caught:
        recover(out)
    assert "nothing was touched" in caught.value.message
    assert f"Delete {out / '.kservegen'}" in caught.value.hint
    assert snapshot(out.parent) == before
    with pytest.raises(GeneratorError, match="an earlier run was killed halfway"):
        apply(out, Changes(write={"dev/a.yaml": NEW}))
    assert snapshot(out.parent) == before


@pytest.mark.parametrize("link", [".kservegen", ".kservegen/journal", ".kservegen/new", ".kservegen/old"])
def test_a_scratch_folder_with_links_is_refused(out: Path, plant: Plant, snapshot: Snapshot, link: str) -> None:
    """Whoever can commit to the repository can commit such links."""
    inside = {"journal": encode_journal(KILLED), "new/1": NEW, "new/2": NEW, "old/0": OLD}
    plant(out.parent / "elsewhere", inside)
    _leave(out, plant, scratch={"new/": b"", "old/": b""}, tree=NOT_BEGUN)
    if link != ".kservegen":
        (out / ".kservegen/journal").write_bytes(encode_journal(KILLED))
    target = out / link
    if target.is_dir():
        for path in sorted(target.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        target.rmdir()
    else:
        target.unlink()
    target.symlink_to(out.parent / "elsewhere" / link.removeprefix(".kservegen").removeprefix("/"))
    before = snapshot(out.parent)
    with pytest.raises(GeneratorError):
        recover(out)
    assert snapshot(out.parent) == before


def test_what_a_killed_run_left_is_no_obstacle_even_without_recovery(
    out: Path, plant: Plant, snapshot: Snapshot
) -> None:
    _leave(out, plant, scratch={"new/0": b"half", "old/0": OLD, "journal.draft": b"half"}, tree={})
    apply(out, Changes(write={"dev/a.yaml": NEW}))
    assert snapshot(out) == {"dev/": b"", "dev/a.yaml": NEW}


def test_what_is_not_ours_in_the_scratch_folder_stays(out: Path, plant: Plant) -> None:
    _leave(out, plant, scratch={"diary.txt": b"mine", "new/0": NEW}, tree=NOT_BEGUN)
    with pytest.raises(GeneratorError, match="Directory not empty"):
        recover(out)
    assert (out / ".kservegen/diary.txt").read_bytes() == b"mine"


def test_there_is_nothing_to_recover_where_nothing_is(out: Path, plant: Plant) -> None:
    assert recover(out) is None
    plant(out, NOT_BEGUN)
    assert recover(out) is None


def test_git_never_sees_the_scratch_folder(out: Path, plant: Plant) -> None:
    try:
        subprocess.run(["git", "init", "--quiet", str(out.parent)], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs git")
    _leave(out, plant, scratch={"new/0": b"x"}, tree={})
    status = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all"], cwd=out.parent, check=True, capture_output=True
    )
    assert status.stdout == b""
