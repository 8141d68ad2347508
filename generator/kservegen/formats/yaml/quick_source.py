"""A catalog in plain clothes in, its data and the place of every value out, faster than by libyaml's events.

Most catalogs are block maps and lists of one-line values, some of them in flow style. Such a file is read here; at the
first thing that is anything else (anchors, blocks of text, a key that stands twice, a value on which readers differ)
reading stops with REFUSED, and the file is left to the reader that knows everything and tells what is wrong. What is
read here is what that one reads: a test holds them against each other.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from kservegen.core.jsontypes import JsonArray, JsonObject, JsonScalar, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.formats.yaml.quick import KEY_FORM, PLAIN_FORM, QUOTED_FORM, REFUSED, REPEATED, QuickRefusal
from kservegen.formats.yaml.readings import Ambiguity, read_plain
from kservegen.formats.yaml.source import SourceMap

_PLAIN_IN_FLOW: Final = (
    r"""(?:[A-Za-z0-9_./~(+$]|-(?=[A-Za-z0-9_.-]))(?:[^][ :,{}#?"']++|:(?=[A-Za-z0-9/])| (?=[A-Za-z0-9]))""" + REPEATED
)
# Indentation, the sign of an item, a key, a value or the beginning of one in flow style; each may be missing.
_LINE: Final = lazy_pattern(
    rf"( *)(- +)?(?:({KEY_FORM}):(?: +|$))?(?:({QUOTED_FORM}|{PLAIN_FORM})(?: +#.*| *)|([\[{{]).*|(?:#.*)?)"
)
# In flow style: an entry of a map, an item of a list, each with what follows its value, or up to one in flow style.
_ENTRY: Final = lazy_pattern(rf" *({KEY_FORM}): +(?:({QUOTED_FORM}|{_PLAIN_IN_FLOW}) *([,}}])|(?=[\[{{]))")
_ITEM: Final = lazy_pattern(rf" *(?:({QUOTED_FORM}|{_PLAIN_IN_FLOW}) *([,\]])|(?=[\[{{]))")
_AFTER_FLOW: Final = lazy_pattern(r" *([],}])")
_END_OF_FLOW: Final = lazy_pattern(r" *(?: #.*)?")
# Blocks of text, anchors, aliases, tags, flow style over several lines: looked for before any line is read.
_ODD: Final = (*(f"{before} {sign}" for before in ":-" for sign in "|>&*!"), "[\n", "{\n", ",\n")
_DEEPEST: Final = 32


class _OtherwiseError(Exception):
    """Something stands here that is left to the other reader."""


class _Open(Struct, eq=False):
    """A container that may go on: the column of its keys or signs, its data, its number in the source map."""

    column: int
    value: JsonObject | JsonArray
    node: int


class _Awaiting(Struct, eq=False):
    """A key that has no value yet: its map (None: it stands for the file), its text, its column and mark."""

    entries: JsonObject | None
    key: str
    column: int
    mark: int


def read_quick_source(text: str, source: SourceMap) -> JsonObject | QuickRefusal:
    """Read a file that holds a map, and fill the source map, which is of no use where the answer is REFUSED."""
    if not text.isascii() or not text.replace("\n", "").isprintable() or any(odd in text for odd in _ODD):
        return REFUSED
    try:
        return _Reading(source).read(text)
    except _OtherwiseError:
        return REFUSED


class _Scalars(dict[str, JsonScalar]):
    """What scalars stand for, by how they are written: read where they are met first."""

    def __missing__(self, written: str) -> JsonScalar:
        value = written[1:-1] if written[0] in "\"'" else read_plain(written)
        if isinstance(value, Ambiguity):
            raise _OtherwiseError
        self[written] = value
        return value


class _Names(dict[str, str]):
    """The texts of keys, as above."""

    def __init__(self, scalars: _Scalars) -> None:
        super().__init__()
        self._scalars = scalars

    def __missing__(self, written: str) -> str:
        name = self._scalars[written]
        if not isinstance(name, str):
            raise _OtherwiseError
        self[written] = name
        return name


class _Reading:
    """Puts one line after the other where its indentation says."""

    __slots__ = ("_awaiting", "_names", "_open", "_scalars", "_source")

    def __init__(self, source: SourceMap) -> None:
        self._source = source
        self._open: list[_Open] = []
        self._awaiting: _Awaiting | None = _Awaiting(None, "", -1, -1)
        self._scalars = _Scalars()
        self._names = _Names(self._scalars)

    def read(self, text: str) -> JsonObject:
        """Read all lines."""
        matching, add, scalars, names = _LINE.fullmatch, self._source.add, self._scalars, self._names
        for number, line in enumerate(text.split("\n")):
            match = matching(line)
            if match is None:
                raise _OtherwiseError
            _, sign, key, written, flow = match.groups()
            at, column = number << 32, match.end(1)
            entries: JsonObject | None
            if sign is not None:
                entries = self._take_sign(match, at, column)
                column = match.end(2)
            elif key is not None:
                entries = self._map_at(column, at | column)
            elif written is None and flow is None:
                continue  # a blank line, or a comment
            else:
                raise _OtherwiseError
            if key is None or entries is None:
                continue
            name = names[key]
            if name in entries:
                raise _OtherwiseError
            if written is not None:
                add(name, at | column, at | match.start(4))
                entries[name] = scalars[written]
            elif flow is not None:
                entries[name] = self._flow_to_end(match, at, name, at | column)
            else:
                entries[name] = None  # its place among the others
                self._awaiting = _Awaiting(entries, name, column, at | column)
        return self._finish()

    def _finish(self) -> JsonObject:
        """End all that is open, and return the file's map."""
        if self._awaiting is not None:
            raise _OtherwiseError
        root = self._open[0].value
        self._end_beyond(-1)
        if not isinstance(root, dict):
            raise _OtherwiseError
        return root

    def _take_sign(self, match: re.Match[str], at: int, column: int) -> JsonObject | None:
        """Begin an item; return the map that it is where a key follows its sign."""
        items = self._list_at(column, at | column)
        column = match.end(2)
        if match[3] is None:
            items.append(self._item(match, at, len(items), at | column))
            return None
        entries: JsonObject = {}
        self._begin(column, entries, self._source.add(len(items), at | column, at | column))
        items.append(entries)
        return entries

    def _map_at(self, column: int, mark: int) -> JsonObject:
        """Return the map whose keys stand in a column; a key that waits for its value gets a new one."""
        waiting = self._awaiting
        if waiting is not None:
            if column <= waiting.column:
                raise _OtherwiseError
            entries: JsonObject = {}
            self._fill(waiting, column, entries, mark)
            return entries
        opened = self._open
        if opened[-1].column != column or type(opened[-1].value) is list:
            self._end_beyond(column)
            if opened and type(opened[-1].value) is list:
                self._source.close(opened.pop().node)  # whose signs stand where the keys of the map around it do
        found = opened[-1].value if opened and opened[-1].column == column else None
        if not isinstance(found, dict):
            raise _OtherwiseError
        return found

    def _list_at(self, column: int, mark: int) -> JsonArray:
        """Return the list whose signs stand in a column; a key that waits for its value gets a new one."""
        waiting = self._awaiting
        if waiting is not None:
            if column < waiting.column:
                raise _OtherwiseError
            items: JsonArray = []
            self._fill(waiting, column, items, mark)
            return items
        self._end_beyond(column)
        found = self._open[-1].value if self._open and self._open[-1].column == column else None
        if not isinstance(found, list):
            raise _OtherwiseError
        return found

    def _fill(self, waiting: _Awaiting, column: int, value: JsonObject | JsonArray, mark: int) -> None:
        """Give a key that waits a container that begins here."""
        if waiting.entries is not None:
            waiting.entries[waiting.key] = value
        self._begin(column, value, self._source.add(waiting.key, mark if waiting.mark < 0 else waiting.mark, mark))
        self._awaiting = None

    def _begin(self, column: int, value: JsonObject | JsonArray, node: int) -> None:
        if len(self._open) == _DEEPEST:
            raise _OtherwiseError
        self._open.append(_Open(column, value, node))

    def _end_beyond(self, column: int) -> None:
        """End the containers that stand further to the right than a column."""
        while self._open and self._open[-1].column > column:
            self._source.close(self._open.pop().node)

    def _item(self, match: re.Match[str], at: int, number: int, mark: int) -> JsonValue:
        """Read an item that stands in the line of its sign."""
        if match[5] is not None:
            return self._flow_to_end(match, at, number, mark)
        if match[4] is None:
            raise _OtherwiseError
        self._source.add(number, mark, mark)
        return self._scalars[match[4]]

    def _flow_to_end(self, match: re.Match[str], at: int, part: str | int, mark: int) -> JsonValue:
        """Read a value in flow style, behind which the line ends."""
        value, end = self._flow(match.string, match.start(5), at, part, mark, len(self._open))
        if not _END_OF_FLOW.fullmatch(match.string, end):
            raise _OtherwiseError
        return value

    def _flow(self, line: str, start: int, at: int, part: str | int, mark: int, depth: int) -> tuple[JsonValue, int]:
        """Read a map or a list in flow style; return it, and where it ends."""
        if depth == _DEEPEST:
            raise _OtherwiseError
        node = self._source.add(part, mark, at | start)
        value: JsonObject | JsonArray
        if line[start] == "{":
            value = {}
            end = start + 2 if line.startswith("}", start + 1) else self._entries(line, start + 1, at, value, depth)
        else:
            value = []
            end = start + 2 if line.startswith("]", start + 1) else self._items(line, start + 1, at, value, depth)
        self._source.close(node)
        return value, end

    def _entries(self, line: str, start: int, at: int, entries: JsonObject, depth: int) -> int:
        """Read entries of a map in flow style to its end, which is returned."""
        matching, add, scalars, names = _ENTRY.match, self._source.add, self._scalars, self._names
        stop, end = ",", start
        while stop == ",":
            match = matching(line, end)
            if match is None:
                raise _OtherwiseError
            key, written, stop = match.groups()
            name = names[key]
            mark, end = at | match.start(1), match.end()
            if name in entries:
                raise _OtherwiseError
            if written is None:
                entries[name], end, stop = self._nested(line, end, at, name, mark, depth)
            else:
                add(name, mark, at | match.start(2))
                entries[name] = scalars[written]
        if stop != "}":
            raise _OtherwiseError
        return end

    def _items(self, line: str, start: int, at: int, items: JsonArray, depth: int) -> int:
        """Read items of a list in flow style to its end, which is returned."""
        stop, end = ",", start
        while stop == ",":
            match = _ITEM.match(line, end)
            if match is None:
                raise _OtherwiseError
            written, stop = match.groups()
            end = match.end()
            if written is None:
                value, end, stop = self._nested(line, end, at, len(items), at | end, depth)
                items.append(value)
            else:
                mark = at | match.start(1)
                self._source.add(len(items), mark, mark)
                items.append(self._scalars[written])
        if stop != "]":
            raise _OtherwiseError
        return end

    def _nested(
        self, line: str, start: int, at: int, part: str | int, mark: int, depth: int
    ) -> tuple[JsonValue, int, str]:
        """Read a map or a list inside another; return it, and what follows it, with its end."""
        value, end = self._flow(line, start, at, part, mark, depth + 1)
        after = _AFTER_FLOW.match(line, end)
        if after is None:
            raise _OtherwiseError
        return value, after.end(), after[1]
