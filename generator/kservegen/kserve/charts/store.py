"""The chart tables of a schemas folder: a KServe version in, its charts and their keys out.

A table of a later version states only what differs from the version named as `base` in its charts.json: an entry
adds or changes attributes, null removes the entry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar, cast

from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.charts.model import Charts
from kservegen.kserve.charts.notes import NotesTable, VersionNotes, read_notes
from kservegen.kserve.charts.runtimes import RuntimeTable, RuntimeTableEntry, read_runtimes
from kservegen.kserve.charts.tables import ChartEntry, Table, build_chart

if TYPE_CHECKING:  # importing it takes 13 ms, a tenth of a small render
    from importlib.resources.abc import Traversable

_T = TypeVar("_T")

# A version comes from a file that people write: it must not name a folder elsewhere.
_VERSION: Final = re.compile(r"v\d+(?:\.\d+)*[-+\w]*(?:\.[-+\w]+)*")


class ChartStore:
    """Reads `charts/<version>/` below each of `roots`; an earlier root stands over a later one."""

    def __init__(self, roots: Sequence[Traversable]) -> None:
        self._roots = tuple(roots)
        self._loaded: dict[str, Charts] = {}
        self._tables: dict[str, RuntimeTable] = {}

    @property
    def versions(self) -> tuple[str, ...]:
        """The KServe versions that there are tables for, oldest first."""
        folders = (root.joinpath("charts") for root in self._roots)
        entries = (entry for folder in folders if folder.is_dir() for entry in folder.iterdir())
        found = {entry.name for entry in entries if entry.joinpath("charts.json").is_file()}
        return tuple(sorted(found, key=_age))

    def load(self, version: str) -> Charts:
        """Read the charts of `version`; GeneratorError where there are no tables, or broken ones."""
        charts = self._loaded.get(version)
        if charts is None:
            lineage = self._lineage(version)
            charts = self._loaded[version] = _guarded(version, lambda: _read_charts(version, lineage))
        return charts

    def runtimes(self, version: str) -> RuntimeTable:
        """Read the ClusterServingRuntimes and presets that kserve-runtime-configs installs at `version`."""
        table = self._tables.get(version)
        if table is None:
            lineage = self._lineage(version)
            table = self._tables[version] = _guarded(
                version, lambda: read_runtimes(cast("RuntimeTableEntry", _read_table(lineage, "runtimes.json")))
            )
        return table

    def notes(self, after: str, *, since: str) -> tuple[VersionNotes, ...]:
        """Read the notes of every version later than `since`, up to `after`, oldest first."""
        passed = [version for version in self.versions if _age(since) < _age(version) <= _age(after)]
        return tuple(_guarded(version, partial(self._notes, version)) for version in passed)

    def _notes(self, version: str) -> VersionNotes:
        file = self._folder(version).joinpath("notes.json")
        return read_notes(version, cast("NotesTable", _read_json(file) if file.is_file() else {}))

    def _lineage(self, version: str) -> tuple[Traversable, ...]:
        """Name the folders to read, the oldest base first."""
        folders: dict[str, Traversable] = {}
        wanted: str | None = version
        while wanted is not None:
            if wanted in folders:
                raise GeneratorError(f"chart tables name each other as base: {', '.join(folders)}", subject=version)
            folders[wanted] = self._folder(wanted)
            base = _read_json(folders[wanted].joinpath("charts.json")).get("base")
            wanted = None if base is None else str(base)
        return tuple(reversed(folders.values()))

    def _folder(self, version: str) -> Traversable:
        if _VERSION.fullmatch(version):
            for root in self._roots:
                folder = root.joinpath("charts").joinpath(version)
                if folder.joinpath("charts.json").is_file():
                    return folder
        raise GeneratorError(
            f"no chart tables for KServe {version!r}, known: {', '.join(self.versions) or 'none'}",
            subject="kserve.version",
            hint="Use a known version, or add schemas/charts/<version>/charts.json.",
        )


def _read_charts(version: str, lineage: Sequence[Traversable]) -> Charts:
    entries = cast("dict[str, ChartEntry]", _read_table(lineage, "charts.json")["charts"])
    names = dict.fromkeys(name for entry in entries.values() for name in entry.get("values", {}))
    tables = {name: cast("Table", _read_table(lineage, f"{name}.json", folder="values")) for name in names}
    charts = {name: build_chart(name, entry, tables) for name, entry in entries.items()}
    return Charts(version=version, by_name=dict(sorted(charts.items(), key=lambda item: item[1].info.layer)))


def _read_table(lineage: Iterable[Traversable], name: str, *, folder: str = "") -> JsonObject:
    merged: JsonObject = {}
    for version in lineage:
        file = (version.joinpath(folder) if folder else version).joinpath(name)
        if file.is_file():
            merged = _overlay(merged, _read_json(file))
    return merged


def _read_json(file: Traversable) -> JsonObject:
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError) as problem:
        raise GeneratorError(f"cannot read a chart table: {problem}", subject=file.name) from problem
    if not isinstance(document, dict):
        raise GeneratorError("a chart table must be a JSON object", subject=file.name)
    return document


def _overlay(base: JsonObject, own: JsonObject) -> JsonObject:
    """Lay a later table over an earlier one: section by section, entry by entry, attribute by attribute."""
    merged = dict(base)
    for section, entries in own.items():
        below = merged.get(section)
        if not isinstance(entries, dict) or not isinstance(below, dict):
            merged[section] = entries
            continue
        changed = dict(below)
        for name, entry in entries.items():
            old = below.get(name)
            changed[name] = {**old, **entry} if isinstance(old, dict) and isinstance(entry, dict) else entry
        merged[section] = {name: entry for name, entry in changed.items() if entry is not None}
    return merged


def _guarded(version: str, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise GeneratorError(f"chart tables are malformed: {problem!r}", subject=version) from problem


def _age(version: str) -> tuple[tuple[int, ...], bool, str]:
    """Sort v0.9.0 before v0.10.0, and v0.20.0-rc1 before v0.20.0."""
    numbers, _, suffix = version.removeprefix("v").partition("-")
    return tuple(int(part) for part in numbers.split(".") if part.isdigit()), not suffix, suffix
