"""A journal and the folders go in; the steps are planned, checked, taken and taken back, by renames alone.

Every step moves files between the output tree and the scratch folder and loses none of them, so a run can be
completed or undone from wherever it stopped. Where each file lies tells how far its step has come:

    step      not begun            in between           done
    remove    target                                    (old)
    create    new                                       target
    replace   new, target          new, old             target, (old)
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256

from kservegen.core import disk
from kservegen.core.errors import GeneratorError
from kservegen.render.output.changes import Changes
from kservegen.render.output.files import read_at
from kservegen.render.output.folders import FOLDER_MODE, Walker, exists, flush, open_folder
from kservegen.render.output.journal import Journal, JournalStep, StepKind, encode_journal
from kservegen.render.output.ownership import HEAD_SIZE, is_ours
from kservegen.render.output.paths import confine, folders_of
from kservegen.render.output.store import JOURNAL_DRAFT, Store, flush_file, place_journal, write_new

# Up to here each file is forced to the disk on its own; beyond, one sync of everything is cheaper.
_FEW = 32


def plan_steps(root: int, changes: Changes) -> Journal:
    """List the steps; a path that is not confined, or holds anything that is not ours, is refused."""
    with Walker(root) as walker:
        steps = [JournalStep(StepKind.REMOVE, path) for path in sorted(changes.remove) if _is_there(path, walker)]
        for path in sorted(changes.write):
            kind = StepKind.REPLACE if _is_there(path, walker) else StepKind.CREATE
            steps.append(JournalStep(kind, path, sha256(changes.write[path]).hexdigest()))
    created = (step.path for step in steps if step.kind is StepKind.CREATE)
    return Journal(tuple(folder for folder in folders_of(created) if not _has_folder(root, folder)), tuple(steps))


def _is_there(path: str, walker: Walker) -> bool:
    """Whether a file of ours is there; anything else in its place is refused, though it came after the scan."""
    try:
        folder, name = walker.at(confine(path))
        head = read_at(name, folder, HEAD_SIZE)
    except FileNotFoundError:
        return False
    if head is None or not is_ours(head, path):
        raise GeneratorError(
            "kservegen did not write what lies here, so it is left alone",
            subject=path,
            hint="Move it out of the output folder, then run the command again.",
        )
    return True


def stage_step(root: int, store: Store, journal: Journal, contents: Mapping[str, bytes]) -> None:
    """Write all new contents, then let the journal appear; both are on the disk when this returns."""
    names = [str(number) for number, step in enumerate(journal.steps) if step.digest]
    for name in names:
        write_new(name, contents[journal.steps[int(name)].path], store.new)
    write_new(JOURNAL_DRAFT, encode_journal(journal), store.scratch)
    # Flushed only now, and together: a filesystem commits all that was written at the first flush.
    if len(names) > _FEW:
        disk.sync()
    else:
        for name in names:
            flush_file(name, store.new)
        flush_file(JOURNAL_DRAFT, store.scratch)
        flush(store.new)
    place_journal(store.scratch)
    flush(store.scratch)
    flush(root)


def advance(root: int, store: Store, journal: Journal) -> None:
    """Take every step that is not taken yet; then remove the folders that this emptied."""
    with Walker(root) as walker:
        for path in journal.folders:
            folder, name = walker.at(path)
            with suppress(FileExistsError):
                disk.mkdir(name, FOLDER_MODE, dir_fd=folder)
        for number, step in enumerate(journal.steps):
            _take(step, str(number), walker, store)
    _remove_empty(root, folders_of(step.path for step in journal.steps if step.kind is StepKind.REMOVE))


def retreat(root: int, store: Store, journal: Journal) -> None:
    """Take back every step that is taken; then remove the folders that were made for them."""
    with Walker(root) as walker:
        for number, step in enumerate(journal.steps):
            _take_back(step, str(number), walker, store)
    _remove_empty(root, journal.folders)


def _take(step: JournalStep, number: str, walker: Walker, store: Store) -> None:
    if step.kind is StepKind.REMOVE:
        with suppress(FileNotFoundError):
            folder, name = walker.at(step.path)
            disk.rename(name, number, src_dir_fd=folder, dst_dir_fd=store.old)
    elif exists(number, store.new):
        folder, name = walker.at(step.path)
        if step.kind is StepKind.REPLACE:
            with suppress(FileNotFoundError):
                disk.rename(name, number, src_dir_fd=folder, dst_dir_fd=store.old)
        disk.rename(number, name, src_dir_fd=store.new, dst_dir_fd=folder)


def _take_back(step: JournalStep, number: str, walker: Walker, store: Store) -> None:
    if step.kind is not StepKind.REMOVE and not exists(number, store.new):
        folder, name = walker.at(step.path, create=True)
        disk.rename(name, number, src_dir_fd=folder, dst_dir_fd=store.new)
    if exists(number, store.old):
        folder, name = walker.at(step.path, create=True)
        disk.rename(number, name, src_dir_fd=store.old, dst_dir_fd=folder)


def first_surprise(root: int, store: Store, journal: Journal) -> str | None:
    """Return the first path where the files lie as no killed run leaves them, or None."""
    with Walker(root) as walker:
        for number, step in enumerate(journal.steps):
            if not _is_as_left(step, str(number), walker, store):
                return step.path
    return None


def _is_as_left(step: JournalStep, number: str, walker: Walker, store: Store) -> bool:
    """Whether the files of a step lie as the table above says, with the contents that the journal tells."""
    has_old = exists(number, store.old)
    try:
        folder, name = walker.at(step.path)
        has_target = exists(name, folder)
    except FileNotFoundError:
        has_target = False
    if step.kind is not StepKind.REMOVE and not exists(number, store.new):
        return has_target and _digest(name, folder) == step.digest
    if step.kind is not StepKind.REMOVE and _digest(number, store.new) != step.digest:
        return False
    if not has_target:
        return True
    if step.kind is StepKind.CREATE or has_old:
        return False
    head = read_at(name, folder, HEAD_SIZE)
    return head is not None and is_ours(head, step.path)


def _remove_empty(root: int, folders: tuple[str, ...]) -> None:
    """Remove those that are empty, inner ones first; an empty folder that stays does no harm: Git does not see it."""
    with Walker(root) as walker:
        for path in reversed(folders):
            with suppress(OSError):
                folder, name = walker.at(path)
                disk.rmdir(name, dir_fd=folder)


def _has_folder(root: int, path: str) -> bool:
    try:
        disk.close_handle(open_folder(root, path))
    except FileNotFoundError:
        return False
    return True


def _digest(name: str, folder: int) -> str:
    content = read_at(name, folder)
    return "" if content is None else sha256(content).hexdigest()
