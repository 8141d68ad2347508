"""Findings of this package's readers: a rule, a place and words in, a `Diagnostic` out."""

from __future__ import annotations

from kservegen.core.diagnostics import Diagnostic, Location, Related, Severity
from kservegen.core.jsontypes import Path, format_path

_LONGEST_QUOTE = 60


def problem(
    rule: str,
    location: Location,
    message: str,
    *,
    path: Path = (),
    seen: str = "",
    allowed: str = "",
    hint: str = "",
    related: tuple[Related, ...] = (),
) -> Diagnostic:
    """Say what is wrong at a place; whatever a reader of YAML finds is an error."""
    return Diagnostic(
        rule=f"yaml/{rule}",
        severity=Severity.ERROR,
        message=message,
        location=location,
        path=format_path(path),
        seen=seen,
        allowed=allowed,
        hint=hint,
        related=related,
    )


def shorten_excerpt(text: str) -> str:
    """Cut what was seen to the length of a line, escapes instead of invisible characters."""
    cut = text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
