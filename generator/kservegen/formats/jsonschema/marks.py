"""What a schema says at a few of its places, as a small tree: a walk through a document touches only what leads there.

Trees are worked out once per schema; a definition has one node, so that a reference to itself closes a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct, field

from kservegen.core.jsontypes import JsonObject, JsonValue, Path

if TYPE_CHECKING:
    from kservegen.formats.jsonschema.shape import Shape

_T = TypeVar("_T")


class Marks(Struct, Generic[_T]):
    """A place of a schema: what it says there, and where more is said below: by field, for each item or entry."""

    own: _T | None = None
    fields: dict[str, Marks[_T]] = field(default_factory=dict)
    each: Marks[_T] | None = None

    def places(self, document: JsonValue) -> Iterator[tuple[Path, JsonValue, _T]]:
        """Find the marked values of a document, in no particular order."""
        stack: list[tuple[Marks[_T], JsonValue, Path]] = [(self, document, ())]
        while stack:
            marks, value, path = stack.pop()
            if marks.own is not None:
                yield path, value, marks.own
            stack += [(below, item, (*path, key)) for key, item, below in marks.below(value)]

    def below(self, value: JsonValue) -> Iterator[tuple[str | int, JsonValue, Marks[_T]]]:
        """Yield the parts of a value that something is said about, in the document's order."""
        fields, each = self.fields, self.each
        if isinstance(value, list):
            if each is not None:
                for index, item in enumerate(value):
                    yield index, item, each
        elif isinstance(value, dict):
            for key, item in value.items():
                if (marks := fields.get(key, each)) is not None:
                    yield key, item, marks


def find_marks(
    shape: Shape, read: Callable[[JsonObject, Shape], _T | None], node: JsonObject | None = None
) -> Marks[_T]:
    """Build the tree of what `read` finds in a schema, or from one of its nodes on; references are resolved."""
    return _Finder(shape, read).mark(shape.schema if node is None else node) or Marks()


class _Finder(Generic[_T]):
    def __init__(self, shape: Shape, read: Callable[[JsonObject, Shape], _T | None]) -> None:
        self.shape = shape
        self.read = read
        self.known: dict[str, Marks[_T] | None] = {}

    def mark(self, node: JsonObject) -> Marks[_T] | None:
        """Return the marks of what a schema describes; None: nothing is said there or below."""
        if "$ref" not in node:
            if _BELOW.isdisjoint(node):  # most nodes describe a scalar
                own = self.read(node, self.shape)
                return None if own is None else Marks(own)
            return self._fill(node, Marks())
        place = repr(node)  # what stands beside a reference belongs to this place alone
        if place not in self.known:
            marks: Marks[_T] = Marks()
            self.known[place] = marks
            self.known[place] = self._fill(self.shape.resolve(node), marks)
        return self.known[place]

    def _fill(self, node: JsonObject, marks: Marks[_T]) -> Marks[_T] | None:
        marks.own = self.read(node, self.shape)
        for branch in self.shape.branches(node) if combines(node) else (node,):
            for name, value in fields_of(branch):
                below = self.mark(value)
                if below is not None and name == "*":
                    marks.each = below
                elif below is not None:
                    marks.fields[name] = below
            items = branch.get("items")
            if isinstance(items, dict) and (below := self.mark(items)) is not None:
                marks.each = below
        return marks if marks.own is not None or marks.fields or marks.each is not None else None


def fields_of(node: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """Yield the fields of an object's schema, and `*` for entries beside them."""
    properties = node.get("properties")
    for name, value in properties.items() if isinstance(properties, dict) else ():
        if isinstance(value, dict):
            yield name, value
    extra = node.get("additionalProperties")
    if isinstance(extra, dict):
        yield "*", extra


def combines(node: JsonObject) -> bool:
    """Whether a schema has branches that may state fields, too."""
    return not _COMBINING.isdisjoint(node)


HOLDING = frozenset({"properties", "additionalProperties", "items"})
_COMBINING = frozenset({"allOf", "anyOf", "oneOf", "if"})
_BELOW = _COMBINING | HOLDING
