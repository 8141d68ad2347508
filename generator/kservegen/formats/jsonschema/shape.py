"""A compiled schema in; what it says about places of a document out: fields, list keys, resource quantities.

Everything is worked out once per schema, when first asked for, definition by definition; a schema that refers to
itself is no trouble.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TypeAlias

from msgspec import Struct

from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.formats.jsonschema.marks import HOLDING, Marks, combines, fields_of, find_marks

EMPTY: JsonObject = {}
# How the pattern of a Kubernetes resource quantity begins in a CRD.
_QUANTITY_PATTERN = r"^(\+|-)?(([0-9]+"
_COMBINED = ("allOf", "anyOf", "oneOf")

# Where resource quantities stand below a place: by field, `*` for every entry of a map; lists stand for their items.
# A field without quantities is absent. `QUANTITY` itself marks the value that is one.
QuantityShape: TypeAlias = dict[str, "QuantityShape"]
QUANTITY_FORMAT: QuantityShape = {"": {}}


class ListKeys(Struct, frozen=True):
    """How the API server tells the items of a list apart: by these keys, or by value where there are none."""

    keys: tuple[str, ...]
    defaults: tuple[JsonValue, ...] = ()


class Defaults(Struct, frozen=True):
    """What the API server puts into an object: a value for each field, and one for entries or items that are null.

    The third of a field says whether its null is a value, too.
    """

    fields: tuple[tuple[str, JsonValue, bool], ...]
    each: JsonValue = None


class Shape:
    """Answers questions about one compiled schema."""

    def __init__(self, schema: JsonObject) -> None:
        self.schema = schema
        definitions = schema.get("definitions", schema.get("$defs"))
        self._definitions: JsonObject = definitions if isinstance(definitions, dict) else {}
        self._resolved: dict[str, JsonObject] = {}

    def resolve(self, node: JsonValue) -> JsonObject:
        """Follow `$ref`; what stands beside it wins."""
        if not isinstance(node, dict):
            return EMPTY
        beside: JsonObject = {}
        while isinstance(reference := node.get("$ref"), str):
            beside = {**{key: value for key, value in node.items() if key != "$ref"}, **beside}
            node = self.definition(reference)
        return {**node, **beside} if beside else node

    def definition(self, reference: str) -> JsonObject:
        """Look up a local reference (`#`, `#/definitions/Name`)."""
        if reference in self._resolved:
            return self._resolved[reference]
        found: JsonValue = self.schema
        for step in reference.removeprefix("#").split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        self._resolved[reference] = found if isinstance(found, dict) else EMPTY
        return self._resolved[reference]

    def step(self, node: JsonObject, part: str | int) -> JsonObject | None:
        """Go one step down: into a field, an entry of a map, an item of a list; None where the schema knows none."""
        for candidate in self.branches(node):
            below = _below(candidate, part)
            if below is not None:
                return self.resolve(below)
        return None

    def branches(self, node: JsonObject) -> Iterator[JsonObject]:
        """Yield a schema and the alternatives it combines."""
        yield node
        for word in (*_COMBINED, "then", "else", "if"):
            inner = node.get(word)
            for branch in inner if isinstance(inner, list) else (inner,) if isinstance(inner, dict) else ():
                yield from self.branches(self.resolve(branch))

    def subschema(self, path: Path) -> JsonObject | None:
        """Say what the schema states at a path of a document, references followed."""
        node: JsonObject | None = self.resolve(self.schema)
        for part in path:
            if node is None:
                return None
            node = self.step(node, part)
        return node

    def list_keys(self, path: Path) -> tuple[str, ...]:
        """Name the keys that items of the list at a path are merged by; empty: the list is replaced as a whole."""
        node = self.subschema(path) or EMPTY
        merge = node.get("x-kubernetes-patch-merge-key")
        if isinstance(merge, str):
            return (merge,)
        keys = node.get("x-kubernetes-list-map-keys")
        return tuple(str(key) for key in keys) if isinstance(keys, list) else ()

    @cached_property
    def quantities(self) -> QuantityShape:
        """Where resource quantities stand in a document."""
        return _QuantityFinder(self).below(self.schema)

    @cached_property
    def distinct_lists(self) -> Marks[ListKeys]:
        """Where lists stand whose items the API server wants to be distinct."""
        return find_marks(self, list_keys)

    @cached_property
    def defaults(self) -> Marks[Defaults]:
        """Where the API server puts in what a document leaves out."""
        return find_marks(self, defaults_of)


def is_quantity(node: JsonObject) -> bool:
    """Whether a schema is that of a resource quantity."""
    return bool(node.get("x-kubernetes-int-or-string")) and str(node.get("pattern", "")).startswith(_QUANTITY_PATTERN)


def _below(node: JsonObject, part: str | int) -> JsonValue:
    if isinstance(part, int):
        return node.get("items")
    properties = node.get("properties")
    if isinstance(properties, dict) and part in properties:
        return properties[part]
    extra = node.get("additionalProperties")
    return extra if isinstance(extra, dict) else None


class _QuantityFinder:
    """Builds quantity shapes: one map per definition, so that a reference to itself closes a loop."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.known: dict[str, QuantityShape] = {}

    def below(self, node: JsonObject) -> QuantityShape:
        """Return the shape of what a schema describes; empty: there is no quantity below."""
        reference = node.get("$ref")
        if isinstance(reference, str):
            if reference not in self.known:
                found: QuantityShape = {}
                self.known[reference] = found
                self.known[reference] = self._collect(self.shape.definition(reference), found)
            return self.known[reference]
        return self._collect(node, {})

    def _collect(self, node: JsonObject, found: QuantityShape) -> QuantityShape:
        if is_quantity(node):
            return QUANTITY_FORMAT
        items = node.get("items")
        if isinstance(items, dict):
            return self.below(items)
        for branch in self.shape.branches(node) if combines(node) else (node,):
            for name, value in fields_of(branch):
                if inner := self.below(value):
                    found[name] = inner
        return found


def list_keys(node: JsonObject, shape: Shape) -> ListKeys | None:
    """Say how the items of the list that a schema describes are told apart; None: they are not."""
    kind = node.get("x-kubernetes-list-type")
    if kind == "set":
        return ListKeys(())
    keys = node.get("x-kubernetes-list-map-keys")
    if kind != "map" or not isinstance(keys, list):
        return None
    item = shape.resolve(node.get("items"))
    defaults = tuple((shape.step(item, str(key)) or EMPTY).get("default") for key in keys)
    return ListKeys(tuple(str(key) for key in keys), defaults)


def defaults_of(node: JsonObject, shape: Shape) -> Defaults | None:
    """Read the defaults of an object's fields, of a map's entries, of a list's items; None: there are none."""
    if HOLDING.isdisjoint(node):
        return None
    fields = []
    for name, value in fields_of(node):
        below = shape.resolve(value)
        if name != "*" and (default := below.get("default")) is not None:
            fields.append((name, default, is_nullable(below)))
    each = shape.resolve(node.get("items", node.get("additionalProperties")))
    instead = None if is_nullable(each) else each.get("default")
    return Defaults(tuple(fields), instead) if fields or instead is not None else None


def is_nullable(node: JsonObject) -> bool:
    """Whether a schema takes null."""
    kinds = node.get("type")
    return bool(node.get("nullable")) or (isinstance(kinds, list) and "null" in kinds)
