"""A value and its schema in; the value as a CEL rule of a custom resource sees it out.

The API server types `self` by the schema (k8s.io/apiserver pkg/cel/common): a `number` is a double even where 2 is
written, the fields of an object go by names that CEL can spell, lists of the types `set` and `map` are compared without
regard to order. Everything else is what the JSON on the wire says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from operator import is_
from typing import Final

from msgspec import Struct, field

from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.formats.cel.engine import wire
from kservegen.formats.jsonschema.limits import types_of
from kservegen.formats.jsonschema.marks import Marks, fields_of
from kservegen.formats.jsonschema.shape import ListKeys, Shape, list_keys

_RESERVED: Final = frozenset(
    "true false null in as break const continue else for function if import let loop package namespace return var void "
    "while".split()
)
_WRITABLE: Final = lazy_pattern(r"[A-Za-z_./-][A-Za-z0-9_./-]*")
_SPECIAL: Final = lazy_pattern(r"__|[-./]")
_WORDS: Final = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}


@lru_cache(maxsize=4096)
def escape(name: str) -> str | None:
    """Spell a field as k8s.io/apiserver's pkg/cel does; None: rules cannot name it."""
    if name in _RESERVED:
        return f"__{name}__"
    if not _WRITABLE.fullmatch(name):
        return None
    return _SPECIAL.sub(lambda match: _WORDS[match[0]], name)


# Text that the server hands to a rule as a value of another type.
_TYPED: Final = frozenset({"date", "date-time", "duration", "byte"})


class View(Struct, frozen=True):
    """How a rule sees a value: as a double, under other names, in an order of its own, or not at all here."""

    is_double: bool = False
    names: dict[str, str | None] = field(default_factory=dict)
    keys: ListKeys | None = None
    typed: str = ""


class UntypedError(ValueError):
    """A value whose type in CEL is not modelled; the text says which."""


def view_of(node: JsonObject, shape: Shape) -> View | None:
    """Say how a rule sees the values of a schema; None: as they are."""
    kinds = types_of(node)
    names = {name: escape(name) for name, _ in fields_of(node) if name != "*" and escape(name) != name}
    typed = str(node.get("format")) if "string" in kinds and node.get("format") in _TYPED else ""
    view = View(is_double="number" in kinds, names=names, keys=list_keys(node, shape), typed=typed)
    return view if view != View() else None


def seen(value: JsonValue, marks: Marks[View] | None, *, ordered: bool) -> object:
    """Convert a value; UntypedError where that cannot be done. `ordered` leaves lists of sets and maps as they are."""
    if marks is None:
        return wire(value)
    view = marks.own or View()
    if view.typed and isinstance(value, str):
        raise UntypedError(f"a field of the format {view.typed}")
    if view.is_double and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, dict):
        return _fields(value, marks, view, ordered=ordered)
    if isinstance(value, list):
        items = value if ordered or view.keys is None else _in_own_order(value, view.keys)
        read = [seen(item, marks.each, ordered=ordered) for item in items]
        return value if _same(read, value) else read
    return value if view.is_double else wire(value)


def _fields(value: JsonObject, marks: Marks[View], view: View, *, ordered: bool) -> object:
    out: dict[str, object] = {}
    for name, item in value.items():
        called = view.names.get(name, name)
        if called is not None:
            out[called] = seen(item, marks.fields.get(name, marks.each), ordered=ordered)
    return value if len(out) == len(value) and not view.names and _same(out.values(), value.values()) else out


def _in_own_order(items: JsonArray, keys: ListKeys) -> JsonArray:
    def rank(item: JsonValue) -> str:
        parts = [item.get(key) for key in keys.keys] if isinstance(item, dict) and keys.keys else [item]
        return json.dumps(parts, sort_keys=True)

    return sorted(items, key=rank)


def _same(left: Iterable[object], right: Iterable[object]) -> bool:
    return all(map(is_, left, right))
