"""The list of what a run is about to do, as text that survives the run, and its strict reader.

Lines, the first with a checksum of the rest (so that a cut-off journal shows):

    kservegen-journal 1 <sha256>
    folder dev/models/team-a
    remove dev/models/team-b/inferenceservice-iris.yaml
    create <sha256> dev/models/team-a/inferenceservice-iris.yaml
    replace <sha256> dev/README.md
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct

from kservegen.core.patterns import lazy_pattern
from kservegen.render.output.paths import is_confined, is_confined_folder, parents

_FORMAT = "kservegen-journal 1"
_DIGEST = lazy_pattern(r"[0-9a-f]{64}")


class StepKind(StrEnum):
    """What a step does to its path."""

    REMOVE = "remove"
    CREATE = "create"
    REPLACE = "replace"


_KINDS = {kind.value: kind for kind in StepKind}


class JournalStep(Struct, frozen=True):
    """One change; `digest` (SHA-256, hex) is the new content's, empty where there is none."""

    kind: StepKind
    path: str
    digest: str = ""


class Journal(Struct, frozen=True):
    """What a run does: the folders it makes, outer ones first, then its steps in order."""

    folders: tuple[str, ...]
    steps: tuple[JournalStep, ...]


def encode_journal(journal: Journal) -> bytes:
    """Write a journal as text."""
    body = "".join(_lines(journal)).encode()
    return f"{_FORMAT} {sha256(body).hexdigest()}\n".encode() + body


def _lines(journal: Journal) -> Iterator[str]:
    yield from (f"folder {folder}\n" for folder in journal.folders)
    for step in journal.steps:
        yield f"{step.kind} {step.digest} {step.path}\n" if step.digest else f"{step.kind} {step.path}\n"


def decode_journal(text: bytes) -> Journal:
    """Read a journal; whatever kservegen would not have written is a `ValueError` that says why."""
    head, _, body = text.partition(b"\n")
    if head != f"{_FORMAT} {sha256(body).hexdigest()}".encode():
        raise ValueError("it is cut off, damaged, or of another version")
    try:
        lines = body.decode().split("\n")[:-1]
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    words = [line.partition(" ") for line in lines]
    folders = tuple(_folder(rest) for word, _, rest in words if word == "folder")
    steps = tuple(_step(word, rest) for word, _, rest in words if word != "folder")
    _check_no_overlap(steps)
    return Journal(folders, steps)


def _folder(path: str) -> str:
    if not is_confined_folder(path):
        raise ValueError(f"the folder {path!r} leaves the output folder")
    return path


def _step(word: str, rest: str) -> JournalStep:
    kind = _KINDS.get(word)
    if kind is None:
        raise ValueError(f"it asks for {word!r}, which is none of {', '.join(_KINDS)}")
    digest, _, path = ("", "", rest) if kind is StepKind.REMOVE else rest.partition(" ")
    if kind is not StepKind.REMOVE and not _DIGEST.fullmatch(digest):
        raise ValueError(f"no SHA-256 stands before {rest!r}")
    if not is_confined(path):
        raise ValueError(f"the path {path!r} leaves the output folder")
    return JournalStep(kind, path, digest)


def _check_no_overlap(steps: tuple[JournalStep, ...]) -> None:
    paths = {step.path for step in steps}
    if len(paths) != len(steps):
        raise ValueError("it names a path twice")
    if any(folder in paths for path in paths for folder in parents(path)):
        raise ValueError("it names a path both as a file and as a folder")
