"""Findings of this package's readers: a rule, a place and words in, a `Diagnostic` out."""

from __future__ import annotations

from kservegen.core.diagnostics import Diagnostic, Location, Related
from kservegen.core.jsontypes import Path, format_path
from kservegen.core.manual import written_manuals

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
    """Say what is wrong at a place."""
    return Diagnostic(
        rule=f"yaml/{rule}",
        severity=written_manuals()[f"yaml/{rule}"].severity,
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
