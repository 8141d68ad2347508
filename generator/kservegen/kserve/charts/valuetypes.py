"""Whether a value has the type that a chart's key wants: key and value in, mismatches out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from kservegen.core import quantity
from kservegen.core.diagnostics import Severity
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.kserve.charts.model import Key
from kservegen.kserve.charts.show import show


class Mismatch(Struct, frozen=True):
    """A value of the wrong type at `at` below the key. A warning: the template's text comes out right all the same."""

    at: Path
    seen: JsonValue
    wanted: str
    hint: str = ""
    severity: Severity = Severity.ERROR


_TEXT_BOOLS: Final = {"true": True, "false": False}

_WANTED: Final = {
    "bool": "true or false, without quotes",
    "switch": 'true or ""',
    "string": "text",
    "image": "an image repository as text",
    "quantity": "a quantity such as 500m or 2Gi",
    "int": "a whole number, without quotes",
    "int|string": "a name or a number",
    "map": "a map",
    "map<string>": "a map of texts",
    "map<quantity>": "a map of quantities",
    "list": "a list",
    "list<string>": "a list of texts",
    "list<object>": "a list of maps",
    "list<name>": "a list of {name: ...} maps",
}


def mismatches(key: Key, value: JsonValue) -> Iterator[Mismatch]:
    """Compare `value` with the type of `key`."""
    if value is None:
        return _null(key)
    return _CHECKS[key.type](key, value)


def wanted(key: Key) -> str:
    """Say in words what `key` takes."""
    return _WANTED[key.type]


def _null(key: Key) -> Iterator[Mismatch]:
    """Helm takes null for "without the chart's default"; where that was blank or a collection, nothing breaks."""
    if key.default not in ("", None) and not isinstance(key.default, dict | list):
        hint = f"Leave the key out to get the chart's default {show(key.default)}, or write a value."
        yield Mismatch((), None, wanted(key), hint)


def _bool(key: Key, value: JsonValue) -> Iterator[Mismatch]:
    if isinstance(value, bool):
        return
    meant = _TEXT_BOOLS.get(value) if isinstance(value, str) else None
    if meant is None:
        yield Mismatch((), value, wanted(key))
        return
    hint = f"Write {value} without quotes."
    harmless = not key.enforced and (meant or key.read == "text")
    if key.read == "condition" and not meant:
        hint = f'Write {value} without quotes: a template takes the text "false" for true.'
    yield Mismatch((), value, wanted(key), hint, Severity.WARNING if harmless else Severity.ERROR)


def _switch(key: Key, value: JsonValue) -> Iterator[Mismatch]:
    return iter(()) if value == "" else _bool(key, value)


def _string(key: Key, value: JsonValue) -> Iterator[Mismatch]:
    if isinstance(value, str):
        return
    if isinstance(value, float):
        yield Mismatch((), value, wanted(key), "Put it in quotes: a number loses its last zero, 1.10 becomes 1.1.")
    elif isinstance(value, bool | int):
        yield Mismatch((), value, wanted(key), f'Write "{show(value)}", in quotes.', _printed(key))
    else:
        yield Mismatch((), value, wanted(key))


def _int(key: Key, value: JsonValue) -> Iterator[Mismatch]:
    if isinstance(value, int) and not isinstance(value, bool):
        return
    if isinstance(value, str) and value.isascii() and value.isdigit():
        yield Mismatch((), value, wanted(key), f"Write {value} without quotes.", _printed(key))
    else:
        yield Mismatch((), value, wanted(key))


def _int_or_string(key: Key, value: JsonValue) -> Iterator[Mismatch]:
    if isinstance(value, bool) or not isinstance(value, int | str):
        yield Mismatch((), value, wanted(key))


def _printed(key: Key) -> Severity:
    return Severity.ERROR if key.enforced else Severity.WARNING


def _quantity(key: Key, value: JsonValue) -> Iterator[Mismatch]:
    if value != "" or key.default != "":
        yield from _quantity_at((), key, value)


def _quantity_at(at: Path, key: Key, value: JsonValue) -> Iterator[Mismatch]:
    if not isinstance(value, str | int | float) or quantity.parse_quantity(value) is None:
        yield Mismatch(at, value, _WANTED["quantity"])
    elif key.enforced and not isinstance(value, str):
        hint = f'Write "{show(value)}", in quotes: the chart\'s own schema refuses a number.'
        yield Mismatch(at, value, "a quantity as text", hint)


def _map(key: Key, value: JsonValue) -> Iterator[Mismatch]:
    if not isinstance(value, dict):
        yield Mismatch((), value, wanted(key))


def _string_map(key: Key, value: JsonValue) -> Iterator[Mismatch]:
    if not isinstance(value, dict):
        yield Mismatch((), value, wanted(key))
        return
    for name, item in value.items():
        if item is not None and not isinstance(item, str):
            hint = "" if isinstance(item, dict | list) else f'Write "{show(item)}", in quotes.'
            yield Mismatch((name,), item, "text", hint)


def _quantity_map(key: Key, value: JsonValue) -> Iterator[Mismatch]:
    if not isinstance(value, dict):
        yield Mismatch((), value, wanted(key))
        return
    for name, item in value.items():
        if item is not None:
            yield from _quantity_at((name,), key, item)


def _list(key: Key, value: JsonValue) -> Iterator[Mismatch]:
    if not isinstance(value, list):
        yield Mismatch((), value, wanted(key))


def _items(item_wanted: str, fits: Callable[[JsonValue], bool], hint: str) -> Callable[..., Iterator[Mismatch]]:
    def check(key: Key, value: JsonValue) -> Iterator[Mismatch]:
        if not isinstance(value, list):
            yield Mismatch((), value, wanted(key))
            return
        for index, item in enumerate(value):
            if not fits(item):
                yield Mismatch((index,), item, item_wanted, hint)

    return check


def _is_name(item: JsonValue) -> bool:
    return isinstance(item, dict) and isinstance(item.get("name"), str)


_CHECKS: Final[dict[str, Callable[[Key, JsonValue], Iterator[Mismatch]]]] = {
    "bool": _bool,
    "switch": _switch,
    "string": _string,
    "image": _string,
    "quantity": _quantity,
    "int": _int,
    "int|string": _int_or_string,
    "map": _map,
    "map<string>": _string_map,
    "map<quantity>": _quantity_map,
    "list": _list,
    "list<string>": _items("text", lambda item: isinstance(item, str), "Write plain texts, no maps."),
    "list<object>": _items("a map", lambda item: isinstance(item, dict), ""),
    "list<name>": _items("a map with a name", _is_name, "Write {name: ...} for each, as in a pod."),
}
