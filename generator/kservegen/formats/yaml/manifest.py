"""A file of manifests in, YAML or JSON; its documents out as kubectl reads them, with the place of every value.

kubectl and Argo CD split a file with apimachinery's YAMLOrJSONDecoder and read each piece with sigs.k8s.io/yaml. So
do we, quirks included: what they accept gets no finding, what they refuse gets one that says where and why. Beyond
them, a key that stands twice is an error, as in the strict reading that the API server asks of its clients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import yaml

from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.jsontypes import JsonValue
from kservegen.formats.yaml import syntax
from kservegen.formats.yaml.decode import decode_nodes
from kservegen.formats.yaml.events import StopReadingError, default_parser
from kservegen.formats.yaml.json_text import BrokenJsonError, read_json
from kservegen.formats.yaml.nodes import Marker, compose_nodes
from kservegen.formats.yaml.problems import problem, shorten_excerpt
from kservegen.formats.yaml.quick import REFUSED, read_quick
from kservegen.formats.yaml.source import SourceMap
from kservegen.formats.yaml.text import BOM, LineTable, find_forbidden, find_undecodable, has_disputed_breaks

# How far apimachinery looks for the brace that makes a file JSON.
_LOOK_AHEAD: Final = 4096


class ManifestDocument:
    """One document of a file: its number among those that are not empty, its data, and where everything stands.

    `problems` are those of the file's findings that belong to this document, which could be read all the same.
    Places are looked for when they are asked for: documents without a finding never are.
    """

    __slots__ = ("_find", "_source", "index", "problems", "value")

    def __init__(
        self, index: int, value: JsonValue, find: Callable[[], SourceMap], problems: tuple[Diagnostic, ...] = ()
    ) -> None:
        self.index = index
        self.value = value
        self.problems = problems
        self._find = find
        self._source: SourceMap | None = None

    @property
    def source(self) -> SourceMap:
        """The places of everything in the document."""
        if self._source is None:
            self._source = self._find()
        return self._source


@dataclass(frozen=True, slots=True)
class Manifests:
    """What a file of manifests holds, and what kubectl would refuse in it."""

    documents: tuple[ManifestDocument, ...]
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of the file that becomes at most one document, or the finding about the line that ended it."""

    line: int
    text: str
    refused: Diagnostic | None = None


def load_manifests(data: bytes, file: str) -> Manifests:
    """Read all documents of a file; one that cannot be read does not hide the others. Never raises."""
    undecodable = find_undecodable(data, file)
    if undecodable is not None:
        return Manifests((), (undecodable,))
    reading = _Reading(file)
    reading.read(data.decode())
    return Manifests(tuple(reading.documents), tuple(reading.diagnostics))


