"""A document in plain clothes in, its data out, many times as fast as by libyaml; without positions.

Most manifests are block maps and lists of one-line scalars, of blocks of text and of words on one line in flow style,
or JSON. Such a document is read here; at the first thing that is anything else (flow style, anchors, tags, a key that
stands twice, a mistake) reading stops with REFUSED, and the document is left to the readers that know everything. What
is read here is what those read: a test holds them against each other.
"""

from __future__ import annotations

import json
from enum import Enum
from functools import lru_cache
from typing import Final, Literal, NoReturn, TypeAlias

from kservegen.core.jsontypes import JsonArray, JsonObject, JsonScalar, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.formats.yaml.go_scalars import read_scalar


class QuickResult(Enum):
    """What is said instead of data."""

    REFUSED = "not as plain as that"


REFUSED: Final = QuickResult.REFUSED
QuickRefusal: TypeAlias = Literal[QuickResult.REFUSED]

# A colon within a key, as of an address, is followed by more of it.
KEY_FORM: Final = r"""[A-Za-z_][A-Za-z0-9_./-]{0,120}(?::[A-Za-z0-9_./-]{1,120}){0,4}|"[^"\\]{1,120}"|'[^']{1,120}'"""
QUOTED_FORM: Final = r""""[^"\\]*"|'[^']*'"""
# A group that may be given back takes some 600 bytes of memory each time: a value of more words is left to others.
REPEATED: Final = "{0,2000}"
# Infinity and not-a-number have no form in JSON: the reader that knows their places refuses them.
PLAIN_FORM: Final = r"(?![-+]?\.[iInN])(?:[A-Za-z0-9_./~(+$]|-(?=[^ ]))(?:[^ :]++|:(?! |$)| +(?! |#|$))" + REPEATED
# Words in a list or a map of one line.
_WORD: Final = rf"(?:{QUOTED_FORM}|[A-Za-z0-9_./][A-Za-z0-9_./-]*)"
_PAIR: Final = rf"[A-Za-z_][A-Za-z0-9_./-]*: +{_WORD}"
_WORDS: Final = lazy_pattern(_WORD)
_PAIRS: Final = lazy_pattern(rf"([A-Za-z_][A-Za-z0-9_./-]*): +({_WORD})")
_ON_ONE_LINE: Final = rf"\[{_WORD}(?:, *{_WORD})*\]|\{{{_PAIR}(?:, *{_PAIR})*\}}"
# How a block of text begins, whose indentation is that of its first line.
_BLOCK: Final = r"[|>]-?"
# Indentation, the sign of an item, a key, a value, a comment; each may be missing.
_LINE: Final = lazy_pattern(
    rf"""( *)(?:-( +|$))?(?:({KEY_FORM}):(?: +|$))?"""
    rf"""(?:({QUOTED_FORM}|\{{\}}|\[\]|{PLAIN_FORM}|{_BLOCK}|{_ON_ONE_LINE})(?: +#.*| *)|(?:\#.*)?)"""
)
_DEEPEST: Final = 100
# Half characters, exponents, numbers that not every reader holds; a gap before a colon, where YAML may see no key.
_ODD_JSON: Final = lazy_pattern(r"\\u[dD]|[0-9][eE]|[0-9]{15}|\"\s+:")
# YAML takes no longer text for a key.
_LONGEST_KEY: Final = 1000

_Container: TypeAlias = JsonObject | JsonArray


def read_quick_json(text: str) -> JsonValue | QuickRefusal:
    """Read one document of JSON."""
    return REFUSED if _ODD_JSON.search(text) else _read_json(text)


def read_quick(text: str) -> JsonValue | QuickRefusal:
    """Read one YAML document, which may be JSON where both readers take it for the same."""
    if not text.isascii() or not text.replace("\n", "").isprintable():
        return REFUSED
    if text.startswith("{"):
        return read_quick_json(text)
    lines = text.split("\n")
    if lines[0].startswith("---"):  # the sign of a document; a comment may follow it on its line
        lines[0] = lines[0][3:].lstrip()
        if lines[0][:1] not in ("", "#"):
            return REFUSED
    reading, number = _Lines(), 0
    while number < len(lines):
        parts = _parts_of(lines[number])
        number += 1
        if parts is None:
            return REFUSED
        block = None
        if parts[3] is not None and parts[3][0] in "|>":
            block, number = _read_block(lines, number, parts)
            if block is None:
                return REFUSED
        if not reading.take(*parts, block):
            return REFUSED
    return reading.root[0] if reading.began else REFUSED


_Parts: TypeAlias = tuple[str, str | None, str | None, str | None]


