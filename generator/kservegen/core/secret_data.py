"""What a Secret holds, in a document or in the lines of a file: nothing below its `data` and `stringData` is shown.

Known by the kind, and so whatever the value looks like. Lines are judged by their text alone, since the file may not
parse: where it is in doubt whether something still belongs to a Secret's data, it does.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

from kservegen.core.jsontypes import JsonValue, Path

_FIELDS: Final = frozenset({"data", "stringData"})
_KIND: Final = "secret"
_SEPARATOR: Final = "---"

# A kind that begins so, in YAML or JSON; one that an alias or an escape spells; the key of an entry beside models; a
# field that no other kind has.
_MARK: Final = re.compile(
    r"""(?i:kind)\\?["']?\s*:\s*(?:[!&]\S*\s+|[>|][-+0-9]*\s+)*(?:\\?["']?(?i:secret)s?(?i:list)?\b(?![\w-])|\*|"[^"\n]*\\)"""
    r"""|(?:^|[\s"'{,/])(?:v1/)?Secret/|\bstringData\b"""
)
_FIELD: Final = re.compile(r"""(?<![\w.-])(?:string)?data(?![\w.-])""", re.IGNORECASE)
# Text that stands elsewhere, or is spelled otherwise than it reads: then no line of the document is sure.
_ELSEWHERE: Final = re.compile(r"""data\\?["']?\s*:\s*\*|<<\s*:|\\[xuU]""", re.IGNORECASE)
_CHILD: Final = re.compile(r"""(\s*)(?:"[-.\w]+"|'[-.\w]+'|[-.\w]+)\s*:(?=\s|$)""")
# What surely is no value whose indentation went wrong: a field of the object, the key of another entry.
_SIBLING: Final = re.compile(
    r"""\s*(?:-\s+)?["']?(?:apiVersion|kind|metadata|type|immutable|(?:string)?[dD]ata|environments|owner|[\w.-]+(?:/[\w.-]+)+)["']?:"""
    r"""(?=\s|$)"""
)
_CLOSED: Final = re.compile(r"""\s*(?:"[^"\\]*"|'[^']*'|[^{}\[\]"'#]*)\s*(?:\s#.*)?$""")
_INDENT: Final = re.compile(r"[ ]*")

_SHORTEST_WORD: Final = 4
_LONGEST_WORD: Final = 12  # a report may cut what is longer
_WORD: Final = re.compile(r"""[^\s"'\\]{4,}""")


def is_secret(doc: JsonValue) -> bool:
    """Whether a document is a Secret or a list of them, or means to be one."""
    if not isinstance(doc, dict):
        return False
    kind = doc.get("kind")
    named = isinstance(kind, str) and kind.lower() in {_KIND, f"{_KIND}s", f"{_KIND}list"}
    return named or "stringData" in doc


def find_data(doc: JsonValue, path: Path = (), *, inside: bool = False) -> Iterator[tuple[Path, JsonValue]]:
    """Yield what stands at `data` and `stringData` of the Secrets in a document, and where; `inside` a list of them."""
    if isinstance(doc, dict):
        within = inside or is_secret(doc)
        for key, value in doc.items():
            if within and key in _FIELDS:
                yield (*path, key), value
            else:
                yield from find_data(value, (*path, key), inside=within and key == "items")
    elif isinstance(doc, list):
        for index, item in enumerate(doc):
            yield from find_data(item, (*path, index), inside=inside)


def data_words(doc: JsonValue) -> frozenset[str]:
    """Return the words by which a text is known to repeat what Secrets in a document hold; empty where none does."""
    return frozenset(word for _, value in find_data(doc) for word in _words(value, 0))


def words_of(text: str) -> frozenset[str]:
    """Return the words by which another text is known to repeat this one."""
    return frozenset(_words(text, 0))


def repeats(text: str, words: Iterable[str]) -> bool:
    """Whether a text holds one of the words."""
    return any(word in text for word in words)


