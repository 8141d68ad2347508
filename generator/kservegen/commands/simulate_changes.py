"""The use cases `simulate --against` and `simulate --base`: what KServe makes differently on two sides of a change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple, TypeAlias

from kservegen.changes.bases import open_commit
from kservegen.changes.earlier_manifests import manifests_at
from kservegen.changes.made_objects import MadeChange, made_changes
from kservegen.checks.manifests.files import ManifestFile, find_files
from kservegen.checks.runner import Checker
from kservegen.commands.simulate import (
    SimulatedObject,
    SimulateOptions,
    manifest_folders,
    simulate_entries,
    simulate_folder,
    simulate_known_entries,
)
from kservegen.core.resource import ResourceId
from kservegen.evaluate.project import Project, open_project
from kservegen.formats.yaml.collector import without_collector
from kservegen.git.process import open_git


class ComparedObject(NamedTuple):
    """One object on both sides, None where it is not there, and what differs of what is made of it."""

    old: SimulatedObject | None
    new: SimulatedObject | None
    changes: tuple[MadeChange, ...]

    @property
    def shown(self) -> SimulatedObject:
        """The object as it is now, or was."""
        shown = self.new or self.old
        assert shown is not None  # noqa: S101 - it is on one side at least
        return shown

    @property
    def differs(self) -> bool:
        """Whether anything does: what is made, whether it is admitted, where the controllers stop."""
        return bool(self.changes) or _fate(self.old) != _fate(self.new)


def _fate(item: SimulatedObject | None) -> object:
    if item is None:
        return None
    outcome = None if item.made is None or item.made.outcome is None else item.made.outcome[:3]
    return item.report.admitted, outcome


def compare_entries(project: Project, environment: str, keys: Sequence[str], other: str) -> Iterator[ComparedObject]:
    """Compare what is made of entries in an environment, now, with what is made of them in another one, before.

    GeneratorError for a key that neither environment has an entry of.
    """
    before = simulate_known_entries(project, project.choose_one(other), keys)
    yield from _compare_entries(project, environment, keys, before)


def compare_entries_to_base(
    project: Project, environment: str, keys: Sequence[str], revision: str
) -> Iterator[ComparedObject]:
    """Compare what is made of entries with what is made of them in the commit where `revision` and HEAD part."""
    name = project.choose_one(environment)
    with open_commit(open_git(project.repository.root), revision).catalog() as catalog:
        before = simulate_known_entries(open_project(catalog, any_version=True), name, keys)
    yield from _compare_entries(project, name, keys, before)


def _compare_entries(
    project: Project, environment: str, keys: Sequence[str], before: Mapping[str, SimulatedObject]
) -> Iterator[ComparedObject]:
    now = simulate_known_entries(project, project.choose_one(environment), keys)
    for key in keys:
        if key not in now and key not in before:
            simulate_entries(project, environment, [key])  # says so
        yield _compare(before.get(key), now.get(key))


def compare_paths(
    paths: Sequence[Path], options: SimulateOptions, other: SimulateOptions, checker: Checker
) -> Iterator[ComparedObject]:
    """Compare what is made of manifests in a cluster, now, with what is made of them in another one, before."""
    folders = manifest_folders(file for argument in find_files(paths) for file in argument.files)
    with without_collector():
        for files in folders.values():
            sides = (simulate_folder(files, side, checker) for side in (other, options))
            yield from (_compare(old, new) for old, new in zip(*sides, strict=True))


def compare_paths_to_base(
    paths: Sequence[Path], options: SimulateOptions, checker: Checker, revision: str
) -> Iterator[ComparedObject]:
    """Compare what is made of manifests with what is made of those in the commit where `revision` and HEAD part.

    Folders whose files are the same are left out.
    """
    with without_collector(), ExitStack() as stack:
        now = manifest_folders(file for argument in find_files(paths) for file in argument.files)
        earlier = (stack.enter_context(manifests_at(revision, path)) for path in paths)
        before = manifest_folders(file for found in earlier for file in found)
        for folder in sorted({*now, *before}):
            old, new = before.get(folder, []), now.get(folder, [])
            if not _is_same(old, new):
                sides = (simulate_folder(files, options, checker) for files in (old, new))
                yield from _paired(*sides)


def _is_same(old: Sequence[ManifestFile], new: Sequence[ManifestFile]) -> bool:
    if [file.name for file in old] != [file.name for file in new]:
        return False
    return all(before.read() == after.read() for before, after in zip(old, new, strict=True))


# What makes two documents of a folder the same object: its name, and which of several of that name it is.
_Key: TypeAlias = tuple[ResourceId, int]


def _paired(old: Iterable[SimulatedObject], new: Iterable[SimulatedObject]) -> Iterator[ComparedObject]:
    """Bring two rows of objects together; where their order is the same, none has to wait for its other side."""
    befores: dict[_Key, SimulatedObject] = {}
    afters: dict[_Key, SimulatedObject] = {}
    for before, after in zip_longest(_numbered(old), _numbered(new)):
        if before is not None:
            befores[before[0]] = before[1]
        if after is not None:
            afters[after[0]] = after[1]
        for key in dict.fromkeys(pair[0] for pair in (before, after) if pair is not None):
            if key in befores and key in afters:
                yield _compare(befores.pop(key), afters.pop(key))
    yield from (_compare(None, item) for item in afters.values())
    yield from (_compare(item, None) for item in befores.values())


def _numbered(items: Iterable[SimulatedObject]) -> Iterator[tuple[_Key, SimulatedObject]]:
    seen = Counter[ResourceId]()
    for item in items:
        seen[item.id] += 1
        yield (item.id, seen[item.id]), item


def _compare(old: SimulatedObject | None, new: SimulatedObject | None) -> ComparedObject:
    return ComparedObject(old, new, made_changes(*(side.made if side is not None else None for side in (old, new))))
