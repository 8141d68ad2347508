"""Paths and a revision in; the files of manifests that stood there before the change out, called as they are now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from kservegen.changes.bases import open_commit
from kservegen.checks.manifests.files import ManifestFile, find_files
from kservegen.checks.manifests.inputs import find_inputs
from kservegen.git.process import Git, open_git
from kservegen.git.tree import Blob, exported, files

_SUFFIXES: Final = (".yaml", ".yml", ".json")


@contextmanager
def manifests_at(revision: str, path: Path) -> Iterator[list[ManifestFile]]:
    """List what a path held in the commit where `revision` and HEAD part, as pull requests do; links are left out.

    It is looked up in the work tree that it lies in. GeneratorError where that is none, or git does not know the
    revision.
    """
    folder = path if path.is_dir() else path.parent
    git = open_git(folder)
    commit = open_commit(git, revision).commit
    with exported(git, _blobs(git, commit, "" if folder == path else path.name)) as root:
        found = [file for argument in find_files([root]) for file in argument.files]
        left_out, _ = find_inputs(found)
        yield [
            file._replace(name=_name(folder, file.path.relative_to(root)))
            for file in found
            if file.path not in left_out
        ]


def _blobs(git: Git, commit: str, name: str) -> dict[str, Blob]:
    held = files(git, commit, "")
    if name:
        return {name: held[name]} if name in held else {}
    return {path: blob for path, blob in held.items() if path.endswith(_SUFFIXES)}


def _name(folder: Path, relative: Path) -> str:
    return (PurePosixPath(folder.as_posix()) / relative.as_posix()).as_posix()
