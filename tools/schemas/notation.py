"""The compact notation of schema sources: one line of words per field in, JSON Schema out, and back again.

`schemas/README.md` is its manual. `parse_shape` reads it, `write_shape` writes what a refresh extracted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

Schema = dict[str, Any]

QUANTITY_PATTERN = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
INT_OR_STRING: Schema = {"type": ["integer", "string"], "x-kubernetes-int-or-string": True}
SCALARS: dict[str, Schema] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "date-time": {"type": "string", "format": "date-time"},
    "byte": {"type": "string", "format": "byte"},
    "object": {"type": "object", "additionalProperties": False},
    "any": {"x-kubernetes-preserve-unknown-fields": True},
    "int-or-string": INT_OR_STRING,
    "quantity": {**INT_OR_STRING, "pattern": QUANTITY_PATTERN},
}
_RANGES = {
    "length": ("minLength", "maxLength"),
    "items": ("minItems", "maxItems"),
    "props": ("minProperties", "maxProperties"),
}
_FLAGS: dict[str, Schema] = {
    "open": {"x-kubernetes-preserve-unknown-fields": True},
    "embedded": {"x-kubernetes-embedded-resource": True},
    "nullable": {"nullable": True},
    "granular": {"x-kubernetes-map-type": "granular"},
    "set": {"x-kubernetes-list-type": "set"},
}


_SINGLE = {
    "min": "minimum",
    "max": "maximum",
    "pattern": "pattern",
    "default": "default",
    "merge": "x-kubernetes-patch-merge-key",
    "omitempty": "x-kservegen-omitempty",
    "filled": "x-kservegen-filled",
}


class NotationError(ValueError):
    """A source that does not follow the notation; the message quotes it."""


def split_words(text: str) -> Iterator[tuple[str, str | None]]:
    """Cut `list(string) enum(a, b)` into (word, arguments or None)."""
    at, end = 0, len(text)
    while at < end:
        if text[at] == " ":
            at += 1
            continue
        start = at
        while at < end and text[at] not in " (":
            at += 1
        word = text[start:at]
        if at < end and text[at] == "(":
            close = _closing(text, at)
            yield word, text[at + 1 : close]
            at = close + 1
        else:
            yield word, None


def _closing(text: str, at: int) -> int:
    depth, quote = 0, ""
    for index in range(at, len(text)):
        char = text[index]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "()":
            depth += 1 if char == "(" else -1
            if not depth:
                return index
    raise NotationError(f"unclosed parenthesis in {text!r}")


def _arguments(text: str) -> list[Any]:
    values = yaml.safe_load(f"[{text}]")
    return list(values)


def parse_words(text: str) -> Schema:
    """Read one line of words: a type, then what limits it."""
    words = list(split_words(text))
    if not words:
        raise NotationError("an empty type")
    schema = _parse_type(*words[0])
    for word, arguments in words[1:]:
        schema.update(_parse_limit(word, arguments, schema))
    return schema


def _parse_type(word: str, arguments: str | None) -> Schema:
    if word == "list" and arguments:
        return {"type": "array", "items": parse_words(arguments)}
    if word == "map" and arguments:
        return {"type": "object", "additionalProperties": parse_words(arguments)}
    if arguments is not None:
        raise NotationError(f"{word!r} takes no arguments")
    return dict(SCALARS[word]) if word in SCALARS else {"$ref": word}


def _parse_limit(word: str, arguments: str | None, schema: Schema) -> Schema:
    if word == "atomic":
        return {"x-kubernetes-list-type" if schema.get("type") == "array" else "x-kubernetes-map-type": "atomic"}
    if word == "open" and schema.get("additionalProperties") is False:
        del schema["additionalProperties"]
    if word in _FLAGS:
        return _FLAGS[word]
    if arguments is None:
        raise NotationError(f"unknown word {word!r}")
    if word in _RANGES:
        low, _, high = arguments.partition("..")
        pair = zip(_RANGES[word], (low, high), strict=True)
        return {key: int(value) for key, value in pair if value}
    return _parse_values(word, _arguments(arguments))


def _parse_values(word: str, values: list[Any]) -> Schema:
    if word == "keys":
        return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": values}
    if word == "enum":
        return {"enum": values}
    if word in _SINGLE and len(values) == 1:
        return {_SINGLE[word]: values[0]}
    raise NotationError(f"unknown limit {word}({values})")


def parse_field(value: object) -> Schema:
    """Read a field: words, or `{is: words, rules: [...], default: ...}` for what words cannot say."""
    if isinstance(value, str):
        return parse_words(value)
    if isinstance(value, Mapping) and "is" in value:
        schema = parse_words(value["is"])
        if "rules" in value:
            schema["x-kubernetes-validations"] = list(value["rules"])
        if "default" in value:
            schema["default"] = value["default"]
        return schema
    raise NotationError(f"not a field: {value!r}")


def parse_shape(value: object, included: Callable[[str], Schema]) -> Schema:
    """Read a named shape: words (an alias) or a map of fields; `included` finds the shapes that `$include` names."""
    if isinstance(value, str) or (isinstance(value, Mapping) and "is" in value):
        return parse_field(value)
    if not isinstance(value, Mapping):
        raise NotationError(f"not a shape: {value!r}")
    properties: Schema = {}
    required: set[str] = set()
    for name in value.get("$include", ()):
        base = included(name)
        properties.update(base["properties"])
        required.update(base.get("required", ()))
    for key, field in value.items():
        if key.startswith("$"):
            continue
        name = key.removesuffix("!")
        required.discard(name)
        properties[name] = parse_field(field)
        if key.endswith("!"):
            required.add(name)
    for name in value.get("$drop", ()):
        del properties[name]
        required.discard(name)
    required.update(value.get("$require", ()))
    required.difference_update(value.get("$free", ()))
    return _object(properties, required, value)


def _object(properties: Schema, required: set[str], source: Mapping[str, Any]) -> Schema:
    schema: Schema = {"type": "object", "properties": dict(sorted(properties.items()))}
    for word, arguments in split_words(source.get("$is", "")):
        schema.update(_parse_limit(word, arguments, schema))
    if not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema["additionalProperties"] = False
    if written := source.get("$written"):
        required = required.union(written)
        schema["x-kservegen-written"] = sorted(written)
    if required:
        schema["required"] = sorted(required)
    if "$rules" in source:
        schema["x-kubernetes-validations"] = list(source["$rules"])
    return schema


_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")


def _argument(value: object) -> str:
    if isinstance(value, str):
        if _BARE.match(value) and yaml.safe_load(value) == value:
            return value
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value)


def write_words(schema: Schema) -> str:
    """Write a schema without objects of its own as words."""
    left = dict(schema)
    words = [_write_type(left)]
    if (kind := left.pop("x-kubernetes-list-type", None)) == "map":
        words.append("keys(" + ", ".join(left.pop("x-kubernetes-list-map-keys")) + ")")
    elif kind:
        words.append(kind)
    if kind := left.pop("x-kubernetes-map-type", None):
        words.append(kind)
    if key := left.pop("x-kubernetes-patch-merge-key", None):
        words.append(f"merge({key})")
    for word, flag in _FLAGS.items():
        if all(left.get(key) == value for key, value in flag.items()):
            words.append(word)
            left = {key: value for key, value in left.items() if key not in flag}
    words += _write_limits(left)
    if left:
        raise NotationError(f"cannot be written in words: {left}")
    return " ".join(words)


def _write_type(left: Schema) -> str:
    if "$ref" in left:
        return str(left.pop("$ref"))
    if left.get("type") == "array":
        del left["type"]
        return f"list({write_words(left.pop('items'))})"
    if isinstance(left.get("additionalProperties"), dict):
        del left["type"]
        return f"map({write_words(left.pop('additionalProperties'))})"
    if left.get("type") == "object":
        del left["type"]
        left.pop("additionalProperties", None)
        return "object"
    for name in ("quantity", "int-or-string", "date-time", "byte", "int64", "int32", *SCALARS):
        if all(left.get(key) == value for key, value in SCALARS[name].items()):
            for key in SCALARS[name]:
                del left[key]
            return name
    raise NotationError(f"no type in {left}")


def _write_limits(left: Schema) -> Iterator[str]:
    for word, keys in _RANGES.items():
        low, high = (left.pop(key, "") for key in keys)
        if (low, high) != ("", ""):
            yield f"{word}({low}..{high})"
    if "enum" in left:
        yield "enum(" + ", ".join(_argument(value) for value in left.pop("enum")) + ")"
    for key, word in (("minimum", "min"), ("maximum", "max"), ("pattern", "pattern"), ("default", "default")):
        if key in left and not isinstance(left[key], dict | list):
            yield f"{word}({_argument(left.pop(key))})"


def write_field(schema: Schema) -> object:
    """Write a field as words, or as a map where it has rules or a composed default."""
    left = dict(schema)
    rules = left.pop("x-kubernetes-validations", None)
    default = left.pop("default") if isinstance(left.get("default"), dict | list) else None
    if rules is None and default is None:
        return write_words(left)
    field: dict[str, object] = {"is": write_words(left)}
    if default is not None:
        field["default"] = default
    if rules is not None:
        field["rules"] = rules
    return field


def write_shape(schema: Schema) -> object:
    """Write a shape: an object with its fields, or an alias."""
    if "properties" not in schema:
        return write_field(schema)
    required = schema.get("required", ())
    missing = set(required) - set(schema["properties"])
    if missing:
        raise NotationError(f"required but not stated: {sorted(missing)}")
    known = ("type", "properties", "required", "x-kubernetes-validations", "additionalProperties")
    rest = {key: value for key, value in schema.items() if key not in known}
    shape: dict[str, object] = {}
    if rest:
        shape["$is"] = write_words({"type": "object", **rest}).removeprefix("object ")
    for name, field in sorted(schema["properties"].items()):
        shape[name + ("!" if name in required else "")] = write_field(field)
    if rules := schema.get("x-kubernetes-validations"):
        shape["$rules"] = rules
    return shape
