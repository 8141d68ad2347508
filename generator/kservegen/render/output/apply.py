"""Changes go in; the output folder holds all of them or none, whenever the process is killed.

1. New contents are written to the scratch folder, then the journal appears there by one rename. Killed before that:
   the next run throws the scratch folder away, and the tree is the old one.
2. Files are moved into and out of the tree. Killed here: the next run's `recover` takes the remaining steps.
   Refused by the system here (no rights, no space for a folder): the steps are taken back at once.
3. The journal is removed, then the scratch folder. Killed here: the tree is the new one already.

Against a power cut the same holds where the filesystem keeps renames and removals in order (journaling ones do) and the
disk obeys a flush: contents and journal are forced to the disk before the first file moves. The end of the run is not
waited for: after a cut the next run may find it undone or still to be completed, never mixed. Where that order or the
flush is not kept, the digests in the journal show what was lost, and `recover` refuses to guess.

Hold `lock` around `recover`, `scan`, `compare` and `apply`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from kservegen.core import disk
from kservegen.core.errors import GeneratorError
from kservegen.render.output.changes import Changes
from kservegen.render.output.failures import operational, os_failure
from kservegen.render.output.folders import exists, open_folder, open_out
from kservegen.render.output.journal import Journal, decode_journal
from kservegen.render.output.lock import lock
from kservegen.render.output.steps import advance, first_surprise, plan_steps, retreat, stage_step
from kservegen.render.output.store import (
    JOURNAL,
    SCRATCH,
    Store,
    clear,
    drop_journal,
    needs_recovery,
    open_store,
    read_journal,
)

__all__ = ["ApplyOutcome", "Recovery", "apply", "is_half_written", "lock", "recover"]

_WRITE = "the output cannot be written"
_RECOVER = "the output of a killed run cannot be recovered"


class ApplyOutcome(StrEnum):
    """What became of a killed run."""

    COMPLETED = "completed"
    UNDONE = "undone"
    DISCARDED = "discarded"  # it had not begun to change the tree


class Recovery(Struct, frozen=True):
    """What `recover` did: the outcome, and the number of files that the killed run was about."""

    outcome: ApplyOutcome
    files: int = 0


def is_half_written(out: Path) -> bool:
    """Whether a killed run (or one that is under way) may have left old files beside new ones."""
    return os.path.lexists(out / SCRATCH / JOURNAL)


def recover(out: Path) -> Recovery | None:
    """Complete a killed run, or undo it where it cannot be completed; None where there is nothing to do."""
    if not needs_recovery(out):
        return None
    with operational(out, _RECOVER), _opened(out) as root:
        with _readable_scratch(out):
            journal = _read_journal(root, out)
        if journal is None:
            return Recovery(ApplyOutcome.DISCARDED) if clear(root) else None
        with open_store(root) as store:
            surprise = first_surprise(root, store, journal)
            if surprise is not None:
                raise _refusal(out, f"{surprise} is not as the run left it")
            outcome = ApplyOutcome.UNDONE if _settle(root, store, journal, out=out) else ApplyOutcome.COMPLETED
        _clear_away(root)
        return Recovery(outcome, len(journal.steps))


def apply(out: Path, changes: Changes) -> None:
    """Write and remove what `changes` says, all or nothing; files that it does not name are not touched."""
    if changes.blocked:
        raise GeneratorError(
            "files that kservegen did not write are in the way",
            subject=str(out),
            hint="Move them away first; nothing was written.",
        )
    if not changes:
        return
    with operational(out, f"{_WRITE}, and no file was changed"), _opened(out) as root:
        if is_half_written(out):
            raise GeneratorError(
                "an earlier run was killed halfway", subject=str(out), hint="Run the command again: it recovers first."
            )
        clear(root)
        journal = plan_steps(root, changes)
        _carry_out(root, journal, changes, out=out)


def _carry_out(root: int, journal: Journal, changes: Changes, *, out: Path) -> None:
    try:
        with open_store(root) as store:
            try:
                stage_step(root, store, journal, changes.write)
            except BaseException as error:
                with _half_written_on_failure(error, out):
                    drop_journal(store.scratch)
                raise
            refused = _settle(root, store, journal, out=out)
    finally:
        _clear_away(root)
    if refused is not None:
        raise refused


def _settle(root: int, store: Store, journal: Journal, *, out: Path) -> OSError | None:
    """Take all steps, or none: then return what stood in the way. Either way the journal goes."""
    refused = None
    try:
        advance(root, store, journal)
        drop_journal(store.scratch)
    except OSError as error:
        refused = error
        _undo(root, store, journal, error, out=out)
    except BaseException as error:  # Ctrl-C
        _undo(root, store, journal, error, out=out)
        raise
    return refused


def _undo(root: int, store: Store, journal: Journal, cause: BaseException, *, out: Path) -> None:
    with _half_written_on_failure(cause, out):
        retreat(root, store, journal)
        drop_journal(store.scratch)


@contextmanager
def _half_written_on_failure(cause: BaseException, out: Path) -> Iterator[None]:
    """Say that the way back failed, too: the journal stays, and `recover` will need it."""
    try:
        yield
    except OSError as error:
        half = os_failure(error, out=out, what="the output is half-written")
        half.hint += " The next run completes or undoes what this one began."
        raise half from cause


def _clear_away(root: int) -> None:
    """Remove the waste; what cannot be removed now is hidden from Git, and the next run tries again."""
    with suppress(OSError):
        if not _has_journal(root):
            clear(root)


@contextmanager
def _opened(out: Path) -> Iterator[int]:
    root = open_out(out)
    try:
        yield root
    finally:
        disk.close_handle(root)


def _has_journal(root: int) -> bool:
    scratch = open_folder(root, SCRATCH)
    try:
        return exists(JOURNAL, scratch)
    finally:
        disk.close_handle(scratch)


def _read_journal(root: int, out: Path) -> Journal | None:
    scratch = open_folder(root, SCRATCH)
    try:
        text = read_journal(scratch)
    finally:
        disk.close_handle(scratch)
    if text is None:
        return None
    try:
        return decode_journal(text)
    except ValueError as error:
        raise _refusal(out, f"its journal is unusable: {error}") from error


@contextmanager
def _readable_scratch(out: Path) -> Iterator[None]:
    """Refuse a scratch folder or journal that is a link, a pipe, a folder."""
    try:
        yield
    except OSError as error:
        raise _refusal(out, f"its journal cannot be read: {error.strerror}") from error


def _refusal(out: Path, reason: str) -> GeneratorError:
    return GeneratorError(
        f"a run was killed here, and {reason}; nothing was touched",
        subject=str(out / SCRATCH),
        hint=f"Delete {out / SCRATCH} (it holds nothing but kservegen's own copies) and render again.",
    )
