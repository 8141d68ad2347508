"""Bytes of a file in; the finding out that keeps a YAML parser from taking them, if there is one.

Everything a parser would only report by byte offset, or not at all, is found here with its line and column.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.patterns import lazy_pattern
from kservegen.formats.yaml.problems import problem

# What is read at all; docs/limits.md states these. They bound time and memory before anything is parsed, and lie far
# above what a cluster takes: its API server refuses requests beyond 3 MiB, its etcd objects beyond 1.5 MiB.
LARGEST_FILE: Final = 32 << 20
LARGEST_DOCUMENT: Final = 8 << 20
LONGEST_LINE: Final = 3 << 20
LONGEST_SCALAR: Final = 3 << 20
# Lines, commas and brackets: no value is without one.
MOST_MARKS_OF_DOCUMENT: Final = 500_000
MOST_MARKS_OF_FILE: Final = 1_000_000
MOST_DOCUMENTS: Final = 10_000
# Findings of one document: whoever made so many of one mistake sees it in the first of them.
MOST_PROBLEMS: Final = 100

# In UTF-16 every other byte of ordinary text is NUL.
_SAMPLE: Final = 4096
BOM: Final = "\ufeff"
_OTHER_ENCODINGS: Final = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_PRINTABLE_ASCII: Final = bytes([0x09, 0x0A, 0x0D, *range(0x20, 0x7F)])
_FORBIDDEN_CLASS: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff"
_DISPUTED_CLASS: Final = "\x85\u2028\u2029\ufeff"
_FORBIDDEN: Final = lazy_pattern(f"[{_FORBIDDEN_CLASS}]")
_BREAK: Final = lazy_pattern(r"\r\n|\n|\r")
# Line breaks to YAML 1.1, ordinary characters to YAML 1.2 and to every editor; and a byte order mark inside a file.
_DISPUTED: Final = lazy_pattern(f"[{_DISPUTED_CLASS}]")
_FORBIDDEN_OR_DISPUTED: Final = lazy_pattern(f"[{_FORBIDDEN_CLASS}{_DISPUTED_CLASS}]")
_NAMES: Final = {
    "\x00": "NUL",
    "\x7f": "DEL",
    "\x85": "NEL, a line break to some readers only",
    "\u2028": "LINE SEPARATOR, a line break to some readers only",
    "\u2029": "PARAGRAPH SEPARATOR, a line break to some readers only",
    "\ufeff": "BYTE ORDER MARK",
}


class LineTable:
    """Where the lines of a text begin, as an editor counts them."""

    __slots__ = ("_first_line", "_starts")

    def __init__(self, text: str, *, first_line: int = 0) -> None:
        self._first_line = first_line
        self._starts = [0, *(match.end() for match in _BREAK.finditer(text))]

    def mark(self, index: int) -> int:
        """Return line and column of a character, both from 0, packed as a source map has them."""
        line = bisect_right(self._starts, index) - 1
        return (line + self._first_line) << 32 | (index - self._starts[line])

    def locate(self, index: int, file: str) -> Location:
        """Return the place of a character."""
        mark = self.mark(index)
        return Location(file, (mark >> 32) + 1, (mark & 0xFFFFFFFF) + 1)


def lines_of(text: str) -> list[str]:
    """Return the lines of a text, as places count them: a carriage return by itself ends one, too."""
    return _BREAK.split(text) if "\r" in text else text.split("\n")


def without_bom(data: bytes) -> bytes:
    """Drop a UTF-8 byte order mark: every reader does, and some editors of Windows write one."""
    return data.removeprefix(BOM.encode())


def find_undecodable(data: bytes, file: str) -> Diagnostic | None:
    """Return what keeps these bytes from being a text of a size that can be read."""
    if (oversize := _find_oversize(data, file)) is not None:
        return oversize
    for mark, name in _OTHER_ENCODINGS:
        if data.startswith(mark):
            return _wrong_encoding(file, name)
    if data.isascii():
        return None
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return _broken_byte(data, error.start, file)
    return None


def find_unreadable(data: bytes, file: str) -> Diagnostic | None:
    """Return what keeps every reader of YAML, or some, from reading these bytes as one text with one set of lines."""
    if (undecodable := find_undecodable(data, file)) is not None:
        return undecodable
    if (too_large := find_too_large(data.decode(), file, 0)) is not None:
        return too_large
    if data.isascii() and not data.translate(None, _PRINTABLE_ASCII):
        return None
    text = data.decode()
    match = _FORBIDDEN_OR_DISPUTED.search(text)
    return None if match is None else _forbidden(text, match.start(), file)


def find_forbidden(text: str, file: str, first_line: int) -> Diagnostic | None:
    """Return the first character that no reader of YAML takes."""
    match = _FORBIDDEN.search(text)
    return None if match is None else _forbidden(text, match.start(), file, first_line)


def has_disputed_breaks(text: str) -> bool:
    """Tell whether a text has line breaks of YAML 1.1 that no editor counts."""
    return not text.isascii() and _DISPUTED.search(text) is not None


def _find_oversize(data: bytes, file: str) -> Diagnostic | None:
    if len(data) > LARGEST_FILE:
        return too_big(file, len(data))
    marks = sum(data.count(mark) for mark in b"\n\r,[{")
    if marks <= MOST_MARKS_OF_FILE:
        return None
    return _too_large(Location(file), "file", f"{marks:,} lines, commas and brackets", f"{MOST_MARKS_OF_FILE:,}")


def find_too_large(text: str, file: str, first_line: int) -> Diagnostic | None:
    """Return what makes a document larger than any reader here takes; `first_line` is its first line, from 0."""
    place = Location(file, first_line + 1)
    if len(text) > LARGEST_DOCUMENT:
        return _too_large(place, "document", f"{len(text):,} characters", f"{LARGEST_DOCUMENT:,} characters")
    marks = sum(text.count(mark) for mark in "\n\r,[{")
    if marks > MOST_MARKS_OF_DOCUMENT:
        return _too_large(place, "document", f"{marks:,} lines, commas and brackets", f"{MOST_MARKS_OF_DOCUMENT:,}")
    start = 0
    while start + LONGEST_LINE < len(text):
        last = max(text.rfind("\n", start, start + LONGEST_LINE), text.rfind("\r", start, start + LONGEST_LINE))
        if last < start:
            place = LineTable(text[:start], first_line=first_line).locate(start, file)
            return _too_large(place, "line", f"more than {LONGEST_LINE:,} characters", f"{LONGEST_LINE:,} characters")
        start = last + 1
    return None


def too_many_documents(file: str, first_line: int) -> Diagnostic:
    """Say that a file goes on beyond the documents that are read; `first_line` is the first one that is not."""
    place = Location(file, first_line + 1)
    return _too_large(place, "file", f"more than {MOST_DOCUMENTS:,} documents", f"{MOST_DOCUMENTS:,} documents")


def too_long_scalar(place: Location) -> Diagnostic:
    """Say that a scalar is longer than any that is read."""
    return _too_large(place, "scalar", f"more than {LONGEST_SCALAR:,} characters", f"{LONGEST_SCALAR:,} characters")


def _too_large(place: Location, what: str, seen: str, most: str) -> Diagnostic:
    return problem(
        "too-big",
        place,
        f"the {what} is too large",
        seen=seen,
        allowed=f"at most {most}",
        hint="Split it: one object, or one team's models, to a file.",
    )


def too_big(file: str, size: int) -> Diagnostic:
    """Say that a file is larger than any reader here takes."""
    return problem(
        "too-big",
        Location(file),
        "the file is too large",
        seen=f"{size / (1 << 20):.1f} MiB",
        allowed=f"at most {LARGEST_FILE >> 20} MiB",
        hint="Split the file; catalogs may be spread over models/**/*.yaml.",
    )


def _forbidden(text: str, index: int, file: str, first_line: int = 0) -> Diagnostic:
    character = text[index]
    code = f"U+{ord(character):04X}"
    name = _NAMES.get(character, "a control character")
    looks_utf_16 = character == "\x00" and text.count("\x00", 0, _SAMPLE) * 3 > min(len(text), _SAMPLE)
    return problem(
        "encoding" if looks_utf_16 else "character",
        LineTable(text[:index], first_line=first_line).locate(index, file),
        "the file looks like UTF-16" if looks_utf_16 else f"a character that YAML does not allow: {name}",
        seen=code,
        allowed="printable characters, tab and line breaks",
        hint="Save the file as UTF-8."
        if looks_utf_16
        else f'Delete the character, or write it as an escape in double quotes: "\\u{ord(character):04X}".',
    )


def _wrong_encoding(file: str, name: str) -> Diagnostic:
    return problem(
        "encoding", Location(file), "the file is not UTF-8", seen=name, allowed="UTF-8", hint="Save the file as UTF-8."
    )


def _broken_byte(data: bytes, start: int, file: str) -> Diagnostic:
    return problem(
        "encoding",
        _end_of(data[:start].decode(), file),
        "the file is not UTF-8",
        seen=f"byte 0x{data[start]:02X}",
        allowed="UTF-8",
        hint="Save the file as UTF-8; this byte is no part of a UTF-8 character.",
    )


def _end_of(text: str, file: str) -> Location:
    return LineTable(text).locate(len(text), file)
