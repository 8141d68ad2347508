"""An edit of several files in; all of them new, or all as they were, out: whatever fails, and whenever it is killed.

New contents and copies of the old ones lie in `.kservegen` at the root, hidden from git, beside a journal of what they
are. They are there before the first file is replaced and until after the last. What a killed edit left is put back by
the next command that writes; a file that somebody has changed since stays as it is.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from kservegen.core import disk
from kservegen.core.confined import LEADS_OUT, LEADS_OUT_HINT, leads_out
from kservegen.core.document import mapping, sequence, text
from kservegen.core.errors import GeneratorError

_SCRATCH: Final = ".kservegen"
_JOURNAL: Final = "journal"
_DRAFT: Final = "journal.draft"
_LOCK: Final = "lock"
_NEW_FILE: Final = 0o644
# Git gives every file that it checks out to be written by its owner: a journal that a commit brought is none of ours.
_JOURNAL_MODE: Final = 0o400


class _Step(NamedTuple):
    """One file of an edit: its path, the digest of its new content, and whether there was one before."""

    file: str
    digest: str
    was_there: bool


def replace_files(root: Path, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> None:
    """Replace files by path, or leave all as they were and raise GeneratorError, which says so."""
    targets = [_target(root, file) for file in after]
    with _scratch(root) as folder:
        _put_back(root, folder)
        for file, target in zip(after, targets, strict=True):
            if _held(target) != before.get(file):
                raise GeneratorError(
                    "the file was changed meanwhile; nothing was written", subject=file, hint="Run the command again."
                )
        try:
            _write_journal(folder, [_Step(file, _digest(after[file]), file in before) for file in after])
            for number, (file, target) in enumerate(zip(after, targets, strict=True)):
                mode = target.stat().st_mode & 0o7777 if file in before else _NEW_FILE
                if file in before:
                    _write(folder / f"{number}.old", before[file], mode)
                _write(folder / f"{number}.new", after[file], mode)
                target.parent.mkdir(parents=True, exist_ok=True)
            for number, target in enumerate(targets):
                disk.rename(folder / f"{number}.new", target)
        except BaseException as error:
            _undo(root, folder, error)
            raise
        with suppress(OSError):  # all of them are new: what fails now undoes nothing
            for parent in {target.parent for target in targets}:
                _flush(parent)


def recover_edit(root: Path) -> tuple[str, ...]:
    """Put back what a killed edit left half done, and remove what it left; return the files that were put back.

    GeneratorError where another command is writing right now, or where that cannot be done.
    """
    if not os.path.lexists(root / _SCRATCH):
        return ()
    with _scratch(root) as folder:
        try:
            return _put_back(root, folder)
        except OSError as error:
            raise _stuck(error) from error


def _undo(root: Path, folder: Path, error: BaseException) -> None:
    """Put back what was replaced after a failure; GeneratorError for one of the system, which says what was done."""
    try:
        _put_back(root, folder)
    except OSError as second:
        raise _stuck(second) from error
    if isinstance(error, OSError):
        raise GeneratorError(
            f"the files cannot be written, and are as they were: {error.strerror}",
            subject=_name_in(root, error),
            hint="Free some space or mend their rights, then run the command again.",
        ) from error


def _stuck(error: OSError) -> GeneratorError:
    return GeneratorError(
        f"an edit broke off, and what it replaced cannot be put back now: {error.strerror}",
        subject=_SCRATCH,
        hint="Free some space or mend the rights; the next command that writes puts it back, or git restore does.",
    )


def _name_in(root: Path, error: OSError) -> str:
    path = Path(str(error.filename2 or error.filename or root))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else ""


def _target(root: Path, file: str) -> Path:
    """Return the file that a path leads to, links followed; GeneratorError for one outside of the repository."""
    if leads_out(root / file, root):
        raise GeneratorError(f"{LEADS_OUT}; nothing was written", subject=file, hint=LEADS_OUT_HINT)
    return (root / file).resolve()


@contextmanager
def _scratch(root: Path) -> Iterator[Path]:
    """Open the folder for this command alone, and remove it at the end, unless it holds what is to be put back."""
    folder = root / _SCRATCH
    if folder.is_symlink():
        raise GeneratorError(LEADS_OUT, subject=_SCRATCH, hint=LEADS_OUT_HINT)
    try:
        handle = _locked(folder)
    except OSError as error:
        raise GeneratorError(
            f"the files cannot be written, and are as they were: {error.strerror}",
            subject=_SCRATCH,
            hint="Free some space or mend the rights of the repository's folder, then run the command again.",
        ) from error
    try:
        yield folder
    finally:
        with suppress(OSError):
            _clear(folder)
        disk.close_handle(handle)


def _locked(folder: Path) -> int:
    while True:
        with suppress(FileExistsError):
            os.mkdir(folder)  # noqa: PTH102
        _ignore(folder)
        try:
            handle = disk.open_file(folder / _LOCK, disk.WRITE_LOCK, _NEW_FILE)
        except FileNotFoundError:  # another command was done, and removed the folder
            continue
        try:
            disk.hold(handle)
            if os.path.lexists(folder / _LOCK) and os.path.samestat(os.fstat(handle), os.stat(folder / _LOCK)):  # noqa: PTH116
                return handle
        except BlockingIOError as error:
            disk.close_handle(handle)
            raise GeneratorError(
                "another command is writing these files", subject=_SCRATCH, hint="Wait for it, and run this again."
            ) from error
        except OSError as error:
            if error.errno in (errno.ENOLCK, errno.EOPNOTSUPP):  # some network file systems know no locks
                return handle
            disk.close_handle(handle)
            raise
        disk.close_handle(handle)


def _ignore(folder: Path) -> None:
    with suppress(FileExistsError, FileNotFoundError):
        handle = disk.open_file(folder / ".gitignore", disk.WRITE_NEW, _NEW_FILE)
        try:
            os.write(handle, b"*\n")
        finally:
            disk.close_handle(handle)


def _write_journal(folder: Path, steps: Sequence[_Step]) -> None:
    _write(folder / _DRAFT, json.dumps([step._asdict() for step in steps]).encode(), _JOURNAL_MODE)
    disk.rename(folder / _DRAFT, folder / _JOURNAL)
    _flush(folder)


def _held(target: Path) -> bytes | None:
    """Return what a file holds; None where there is none, nor can be: its name may be longer than a name can be."""
    try:
        return target.read_bytes() if target.is_file() else None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None
        raise


def _read_journal(folder: Path) -> list[_Step]:
    """Read what an edit was about; nothing where there is no journal, or none of ours."""
    journal = folder / _JOURNAL
    if not journal.is_file() or journal.is_symlink() or journal.stat().st_mode & 0o222:
        return []
    steps = map(mapping, sequence(json.loads(journal.read_bytes())))
    return [_Step(text(step.get("file")), text(step.get("digest")), step.get("was_there") is True) for step in steps]


def _put_back(root: Path, folder: Path) -> tuple[str, ...]:
    """Undo an edit that did not come to its end: as long as one of its new contents waits here, it did not."""
    steps = _read_journal(folder)
    put_back: list[str] = []
    if any((folder / f"{number}.new").exists() for number in range(len(steps))):
        for number, step in enumerate(steps):
            target, old = _target(root, step.file), folder / f"{number}.old"
            held = _held(target)
            if held is None or _digest(held) != step.digest:
                continue
            if not step.was_there:
                disk.unlink(target)
            elif old.exists():
                disk.rename(old, target)
            else:
                continue
            _flush(target.parent)
            put_back.append(step.file)
    _empty(folder)
    return tuple(put_back)


def _empty(folder: Path) -> None:
    """Remove contents, then the journal: as long as there is one, what is left can be put back."""
    names = sorted(path.name for path in folder.iterdir())
    contents = [name for name in names if name.endswith((".new", ".old"))]
    for name in (*contents, _DRAFT, _JOURNAL):
        if name in names:
            disk.unlink(folder / name)


def _clear(folder: Path) -> None:
    steps = _read_journal(folder)
    if any((folder / f"{number}.new").exists() for number in range(len(steps))):
        return
    _empty(folder)
    for name in (_LOCK, ".gitignore"):  # Windows keeps the first as long as it is open, and then the second hides it
        with suppress(FileNotFoundError):
            disk.unlink(folder / name)
    os.rmdir(folder)  # noqa: PTH106


def _write(path: Path, content: bytes, mode: int) -> None:
    handle = disk.open_file(path, disk.WRITE_NEW, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
        disk.set_mode(handle, path, mode)
        disk.fsync(handle)
    finally:
        disk.close_handle(handle)


def _flush(folder: Path) -> None:
    handle = disk.open_dir(folder)
    try:
        disk.fsync(handle)
    finally:
        disk.close_handle(handle)


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
