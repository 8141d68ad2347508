"""JSON text in; the next value out as kubectl reads it, with the place of everything in it.

The grammar is checked by Python's own decoder; a walk over the tokens of what it has found valid adds the places.
"""

from __future__ import annotations

import json
from typing import Final, NoReturn

from kservegen.core.diagnostics import Diagnostic, Location, Related
from kservegen.core.foreign_json import json_mistake, json_number
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonScalar, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.formats.yaml import refusals
from kservegen.formats.yaml.nodes import MAX_NODE_DEPTH
from kservegen.formats.yaml.problems import problem, shorten_excerpt
from kservegen.formats.yaml.source import SourceMap
from kservegen.formats.yaml.text import MOST_PROBLEMS, LineTable

# How a refusal begins where a reader would have taken YAML as well.
NEITHER: Final = "the file is neither JSON nor YAML"
_BLANK: Final = lazy_pattern(r"[ \t\r\n]*")
_TOKEN: Final = lazy_pattern(
    r'[ \t\r\n,:]*("(?:[^"\\]|\\.)*"|[{}\[\]]|true|false|null|-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][-+]?[0-9]+)?)'
)
_HALF_CHARACTER: Final = lazy_pattern("[\ud800-\udfff]")


class BrokenJsonError(Exception):
    """Text that is no JSON; `is_final` where it must not be tried as YAML either."""

    def __init__(self, diagnostic: Diagnostic, *, is_final: bool = False) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic
        self.is_final = is_final


def read_json(
    text: str, position: int, lines: LineTable, source: SourceMap
) -> tuple[JsonValue, int, tuple[Diagnostic, ...]]:
    """Read one value from `position`; return it, where it ends and what stands twice. An empty `source`: no more."""
    blank = _BLANK.match(text, position)
    start = blank.end() if blank else position
    if start == len(text):
        return None, start, ()
    end = _check(text, start, lines, source.file)
    walk = _Walk(text, lines, source)
    return walk.read(start), end, tuple(walk.repeated)


def _check(text: str, start: int, lines: LineTable, file: str) -> int:
    try:
        _, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        message, position = json_mistake(error)
        place = SourceMap(file).locate(lines.mark(position))
        seen = shorten_excerpt(text[position : position + 20].strip())
        raise BrokenJsonError(
            problem(
                "syntax",
                place,
                f"{NEITHER}: {message[0].lower()}{message[1:]}",
                seen=seen,
                hint="Check quotes, commas and brackets.",
            )
        ) from error
    except RecursionError as error:  # how deep a Python goes is its own affair
        place = SourceMap(file).locate(lines.mark(_too_deep_at(text, start)))
        raise BrokenJsonError(refusals.too_deep(place, (), MAX_NODE_DEPTH), is_final=True) from error
    except (_NoNumberError, ValueError) as error:
        raise BrokenJsonError(_not_json(Location(file))) from error
    return end


def _too_deep_at(text: str, start: int) -> int:
    """Return where a text opens more brackets than are read; where nothing says so, where it begins."""
    depth, position = 0, start
    while match := _TOKEN.match(text, position):
        sign, position = match[1], match.end()
        depth += (sign in "{[") - (sign in "}]")
        if depth > MAX_NODE_DEPTH:
            return match.start(1)
    return start


class _NoNumberError(Exception):
    """NaN and Infinity: Python's decoder takes them, JSON does not have them."""


def _refuse_constant(_: str) -> NoReturn:
    raise _NoNumberError


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=str)


class _Walk:
    """Walks over the tokens of valid JSON, without recursion."""

    def __init__(self, text: str, lines: LineTable, source: SourceMap) -> None:
        self._text = text
        self._lines = lines
        self._source = source
        self._open: list[tuple[JsonObject | JsonArray, int]] = []
        self.repeated: list[Diagnostic] = []

    def read(self, start: int) -> JsonValue:
        """Read the value that begins at `start`."""
        root, position = self._take(*self._token(start), "", None)
        while self._open:
            token, at, position = self._token(position)
            container, node = self._open[-1]
            if token in ("}", "]"):
                self._source.close(node)
                self._open.pop()
            elif isinstance(container, list):
                value, position = self._take(token, at, position, len(container), None)
                container.append(value)
            else:
                position = self._entry(container, node, token, at, position)
        return root

    def _entry(self, container: JsonObject, node: int, token: str, at: int, position: int) -> int:
        key, key_mark = _string(token), self._lines.mark(at)
        if key in container and len(self.repeated) < MOST_PROBLEMS:
            first = Related(f"{shorten_excerpt(key)} stands here first", self._source.key_of(node, key))
            self.repeated.append(refusals.duplicate_key(self._source.locate(key_mark), key, (key,), first))
        value, position = self._take(*self._token(position), key, key_mark)
        container[key] = value
        return position

    def _token(self, position: int) -> tuple[str, int, int]:
        match = _TOKEN.match(self._text, position)
        if match is None:
            raise AssertionError("valid JSON ends with its last bracket")
        return match.group(1), match.start(1), match.end()

    def _take(self, token: str, at: int, position: int, part: str | int, key_mark: int | None) -> tuple[JsonValue, int]:
        mark = self._lines.mark(at)
        node = self._source.add(part, mark if key_mark is None else key_mark, mark)
        if token not in ("{", "["):
            return self._scalar(token, mark), position
        if len(self._open) >= MAX_NODE_DEPTH:
            place = self._source.locate(mark)
            raise BrokenJsonError(refusals.too_deep(place, (), MAX_NODE_DEPTH), is_final=True)
        container: JsonObject | JsonArray = {} if self._text[at] == "{" else []
        self._open.append((container, node))
        return container, position

    def _scalar(self, token: str, mark: int) -> JsonScalar:
        if token[0] == '"':
            return _string(token)
        if token in _WORDS:
            return _WORDS[token]
        try:
            return json_number(token)
        except ValueError:
            raise BrokenJsonError(_not_json(self._source.locate(mark)), is_final=True) from None


_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}


def _string(token: str) -> str:
    """Read a string; half a surrogate pair becomes U+FFFD, as in Go."""
    if "\\" not in token:
        return token[1:-1]
    value: str = json.loads(token)
    return _HALF_CHARACTER.sub("\ufffd", value)


def _not_json(place: Location) -> Diagnostic:
    return problem(
        "not-json",
        place,
        "a number that JSON does not have, or that no computer holds",
        hint="Write a finite number, or quote the value if text is meant.",
    )
