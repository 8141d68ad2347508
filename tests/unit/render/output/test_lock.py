"""One process at a time changes the output folder; a dead one holds nothing."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import kservegen
from kservegen.core.errors import GeneratorError
from kservegen.render.output.apply import apply, lock, recover
from kservegen.render.output.changes import Changes
from kservegen.render.output.ownership import stamp

HOLD = """
import errno, fcntl, sys
from pathlib import Path
from kservegen.render.output.apply import lock
if "no-folders" in sys.argv:
    import os, stat
    real = fcntl.flock
    def flock(handle, how):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EBADF, "Bad file descriptor")
        real(handle, how)
    fcntl.flock = flock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def _holder(out: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(Path(kservegen.__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out), *options],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def _no_locks_on_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do as NFS does."""
    real = fcntl.flock

    def flock(handle: int, how: int) -> None:
        if Path(f"/dev/fd/{handle}").is_dir():
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)


def test_a_second_process_is_told_who_holds_it(out: Path) -> None:
    with _holder(out) as holder:
        with pytest.raises(GeneratorError, match="the output folder is being written by") as caught, lock(out):
            pass
        assert caught.value.subject == str(out)
        if Path("/proc/locks").exists():
            assert f"process {holder.pid}" in caught.value.message
        assert holder.stdin is not None
        holder.stdin.close()
        holder.wait()
        with lock(out):
            pass


def test_a_killed_holder_blocks_nobody(out: Path) -> None:
    with _holder(out) as holder:
        holder.kill()
        holder.wait()
        with lock(out):
            apply(out, Changes(write={"dev/a.yaml": stamp("dev/a.yaml", "x")}))
    assert (out / "dev/a.yaml").exists()


RENDER = """
import sys
from pathlib import Path
from kservegen.core.errors import GeneratorError
from kservegen.render.output.apply import apply, lock, recover
from kservegen.render.output.changes import compare_files
from kservegen.render.output.existing import scan
from kservegen.render.output.ownership import stamp
out, word = Path(sys.argv[1]), sys.argv[2]
paths = [f"dev/{number}.yaml" for number in range(200)]
print("ready", flush=True)
sys.stdin.readline()
try:
    with lock(out):
        recover(out)
        apply(out, compare_files({path: stamp(path, word) for path in paths}, scan(out, None)))
except GeneratorError as error:
    sys.exit(f"{error}")
"""


def test_of_several_at_once_each_writes_all_or_is_told_to_wait(out: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(kservegen.__file__).parents[1])}
    words = ("one", "two", "three")
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", RENDER, str(out), word],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )
        for word in words
    ]  # fmt: skip
    for run in runs:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("\n")
        run.stdin.flush()
    said = [run.communicate(timeout=60)[1] for run in runs]
    assert all("the output folder is being written by" in text for text in said if text)
    winners = [word for word, text in zip(words, said, strict=True) if not text]
    bodies = {path.read_text().splitlines()[1] for path in out.rglob("*.yaml")}
    assert winners
    assert len(bodies) == 1
    assert bodies <= set(winners)
    assert len(list((out / "dev").iterdir())) == 200


def test_the_same_process_cannot_take_it_twice(out: Path) -> None:
    with lock(out), pytest.raises(GeneratorError, match=f"process {os.getpid()}|another process"), lock(out):
        pass


def test_nothing_is_left_of_a_run_that_wrote_nothing(out: Path) -> None:
    with lock(out):
        assert out.is_dir()
        assert list(out.iterdir()) == []
    assert not out.exists()


def test_a_folder_that_was_there_stays(out: Path) -> None:
    out.mkdir()
    with lock(out):
        pass
    assert list(out.iterdir()) == []


def test_missing_parents_are_made(tmp_path: Path) -> None:
    out = tmp_path / "build" / "gitops" / "rendered"
    with lock(out):
        apply(out, Changes(write={"dev/a.yaml": stamp("dev/a.yaml", "x")}))
    assert (out / "dev/a.yaml").exists()


@pytest.mark.parametrize("target", ["elsewhere", "nowhere"])
def test_a_link_in_its_place_is_refused(out: Path, target: str) -> None:
    (out.parent / "elsewhere").mkdir()
    out.symlink_to(target)
    with pytest.raises(GeneratorError, match="the output folder is a symbolic link"), lock(out):
        pass
    assert list((out.parent / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("path", ["file", "file/below"])
def test_a_file_in_its_place_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(GeneratorError, match=r"is a file|Not a directory"), lock(tmp_path / path):
        pass


def test_a_folder_that_is_replaced_while_it_is_locked_is_locked_again(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out.mkdir()
    real, moves = fcntl.flock, iter([out.with_name("moved-1"), out.with_name("moved-2")])

    def flock(handle: int, how: int) -> None:
        target = next(moves, None)
        if target is not None:
            out.rename(target)
            out.mkdir()
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with lock(out):
        monkeypatch.undo()
        with pytest.raises(GeneratorError, match="being written"), lock(out):
            pass


def test_where_folders_cannot_be_locked_a_hidden_file_is(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _holder(out, "no-folders") as holder:
        _no_locks_on_folders(monkeypatch)
        with pytest.raises(GeneratorError, match="being written"), lock(out):
            pass
        holder.kill()
        holder.wait()
        with lock(out):
            assert recover(out) is None
            apply(out, Changes(write={"dev/a.yaml": stamp("dev/a.yaml", "x")}))
            with pytest.raises(GeneratorError, match="being written"), lock(out):
                pass
    assert {path.name: path.read_bytes() for path in (out / ".kservegen").iterdir()} == {
        ".gitignore": b"*\n",
        "lock": b"",
    }


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="the system does not list open descriptors")
@pytest.mark.parametrize("folders", [True, False])
def test_no_descriptor_is_left_open(out: Path, monkeypatch: pytest.MonkeyPatch, folders: bool) -> None:
    def descriptors() -> list[str]:
        return sorted(path.name for path in Path("/dev/fd").iterdir())

    if not folders:
        _no_locks_on_folders(monkeypatch)
    before = descriptors()
    for _ in range(3):
        with lock(out):
            taken = descriptors()
            with pytest.raises(GeneratorError, match="being written"), lock(out):
                pass
            assert descriptors() == taken, "of the second, that was told to wait"
            (out / "dev").mkdir(exist_ok=True)
        assert descriptors() == before


def test_what_the_system_refuses_is_said(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_handle: int, _how: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(GeneratorError, match="the output folder cannot be locked: Input/output error"), lock(out):
        pass
