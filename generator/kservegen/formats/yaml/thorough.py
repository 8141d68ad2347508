"""One document of YAML in, whatever it is made of; its data and the place of every value out, as kubectl reads it.

The parser is imported here, and so only for what the quick reader leaves, and for documents whose places are asked for.
"""

from __future__ import annotations

import yaml
from msgspec import Struct

from kservegen.core.diagnostics import Diagnostic
from kservegen.core.jsontypes import JsonValue
from kservegen.formats.yaml.decode import decode_nodes
from kservegen.formats.yaml.events import StopReadingError, default_parser
from kservegen.formats.yaml.nodes import Marker, compose_nodes
from kservegen.formats.yaml.source import SourceMap
from kservegen.formats.yaml.syntax import syntax_diagnostic
from kservegen.formats.yaml.text import LineTable, has_disputed_breaks


class ThoroughDocument(Struct, frozen=True, eq=False):
    """What a document holds and where it stands; `repeated` are findings about keys that stand twice."""

    value: JsonValue
    source: SourceMap
    repeated: tuple[Diagnostic, ...]


def read_thoroughly(text: str, written: str, first_line: int, file: str) -> ThoroughDocument | Diagnostic | None:
    """Read a document that begins at a line of a file, from 0; `written` is what of its text is in the file.

    None where it holds nothing, a finding where it cannot be read.
    """
    source = SourceMap(file)
    lines = LineTable(text, first_line=first_line) if has_disputed_breaks(text) else None
    marker = Marker(first_line=first_line, lines=lines)
    try:
        root = compose_nodes(default_parser(text.encode()), marker, file)
        if root is None:
            return None
        value, repeated = decode_nodes(root, source)
        return ThoroughDocument(value, source, repeated)
    except StopReadingError as stop:
        return stop.diagnostic
    except yaml.MarkedYAMLError as error:
        return syntax_diagnostic(error, written, lambda mark: source.locate(marker.mark(mark)))
