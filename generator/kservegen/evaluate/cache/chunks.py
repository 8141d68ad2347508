"""The bytes of a catalog file in, its entries as chunks of text out; and the file again without those that are known.

An entry that is known is not read again. In its place stands a short one, the stand-in, and comments up to its last
line, so that all other lines keep their numbers. This is why the rest is read as it would be in the whole file:

- Up to a stand-in both texts are the same, so the parser is in the same state there. If the stand-in turns up as a key
  of its section at its line, that state was "between two entries".
- What it stands for was read from that very state once, as an entry of that section, and led back to it.
- So both texts go on from the same state. Whatever an edit leaves open (a quote, a bracket) swallows a stand-in or an
  entry, and `settle` notices: every entry has to turn up at its line, and nothing else.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Final, NamedTuple

from kservegen.catalog.sections import SECTIONS
from kservegen.core.jsontypes import JsonValue
from kservegen.formats.yaml.source import SourceMap
from kservegen.formats.yaml.text import find_unreadable

# Where a line begins that is a word of the file or an entry of a section in block style.
_START: Final = re.compile(rb"\n(?=  [^ \t\r\n#-]|[^ \t\r\n#])")
_SECTION: Final = re.compile(rb"([A-Za-z]+):[ \t]*(?:#[^\n]*)?\r?\n")
_STAND_IN: Final = "kservegen-stand-in-"
_COLUMN: Final = 3  # of an entry's key, from 1


class DoubtError(Exception):
    """What is remembered may not hold here: the run starts over without it."""


class Chunk(NamedTuple):
    """The text of one entry, from the line of its key (from 1) to the line before the next."""

    section: str
    line: int
    text: bytes


class Layout(NamedTuple):
    """A file as a sequence of entries and of text that belongs to none; `shared` is the digest of the latter."""

    pieces: tuple[bytes | Chunk, ...]
    shared: str

    def chunks(self) -> Iterator[Chunk]:
        """Go through the entries."""
        return (piece for piece in self.pieces if isinstance(piece, Chunk))


@dataclass(frozen=True, slots=True)
class Abridged:
    """A file with stand-ins for some entries: its text, and by section where keys have to turn up.

    `known` are the keys of the entries that are left out, by section.
    """

    data: bytes
    known: Mapping[str, tuple[str, ...]]
    lines: Mapping[str, list[int]]
    stand_ins: Mapping[str, list[str]]

    def settle(self, value: JsonValue, source: SourceMap) -> None:
        """Take the stand-ins out of what was read; DoubtError unless every entry turned up where it has to."""
        for section, wanted in self.lines.items():
            here = value.get(section) if isinstance(value, dict) else None
            if not isinstance(here, dict) or sorted(keys_by_line(here, section, source)) != wanted:
                raise DoubtError(section)
            for name in self.stand_ins.get(section, ()):
                del here[name]


def split(data: bytes, file: str) -> Layout | None:
    """Cut a file into its entries; None for one that cannot be read at all or uses our names."""
    if _STAND_IN.encode() in data or find_unreadable(data, file) is not None:
        return None
    starts = [match.end() for match in _START.finditer(data)]
    pieces: list[bytes | Chunk] = []
    digest = sha256()
    section, line = "", 1
    for start, end in pairwise([0, *starts, len(data)]):
        text = data[start:end]
        if section and text.startswith(b"  "):
            pieces.append(Chunk(section, line, text))
        else:
            header = _SECTION.match(text)
            section = header[1].decode() if header and header[1].decode() in SECTIONS else ""
            pieces.append(text)
            digest.update(b"%d:%b" % (len(text), text))
        line += text.count(b"\n")
    return Layout(tuple(pieces), digest.hexdigest())


def abridge(layout: Layout, known: Mapping[Chunk, str]) -> Abridged:
    """Put stand-ins in the place of entries whose keys are known; a run of them has one."""
    out: list[bytes] = []
    keys, lines, stand_ins = defaultdict(list), defaultdict(list), defaultdict(list)
    stands_in = False
    for piece in layout.pieces:
        if isinstance(piece, bytes) or piece not in known:
            stands_in = False
            out.append(piece if isinstance(piece, bytes) else piece.text)
            if not isinstance(piece, bytes):
                lines[piece.section].append(piece.line)
            continue
        keys[piece.section].append(known[piece])
        rest = piece.text.count(b"\n")
        if not stands_in:
            stands_in = True
            name = f"{_STAND_IN}{piece.line}"
            lines[piece.section].append(piece.line)
            stand_ins[piece.section].append(name)
            out.append(f"  {name}: true\n".encode())
            rest -= 1
        out.append(b"#\n" * rest)
    return Abridged(b"".join(out), {section: tuple(found) for section, found in keys.items()}, lines, stand_ins)


def keys_by_line(entries: dict[str, JsonValue], section: str, source: SourceMap) -> dict[int, str]:
    """Say which key stands at which line; DoubtError for one that is not indented as entries are."""
    found = {}
    for key in entries:
        place = source.key((section, key))
        if place.column != _COLUMN or place.line in found:
            raise DoubtError(key)
        found[place.line] = key
    return found
