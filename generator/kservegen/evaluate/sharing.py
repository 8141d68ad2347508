"""Results that environments have in common: of an entry that several share, every step is taken once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kservegen.catalog.resolve import Entry, EntryName
from kservegen.checks.runner import MadeFindings, ObjectFinding
from kservegen.kserve.controllers.shared import SharedMade
from kservegen.kserve.defaulting import Defaulted
from kservegen.render.objects.environment import BuiltEntry
from kservegen.render.objects.settings import Settings

if TYPE_CHECKING:  # imported where an environment binds policies
    from kservegen.checks.policy.checker import PolicyPasses


@dataclass(slots=True, eq=False)
class SharedResults:
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

    def built_with(self, settings: Settings) -> dict[Entry, BuiltEntry]:
        """Return what was built under equal settings."""
        for known, entries in self.built:
            if known == settings:
                return entries
        self.built.append((settings, {}))
        return self.built[-1][1]
