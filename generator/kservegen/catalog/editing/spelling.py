"""A value in; the YAML that stands for it on one line, or as entries of a block, out."""

from __future__ import annotations

import json
from typing import Final

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.yaml.emit import emit

_FLOW_SIGNS: Final = frozenset(",[]{}")
_LONGEST_LINE: Final = 100


def flow(value: JsonValue, *, inside: bool = True, quote: str = "") -> str:
    """Write a value on one line. `inside` a flow container more has to be quoted; `quote` is used where it can be."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key, inside=True)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return _scalar(value, inside=inside, quote=quote)


def spell_key(name: str, *, inside: bool) -> str:
    """Write the key of a map."""
    return _scalar(name, inside=inside)


def block(value: JsonObject, indent: str, newline: str) -> str:
    """Write entries of a map, one a line; maps of scalars stand on the line of their key where it stays short."""
    lines: list[str] = []
    for name, item in value.items():
        head = f"{indent}{spell_key(name, inside=False)}:"
        one_line = f"{head} {flow(item, inside=False)}"
        deep = isinstance(item, dict) and any(isinstance(inner, dict) for inner in item.values())
        if isinstance(item, dict) and item and (deep or len(one_line) > _LONGEST_LINE):
            lines += [head, block(item, indent + "  ", newline)]
        else:
            lines.append(one_line)
    return newline.join(lines)


def _scalar(value: JsonValue, *, inside: bool, quote: str = "") -> str:
    if isinstance(value, str):
        if "\n" in value or "\r" in value or quote == '"':
            return json.dumps(value, ensure_ascii=False)
        if quote == "'" and value.isprintable():
            return "'" + value.replace("'", "''") + "'"
    written = emit({"k": value})[3:-1]
    if inside and isinstance(value, str) and written[:1] not in {'"', "'"} and _FLOW_SIGNS & set(written):
        return json.dumps(value, ensure_ascii=False)
    return written
