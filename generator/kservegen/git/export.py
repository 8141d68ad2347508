"""Files of a commit in; the same files in a folder that is there for a while out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from kservegen.git.process import Git
from kservegen.git.tree import Blob, read


@contextmanager
def exported(git: Git, blobs: Mapping[str, Blob]) -> Iterator[Path]:
    """Write plain files of a commit, by path, to a folder of their own, and remove it at the end.

    Links and submodules are left out, and so is a path that would lead out of the folder.
    """
    wanted = {path: blob for path, blob in blobs.items() if blob.is_file and _stays_inside(path)}
    contents = read(git, (blob.name for blob in wanted.values()))
    with tempfile.TemporaryDirectory(prefix="kservegen-") as folder:
        for path, blob in wanted.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(contents[blob.name])
        yield Path(folder)


def _stays_inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in PurePosixPath(path).parts
