"""A parser's events in; the tree of nodes of one document out, aliases still pointing at what they stand for."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.formats.yaml.events import EventParser, StopReadingError
from kservegen.formats.yaml.problems import problem, shorten_excerpt
from kservegen.formats.yaml.refusals import too_deep
from kservegen.formats.yaml.source import SourceMap
from kservegen.formats.yaml.syntax import AnyMark
from kservegen.formats.yaml.text import LONGEST_SCALAR, LineTable, too_long_scalar

# Deeper than any schema of a CustomResourceDefinition, the deepest manifests there are; Go stops at 10,000.
MAX_NODE_DEPTH: Final = 128


class ScalarNode(Struct):
    """A scalar as it is written: `is_plain` where neither quotes nor a tag say that it is text."""

    mark: int
    text: str
    tag: str | None
    is_plain: bool


class SequenceNode(Struct):
    """A list and its items."""

    mark: int
    items: list[YamlNode] = field(default_factory=list)


class MappingNode(Struct):
    """A map: keys and values in turn."""

    mark: int
    items: list[YamlNode] = field(default_factory=list)


class AliasNode(Struct, eq=False):
    """A `*name` and the node that it stands for."""

    mark: int
    name: str
    target: YamlNode


YamlNode = ScalarNode | SequenceNode | MappingNode | AliasNode


class Marker(Struct, frozen=True, kw_only=True):
    """Places events in the file: the piece begins at `first_line`; `lines` where the parser counts lines otherwise."""

    first_line: int
    lines: LineTable | None

    def __call__(self, event: Event | None) -> int:
        """Return the mark of where an event begins."""
        return 0 if event is None or event.start_mark is None else self.mark(event.start_mark)

    def mark(self, place: AnyMark) -> int:
        """Turn a place within the piece into a mark of the file."""
        if self.lines is not None:
            return self.lines.mark(place.index)
        return place.line + self.first_line << 32 | place.column


def compose_nodes(parser: EventParser, marker: Marker, file: str) -> YamlNode | None:
    """Read the first document of a stream; None where there is none. Raises StopReadingError."""
    parser.get_event()  # the stream begins
    if not isinstance(parser.get_event(), DocumentStartEvent):
        return None
    root = _Composer(parser, marker, SourceMap(file)).compose()
    parser.get_event()  # the document ends: what follows an explicit end is not looked at
    return root


class _Composer:
    """Builds one document's tree; its depth is bounded, its anchors are its own."""

    def __init__(self, parser: EventParser, marker: Marker, places: SourceMap) -> None:
        self._parser = parser
        self._marker = marker
        self._places = places
        self._anchors: dict[str, YamlNode] = {}
        self._open: list[SequenceNode | MappingNode] = []
        self._in_flow = 0  # brackets and braces that are open; nothing in block style stands inside them

    def compose(self) -> YamlNode:
        """Read events until the root is complete."""
        root = self._take(self._parser.get_event())
        while self._open:
            event = self._parser.get_event()
            if isinstance(event, CollectionEndEvent):
                self._open.pop()
                self._in_flow -= self._in_flow > 0
                continue
            around = self._open[-1]
            around.items.append(self._take(event))
        return root

    def _take(self, event: Event | None) -> YamlNode:
        mark = self._marker(event)
        if isinstance(event, AliasEvent):
            return self._alias(event.anchor or "", mark)
        node: ScalarNode | SequenceNode | MappingNode
        if isinstance(event, ScalarEvent):
            node = ScalarNode(mark, event.value, event.tag, event.implicit[0])
            if len(node.text) > LONGEST_SCALAR:
                raise StopReadingError(too_long_scalar(self._places.locate(mark)))
            if node.is_plain and self._in_flow and "?" in node.text:
                raise StopReadingError(_question_mark(self._places.locate(mark), node.text))
        else:
            if len(self._open) >= MAX_NODE_DEPTH:
                raise StopReadingError(too_deep(self._places.locate(mark), (), MAX_NODE_DEPTH))
            node = MappingNode(mark) if isinstance(event, MappingStartEvent) else SequenceNode(mark)
            self._open.append(node)
            self._in_flow += isinstance(event, CollectionStartEvent) and event.flow_style is True
        if isinstance(event, NodeEvent) and event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, name: str, mark: int) -> AliasNode:
        target = self._anchors.get(name)
        if target is None:
            raise StopReadingError(
                problem(
                    "unknown-alias",
                    self._places.locate(mark),
                    f"nothing above is named &{shorten_excerpt(name)}",
                    seen=f"*{shorten_excerpt(name)}",
                    hint="Define the anchor earlier in the same document, or quote text that begins with *.",
                )
            )
        return AliasNode(mark, name, target)


def _question_mark(place: Location, text: str) -> Diagnostic:
    """Refuse what libyaml takes and kubectl does not."""
    return problem(
        "syntax",
        place,
        "a question mark in plain text between brackets, which kubectl refuses",
        seen=shorten_excerpt(text),
        hint=f'Quote it: "{shorten_excerpt(text)}".',
    )