def _read_block(lines: list[str], number: int, parts: _Parts) -> tuple[str | None, int]:
    """Read a block of text from its first line on, and return the number of the line behind it; None for an odd one.

    As libyaml's `yaml_parser_scan_block_scalar`: a break between two lines that both begin with no space is folded.
    """
    indent, gap, key, sign = parts
    above = len(indent) + (1 + len(gap) if gap is not None and key is not None else 0)
    first = lines[number] if number < len(lines) else ""
    column = len(first) - len(first.lstrip(" "))
    if column <= above or column == len(first):
        return None, number
    folds = sign is not None and sign[0] == ">"
    found: list[str] = []
    blanks, is_deeper = 0, True
    while number < len(lines):
        line = lines[number]
        content = line[column:]
        if not line[:column].isspace():
            if line:
                break
            blanks += 1
        elif not content:
            blanks += 1
        elif content.isspace():
            return None, number
        else:
            was_deeper, is_deeper = is_deeper, content[0] == " "
            if found and folds and not was_deeper and not is_deeper:
                found.append("\n" * blanks or " ")
            elif found:
                found.append("\n" * (blanks + 1))
            found.append(content)
            blanks = 0
        number += 1
    if not blanks and number == len(lines):  # the last line has no break, which counts at the end of some blocks
        return None, number
    if sign is not None and not sign.endswith("-"):
        found.append("\n")
    return "".join(found), number


# Most lines stand in many documents.
@lru_cache(maxsize=1024)
def _parts_of(line: str) -> _Parts | None:
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    value = match[4]
    if value and value[0] == "{" and value != "{}":
        names = [_name(name) for name, _ in _PAIRS.findall(value)]
        if None in names or len(set(names)) < len(names):
            return None
    return match[1], match[2], match[3], value


class _Lines:
    """Puts one line after the other where its indentation says."""

    __slots__ = ("_awaiting", "_open", "began", "root")

    def __init__(self) -> None:
        self.root: JsonArray = [None]
        self.began = False
        # Containers that may go on, with the column of their keys or signs.
        self._open: list[tuple[int, _Container]] = []
        # What still may get a value: its container, key and column.
        self._awaiting: tuple[_Container, str | int, int] | None = (self.root, 0, -1)

    def take(self, indent: str, gap: str | None, key: str | None, value: str | None, block: str | None) -> bool:
        """Take a line that was taken apart, with the `block` that it begins; False for one that does not fit."""
        column = len(indent)
        if gap is None and key is None:
            return value is None  # a blank line, or a comment
        self.began = True
        if gap is not None:
            items = self._list_at(column)
            if items is None:
                return False
            if key is None:
                items.append(_value(value) if block is None else block)
                self._awaiting = (items, len(items) - 1, column) if value is None else None
                return True
            column += 1 + len(gap)
            fresh: JsonObject = {}
            items.append(fresh)
            self._open.append((column, fresh))
            entries: JsonObject | None = fresh
        else:
            entries = self._map_at(column)
        name = _name(key or "")
        if entries is None or name is None or name in entries:
            return False
        entries[name] = _value(value) if block is None else block
        self._awaiting = (entries, name, column) if value is None else None
        return len(self._open) < _DEEPEST

    def _list_at(self, column: int) -> JsonArray | None:
        awaiting = self._awaiting
        if awaiting is not None:
            container, key, above = awaiting
            if column > above or (column == above and isinstance(container, dict)):
                items: JsonArray = []
                _put(container, key, items)
                self._open.append((column, items))
                return items
        opened = self._open
        while opened and opened[-1][0] > column:
            opened.pop()
        if not opened or opened[-1][0] != column:
            return None
        found = opened[-1][1]
        return found if isinstance(found, list) else None

    def _map_at(self, column: int) -> JsonObject | None:
        awaiting = self._awaiting
        if awaiting is not None and column > awaiting[2]:
            entries: JsonObject = {}
            _put(awaiting[0], awaiting[1], entries)
            self._open.append((column, entries))
            return entries
        opened = self._open
        while opened and (opened[-1][0] > column or (opened[-1][0] == column and isinstance(opened[-1][1], list))):
            opened.pop()
        if not opened or opened[-1][0] != column:
            return None
        found = opened[-1][1]
        return found if isinstance(found, dict) else None


def _put(container: _Container, key: str | int, value: JsonValue) -> None:
    if isinstance(container, dict):
        container[str(key)] = value
    else:
        container[int(key)] = value


def _value(written: str | None) -> JsonValue:
    if written is None:
        return None
    if written[0] == "{":
        return {name: _scalar(word) for name, word in _PAIRS.findall(written)}
    if written[0] == "[":
        return [_scalar(word) for word in _WORDS.findall(written)]
    return _scalar(written)


@lru_cache(maxsize=8192)
def _scalar(written: str) -> JsonScalar:
    if written[0] in "\"'":
        return written[1:-1]
    return read_scalar(written, None, is_plain=True)


@lru_cache(maxsize=4096)
def _name(written: str) -> str | None:
    """Read a key; None for one that is no text."""
    name = _scalar(written) if written else None
    return name if isinstance(name, str) else None


def _read_json(text: str) -> JsonValue | QuickRefusal:
    try:
        value: JsonValue = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return REFUSED
    return value if _is_shallow(value, text) else REFUSED


def _is_shallow(value: JsonValue, text: str) -> bool:
    if text.count("{") + text.count("[") < _DEEPEST:
        return True
    level: list[JsonValue] = [value]
    for _ in range(_DEEPEST):
        level = [
            below
            for item in level
            for below in (item.values() if isinstance(item, dict) else item if isinstance(item, list) else ())
        ]
        if not level:
            return True
    return False


def _refuse(_: object) -> NoReturn:
    raise ValueError("not what JSON has")


def _each_once(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs) or any(len(key) > _LONGEST_KEY for key in found):
        raise ValueError("a key stands twice, or is too long")
    return found


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_each_once, parse_constant=_refuse)
