"""Killed or refused at any call, a run leaves the old tree or the new one, and the next run goes on from there."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

import kservegen
from kservegen.core import disk as disk_module
from kservegen.render.output import apply as package_module
from kservegen.render.output.ownership import stamp

CRASH = Path(__file__).with_name("crash.py")
# A killed process leaves the same behind on any filesystem; in memory, thousands of flushes wait for nobody's disk.
MEMORY = next((path for path in ("/dev/shm",) if os.access(path, os.W_OK)), None)  # noqa: S108
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join((str(Path(kservegen.__file__).parents[1]), str(Path.cwd())))}


def _ours(**bodies: str) -> dict[str, str]:
    return {path: stamp(path, body).decode() for path, body in bodies.items()}


OLD = {
    **_ours(
        **{
            "dev/README.md": "old readme\n",
            "dev/models/a/kept.yaml": "kept\n",
            "dev/models/a/one.yaml": "old one\n",
            "dev/models/a/two.yaml": "old two\n",
            "dev/models/b/three.yaml": "old three\n",
            "prod/README.md": "prod\n",
        }
    ),
    "dev/models/a/notes.txt": "somebody's notes\n",
}
WRITE = _ours(
    **{
        "dev/README.md": "new readme\n",
        "dev/models/a/one.yaml": "new one\n",
        "dev/models/c/d/four.yaml": "new four\n",
        "dev/sync/five.yaml": "new five\n",
    }
)
REMOVE = ("dev/models/a/two.yaml", "dev/models/b/three.yaml")
NEW = {path: text for path, text in {**OLD, **WRITE}.items() if path not in REMOVE}


def _with_folders(files: Mapping[str, str]) -> dict[str, str]:
    folders = {str(folder): "folder" for path in files for folder in Path(path).parents if str(folder) != "."}
    return {**folders, **files}


def _files(tree: Mapping[str, str]) -> dict[str, str]:
    """Leave the folders out: an empty one that could not be removed does no harm."""
    return {path: text for path, text in tree.items() if text != "folder"}


OLD_TREE, NEW_TREE = _with_folders(OLD), _with_folders(NEW)


def _run(mode: str, plant: Callable[[Path, Mapping[str, bytes]], None]) -> list[dict[str, Any]]:
    changes = json.dumps({"write": WRITE, "remove": REMOVE})
    with tempfile.TemporaryDirectory(dir=MEMORY) as place:
        seed = Path(place) / "seed"
        plant(seed, {path: text.encode() for path, text in OLD.items()})
        done = subprocess.run(
            [sys.executable, str(CRASH), mode, str(seed), changes],
            capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=120,
        )  # fmt: skip
    assert done.stderr == ""
    assert done.returncode == 0
    runs: list[dict[str, Any]] = json.loads(done.stdout)
    return runs


@pytest.mark.parametrize("mode", ["kill", "kill-many"])
def test_killed_at_any_call_the_next_run_finds_all_or_nothing(
    mode: str, plant: Callable[[Path, Mapping[str, bytes]], None]
) -> None:
    *killed, last = _run(mode, plant)
    assert {run["exit"] for run in killed} == {-9}
    assert (last["exit"], last["after"]) == (0, NEW_TREE)
    for run in killed:
        assert run["half"] or run["after"] in (OLD_TREE, NEW_TREE), run
        assert run["recovered"] in (OLD_TREE, NEW_TREE), run
        assert not run["scratch"], run
        assert run["converged"] == NEW_TREE, run
    # The points lie everywhere: before the journal, while the tree is half changed, after the journal.
    assert [how for how, _ in groupby(run["recovery"] for run in killed)] == [
        "None", "discarded", "completed", "discarded", "None"
    ]  # fmt: skip
    assert sum(run["after"] not in (OLD_TREE, NEW_TREE) for run in killed) >= 10


def test_a_recovery_that_is_killed_is_recovered_too(plant: Callable[[Path, Mapping[str, bytes]], None]) -> None:
    chains = [tree for run in _run("kill-recovery", plant) for tree in run["chains"]]
    assert len(chains) > 200
    assert all(tree in (OLD_TREE, NEW_TREE) for tree in chains)


@pytest.mark.parametrize("mode", ["fail", "fail-many"])
def test_refused_once_the_old_tree_is_back_at_once(
    mode: str, plant: Callable[[Path, Mapping[str, bytes]], None]
) -> None:
    runs = _run(mode, plant)
    for run in runs:
        assert run["exit"] in (0, 2), run
        assert run["after"] == OLD_TREE if run["exit"] else _files(run["after"]) == NEW, run
        assert not run["half"], run
        assert _files(run["converged"]) == NEW, run
    refused = [run["note"] for run in runs if run["exit"]]
    assert len(refused) >= 35
    assert all("No space left on device" in note and "Free some space" in note for note in refused)


def test_refused_for_good_the_next_run_completes_or_undoes(plant: Callable[[Path, Mapping[str, bytes]], None]) -> None:
    runs = _run("fail-on", plant)
    for run in runs:
        assert run["exit"] in (0, 2), run
        assert run["half"] or _files(run["after"]) in (OLD, NEW), run
        assert ("half-written" in run["note"]) == (run["half"] and run["exit"] == 2), run
        assert run["recovery_exit"] == 0, run
        assert _files(run["recovered"]) in (OLD, NEW), run
        assert _files(run["converged"]) == NEW, run
    assert any(run["half"] for run in runs)


def test_an_output_folder_that_vanishes_is_an_error_and_the_next_run_writes_it_anew(
    plant: Callable[[Path, Mapping[str, bytes]], None],
) -> None:
    ours = {path: text for path, text in NEW_TREE.items() if path != "dev/models/a/notes.txt"}
    runs = _run("vanish", plant)
    for run in runs:
        assert run["exit"] in (0, 2), run
        assert run["converged"] in (ours, NEW_TREE), run
    assert sum(run["exit"] == 2 for run in runs) >= 30


def test_every_call_that_changes_the_disk_is_a_point() -> None:
    """The proof above is complete only if the package changes the disk through the counted calls alone."""
    counted = {"open", "write", "fsync", "sync", "mkdir", "rename", "unlink", "rmdir"}
    harmless = {"close", "dup", "fstat", "lstat", "read", "pread", "scandir", "strerror", "fsdecode", "major", "minor"}
    harmless |= {"replace"}  # of the stand-ins for systems without folders by handle
    of_editing = {"fchmod"}
    folder = Path(str(package_module.__file__)).parent
    used = set()
    for file in (*folder.glob("*.py"), Path(disk_module.__file__)):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("os."):
                used.add(ast.unparse(node.func).removeprefix("os."))
            assert not (isinstance(node, ast.Name) and node.id in ("open", "shutil")), file
    assert used - counted <= harmless | of_editing | {"path.lexists", "path.samestat"}
    assert counted <= used


def test_a_limit_on_file_sizes_changes_nothing(
    tmp_path: Path, plant: Callable[[Path, Mapping[str, bytes]], None], snapshot: Callable[[Path], dict[str, bytes]]
) -> None:
    out = tmp_path / "rendered"
    plant(out, {"dev/a.yaml": stamp("dev/a.yaml", "old")})
    before = snapshot(out)
    done = subprocess.run(
        [sys.executable, str(CRASH), "limited", str(out)], capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert (done.returncode, done.stderr) == (2, "")
    assert "no file was changed: File too large" in done.stdout
    assert snapshot(out) == before


def test_a_really_full_filesystem_changes_nothing(tmp_path: Path) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare to mount a small filesystem")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=256k none '{disk}'"
    if subprocess.run(["unshare", "-Urm", "sh", "-c", mount], capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small filesystem here")
    script = f"{mount} && mkdir '{disk}/rendered' && exec '{sys.executable}' '{CRASH}' full '{disk}/rendered'"
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script], capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert done.stderr == ""
    large, small, read_only = done.stdout.splitlines()
    assert "no file was changed: No space left on device" in json.loads(large)["said"]
    assert [text.endswith("old") for text in json.loads(large)["tree"].values()] == [False, True, True, True]
    assert json.loads(small)["said"] == "written"
    assert [text.endswith("new") for text in json.loads(small)["tree"].values()] == [False, True, True, True]
    assert done.returncode == 2
    assert "Read-only file system" in read_only
    assert "mounted read-only" in read_only
