"""A catalog's bytes in; plain data, the place of every value and all findings about the way it is written out.

A file in plain clothes is read by `quick_source`. Of all others the parser is libyaml, or PyYAML's own where that is
missing; what it reads is checked and collected by `builder`.
"""

from __future__ import annotations

from typing import Final
from weakref import WeakValueDictionary

import yaml
from msgspec import Struct

from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.jsontypes import JsonValue
from kservegen.formats.yaml import syntax
from kservegen.formats.yaml.builder import StrictBuilder
from kservegen.formats.yaml.collector import without_collector
from kservegen.formats.yaml.events import ParserFactory, StopReadingError, default_parser
from kservegen.formats.yaml.problems import SecretData
from kservegen.formats.yaml.quick import REFUSED
from kservegen.formats.yaml.quick_source import read_quick_source
from kservegen.formats.yaml.source import SourceMap
from kservegen.formats.yaml.text import find_unreadable, without_bom


class Loaded(Struct, frozen=True, eq=False, weakref=True):
    """What a file holds: None as `value` where it cannot be known, with a diagnostic that says why."""

    value: JsonValue
    source: SourceMap
    diagnostics: tuple[Diagnostic, ...]


def load_strict(data: bytes, file: str, *, parser: ParserFactory = default_parser) -> Loaded:
    """Read one file of a catalog by the strict rules; never raises, whatever the bytes."""
    data = without_bom(data)
    source = SourceMap(file)
    unreadable = find_unreadable(data, file)
    if unreadable is not None:
        return Loaded(None, source, SecretData(data).hide([unreadable]))
    if parser is default_parser:
        with without_collector():
            quick = read_quick_source(data.decode(), source)
        if quick is not REFUSED:
            return Loaded(quick, source, ())
        source = SourceMap(file)  # what was refused may be in the other in part
    builder = StrictBuilder(parser(data), source)
    value = None
    with without_collector():
        try:
            value = builder.build()
        except StopReadingError as stop:
            builder.diagnostics.append(stop.diagnostic)
        except yaml.MarkedYAMLError as error:
            found = syntax.syntax_diagnostic(
                error, data.decode(), lambda mark: Location(file, mark.line + 1, mark.column + 1)
            )
            if not _follows_from(found, builder.diagnostics):
                builder.diagnostics.append(found)
    return Loaded(value, source, SecretData(data).hide(builder.told()))


def load_held(data: bytes, file: str) -> Loaded:
    """Read as `load_strict` does, for whoever changes nothing of it.

    While anybody holds what was read, the same bytes of the same file are not read again: a plan looks at its base from
    several sides.
    """
    known = _held.get((file, data))
    if known is None:
        known = _held[file, data] = load_strict(data, file)
    return known


_held: Final[WeakValueDictionary[tuple[str, bytes], Loaded]] = WeakValueDictionary()


def _follows_from(found: Diagnostic, before: list[Diagnostic]) -> bool:
    """Tell whether a syntax error is the echo of a template that was not quoted: `{{ .Name }}-x`."""
    last = before[-1] if before else None
    return last is not None and last.rule == "yaml/key-not-text" and last.location.line == found.location.line
