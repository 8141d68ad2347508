"""Parser events in; data, positions and findings of the strict rules out.

No recursion, so no nesting can break it, and no stop at the first mistake: a value that is refused is kept as its
text, and reading goes on. One loop a container, because it runs once for each of hundreds of thousands of values.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from kservegen.core.diagnostics import Diagnostic, Location, Related
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonScalar, JsonValue, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.formats.yaml import refusals
from kservegen.formats.yaml.events import EventParser, StopReadingError, mark_of
from kservegen.formats.yaml.readings import Ambiguity, read_plain
from kservegen.formats.yaml.source import SourceMap
from kservegen.formats.yaml.text import LONGEST_SCALAR, MOST_PROBLEMS, too_long_scalar

MAX_DEPTH: Final = 64

_HALF_CHARACTER: Final = lazy_pattern("[\ud800-\udfff]")


class _Open(Struct, eq=False):
    """A container that is being read: its data, its number in the source map, its key in the container around it."""

    value: JsonObject | JsonArray
    node: int
    part: str | int


class StrictBuilder:
    """Reads the events of one file."""

    __slots__ = ("_anchor_count", "_anchors", "_events", "_names", "_plain", "_source", "_stack", "diagnostics")

    def __init__(self, events: EventParser, source: SourceMap) -> None:
        self._events = events
        self._source = source
        self._stack: list[_Open] = []
        self._plain: dict[str, JsonScalar] = {}  # plain scalars that all readers take for this value
        self._names: set[str] = set()  # plain scalars that all readers take for text
        self.diagnostics: list[Diagnostic] = []
        self._anchors: list[Diagnostic] = []
        self._anchor_count = 0

    def build(self) -> JsonValue:
        """Read the only document. Raises StopReadingError, or yaml.MarkedYAMLError where the text is no YAML."""
        self._events.get_event()  # the stream begins
        start = self._events.get_event()
        if not isinstance(start, DocumentStartEvent):
            raise StopReadingError(refusals.empty_file(Location(self._source.file)))
        if start.version or start.tags:
            self.diagnostics.append(refusals.directive(self._at(start)))
        event = self._events.get_event()
        root = self._value(event, "", mark_of(event), mark_of(event))
        while self._stack:
            if len(self.diagnostics) >= MOST_PROBLEMS:
                raise StopReadingError(refusals.too_many(self.diagnostics[-1].location, MOST_PROBLEMS))
            top = self._stack[-1]
            if isinstance(top.value, dict):
                self._fill_map(top, top.value)
            else:
                self._fill_list(top, top.value)
        self._finish()
        return root

    def told(self) -> tuple[Diagnostic, ...]:
        """Return what is wrong; anchors and aliases, of which a file has none or many, are one finding."""
        if not self._anchors:
            return tuple(self.diagnostics)
        anchors = refusals.anchors(self._anchors, self._anchor_count)
        return tuple(sorted((*self.diagnostics, anchors), key=lambda found: found.location))

    def _anchor(self, found: Diagnostic) -> None:
        self._anchor_count += 1
        if len(self._anchors) < MOST_PROBLEMS:
            self._anchors.append(found)

    def _finish(self) -> None:
        self._events.get_event()  # the document ends
        event = self._events.get_event()
        if not isinstance(event, StreamEndEvent):
            self.diagnostics.append(refusals.second_document(self._at(event)))

    def _fill_map(self, top: _Open, target: JsonObject) -> None:
        """Read entries until the map ends or one of them opens a container."""
        next_event, plain, names, add = self._events.get_event, self._plain, self._names, self._source.add
        while type(event := next_event()) is not MappingEndEvent:
            key_mark = mark_of(event)
            if type(event) is ScalarEvent and event.value in names and event.implicit[0] and event.anchor is None:
                key: str = event.value
            else:
                key = self._key(event)
            if key in target:
                self._repeat(top, key, key_mark)
            event = next_event()
            mark = mark_of(event)
            if type(event) is ScalarEvent and event.value in plain and event.implicit[0] and event.anchor is None:
                add(key, key_mark, mark)
                target.setdefault(key, plain[event.value])
                continue
            target.setdefault(key, self._value(event, key, key_mark, mark))
            if self._stack[-1] is not top:
                return
        self._close()

    def _fill_list(self, top: _Open, target: JsonArray) -> None:
        """Read items until the list ends or one of them opens a container."""
        next_event = self._events.get_event
        while type(event := next_event()) is not SequenceEndEvent:
            mark = mark_of(event)
            target.append(self._value(event, len(target), mark, mark))
            if self._stack[-1] is not top:
                return
        self._close()

    def _close(self) -> None:
        self._source.close(self._stack.pop().node)

    def _value(self, event: Event | None, part: str | int, key_mark: int, mark: int) -> JsonValue:
        """Take one value: a scalar is read, a container is opened, whatever the catalog does not allow is reported."""
        if isinstance(event, NodeEvent) and event.anchor is not None:
            self._refuse_anchor(event, part)
        if isinstance(event, ScalarEvent):
            is_plain = event.implicit[0]
            if len(event.value) > LONGEST_SCALAR:
                raise StopReadingError(too_long_scalar(self._at(event)))
            empty = is_plain and event.value == ""
            self._source.add(part, key_mark, key_mark if empty else mark)
            return self._plain_value(event, part, key_mark) if is_plain else self._quoted_value(event, part)
        node = self._source.add(part, key_mark, mark)
        if not isinstance(event, CollectionStartEvent):
            return None  # an alias, refused above
        if event.tag is not None:
            self.diagnostics.append(refusals.tag(self._at(event), event.tag, self._path(part)))
        value: JsonObject | JsonArray = {} if isinstance(event, MappingStartEvent) else []
        if len(self._stack) >= MAX_DEPTH:
            raise StopReadingError(refusals.too_deep(self._at(event), self._path(part), MAX_DEPTH))
        self._stack.append(_Open(value, node, part))
        return value

    def _plain_value(self, event: ScalarEvent, part: str | int, key_mark: int) -> JsonScalar:
        text: str = event.value
        if text == "":
            self._refuse_empty(event, part, key_mark)
            return None
        value = read_plain(text)
        if isinstance(value, Ambiguity):
            place = self._at(event)
            self.diagnostics.append(refusals.ambiguous(place, text, value, self._path(part)))
            return text
        self._plain[text] = value
        return value

    def _quoted_value(self, event: ScalarEvent, part: str | int) -> str:
        if event.tag is not None:
            self.diagnostics.append(refusals.tag(self._at(event), event.tag, self._path(part)))
        text: str = event.value
        if not text.isascii() and _HALF_CHARACTER.search(text):  # libyaml refuses it, PyYAML's own parser does not
            self.diagnostics.append(refusals.half_character(self._at(event), self._path(part)))
        return text

    def _refuse_empty(self, event: ScalarEvent, part: str | int, key_mark: int) -> None:
        if not self._stack:
            raise StopReadingError(refusals.empty_file(Location(self._source.file)))
        if self.diagnostics and self.diagnostics[-1].location == self._source.locate(key_mark):
            return  # the key itself is wrong: `{{ .Name }}` is one mistake, not two
        in_list = isinstance(part, int)
        place = self._at(event) if in_list else self._source.locate(key_mark)
        self.diagnostics.append(refusals.empty_value(place, self._path(part)))

    def _refuse_anchor(self, event: NodeEvent, part: str | int) -> None:
        if part == "<<":
            return  # told already, as a merge key
        place, path = self._at(event), self._path(part)
        self._anchor(refusals.anchor(place, str(event.anchor), path, is_alias=isinstance(event, AliasEvent)))

    def _key(self, event: Event | None) -> str:
        """Return the text of a key; report one that is not text, or not the same text to every reader."""
        place = self._at(event)
        if not isinstance(event, ScalarEvent):
            self._skip(event)
            stand_in = f"{{{place.line}:{place.column}}}"  # unlike any other, so that reading goes on
            self.diagnostics.append(refusals.key_is_container(place, self._path(stand_in)))
            return stand_in
        key: str = event.value
        path = self._path(key)
        if event.anchor is not None:
            self._anchor(refusals.anchor(place, event.anchor, path, is_alias=False))
        if event.tag is not None:
            self.diagnostics.append(refusals.tag(place, event.tag, path))
        if not event.implicit[0]:
            return key
        value = read_plain(key)
        if value == key:
            self._names.add(key)
        else:
            self.diagnostics.append(refusals.bad_key(place, key, value, path))
        return key

    def _skip(self, event: Event | None) -> None:
        """Read past a container that stands where a key belongs."""
        depth = int(isinstance(event, CollectionStartEvent))
        while depth:
            event = self._events.get_event()
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)

    def _repeat(self, top: _Open, key: str, key_mark: int) -> None:
        first = self._source.key_of(top.node, key)
        self.diagnostics.append(
            refusals.duplicate_key(
                self._source.locate(key_mark), key, self._path(key), Related(f"{key} stands here first", first)
            )
        )

    def _path(self, part: str | int) -> Path:
        return (*(entry.part for entry in self._stack[1:]), part) if self._stack else ()

    def _at(self, event: Event | None) -> Location:
        return self._source.locate(mark_of(event))
