"""Findings of this package's readers: a rule, a place and words in, a `Diagnostic` out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final

from msgspec.structs import replace

from kservegen.core.diagnostics import Diagnostic, Location, Related
from kservegen.core.jsontypes import Path, format_path
from kservegen.core.manual import written_manuals
from kservegen.core.patterns import lazy_pattern
from kservegen.core.secret_data import hidden_parts
from kservegen.core.secrets import HIDDEN

_LONGEST_QUOTE: Final = 60
_BREAK: Final = lazy_pattern(r"\r\n|\n|\r")


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


class SecretData:
    """Where one file holds a Secret's data, or may; it is read through at the first finding, and once for all."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def hide(self, found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
        """Leave out of findings of this file what they repeat of that."""
        return tuple(_by_title(item) if _touches(item, self._parts) else item for item in found)

    @cached_property
    def _parts(self) -> Mapping[int, int]:
        return hidden_parts(_BREAK.split(self._data.decode("utf-8", "replace")))


def _touches(item: Diagnostic, hidden: Mapping[int, int]) -> bool:
    places = (item.location, *(place.location for place in item.places), *(other.location for other in item.related))
    return any(place.line - 1 in hidden for place in places)


def _by_title(item: Diagnostic) -> Diagnostic:
    """Say of a finding what its rule says of all such."""
    manual = written_manuals()[item.rule]
    return replace(
        item,
        message=f"{manual.title[:1].lower()}{manual.title[1:]}",
        path="",
        seen=HIDDEN if item.seen else "",
        allowed="",
        hint=manual.fix,
        related=tuple(replace(other, message=HIDDEN) for other in item.related),
        cause="",
    )
