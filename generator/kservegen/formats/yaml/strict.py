"""A catalog's bytes in that may be any YAML; data out, the place of every value, and what breaks the strict rules.

The parser is libyaml, or PyYAML's own where that is missing; what it reads is checked and collected by `builder`.
"""

from __future__ import annotations

import yaml

from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.jsontypes import JsonValue
from kservegen.formats.yaml import syntax
from kservegen.formats.yaml.builder import StrictBuilder
from kservegen.formats.yaml.collector import without_collector
from kservegen.formats.yaml.events import ParserFactory, StopReadingError, default_parser
from kservegen.formats.yaml.source import SourceMap


def read_strict(
    data: bytes, source: SourceMap, parser: ParserFactory | None = None
) -> tuple[JsonValue, tuple[Diagnostic, ...]]:
    """Read one file; places go into `source`. None where the value cannot be known, with a finding that says why."""
    builder = StrictBuilder((parser or default_parser)(data), source)
    value = None
    with without_collector():
        try:
            value = builder.build()
        except StopReadingError as stop:
            builder.diagnostics.append(stop.diagnostic)
        except yaml.MarkedYAMLError as error:
            found = syntax.syntax_diagnostic(
                error, data.decode(), lambda mark: Location(source.file, mark.line + 1, mark.column + 1)
            )
            if not _follows_from(found, builder.diagnostics):
                builder.diagnostics.append(found)
    return value, tuple(builder.told())


def _follows_from(found: Diagnostic, before: list[Diagnostic]) -> bool:
    """Tell whether a syntax error is the echo of a template that was not quoted: `{{ .Name }}-x`."""
    last = before[-1] if before else None
    return last is not None and last.rule == "yaml/key-not-text" and last.location.line == found.location.line
