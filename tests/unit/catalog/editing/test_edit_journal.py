"""Files replaced together: all of them, or none, wherever it breaks off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

import kservegen
from kservegen.catalog.editing.journal import recover_edit, replace_files
from kservegen.core.errors import GeneratorError

BEFORE = {"a.yaml": b"a: 1\n", "in/b.yaml": b"b: 1\n"}
AFTER = {"a.yaml": b"a: 2\n", "in/new.yaml": b"c: 1\n", "in/b.yaml": b"b: 2\n"}
# A killed process leaves the same behind on any filesystem; in memory, flushes wait for nobody's disk.
MEMORY = next((path for path in ("/dev/shm",) if os.access(path, os.W_OK)), None)  # noqa: S108
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join((str(Path(kservegen.__file__).parents[1]), str(Path.cwd())))}


def plant(root: Path) -> None:
    (root / "in").mkdir(parents=True)
    for name, content in BEFORE.items():
        (root / name).write_bytes(content)


def held(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("mode", ["kill", "kill-recovery", "fail", "fail-on"])
def test_all_or_nothing_at_every_call(mode: str) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as place:
        words = [sys.executable, str(Path(__file__).with_name("break_edit.py")), mode, place]
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert done.stderr == ""
    runs: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(runs) > 40
    old, new = ({name: text.decode() for name, text in files.items()} for files in (BEFORE, {**BEFORE, **AFTER}))
    for run in runs:
        assert set(run["after"].items()) <= set(old.items()) | set(new.items()), run
        assert run["recovered"] in (old, new), run
        assert run["left"] == [], run
        if run["exit"] == 0:
            assert run["recovered"] == new, run
        if run["exit"] == 2:
            assert ("as they were" in run["note"]) == (run["after"] == old) or mode == "fail-on", run
            assert run["recovered"] == old, run
        assert run["exit"] in ({0, 2} if mode.startswith("fail") else {0, -signal.SIGKILL}), run
    assert {run["recovered"] == new for run in runs} == {True, False}


def test_what_was_changed_since_stays(tmp_path: Path) -> None:
    plant(tmp_path)
    leave(tmp_path)
    (tmp_path / "a.yaml").write_bytes(b"a: mine\n")
    assert recover_edit(tmp_path) == ("in/new.yaml",)
    assert held(tmp_path) == {**BEFORE, "a.yaml": b"a: mine\n"}


def leave(root: Path) -> None:
    """Leave what a process leaves that is killed before it replaces the last of the files."""
    script = Path(__file__).with_name("break_edit.py")
    subprocess.run([sys.executable, str(script), "leave", str(root)], check=True, env=ENVIRONMENT)
    assert (root / "a.yaml").read_bytes() == AFTER["a.yaml"]
    assert (root / "in/b.yaml").read_bytes() == BEFORE["in/b.yaml"]


def test_a_journal_that_a_commit_brought_is_none(tmp_path: Path) -> None:
    plant(tmp_path)
    leave(tmp_path)
    (tmp_path / ".kservegen/journal").chmod(0o644)  # as git checks it out
    assert recover_edit(tmp_path) == ()
    assert held(tmp_path) == {**BEFORE, "a.yaml": AFTER["a.yaml"], "in/new.yaml": AFTER["in/new.yaml"]}


def test_a_scratch_folder_that_leads_out_is_refused(tmp_path: Path) -> None:
    plant(tmp_path / "r")
    (tmp_path / "r/.kservegen").symlink_to(tmp_path)
    with pytest.raises(GeneratorError, match="leads out of the repository"):
        replace_files(tmp_path / "r", BEFORE, AFTER)
    assert (tmp_path / "r/a.yaml").read_bytes() == BEFORE["a.yaml"]


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    plant(tmp_path)
    with pytest.raises(GeneratorError, match="changed meanwhile"):
        replace_files(tmp_path, {**BEFORE, "in/b.yaml": b"b: 0\n"}, AFTER)
    assert held(tmp_path) == BEFORE


def test_rights_are_kept_and_links_inside_are_followed(tmp_path: Path) -> None:
    plant(tmp_path)
    (tmp_path / "a.yaml").chmod(0o600)
    (tmp_path / "link.yaml").symlink_to("a.yaml")
    replace_files(tmp_path, {"link.yaml": b"a: 1\n"}, {"link.yaml": b"a: 2\n"})
    assert (tmp_path / "link.yaml").is_symlink()
    assert (tmp_path / "a.yaml").read_bytes() == b"a: 2\n"
    assert (tmp_path / "a.yaml").stat().st_mode & 0o777 == 0o600


def test_a_name_that_no_file_can_have_leaves_all_as_they_were(tmp_path: Path) -> None:
    plant(tmp_path)
    with pytest.raises(GeneratorError, match="as they were: File name too long"):
        replace_files(tmp_path, BEFORE, {**AFTER, f"in/{'n' * 300}.yaml": b"d: 1\n"})
    assert held(tmp_path) == BEFORE
    assert recover_edit(tmp_path) == ()


def test_a_journal_with_a_name_that_no_file_can_have_is_put_back(tmp_path: Path) -> None:
    plant(tmp_path)
    leave(tmp_path)
    journal = tmp_path / ".kservegen/journal"
    steps = [*json.loads(journal.read_bytes()), {"file": f"in/{'n' * 300}.yaml", "digest": "", "was_there": False}]
    journal.unlink()
    journal.write_text(json.dumps(steps), "utf-8")
    journal.chmod(0o400)
    assert recover_edit(tmp_path) == ("a.yaml", "in/new.yaml")
    assert held(tmp_path) == BEFORE
