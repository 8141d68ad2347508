"""Findings in, diagnostics at the line that a human edits out: the one place that takes a path home.

A path of an object, as the cluster would store it or as it was built, leads to words of the catalog (`Resource.words`);
these lead to the file that wrote them last (`Entry.locate`, or the environment's own files).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.resolve import Entry, ResolvedEnvironment
from kservegen.checks.registry import severity_of
from kservegen.core.diagnostics import Counterpart, Diagnostic, Finding, Location, Related, Severity, hide_data
from kservegen.core.document import value_at
from kservegen.core.jsontypes import Path, format_path
from kservegen.core.manual import by_manual
from kservegen.core.resource import Resource, ResourceId
from kservegen.core.secret_data import data_words
from kservegen.render.objects.draft import EntryFinding
from kservegen.render.objects.environment import BuiltEntry, BuiltEnvironment


class Locator(Struct, frozen=True, kw_only=True):
    """Takes what is found in the objects of one environment, and in the words of its entries, to its lines."""

    environment: ResolvedEnvironment
    entries: dict[tuple[str, ResourceId], Entry]
    built: BuiltEnvironment

    @classmethod
    def of(cls, built: BuiltEnvironment) -> Locator:
        """Index the entries of a built environment."""
        entries = {item.resource.identity: item.entry for item in built.entries}
        return cls(environment=built.environment, entries=entries, built=built)

    def locate(self, resource: Resource, path: Path, *, at_key: bool = False) -> Location:
        """Return the line behind `path` of an object, built or defaulted."""
        source = self.entries.get(resource.identity) or self.environment
        return source.locate(resource.words(path), at_key=at_key)

    def diagnose(self, resource: Resource, finding: Finding, default: Severity) -> Diagnostic:
        """Give a finding about an object, built or defaulted, its line and its subject."""
        entry = self.entries.get(resource.identity)
        prefix: Path = (entry.section, entry.key) if entry else ()
        location = self.locate(resource, finding.path, at_key=finding.at_key)
        found = finding.at(location, prefix + resource.words(finding.path), default)
        if finding.other is not None:
            found = self._beside(found, resource, finding.other)
        found = replace(
            found,
            environments=(self.environment.name,),
            subjects=(str(resource.id),),
            entries=(entry.key,) if entry else (),
        )
        return hide_data(found, data_words(resource.doc))

    def _beside(self, found: Diagnostic, resource: Resource, other: Counterpart) -> Diagnostic:
        """Show the line of the value that a finding's contradicts beside it, or say whose default that is."""
        owner: Resource | None = resource
        if other.owner is not None:
            owner = next((item.resource for item in self.built.entries if item.resource.id == other.owner), None)
        entry = None if owner is None else self.entries.get(owner.identity)
        if owner is not None and entry is not None and value_at(entry.words, owner.words(other.path)) is not None:
            there = self.locate(owner, other.path)
            return (
                found
                if there.is_in_line_of(found.location)
                else replace(found, related=(Related(other.message, there),))
            )
        found = replace(found, message=found.message + other.default)
        if other.setting and value_at(self.environment.written, other.setting) is not None:
            setting = Related("the environment sets this default here", self.environment.locate(other.setting))
            found = replace(found, related=(setting,))
        return found

    def diagnose_words(self, built: BuiltEntry, problem: EntryFinding) -> Diagnostic:
        """Give a finding about the words of an entry its line, and that of the words which it disagrees with."""
        entry, finding, other = built.entry, problem.finding, problem.other
        related: tuple[Related, ...] = ()
        if other is not None:
            related = (Related(f"{format_path(other) or 'the entry'} is said here", entry.locate(other)),)
        location = entry.locate(finding.path, at_key=finding.at_key)
        found = replace(
            finding.at(location, (entry.section, entry.key, *finding.path), severity_of(finding)),
            environments=(self.environment.name,),
            subjects=(str(built.resource.id),),
            entries=(entry.key,),
            related=related,
        )
        return hide_data(found, data_words({**entry.words, "kind": built.resource.kind}))

    def diagnose_double(self, built: BuiltEntry, other: Resource) -> Diagnostic:
        """Say that an entry is an object which kservegen makes of the environment's own words."""
        entry, resource = built.entry, built.resource
        found = by_manual(
            "catalog/duplicate-name",
            f"{resource.id} is made by kservegen already",
            entry.own_location,
            path=format_path((entry.section, entry.key)),
            hint="Rename one of the two.",
            environments=(self.environment.name,),
            related=(Related("it is made of these words", self.environment.locate(other.words(()))),),
        )
        return replace(found, subjects=(str(resource.id),), entries=(entry.key,))


def diagnose_environment(environment: ResolvedEnvironment, findings: Iterable[Finding]) -> Iterator[Diagnostic]:
    """Give findings about an environment's own words their lines."""
    for finding in findings:
        location = environment.locate(finding.path, at_key=finding.at_key)
        yield replace(finding.at(location, finding.path, severity_of(finding)), environments=(environment.name,))
