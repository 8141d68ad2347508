"""Bytes of a file in; the finding out that keeps a YAML parser from taking them, if there is one.

Everything a parser would only report by byte offset, or not at all, is found here with its line and column.
"""

from __future__ import annotations

import re
from typing import Final

from kservegen.diagnostics import Diagnostic, Location
from kservegen.yamlio.problems import problem

LARGEST_FILE: Final = 32 * 1024 * 1024
# Lines, commas and brackets: what bounds the number of values, and so time and memory, before anything is parsed.
MOST_MARKS: Final = 5_000_000

# In UTF-16 every other byte of ordinary text is NUL.
_SAMPLE: Final = 4096
_BOM: Final = b"\xef\xbb\xbf"
_OTHER_ENCODINGS: Final = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_PRINTABLE_ASCII: Final = bytes([0x09, 0x0A, 0x0D, *range(0x20, 0x7F)])
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_BREAK: Final = re.compile(r"\r\n|\n|\r")
# Line breaks to YAML 1.1, ordinary characters to YAML 1.2 and to every editor; and a byte order mark inside a file.
_DISPUTED: Final = re.compile("[\x85\u2028\u2029\ufeff]")
_NAMES: Final = {
    "\x00": "NUL",
    "\x7f": "DEL",
    "\x85": "NEL, a line break to some readers only",
    "\u2028": "LINE SEPARATOR, a line break to some readers only",
    "\u2029": "PARAGRAPH SEPARATOR, a line break to some readers only",
    "\ufeff": "BYTE ORDER MARK",
}


def without_bom(data: bytes) -> bytes:
    """Drop a UTF-8 byte order mark: every reader does, and some editors of Windows write one."""
    return data.removeprefix(_BOM)


def find_unreadable(data: bytes, file: str) -> Diagnostic | None:
    """Return what keeps any YAML reader from reading these bytes (no byte order mark in front): size, encoding, NUL."""
    if (oversize := _find_oversize(data, file)) is not None:
        return oversize
    for mark, name in _OTHER_ENCODINGS:
        if data.startswith(mark):
            return _wrong_encoding(file, name)
    if data.isascii():
        return _find_control_character(data, file)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return _broken_byte(data, error.start, file)
    match = _FORBIDDEN.search(text)
    return None if match is None else _forbidden(text, match.start(), file)


def find_disputed(data: bytes, file: str) -> Diagnostic | None:
    """Return the first character that only some readers take for a line break."""
    if data.isascii():
        return None
    text = data.decode()
    match = _DISPUTED.search(text)
    return None if match is None else _forbidden(text, match.start(), file)


def locate(before: str, file: str) -> Location:
    """Return the place that follows the text `before`."""
    line, start = 1, 0
    for match in _BREAK.finditer(before):
        line, start = line + 1, match.end()
    return Location(file, line, len(before) - start + 1)


def _find_oversize(data: bytes, file: str) -> Diagnostic | None:
    if len(data) > LARGEST_FILE:
        return too_big(file, len(data))
    marks = sum(data.count(mark) for mark in b"\n\r,[{")
    if marks <= MOST_MARKS:
        return None
    return problem(
        "too-big",
        Location(file),
        "the file holds too many values",
        seen=f"{marks:,} lines, commas and brackets",
        allowed=f"at most {MOST_MARKS:,}",
        hint="Split the file.",
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


def _find_control_character(data: bytes, file: str) -> Diagnostic | None:
    if not data.translate(None, _PRINTABLE_ASCII):
        return None
    text = data.decode("ascii")
    match = _FORBIDDEN.search(text)
    return None if match is None else _forbidden(text, match.start(), file)


def _forbidden(text: str, index: int, file: str) -> Diagnostic:
    character = text[index]
    code = f"U+{ord(character):04X}"
    name = _NAMES.get(character, "a control character")
    looks_utf_16 = character == "\x00" and text.count("\x00", 0, _SAMPLE) * 3 > min(len(text), _SAMPLE)
    return problem(
        "encoding" if looks_utf_16 else "character",
        locate(text[:index], file),
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
        locate(data[:start].decode(), file),
        "the file is not UTF-8",
        seen=f"byte 0x{data[start]:02X}",
        allowed="UTF-8",
        hint="Save the file as UTF-8; this byte is no part of a UTF-8 character.",
    )
