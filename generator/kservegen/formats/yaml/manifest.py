"""A file of manifests in, YAML or JSON; its documents out as kubectl reads them, with the place of every value.

kubectl and Argo CD split a file with apimachinery's YAMLOrJSONDecoder and read each piece with sigs.k8s.io/yaml. So
do we, quirks included: what they accept gets no finding, what they refuse gets one that says where and why. Beyond
them, a key that stands twice is an error, as in the strict reading that the API server asks of its clients.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.jsontypes import JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.formats.yaml.problems import SecretData, problem, shorten_excerpt
from kservegen.formats.yaml.quick import REFUSED, read_quick, read_quick_json
from kservegen.formats.yaml.source import SourceMap
from kservegen.formats.yaml.text import (
    BOM,
    MOST_DOCUMENTS,
    LineTable,
    find_forbidden,
    find_too_large,
    find_undecodable,
    too_many_documents,
)

if TYPE_CHECKING:
    from kservegen.formats.yaml.thorough import ThoroughDocument

_SEPARATOR: Final = lazy_pattern(r"^---([^\n]*)(?:\n|\Z)", re.MULTILINE)
# How far apimachinery looks for the brace that makes a file JSON.
_LOOK_AHEAD: Final = 4096


class ManifestDocument:
    """One document of a file: its number among those that are not empty, its data, and where everything stands.

    `problems` are those of the file's findings that belong to this document, which could be read all the same; `size`
    is the length of its text.
    Places are looked for, by `find(*of)`, when they are asked for: documents without a finding never are.
    """

    __slots__ = ("_find", "_of", "_source", "index", "problems", "size", "value")

    def __init__(
        self,
        index: int,
        value: JsonValue,
        find: Callable[..., SourceMap],
        of: tuple[object, ...],
        problems: tuple[Diagnostic, ...] = (),
        size: int = 0,
    ) -> None:
        self.index = index
        self.size = size
        self.value = value
        self.problems = problems
        self._find = find
        self._of = of
        self._source: SourceMap | None = None

    def __reduce__(self) -> tuple[object, ...]:
        """Return what pickle writes: the places, once found, are found again."""
        return ManifestDocument, (self.index, self.value, self._find, self._of, self.problems, self.size)

    @property
    def source(self) -> SourceMap:
        """The places of everything in the document."""
        if self._source is None:
            self._source = self._find(*self._of)
        return self._source


class Manifests(Struct, frozen=True):
    """What a file of manifests holds, and what kubectl would refuse in it."""

    documents: tuple[ManifestDocument, ...]
    diagnostics: tuple[Diagnostic, ...]


class _Piece(Struct, frozen=True):
    """A part of the file that becomes at most one document, or the finding about the line that ended it."""

    line: int
    text: str
    refused: Diagnostic | None = None
    is_ended: bool = True  # False: its last line break is not in the file

    @property
    def written(self) -> str:
        """The text without what is not in the file."""
        return self.text if self.is_ended else self.text.removesuffix("\n")


def load_manifests(data: bytes, file: str) -> Manifests:
    """Read all documents of a file; one that cannot be read does not hide the others. Never raises."""
    documents: list[ManifestDocument] = []
    diagnostics: list[Diagnostic] = []
    for item in stream_manifests(data, file):
        if isinstance(item, Diagnostic):
            diagnostics.append(item)
        else:
            documents.append(item)
            diagnostics.extend(item.problems)
    return Manifests(tuple(documents), tuple(diagnostics))


def stream_manifests(data: bytes, file: str) -> Iterator[ManifestDocument | Diagnostic]:
    """Yield the documents of a file one after the other, and a finding for what is none; never raises."""
    undecodable = find_undecodable(data, file)
    if undecodable is not None:
        yield from SecretData(data).hide([undecodable])
        return
    secrets = SecretData(data)
    for item in _Reading(file).read(data.decode()):
        if isinstance(item, Diagnostic):
            yield from secrets.hide([item])
            continue
        if item.problems:
            item.problems = secrets.hide(item.problems)
        yield item


class _Reading:
    """Reads what one file holds."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._count = 0

    def read(self, text: str) -> Iterator[ManifestDocument | Diagnostic]:
        """Read JSON as long as it is JSON, the rest as YAML."""
        start = 0
        broken: Diagnostic | None = None
        if text[:_LOOK_AHEAD].lstrip().startswith("{"):
            if (too_large := find_too_large(text, self._file, 0)) is not None:
                yield too_large
                return
            if text.startswith("{") and (value := read_quick_json(text)) is not REFUSED:
                yield from self._kept(value, _places_in_json, (text, self._file), (), len(text))
                return
            start, broken = yield from self._read_json(text)
            if start < 0:
                return
        pieces = self._read_pieces(_split(text, start, self._file))
        yield from pieces if broken is None else _neither(pieces, broken)

    def _read_json(self, text: str) -> Generator[ManifestDocument | Diagnostic, None, tuple[int, Diagnostic | None]]:
        """Read documents of JSON. Return where YAML goes on, -1 where nothing does, and what ended the JSON."""
        from kservegen.formats.yaml.json_text import BrokenJsonError, read_json  # noqa: PLC0415 - for odd JSON

        lines = LineTable(text)
        position, count = 0, 0
        while True:
            source = SourceMap(self._file)
            try:
                value, position, repeated = read_json(text, position, lines, source)
            except BrokenJsonError as error:
                if count > 1 or error.is_final:
                    yield error.diagnostic
                    return -1, None
                return _after_blank_line(text, position), error.diagnostic
            if source:
                yield from self._kept(value, _same, (source,), repeated, len(text))
                count += 1
            else:
                return -1, None

    def _read_pieces(self, pieces: Iterable[_Piece]) -> Iterator[ManifestDocument | Diagnostic]:
        for piece in pieces:
            if self._count >= MOST_DOCUMENTS:
                yield too_many_documents(self._file, piece.line)
                return
            yield from self._read_piece(piece)

    def _read_piece(self, piece: _Piece) -> Iterator[ManifestDocument | Diagnostic]:
        if piece.refused is not None:
            yield piece.refused
            return
        if piece.text.isspace() or piece.text == "---\n":
            return
        value = read_quick(piece.text)
        if value is not REFUSED:
            yield from self._kept(value, _places_in_yaml, (piece, self._file), (), len(piece.text))
            return
        forbidden = find_forbidden(piece.text, self._file, piece.line)
        if forbidden is not None:
            yield forbidden
            return
        found = _read_thoroughly(piece, self._file)
        if isinstance(found, Diagnostic):
            yield found
        elif found is not None:
            yield from self._kept(found.value, _same, (found.source,), found.repeated, len(piece.text))

    def _kept(
        self,
        value: JsonValue,
        find: Callable[..., SourceMap],
        of: tuple[object, ...],
        problems: tuple[Diagnostic, ...],
        size: int,
    ) -> Iterator[ManifestDocument | Diagnostic]:
        if value is None:
            yield from problems
            return
        self._count += 1
        yield ManifestDocument(self._count - 1, value, find, of, problems, size)


