"""What a change brings and resolves, and what stood before it, folded: the words that all forms of a report share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from kservegen.commands.result import Result
from kservegen.core.diagnostics import BaselineState, Diagnostic, Severity
from kservegen.report.summary import plural

_NAMED: Final = 6  # so many rules fit in a line
_NOUNS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def brought_line(result: Result) -> str:
    """Count what the change brings, and what it resolves; blank where nothing was compared with a base."""
    if result.resolved is None:
        return ""
    brings = _counts(item for item in result.brought if item.waived is None) or "no findings"
    resolves = f", resolves {plural(len(result.resolved), 'finding')}" if result.resolved else ""
    return f"this change brings {brings}{resolves}"


def standing_line(result: Result) -> str:
    """Count what stood before the change, rule by rule; blank where nothing did."""
    items = result.standing
    if not items:
        return ""
    rules = Counter(item.rule for item in items).most_common()
    named = ", ".join(f"{count:,} x {rule}" for rule, count in rules[:_NAMED])
    more = f" and {plural(len(rules) - _NAMED, 'more rule')}" if len(rules) > _NAMED else ""
    return f"standing before this change: {_counts(items)}: {named}{more}"


def heavier(item: Diagnostic) -> str:
    """Say that a finding is one of the base that weighs more now; blank for any other."""
    return "it is lighter there, or waived" if item.baseline is BaselineState.UPDATED else ""


def standing_errors(result: Result) -> tuple[Diagnostic, ...]:
    """Return the errors that stood before the change: they make it red all the same, and are never folded."""
    return tuple(item for item in result.standing if item.severity is Severity.ERROR)


def _counts(items: Iterable[Diagnostic]) -> str:
    counts = Counter(item.severity for item in items)
    return ", ".join(plural(counts[severity], noun) for severity, noun in _NOUNS.items() if counts[severity])
