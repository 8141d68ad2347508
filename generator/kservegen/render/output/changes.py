"""The wanted files and what lies on disk go in; what to write, what to remove and what is in the way come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from kservegen.render.output.conflicts import Conflict, Reason
from kservegen.render.output.existing import Existing
from kservegen.render.output.ownership import is_ours
from kservegen.render.output.paths import confine, fold, folders_of, parents


class Changes(Struct, frozen=True):
    """The difference between what is wanted and what lies on disk; false when there is none.

    `write` is in the order of paths. A wanted file that a conflict keeps out is not in it.
    """

    write: Mapping[str, bytes] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.write or self.remove)

    @property
    def blocked(self) -> bool:
        """Whether something keeps a wanted file out: nothing may be applied then."""
        return bool(self.conflicts)


def compare_files(desired: Mapping[str, bytes], existing: Existing) -> Changes:
    """Find what must change below the environments in scope so that the files that are ours equal `desired`."""
    for path, content in desired.items():
        _check_wanted(path, content, existing)
    conflicts = {*_collisions(desired, existing), *_odd_ones(desired, existing)}
    blocked = {conflict.path for conflict in conflicts}
    write = {}
    for path in sorted(desired):
        if existing.same(path, desired[path]) or _is_kept_out(path, blocked):
            continue
        if path in existing.files and not existing.is_ours(path):
            conflicts.add(Conflict(path, Reason.FOREIGN_FILE))
            continue
        write[path] = desired[path]
    remove = tuple(path for path in sorted(existing.files - desired.keys()) if existing.is_ours(path))
    return Changes(write, remove, tuple(sorted(conflicts)))


def _check_wanted(path: str, content: bytes, existing: Existing) -> None:
    """Refuse what the next run could not take back."""
    confine(path)
    if not is_ours(content, path):
        raise ValueError(f"{path}: not stamped; a file without the marker would be foreign to the next run")
    if not existing.covers(path):
        raise ValueError(f"{path}: outside the environments that were scanned: {existing.environments}")


def _is_kept_out(path: str, blocked: set[str]) -> bool:
    return bool(blocked) and (path in blocked or any(folder in blocked for folder in parents(path)))


def _odd_ones(desired: Mapping[str, bytes], existing: Existing) -> Iterator[Conflict]:
    """Find what is no file where a file belongs, and no folder where a folder belongs.

    Whoever judges what others have in the folder finds links that lie elsewhere (`synced.py`).
    """
    wanted_folders = frozenset(folders_of(desired))
    for path in existing.folders & desired.keys():
        yield Conflict(path, Reason.FOLDER)
    for path in existing.files & wanted_folders:
        yield Conflict(path, Reason.NOT_A_FOLDER)
    for path, reason in existing.odd.items():
        if path in desired or path in wanted_folders:
            yield Conflict(path, reason)


def _collisions(desired: Mapping[str, bytes], existing: Existing) -> Iterator[Conflict]:
    """Find paths that macOS and Windows would keep as one: refused everywhere, so that a repository is portable."""
    names: dict[str, str] = {}
    for path in sorted((*desired, *folders_of(desired))):
        other = names.setdefault(fold(path), path)
        if other != path:
            yield Conflict(path, Reason.CASE, other=other)
    for path in existing.files - desired.keys():
        wanted = names.get(fold(path), "")
        if wanted in desired:
            yield Conflict(path, Reason.CASE, other=wanted)
