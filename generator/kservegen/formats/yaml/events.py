"""The parser under the readers of this package: bytes in, PyYAML's events out, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

import yaml
from yaml.events import Event

from kservegen.core.diagnostics import Diagnostic


class EventParser(Protocol):
    """What a YAML parser offers here."""

    def get_event(self) -> Event | None:
        """Return the next event; raise yaml.MarkedYAMLError where the text is no YAML."""


ParserFactory: TypeAlias = Callable[[bytes], EventParser]


class StopReadingError(Exception):
    """Nothing after this place is worth reading; carries the finding that says so."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def default_parser(data: bytes) -> EventParser:
    """Return libyaml's parser, or PyYAML's own, several times as slow, where the library is missing."""
    return yaml.CSafeLoader(data) if yaml.__with_libyaml__ else pure_parser(data)


def pure_parser(data: bytes) -> EventParser:
    """Return PyYAML's own parser, written in Python."""
    return yaml.SafeLoader(data)


def mark_of(event: Event | None) -> int:
    """Return the mark of where an event begins; only events that no parser made have none."""
    start = event.start_mark if event is not None else None
    return start.line << 32 | start.column if start is not None else 0
