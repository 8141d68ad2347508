"""What a run has to say: findings about documents, and the diagnostics that people read.

A check speaks in document paths (`Finding`); one function, elsewhere, turns the path into the line that a
human edits (`Diagnostic`). Everything here is a value: frozen, comparable, free of side effects.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from kservegen.core.jsontypes import Path, format_path
from kservegen.core.secrets import HIDDEN, is_secret_under, mask_text


class Severity(StrEnum):
    """How much a finding weighs; never part of a rule's id."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for an error, growing as the weight falls."""
        return _RANKS[self]


_RANKS = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file that a human edits: path relative to the root, 1-based line and column."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that a reader needs to see to understand a diagnostic."""

    message: str
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found at `path` of the document it was handed.

    `at_key` asks for the position of the key instead of its value (an unknown field, a missing neighbour).
    """

    rule: str
    path: Path
    message: str
    hint: str = ""
    seen: str = ""
    allowed: str = ""
    severity: Severity | None = None  # None: the rule's own
    at_key: bool = False

    def at(self, location: Location, path: Path, default: Severity = Severity.ERROR) -> Diagnostic:
        """Return the finding at a line; `path` is what people know it by, `default` the weight of its rule."""
        return Diagnostic(
            rule=self.rule,
            severity=self.severity or default,
            message=self.message,
            location=location,
            path=format_path(path),
            hint=self.hint,
            seen=self.seen,
            allowed=self.allowed,
        )


@dataclass(frozen=True, slots=True)
class Waived:
    """Who answers for a finding that is accepted for a time; `expires` is the last day, as year-month-day.

    `of_change` where the change that is judged brings the waiver itself.
    """

    waiver: str
    owner: str
    reason: str
    expires: str
    of_change: bool = False


LONGEST_TEXT: Final = 2000
_TEXTS: Final = ("message", "path", "hint", "seen", "allowed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """A finding at a line: what is wrong, what was seen, what is allowed, how to mend it.

    `entries` are the keys of the catalog that it is about, `subjects` the objects.
    """

    rule: str
    severity: Severity
    message: str
    location: Location
    path: str = ""
    hint: str = ""
    seen: str = ""
    allowed: str = ""
    environments: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()
    waived: Waived | None = None

    def __post_init__(self) -> None:
        """Cut what nobody would read: a finding may quote a value of any length."""
        for name in _TEXTS:
            value: str = getattr(self, name)
            if len(value) > LONGEST_TEXT:
                object.__setattr__(self, name, f"{value[:LONGEST_TEXT]}…")

    @property
    def sort_key(self) -> tuple[Location, int, str, str]:
        """Orders a report by place, then weight, then rule."""
        return (self.location, self.severity.rank, self.rule, self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleMeta:
    """The manual of a rule: what `explain RULE` and the generated documentation print.

    `title` is a statement without a period; `why` and `fix` are sentences. `bad` and `good` are YAML samples.
    `upstream` lists the ids of the project's table of KServe rules and the source that states the fact.
    """

    id: str
    title: str
    why: str
    fix: str
    bad: str = ""
    good: str = ""
    severity: Severity = Severity.ERROR
    upstream: tuple[str, ...] = ()


# A rule that says more about a mistake than others do at the same place or around it: those begin with the second text.
ECHOES = {
    "catalog/no-model-format": "kserve/no-runtime",
    "catalog/plain-secret": "policy/no-plain-secrets",
    "catalog/word-not-for-kind": "schema/unknown-field",
    "yaml/ambiguous-scalar": "schema/",
}


def merge_diagnostics(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort diagnostics; the same rule saying the same at the same place becomes one, with all its environments."""
    merged: dict[tuple[object, ...], Diagnostic] = {}
    items = sorted(map(_without_secrets, diagnostics), key=lambda d: d.sort_key)
    answers = [item for item in items if item.rule in ECHOES]
    for item in items:
        if any(_is_echo(item, answer) for answer in answers):
            continue
        key = (item.rule, item.location, item.message, item.waived)
        seen = merged.get(key)
        if seen is None:
            merged[key] = item
            continue
        merged[key] = replace(
            seen,
            environments=tuple(sorted({*seen.environments, *item.environments})),
            subjects=tuple(sorted({*seen.subjects, *item.subjects})),
            entries=tuple(sorted({*seen.entries, *item.entries})),
            related=(*seen.related, *(r for r in item.related if r not in seen.related)),
        )
    return tuple(merged.values())


def _is_echo(item: Diagnostic, answer: Diagnostic) -> bool:
    """Whether a diagnostic says less about a mistake than another does at its place, or within what it is about."""
    if not item.rule.startswith(ECHOES[answer.rule]) or item.severity.rank < answer.severity.rank:
        return False
    is_around = item.path and answer.path.startswith((f"{item.path}.", f"{item.path}["))
    return item.location == answer.location or bool(is_around)


def _without_secrets(item: Diagnostic) -> Diagnostic:
    """Hide what a diagnostic repeats of a secret: no report shows one."""
    texts = (item.message, item.seen, item.allowed, item.hint)
    message, seen, allowed, hint = map(mask_text, texts)
    if seen and is_secret_under(item.path.rpartition(".")[2], seen):
        seen = HIDDEN
    if (message, seen, allowed, hint) == texts:
        return item
    return replace(item, message=message, seen=seen, allowed=allowed, hint=hint)