def _neither(
    pieces: Iterable[ManifestDocument | Diagnostic], broken: Diagnostic
) -> Iterator[ManifestDocument | Diagnostic]:
    """Say once of what is neither JSON nor YAML why it is no JSON: that is nearer to the mistake."""
    found = list(pieces)
    problems = [item for item in found if isinstance(item, Diagnostic)]
    if not problems or broken in problems:
        yield from found
        return
    yield from (item for item in found if not isinstance(item, Diagnostic))
    yield broken


def _same(source: SourceMap) -> SourceMap:
    return source


def _places_in_yaml(piece: _Piece, file: str) -> SourceMap:
    """Find the places in a document that was read without them."""
    found = _read_thoroughly(piece, file)
    return SourceMap(file) if found is None or isinstance(found, Diagnostic) else found.source


def _read_thoroughly(piece: _Piece, file: str) -> ThoroughDocument | Diagnostic | None:
    from kservegen.formats.yaml.thorough import read_thoroughly  # noqa: PLC0415 - brings PyYAML

    return read_thoroughly(piece.text, piece.written, piece.line, file)


def _places_in_json(text: str, file: str) -> SourceMap:
    from kservegen.formats.yaml.json_text import read_json  # noqa: PLC0415 - where a place is asked for

    source = SourceMap(file)
    read_json(text, 0, LineTable(text), source)
    return source


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
    line, begin = _breaks(text[:start]), start
    for match in _SEPARATOR.finditer(text, start):
        at, end = match.start(), match.end()
        rest = match[1].strip()
        if rest and not rest.startswith("#"):
            line += _breaks(text[begin:at])
            yield _Piece(line, "", _bad_separator(file, line, rest))
            line, begin = line + _breaks(text[at:end]), end
        elif at > begin:
            yield from _pieces(text[begin:at], line, file)
            line, begin = line + _breaks(text[begin:end]), end
    if begin < len(text):
        yield from _pieces(text[begin:], line, file)


def _pieces(text: str, line: int, file: str) -> Iterator[_Piece]:
    too_large = find_too_large(text, file, line)
    text = text.replace("\r\n", "\n").removeprefix(BOM)
    is_ended = text.endswith("\n")
    if not is_ended:
        text = text.removesuffix("\r") + "\n"
    yield _Piece(line, text, too_large, is_ended)


def _breaks(text: str) -> int:
    """Count the line breaks in a text: LF, CR LF and CR."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def _bad_separator(file: str, line: int, rest: str) -> Diagnostic:
    return problem(
        "document-separator",
        Location(file, line + 1, 1),
        "something follows --- on its line, and kubectl refuses the file",
        seen=shorten_excerpt(f"--- {rest}"),
        allowed="--- alone, or with a comment",
        hint="Begin the document on the next line.",
    )
