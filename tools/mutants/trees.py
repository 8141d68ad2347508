"""Checkouts of their own, in which a mutant stands while its tests run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.mutants.changes import Mutant

ROOT = Path(__file__).parents[2]
# A change that never ends is caught by this.
_LONGEST = 200


def copy(place: Path) -> Path:
    """Copy what the checkout has at present, committed or not."""
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", "--shared", ROOT, place], check=True)
    listing = ["git", "ls-files", "--modified", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
        else:
            (place / name).unlink(missing_ok=True)
    return place


def pytest_in(
    tree: Path, words: Sequence[str], *, more: Mapping[str, str] | None = None, longest: int | None = _LONGEST
) -> int:
    """Run pytest on a copy; return its exit code, 1 where it had to be stopped."""
    environment = {**os.environ, "PYTHONPATH": str(tree / "generator"), **(more or {})}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    with subprocess.Popen(
        command,
        cwd=tree,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        try:
            return running.wait(longest)
        except subprocess.TimeoutExpired:
            return 1
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)


def is_caught(tree: Path, file: str, mutant: Mutant, tests: Sequence[str], mark: int) -> bool:
    """Put a changed module in place and run tests until one fails; `mark` is different for each change of a module.

    Python takes a compiled module for current by the second of its time and by its length, so each change has a time of
    its own.
    """
    path = tree / file
    original, times = path.read_bytes(), path.stat()
    arguments = tree / ".tests"
    arguments.write_text("\n".join(tests), encoding="utf-8")
    try:
        path.write_text(mutant.applied(original.decode()), encoding="utf-8")
        os.utime(path, (mark, mark))
        return pytest_in(tree, ["-x", "-p", "no:xdist", f"@{arguments}"]) == 1
    finally:
        path.write_bytes(original)
        os.utime(path, (times.st_atime, times.st_mtime))