class _Reading:
    """Collects what one file holds."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.documents: list[ManifestDocument] = []
        self.diagnostics: list[Diagnostic] = []

    def read(self, text: str) -> None:
        """Read JSON as long as it is JSON, the rest as YAML."""
        start = 0
        broken: Diagnostic | None = None
        if text.startswith("{") and (value := read_quick(text)) is not REFUSED:
            self._keep(value, partial(_places_in_json, text, self._file), ())
            return
        if text[:_LOOK_AHEAD].lstrip().startswith("{"):
            start, broken = self._read_json(text)
            if start < 0:
                return
        found = len(self.diagnostics)
        for piece in _split(text, start, self._file):
            self._read_piece(piece)
        if broken is not None and len(self.diagnostics) > found and broken not in self.diagnostics:
            self.diagnostics[found:] = [broken]  # it is neither; what JSON lacks is nearer to the mistake

    def _read_json(self, text: str) -> tuple[int, Diagnostic | None]:
        """Read documents of JSON. Return where YAML goes on, -1 where nothing does, and what ended the JSON."""
        lines = LineTable(text)
        position, count = 0, 0
        while True:
            source = SourceMap(self._file)
            try:
                value, position, repeated = read_json(text, position, lines, source)
            except BrokenJsonError as error:
                if count > 1 or error.is_final:
                    self.diagnostics.append(error.diagnostic)
                    return -1, None
                return _after_blank_line(text, position), error.diagnostic
            if source:
                self._keep(value, partial(_same, source), repeated)
                count += 1
            else:
                return -1, None

    def _read_piece(self, piece: _Piece) -> None:
        if piece.refused is not None:
            self.diagnostics.append(piece.refused)
            return
        value = read_quick(piece.text)
        if value is not REFUSED:
            self._keep(value, partial(_places_in_yaml, piece, self._file), ())
            return
        forbidden = find_forbidden(piece.text, self._file, piece.line)
        if forbidden is not None:
            self.diagnostics.append(forbidden)
            return
        source = SourceMap(self._file)
        marker = _marker(piece)
        try:
            root = compose_nodes(default_parser(piece.text.encode()), marker, self._file)
            if root is not None:
                value, repeated = decode_nodes(root, source)
                self._keep(value, partial(_same, source), repeated)
        except StopReadingError as stop:
            self.diagnostics.append(stop.diagnostic)
        except yaml.MarkedYAMLError as error:
            self.diagnostics.append(
                syntax.syntax_diagnostic(error, piece.text, lambda mark: source.locate(marker.mark(mark)))
            )

    def _keep(self, value: JsonValue, find: Callable[[], SourceMap], problems: tuple[Diagnostic, ...]) -> None:
        self.diagnostics.extend(problems)
        if value is not None:
            self.documents.append(ManifestDocument(len(self.documents), value, find, problems))


def _same(source: SourceMap) -> SourceMap:
    return source


def _places_in_yaml(piece: _Piece, file: str) -> SourceMap:
    """Find the places in a document that was read without them."""
    source = SourceMap(file)
    root = compose_nodes(default_parser(piece.text.encode()), _marker(piece), file)
    if root is not None:
        decode_nodes(root, source)
    return source


def _places_in_json(text: str, file: str) -> SourceMap:
    source = SourceMap(file)
    read_json(text, 0, LineTable(text), source)
    return source


def _marker(piece: _Piece) -> Marker:
    """Return how to place an event of this piece in the file."""
    lines = LineTable(piece.text, first_line=piece.line) if has_disputed_breaks(piece.text) else None
    return Marker(first_line=piece.line, lines=lines)


def _after_blank_line(text: str, position: int) -> int:
    """Skip blanks up to and with the first line break, as apimachinery does before it turns to YAML."""
    while position < len(text) and text[position].isspace():
        position += 1
        if text[position - 1] == "\n":
            break
    return position


def _split(text: str, start: int, file: str) -> Iterator[_Piece]:
    """Split at lines that begin with `---`, before any YAML is parsed, even inside quotes and blocks of text.

    The first such line stays with what follows it; line breaks become LF, and the last line gets one.
    """
    first, held = text.count("\n", 0, start), list[str]()
    lines = text[start:].split("\n")
    if not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, first):
        if line.startswith("---"):
            rest = line[3:].strip()
            if rest and not rest.startswith("#"):
                yield _Piece(number, "", _bad_separator(file, number, rest))
                first, held = number + 1, []
                continue
            if held:
                yield _Piece(first, "".join(held).removeprefix(BOM))
                first, held = number + 1, []
                continue
        held.append(line.removesuffix("\r") + "\n")
    if held:
        yield _Piece(first, "".join(held).removeprefix(BOM))


def _bad_separator(file: str, line: int, rest: str) -> Diagnostic:
    return problem(
        "document-separator",
        Location(file, line + 1, 1),
        "something follows --- on its line, and kubectl refuses the file",
        seen=shorten_excerpt(f"--- {rest}"),
        allowed="--- alone, or with a comment",
        hint="Begin the document on the next line.",
    )