def _words(value: JsonValue, depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if depth:  # the names of the values are none
                yield from _words(key, depth)
            yield from _words(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _words(item, depth + 1)
    elif isinstance(value, str):
        yield from _of_text(value)
        with suppress(binascii.Error, ValueError):
            yield from _of_text(base64.b64decode(value, validate=True).decode())
    elif value is not None and not isinstance(value, bool) and len(str(value)) >= _SHORTEST_WORD:
        yield str(value)[:_LONGEST_WORD]


def _of_text(text: str) -> Iterator[str]:
    return (word[:_LONGEST_WORD] for word in _WORD.findall(text))


def hidden_parts(lines: Sequence[str]) -> Mapping[int, int]:
    """Return the lines that show what a Secret holds, by index from 0, and the column from which each does."""
    found: dict[int, int] = {}
    start = 0
    for index in range(len(lines) + 1):
        if index == len(lines) or lines[index].startswith(_SEPARATOR):
            found.update(_of_document(lines, start, index))
            start = index
    return found


def without_data(lines: Sequence[str], hidden: str) -> list[str]:
    """Return lines as they may be shown, with `hidden` in place of what a Secret holds."""
    parts = hidden_parts(lines)
    return [f"{line[: parts[index]]}{hidden}" if index in parts else line for index, line in enumerate(lines)]


def _of_document(lines: Sequence[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    text = "\n".join(lines[start:end])
    if not _MARK.search(text):
        return
    if _ELSEWHERE.search(text):
        yield from ((index, _indent(lines[index])) for index in range(start, end) if lines[index].strip(" -"))
        return
    index = start
    while index < end:
        field = _FIELD.search(lines[index])
        if field is None:
            index += 1
            continue
        line, last = lines[index], field.end()
        behind = line[last:].lstrip("\"'\\ \t")
        if behind.startswith(":"):
            last = line.index(":", last) + 1
        rest = line[last:].split(" #")[0].strip()
        if line[last:].strip():
            yield index, last + len(line[last:]) - len(line[last:].lstrip())
        # An explicit key (`? data`), a quotation and a bracket end where their own syntax says, not by indentation.
        is_open = bool(rest) or not behind.startswith(":") or line[: field.start()].strip(" -\"'") != ""
        column = field.start() - len(line[: field.start()]) + len(line[: field.start()].rstrip("\"'"))
        index += 1
        yield from _block(lines, index, end, column, is_open=is_open)
        index = _after(lines, index, end, column, is_open=is_open)


def _block(lines: Sequence[str], start: int, end: int, column: int, *, is_open: bool) -> Iterator[tuple[int, int]]:
    """Yield what to hide below the key of the data; the names of its values stay where that is sure."""
    child = None
    for index in range(start, _after(lines, start, end, column, is_open=is_open)):
        line = lines[index]
        if not line.strip():
            continue
        named = _CHILD.match(line)
        child = _indent(line) if child is None else child
        if named is None or is_open or _indent(line) != child:
            yield index, _indent(line)
        elif line[named.end() :].strip():
            yield index, named.end() + 1
        is_open = is_open or not _is_closed(line, named)


def _after(lines: Sequence[str], start: int, end: int, column: int, *, is_open: bool) -> int:
    """Return the first line below that belongs to the data no longer; its end where that is not sure."""
    for index in range(start, end):
        line = lines[index]
        if not is_open and _indent(line) <= column and _SIBLING.match(line):
            return index
        is_open = is_open or not _is_closed(line, _CHILD.match(line))
    return end


def _is_closed(line: str, named: re.Match[str] | None) -> bool:
    """Whether no quotation and no bracket goes on in the next line."""
    return "\t" not in line and bool(_CLOSED.match(line[named.end() :] if named else line))


def _indent(line: str) -> int:
    found = _INDENT.match(line)
    return found.end() if found else 0
