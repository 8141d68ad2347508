"""Where everything stands in a file: filled once by a reader, asked by path, answers with lines and columns."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Final

from kservegen.core.diagnostics import Location
from kservegen.core.jsontypes import JsonValue, Path

# A mark is `line << 32 | column`, both counted from 0.
_SHIFT: Final = 32
_COLUMN: Final = (1 << _SHIFT) - 1

# Below this many nodes a walk over the children is quicker than an index of them.
_WORTH_AN_INDEX: Final = 32


class _Index:
    """The children of one large container by key; grows while the container is still being read."""

    __slots__ = ("first", "upto")

    def __init__(self, upto: int) -> None:
        self.first: dict[str | int, int] = {}
        self.upto = upto


class SourceMap:
    """The positions of every key and value of a file, in 28 bytes each.

    Nodes stand in document order, a container before what it holds: parallel arrays, no object per node.
    `keys` names a node within its container (a list's items by number), `ends` says where a container's nodes
    stop (0: a scalar, or a container still open). Readers of this package append; everybody else asks.
    """

    __slots__ = ("_indexes", "ends", "file", "key_marks", "keys", "value_marks")

    def __init__(self, file: str) -> None:
        self.file = file
        self.keys: list[str | int] = []
        self.key_marks = array("Q")
        self.value_marks = array("Q")
        self.ends = array("L")
        self._indexes: dict[int, _Index] = {}

    def __len__(self) -> int:
        return len(self.keys)

    def value(self, path: Path) -> Location:
        """Return where the value at `path` begins, or that of its longest known prefix."""
        return self._location(self.value_marks, self._walk(path)[0])

    def key(self, path: Path) -> Location:
        """Return where the key of `path` begins (a list's item: the item), or that of its longest known prefix."""
        return self._location(self.key_marks, self._walk(path)[0])

    def has(self, path: Path) -> bool:
        """Tell whether the file holds a value at `path`."""
        return self._walk(path)[1]

    def span(self, path: Path) -> tuple[int, int] | None:
        """Return the first line of the key at `path` and the one before the next key after its value, counted from 1.

        None where the file holds nothing there; the second is 0 where no key follows.
        """
        node, found = self._walk(path)
        if not found:
            return None
        following = self.ends[node] or node + 1
        first = self.locate(self.key_marks[node]).line
        if following >= len(self.keys):
            return first, 0
        return first, max(first, self.locate(self.key_marks[following]).line - 1)

    def add(self, key: str | int, key_mark: int, value_mark: int) -> int:
        """Record a node after all others and return its number; a container is closed later."""
        self.keys.append(key)
        self.key_marks.append(key_mark)
        self.value_marks.append(value_mark)
        self.ends.append(0)
        return len(self.keys) - 1

    def close(self, node: int) -> None:
        """Say that the container `node` ends with the node recorded last."""
        self.ends[node] = len(self.keys)

    def key_of(self, container: int, key: str | int) -> Location:
        """Return where `key` stands first in a container that may still be open."""
        return self._location(self.key_marks, self._child(container, key, len(self.keys)))

    def _location(self, marks: array[int], node: int) -> Location:
        return self.locate(marks[node]) if node < len(marks) else Location(self.file)

    def locate(self, mark: int) -> Location:
        """Return the place that a mark stands for."""
        return Location(self.file, (mark >> _SHIFT) + 1, (mark & _COLUMN) + 1)

    def _walk(self, path: Path) -> tuple[int, bool]:
        node = 0
        for part in path:
            end = self.ends[node] if self.ends else 0
            child = self._child(node, part, end)
            if not child:
                return node, False
            node = child
        return node, bool(self.keys)

    def _child(self, container: int, key: str | int, end: int) -> int:
        """Return the first child of that key, 0 where there is none (the root is nobody's child)."""
        if end - container > _WORTH_AN_INDEX:
            return self._indexed_child(container, key, end)
        keys, ends = self.keys, self.ends
        child = container + 1
        while child < end:
            if keys[child] == key:
                return child
            child = ends[child] or child + 1
        return 0

    def _indexed_child(self, container: int, key: str | int, end: int) -> int:
        index = self._indexes.get(container)
        if index is None:
            index = self._indexes[container] = _Index(container + 1)
        keys, ends, child = self.keys, self.ends, index.upto
        while child < end:
            index.first.setdefault(keys[child], child)
            child = ends[child] or child + 1
        index.upto = child
        return index.first.get(key, 0)


def composed_source(file: str, value: JsonValue, locate: Callable[[Path], tuple[Location, Location]]) -> SourceMap:
    """Return the positions of a value that was put together from parts of a file.

    `locate` finds the place of the key and of the value that stand for a path.
    """
    source = SourceMap(file)
    _record(source, "", value, (), locate)
    return source


def _record(
    source: SourceMap,
    key: str | int,
    value: JsonValue,
    path: Path,
    locate: Callable[[Path], tuple[Location, Location]],
) -> None:
    key_place, value_place = locate(path)
    node = source.add(key, _mark(key_place), _mark(value_place))
    if isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            _record(source, name, item, (*path, name), locate)
        source.close(node)


def _mark(place: Location) -> int:
    return (place.line - 1) << _SHIFT | (place.column - 1)
