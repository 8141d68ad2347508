"""A document's nodes in; the data that sigs.k8s.io/yaml makes of them out, with positions.

goyaml.v2 expands aliases and merges one node after the other and counts as it goes, so that aliases cannot multiply a
document beyond measure; then everything must be JSON. Both happen here, in the same order.
"""

from __future__ import annotations

import math
from typing import Final

from msgspec import Struct, field

from kservegen.core.diagnostics import Diagnostic, Location, Related
from kservegen.core.jsontypes import JsonScalar, JsonValue
from kservegen.formats.yaml import refusals
from kservegen.formats.yaml.events import StopReadingError
from kservegen.formats.yaml.go_scalars import UnreadableScalarError, as_key, read_scalar
from kservegen.formats.yaml.nodes import MAX_NODE_DEPTH, AliasNode, MappingNode, ScalarNode, SequenceNode, YamlNode
from kservegen.formats.yaml.problems import problem, shorten_excerpt
from kservegen.formats.yaml.source import SourceMap
from kservegen.formats.yaml.text import MOST_PROBLEMS

_MERGE_TAG: Final = "tag:yaml.org,2002:merge"

# goyaml's measure: up to the first number of steps 99 % may come from aliases, from the second on 10 %.
_MANY_STEPS: Final = 400_000
_VERY_MANY_STEPS: Final = 4_000_000


def decode_nodes(root: YamlNode, source: SourceMap) -> tuple[JsonValue, tuple[Diagnostic, ...]]:
    """Return the data, and a finding for every key that stands twice. Raises StopReadingError for what has no data."""
    decoder = _Decoder(source)
    placed = decoder.node(root, 0)
    return _settle(placed, source, "", placed.mark), tuple(decoder.repeated.values())


class _PlacedScalar(Struct):
    mark: int
    value: JsonScalar


class _PlacedList(Struct):
    mark: int
    items: list[_Placed] = field(default_factory=list)


class _PlacedMap(Struct):
    """A map that is still growing: the last writer of a key wins, and its place with it."""

    mark: int
    entries: dict[str, tuple[int, _Placed]] = field(default_factory=dict)


_Placed = _PlacedScalar | _PlacedList | _PlacedMap


