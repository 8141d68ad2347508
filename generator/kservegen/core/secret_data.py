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
from kservegen.core.patterns import lazy_pattern

_FIELDS: Final = frozenset({"data", "stringData"})
_KIND: Final = "secret"
_SEPARATOR: Final = "---"

# A kind that begins so, in YAML or JSON; one that an alias or an escape spells; the key of an entry beside models; a
# field that no other kind has. Each begins with one of the words below.
_MARK: Final = lazy_pattern(
    r"""(?i:kind)\\?["']?\s*:\s*(?:[!&]\S*\s+|[>|][-+0-9]*\s+)*(?:\\?["']?(?i:secret)s?(?i:list)?\b(?![\w-])|\*|"[^"\n]*\\)"""
    r"""|(?<![^\s"'{,/])Secret/|(?:(?<![^\s"'{,])|(?<=[\s"'{,]v1/)|(?<=^v1/))(?i:secrets?(?:list)?)/[\w./-]+["']?\s*:"""
    r"""|\bstringData\b"""
)
_WORDS_OF_MARK: Final = ("kind", "secret", "stringdata")
# What patterns take for a letter of these words, and lower case does not make one.
_ODD_LETTERS: Final = "\u0130\u0131\u017f"
# Misspelt too: the values are what they were meant to be.
_FIELD: Final = lazy_pattern(r"""(?<![\w.-])(?:str(?:ing)?s?[-_]?)?d[at]{2,4}s?(?![\w.-])""", re.IGNORECASE)
# Text that stands elsewhere, or is spelled otherwise than it reads: then no line of the document is sure.
_ELSEWHERE: Final = lazy_pattern(r"""data\\?["']?\s*:\s*\*|<<\s*:|\\[xuU]""", re.IGNORECASE)
_CHILD: Final = lazy_pattern(r"""(\s*)(?:"[-.\w]+"|'[-.\w]+'|[-.\w]+)\s*:(?=\s|$)""")
# What surely is no value whose indentation went wrong: a field of the object, the key of another entry.
_SIBLING: Final = lazy_pattern(
    r"""\s*(?:-\s+)?["']?(?:apiVersion|kind|metadata|type|immutable|(?:string)?[dD]ata|environments|owner|[\w.-]+(?:/[\w.-]+)+)["']?:"""
    r"""(?=\s|$)"""
)
# Nothing is given back, so that a line of spaces is read once.
_CLOSED: Final = lazy_pattern(r"""\s*+(?:"[^"\\]*+"\s*+|'[^']*+'\s*+|[^{}\[\]"'#]*+)(?:(?<=\s)#.*)?$""")
_INDENT: Final = lazy_pattern(r"[ ]*")

_SHORTEST_WORD: Final = 4
_LONGEST_WORD: Final = 12  # a report may cut what is longer
_WORD: Final = lazy_pattern(r"""[^\s"'\\]{2,}""")
_SORT: Final = lazy_pattern(r"an? \w+: ")  # what readers put before the value that they quote

# Where a finding is: a key of `extraManifests`, or a file of `manifests/`; then a field of the object.
_NAME: Final = r"(?i:secrets?(?:list)?)"
_OBJECT: Final = lazy_pattern(
    rf"""(?:^|[.\]])(?:extraManifests|manifests)(?:\["(?:[^"/]*/)?{_NAME}(?:/[^"]*)?"\]|\.{_NAME}(?=[.\[]|$))"""
)
_SUBJECT: Final = lazy_pattern(rf"{_NAME}[ /]")
_DATA_PATH: Final = lazy_pattern(r"""^(?:.*?[.\]])??(?:data|stringData)(?:\.[^.\[]+|\["[^"]*"\]|\[\d+\]|$)""")
_QUOTED_DATA: Final = lazy_pattern(r"""(?<![\w.-])(?:string)?data\\?["']?\s*:""", re.IGNORECASE)


def is_secret(doc: JsonValue) -> bool:
    """Whether a document is a Secret or a list of them, or means to be one."""
    if not isinstance(doc, dict):
        return False
    kind = doc.get("kind")
    named = isinstance(kind, str) and kind.lower() in {_KIND, f"{_KIND}s", f"{_KIND}list"}
    return named or "stringData" in doc


def find_data(doc: JsonValue, path: Path = (), *, inside: bool = False) -> Iterator[tuple[Path, JsonValue]]:
    """Yield what stands at `data` and `stringData` of the Secrets in a document, however deep, and where.

    `inside` a Secret or a list of them.
    """
    if isinstance(doc, dict):
        within = inside or is_secret(doc)
        for key, value in doc.items():
            if within and key in _FIELDS:
                yield (*path, key), value
            else:
                yield from find_data(value, (*path, key), inside=within)
    elif isinstance(doc, list):
        for index, item in enumerate(doc):
            yield from find_data(item, (*path, index), inside=inside)


def data_words(doc: JsonValue) -> frozenset[str]:
    """Return the words by which a text is known to repeat what Secrets in a document hold; empty where none does."""
    written = repr(doc)
    if "stringData" not in written and _KIND not in written.lower():  # there is no Secret: few documents have one
        return frozenset()
    return frozenset(word for _, value in find_data(doc) for word in _words(value, 0))


def words_in_quotation(text: str) -> frozenset[str]:
    """Return the words by which another text is known to repeat a value that this one quotes: `a list: ["x"]`."""
    import json  # noqa: PLC0415 - where a Secret is met

    quoted = text.partition(": ")[2] if _SORT.match(text) else text
    try:
        value = json.loads(quoted)
    except (ValueError, RecursionError):
        value = quoted
    return frozenset((*_words(value, 0), *_of_text(text)))


def long_words(words: Iterable[str]) -> frozenset[str]:
    """Return the words that are none of a sentence by chance."""
    return frozenset(word for word in words if len(word) >= _SHORTEST_WORD)


def repeats(text: str, words: Iterable[str]) -> bool:
    """Whether a text holds one of the words; a short one by itself."""
    return any(
        word in text and (len(word) >= _SHORTEST_WORD or bool(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)))
        for word in words
    )


def is_about_secret(path: str, subjects: Iterable[str]) -> bool:
    """Whether a path as people write it, or what an object is called, is that of a Secret or a list of them."""
    return any(map(_SUBJECT.match, subjects)) or bool(_OBJECT.search(path) or "stringData" in path)


def data_path(path: str) -> str | None:
    """Return the part of a Secret's path that leads to a value of its data, or to the data; None beside them.

    What stands within the value is no business of a report.
    """
    found = _OBJECT.search(path)
    start = 0 if found is None else found.end()
    rest = _DATA_PATH.match(path[start:])
    return None if rest is None else path[:start] + rest[0]


def holds_data(seen: str, *, is_secret: bool) -> bool:
    """Whether a quotation of a value shows a Secret's data; `is_secret` where it is of one."""
    return bool(_QUOTED_DATA.search(seen)) and (is_secret or has_mark(seen))


def has_mark(text: str) -> bool:
    """Whether a text says of something in it that it is a Secret; the pattern is tried where it may begin alone."""
    if any(letter in text for letter in _ODD_LETTERS):
        return bool(_MARK.search(text))
    lowered = text.lower()
    return any(_MARK.match(text, at) for word in _WORDS_OF_MARK for at in _each(word, lowered))


def _each(word: str, text: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


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
    elif value is not None and not isinstance(value, bool):
        with suppress(ValueError):  # Python writes no integer of that many digits
            yield from _of_text(str(value))


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
    if not has_mark(text):
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
