"""Results that environments, and two states of one repository, have in common: every step is taken once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.catalog.resolve import Entry, EntryName
from kservegen.checks.runner import MadeFindings, ObjectFinding
from kservegen.kserve.controllers.shared import SharedMade
from kservegen.kserve.defaulting import Defaulted
from kservegen.render.objects.environment import BuiltEntry
from kservegen.render.objects.settings import Settings

if TYPE_CHECKING:  # imported where an environment binds policies
    from kservegen.checks.policy.checker import PolicyPasses


class SharedResults(Struct, eq=False):
    """What steps made of entries that are the same in several environments of one catalog, each by what it was made of.

    An entry that two environments say nothing of is one `Entry` in both. Under equal settings it is built to one
    `BuiltEntry`, and what follows from that alone is the same in both, too.
    """

    entries: dict[EntryName, Entry] = field(default_factory=dict)
    built: list[tuple[Settings, dict[Entry, BuiltEntry]]] = field(default_factory=list)
    defaulted: dict[tuple[BuiltEntry, bool], Defaulted] = field(default_factory=dict)  # with the schema's, or without
    findings: dict[Defaulted, tuple[ObjectFinding, ...]] = field(default_factory=dict)
    files: dict[BuiltEntry, bytes] = field(default_factory=dict)
    made: SharedMade = field(default_factory=SharedMade)
    made_findings: MadeFindings = field(default_factory=dict)
    policies: PolicyPasses | None = None
    known: dict[EntryName, list[Entry]] = field(default_factory=dict)  # of another state of the catalog

    def beside(self, entries: Iterable[Entry]) -> SharedResults:
        """Return the results for another state of the same repository, in which some of these entries are alike."""
        known: dict[EntryName, list[Entry]] = {}
        for entry in dict.fromkeys(entries):
            known.setdefault((entry.section, entry.key), []).append(entry)
        return replace(self, entries={}, known=known)

    def in_common(self, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """Return entries, each as the other state has it where that says the same: no step is taken twice for it."""
        return tuple(map(self._first_alike, entries)) if self.known else entries

    def _first_alike(self, entry: Entry) -> Entry:
        others = self.known.get((entry.section, entry.key), ())
        return next((other for other in others if _is_alike(entry, other)), entry)

    def forget_made(self) -> None:
        """Let go of what was made of objects that every environment has looked at, and of what was found of that."""
        self.made.forget()
        self.made_findings.clear()

    def built_with(self, settings: Settings) -> dict[Entry, BuiltEntry]:
        """Return what was built under equal settings."""
        for known, entries in self.built:
            if known == settings:
                return entries
        self.built.append((settings, {}))
        return self.built[-1][1]


def _is_alike(one: Entry, other: Entry) -> bool:
    """Whether two entries say the same, wherever it is written: by their text, as 1 is not true there."""
    if (one.info, one.namespace, one.name, one.defaulted) != (other.info, other.namespace, other.name, other.defaulted):
        return False
    if one.words != other.words:
        return False
    parts, others = one.fragments, other.fragments
    # Merged from the very same words, of files that are loaded once, nothing equals what it is not.
    is_same = len(parts) == len(others) and all(own.value is its.value for own, its in zip(parts, others, strict=True))
    return is_same or repr(one.words) == repr(other.words)
