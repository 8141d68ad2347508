"""Built objects -> diagnostics: schemas, then rules, then policies, each finding at the line that a human edits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kservegen.catalog.resolve import Entry, ResolvedEnvironment
from kservegen.checks.manuals import severity_of
from kservegen.core.diagnostics import Diagnostic, Finding, Location, Related, Severity
from kservegen.core.jsontypes import Path, format_path
from kservegen.core.resource import Resource, ResourceId
from kservegen.render.objects.draft import EntryFinding
from kservegen.render.objects.environment import BuiltEntry, BuiltEnvironment


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """Turns paths of built objects into lines: the one place that does."""

    environment: ResolvedEnvironment
    entries: dict[ResourceId, Entry]

    @classmethod
    def of(cls, built: BuiltEnvironment) -> Locator:
        """Index the entries of a built environment."""
        return cls(environment=built.environment, entries={item.resource.id: item.entry for item in built.entries})

    def locate(self, resource: Resource, path: Path, *, at_key: bool = False) -> Location:
        """Return the line behind `path` of a built object."""
        words = resource.words(path)
        entry = self.entries.get(resource.id)
        if entry is None:
            return self.environment.locate(words, at_key=at_key)
        return entry.locate(words, at_key=at_key)

    def diagnose(self, resource: Resource, finding: Finding, default: Severity) -> Diagnostic:
        """Give a finding about a built object its line and its subject."""
        entry = self.entries.get(resource.id)
        words = resource.words(finding.path)
        prefix: Path = (entry.section, entry.key) if entry else ()
        return Diagnostic(
            rule=finding.rule,
            severity=finding.severity or default,
            message=finding.message,
            location=self.locate(resource, finding.path, at_key=finding.at_key),
            path=format_path(prefix + words),
            hint=finding.hint,
            seen=finding.seen,
            allowed=finding.allowed,
            environments=(self.environment.name,),
            subjects=(str(resource.id),),
            entries=(entry.key,) if entry else (),
        )


def diagnose_problem(environment: str, built: BuiltEntry, problem: EntryFinding) -> Diagnostic:
    """Give a contradiction among the words of an entry its lines."""
    entry, finding = built.entry, problem.finding
    related: tuple[Related, ...] = ()
    if problem.other is not None:
        related = (Related(f"{format_path(problem.other) or 'the entry'} is said here", entry.locate(problem.other)),)
    return Diagnostic(
        rule=finding.rule,
        severity=severity_of(finding),
        message=finding.message,
        location=entry.locate(finding.path, at_key=finding.at_key),
        path=format_path((entry.section, entry.key, *finding.path)),
        hint=finding.hint,
        seen=finding.seen,
        allowed=finding.allowed,
        environments=(environment,),
        subjects=(str(built.resource.id),),
        entries=(entry.key,),
        related=related,
    )


def diagnose_environment(environment: ResolvedEnvironment, findings: Iterable[Finding]) -> Iterator[Diagnostic]:
    """Give findings about an environment's own words their lines."""
    for finding in findings:
        yield Diagnostic(
            rule=finding.rule,
            severity=severity_of(finding),
            message=finding.message,
            location=environment.locate(finding.path, at_key=finding.at_key),
            path=format_path(finding.path),
            hint=finding.hint,
            seen=finding.seen,
            allowed=finding.allowed,
            environments=(environment.name,),
        )
