"""Output folders for tests: planted from a mapping, read back as one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Plant = Callable[[Path, Mapping[str, bytes]], None]
Snapshot = Callable[[Path], dict[str, bytes]]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Name an output folder that is not there yet."""
    return tmp_path / "rendered"


@pytest.fixture(scope="session")
def plant() -> Plant:
    """Write files below a folder; a path that ends in a slash is an empty folder."""

    def write(folder: Path, files: Mapping[str, bytes]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            target = folder / path
            if path.endswith("/"):
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    return write


@pytest.fixture(scope="session")
def snapshot() -> Snapshot:
    """Read everything below a folder: contents of files, targets of links, folders with a slash at the end."""

    def read(folder: Path) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for top, folders, files in os.walk(folder):
            for name in (*folders, *files):
                path = Path(top, name)
                key = path.relative_to(folder).as_posix()
                if path.is_symlink():
                    found[key] = b"-> " + os.fsencode(path.readlink())
                elif path.is_dir():
                    found[f"{key}/"] = b""
                else:
                    found[key] = path.read_bytes()
        return dict(sorted(found.items()))

    return read
