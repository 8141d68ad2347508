"""A folder with the sources in; their wheel out, the same bytes each time that it is built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command; its output is shown where it fails."""
    where = {**os.environ, **environment}
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=where, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} exited {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def build_wheel(source: Path, to: Path, **environment: str) -> Path:
    """Build the wheel of a folder into another, and return it."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", to, cwd=source, **environment)
    (wheel,) = to.glob("*.whl")
    return wheel


def build_twice(source: Path, to: Path) -> Path:
    """Build the wheel of a folder, and of a copy in unlike surroundings; exits where the two differ."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = build_wheel(source, folder / "first", TZ="UTC", LC_ALL="C.UTF-8")
        before = os.umask(0o077)
        copy = copied(source, folder / "another folder")
        odd = {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "4711", "HOME": name}
        second = build_wheel(copy, folder / "second", **odd)
        os.umask(before)
        content = first.read_bytes()
        if content != second.read_bytes():
            sys.exit("the wheel is another one each time that it is built")
        to.mkdir(parents=True, exist_ok=True)
        (to / first.name).write_bytes(content)
    return to / first.name


def copied(source: Path, to: Path) -> Path:
    """Copy what a wheel is made of, as files that were never here before."""
    told = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))
    folders = told["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    for item in reversed([*folders, "pyproject.toml"]):
        (to / item).parent.mkdir(parents=True, exist_ok=True)
        if (source / item).is_dir():
            shutil.copytree(source / item, to / item, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(source / item, to / item)
    return to


def export(commit: str, folder: Path) -> Path:
    """Write the files of a commit into a new folder."""
    folder.mkdir()
    archive = folder.parent / f"{folder.name}.tar"
    run("git", "archive", "--output", archive, commit, cwd=ROOT)
    run("tar", "--extract", "--file", archive, "--directory", folder, cwd=ROOT)
    return folder
