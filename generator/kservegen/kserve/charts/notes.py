"""What a KServe version brings that no table of values shows: its notes.json in, removed CRDs and facts out."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

from kservegen.kserve.charts.model import KeyPath


class RemovedEntry(TypedDict):
    """CRDs that the version's charts no longer carry."""

    names: list[str]
    chart: str
    when: list[str]
    instead: str


class FactEntry(TypedDict):
    """A change of behaviour, for who uses one of the kinds."""

    kinds: list[str]
    text: str


class NotesTable(TypedDict, total=False):
    """The whole table."""

    removedCRDs: list[RemovedEntry]
    facts: list[FactEntry]


class RemovedCRDs(NamedTuple):
    """CRDs that an upgrade deletes, and all objects of their kinds, where `chart` was in use with `when` on."""

    names: tuple[str, ...]
    chart: str
    when: KeyPath
    instead: str


class Fact(NamedTuple):
    """A change of behaviour that matters where one of the kinds is used."""

    kinds: frozenset[str]
    text: str


class VersionNotes(NamedTuple):
    """The notes of one version, against the one before."""

    version: str
    removed: tuple[RemovedCRDs, ...] = ()
    facts: tuple[Fact, ...] = ()


def read_notes(version: str, table: NotesTable) -> VersionNotes:
    """Read the table of a version; one without notes has an empty table."""
    return VersionNotes(
        version,
        tuple(
            RemovedCRDs(tuple(entry["names"]), entry["chart"], tuple(entry["when"]), entry["instead"])
            for entry in table.get("removedCRDs", ())
        ),
        tuple(Fact(frozenset(entry["kinds"]), entry["text"]) for entry in table.get("facts", ())),
    )
