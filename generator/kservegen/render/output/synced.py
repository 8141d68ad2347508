"""The folder of an environment in; every file there that a GitOps engine would look at out, and whose it is.

Both engines read more than `scan` lists: Flux builds from every `.yaml` and `.yml` below a folder, hidden ones
included (fluxcd/pkg kustomize, `scanManifests`); Argo CD reads `.yaml`, `.yml`, `.json` and `.jsonnet`, and looks for
files that turn a folder of manifests into something else (argo-cd util/app/discovery, reposerver/repository).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import Enum
from hashlib import sha256
from operator import attrgetter
from pathlib import Path
from typing import Final

from msgspec import Struct

from kservegen.core import disk
from kservegen.core.errors import GeneratorError
from kservegen.formats.yaml.text import LARGEST_FILE
from kservegen.render.output.files import read_file
from kservegen.render.output.ownership import HEAD_SIZE, is_ours

_MANIFESTS: Final = (".yaml", ".yml", ".json", ".jsonnet", ".libsonnet")
# Flux leaves out what it names, in its folder and below (fluxcd/pkg sourceignore, `LoadIgnorePatterns`).
SOURCE_IGNORE: Final = ".sourceignore"
# Files that say what becomes of all others beside or below them: kustomize's, Helm's, kpt's, Argo CD's and Flux's.
_STEERING: Final = frozenset(
    {
        "kustomization",
        "kustomization.yaml",
        "kustomization.yml",
        "chart.yaml",
        ".argocd-source.yaml",
        SOURCE_IGNORE,
        ".krmignore",
    }
)


class FileNature(Enum):
    """What a file is to an engine, and to us."""

    MARKED = 1  # its first line says that we rendered it
    MANIFEST = 2  # somebody else's manifest
    STEERING = 3  # changes what an engine makes of the files around it
    LINK = 4  # leads to what may be anything


class SyncedFile(Struct, frozen=True):
    """A file that an engine looks at; `path` is relative to the environment's folder.

    `digest` is that of what a file with our mark holds: no other content has it. Blank where none was wanted, or for a
    file that is too large.
    """

    path: str
    nature: FileNature
    digest: bytes = b""

    def holds(self, content: bytes) -> bool:
        """Whether the file, which has our mark, held just this when it was listed."""
        return self.digest == _digest(content)


def is_steering(name: str) -> bool:
    """Whether a file of this name changes what an engine makes of its neighbours; file systems may ignore case."""
    name = name.casefold()
    return name in _STEERING or (name.startswith(".argocd-source") and name.endswith(".yaml"))


def is_read(path: str) -> bool:
    """Whether an engine looks at a file of this path."""
    return is_steering(path.rpartition("/")[2]) or path.casefold().endswith(_MANIFESTS)


def synced_files(folder: Path, *, digests: bool = True) -> tuple[SyncedFile, ...]:
    """List what an engine looks at below a folder, in the order of paths; nothing where there is no folder.

    Without `digests` heads of files are read, and nothing can be compared with what they hold. No link is followed.
    Raises GeneratorError where a folder cannot be listed.
    """
    if folder.is_symlink() or not folder.is_dir():
        return ()
    try:
        return tuple(sorted(_walk(str(folder), "", digests=digests), key=attrgetter("path")))
    except OSError as error:
        raise GeneratorError(
            f"cannot be listed: {error.strerror}",
            subject=str(error.filename or folder),
            hint="Make the folder readable for the user who runs kservegen.",
        ) from error


def _walk(top: str, inside: str, *, digests: bool) -> Iterator[SyncedFile]:
    with os.scandir(f"{top}/{inside}") as entries:
        listed = list(entries)
    for entry in listed:
        path = f"{inside}{entry.name}"
        if entry.is_symlink():
            yield SyncedFile(path, FileNature.LINK)
        elif entry.is_dir():
            if entry.name != ".git":
                yield from _walk(top, f"{path}/", digests=digests)
        elif is_steering(entry.name):
            yield SyncedFile(path, FileNature.STEERING)
        elif entry.name.casefold().endswith(_MANIFESTS):
            digest = _digest_of_ours(top, path, digests=digests)
            yield SyncedFile(path, FileNature.MANIFEST if digest is None else FileNature.MARKED, digest or b"")


def _digest_of_ours(top: str, path: str, *, digests: bool) -> bytes | None:
    """Read a file that we may have written; None for what is not ours: we hide none, and write YAML alone.

    Blank where no digest is wanted, or the file is too large.
    """
    if not path.endswith(".yaml") or path.startswith(".") or "/." in path:
        return None
    try:
        handle = disk.open_file(f"{top}/{path}", disk.READ)
    except OSError:
        return None
    try:
        size = disk.fstat(handle).st_size if digests else 0
        is_whole = digests and size <= LARGEST_FILE
        content = read_file(handle, size if is_whole else HEAD_SIZE)
    finally:
        disk.close_handle(handle)
    if not is_ours(content, path):
        return None
    return _digest(content) if is_whole else b""


def _digest(content: bytes) -> bytes:
    return sha256(content).digest()