class _Decoder:
    """Expands one document. It recurses, because depth is bounded, by `compose` and again here for aliases."""

    def __init__(self, source: SourceMap) -> None:
        self._source = source
        self._steps = 1  # the document itself
        self._alias_steps = 0
        self._alias_depth = 0
        self._expanding: set[int] = set()
        self.repeated: dict[int, Diagnostic] = {}

    def node(self, node: YamlNode, depth: int) -> _Placed:
        """Expand one node."""
        self._step(node)
        if depth > MAX_NODE_DEPTH:
            raise StopReadingError(refusals.too_deep(self._source.locate(node.mark), (), MAX_NODE_DEPTH))
        match node:
            case ScalarNode():
                return _PlacedScalar(node.mark, self._scalar(node))
            case AliasNode():
                return self._alias(node, depth)
            case SequenceNode():
                return _PlacedList(node.mark, [self.node(item, depth + 1) for item in node.items])
            case MappingNode():
                placed = _PlacedMap(node.mark)
                self._fill(node, placed, depth)
                return placed

    def _step(self, node: YamlNode) -> None:
        self._steps += 1
        if not self._alias_depth:
            return
        self._alias_steps += 1
        if self._alias_steps <= 100 or self._steps <= 1000:
            return
        beyond = (self._steps - _MANY_STEPS) / (_VERY_MANY_STEPS - _MANY_STEPS)
        if self._alias_steps / self._steps > 0.99 - 0.89 * min(max(beyond, 0.0), 1.0):
            raise StopReadingError(
                problem(
                    "alias-bomb",
                    self._source.locate(node.mark),
                    "aliases multiply the document beyond measure",
                    seen=f"{self._alias_steps:,} of {self._steps:,} values come from aliases",
                    hint="Write out what the aliases stand for.",
                )
            )

    def _alias(self, alias: AliasNode, depth: int) -> _Placed:
        if alias.mark in self._expanding:
            raise self._refuse(
                alias, "unknown-alias", f"&{shorten_excerpt(alias.name)} contains itself", f"*{alias.name}"
            )
        self._expanding.add(alias.mark)
        self._alias_depth += 1
        placed = self.node(alias.target, depth + 1)
        self._alias_depth -= 1
        self._expanding.discard(alias.mark)
        return placed

    def _scalar(self, node: ScalarNode) -> JsonScalar:
        try:
            return read_scalar(node.text, node.tag, is_plain=node.is_plain)
        except UnreadableScalarError as error:
            raise self._refuse(node, "not-json", str(error), shorten_excerpt(node.text)) from error

    def _fill(self, node: MappingNode, target: _PlacedMap, depth: int) -> None:
        """Write a map's entries into `target`: its own, or that of the map it is merged into."""
        own: dict[str, int] = {}
        for key_node, value_node in zip(node.items[::2], node.items[1::2], strict=True):
            if _is_merge(key_node):
                self._merge(value_node, target, depth)
                continue
            key = self._key(key_node, depth)
            if key in own:
                self._repeat(key, key_node.mark, own[key])
            own[key] = key_node.mark
            target.entries[key] = (key_node.mark, self.node(value_node, depth + 1))

    def _key(self, node: YamlNode, depth: int) -> str:
        placed = self.node(node, depth + 1)
        if not isinstance(placed, _PlacedScalar):
            raise self._refuse(node, "key-not-text", "a map or a list stands where a key belongs", "")
        try:
            return as_key(placed.value)
        except UnreadableScalarError as error:
            raise self._refuse(node, "key-not-text", str(error), shorten_excerpt(str(placed.value))) from error

    def _repeat(self, key: str, again: int, first: int) -> None:
        if len(self.repeated) >= MOST_PROBLEMS:
            return  # the first ones say it
        related = Related(f"{shorten_excerpt(key)} stands here first", self._source.locate(first))
        self.repeated[again] = refusals.duplicate_key(self._source.locate(again), key, (key,), related)

    def _merge(self, node: YamlNode, target: _PlacedMap, depth: int) -> None:
        """Merge a map, or maps of a list from the last to the first, so that the first wins among them."""
        sources = reversed(node.items) if isinstance(node, SequenceNode) else (node,)
        for source in sources:
            merged = source.target if isinstance(source, AliasNode) else source
            if not isinstance(merged, MappingNode):
                raise self._refuse(node, "syntax", "<< merges maps, or a list of maps, and nothing else", "")
            self._step(source)
            if isinstance(source, AliasNode):
                self._merge_alias(source, merged, target, depth)
            else:
                self._fill(merged, target, depth + 1)

    def _merge_alias(self, alias: AliasNode, merged: MappingNode, target: _PlacedMap, depth: int) -> None:
        if alias.mark in self._expanding or depth > MAX_NODE_DEPTH:
            raise self._refuse(
                alias, "unknown-alias", f"&{shorten_excerpt(alias.name)} contains itself", f"*{alias.name}"
            )
        self._expanding.add(alias.mark)
        self._alias_depth += 1
        self._step(merged)
        self._fill(merged, target, depth + 1)
        self._alias_depth -= 1
        self._expanding.discard(alias.mark)

    def _refuse(self, node: YamlNode, rule: str, message: str, seen: str) -> StopReadingError:
        return StopReadingError(problem(rule, self._source.locate(node.mark), message, seen=seen))


def _no_number(place: Location) -> Diagnostic:
    return problem(
        "not-json", place, "infinity and not-a-number have no form in JSON", hint="Quote the value if text is meant."
    )


def _is_merge(node: YamlNode) -> bool:
    return isinstance(node, ScalarNode) and node.text == "<<" and (node.is_plain or node.tag == _MERGE_TAG)


def _settle(placed: _Placed, source: SourceMap, part: str | int, key_mark: int) -> JsonValue:
    """Turn a placed value into plain data and record where everything stands."""
    number = source.add(part, key_mark, placed.mark)
    match placed:
        case _PlacedScalar():
            if isinstance(placed.value, float) and not math.isfinite(placed.value):
                raise StopReadingError(_no_number(source.locate(placed.mark)))
            return placed.value
        case _PlacedList():
            items = [_settle(item, source, index, item.mark) for index, item in enumerate(placed.items)]
            source.close(number)
            return items
        case _PlacedMap():
            entries = {key: _settle(item, source, key, at) for key, (at, item) in placed.entries.items()}
            source.close(number)
            return entries
