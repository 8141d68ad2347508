"""What people type on a command line, `env[NAME].value=x`, in; the steps of its path and its value out."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from kservegen.catalog.merge import MERGE_KEYS
from kservegen.core.document import child
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.core.values import whole_number
from kservegen.formats.yaml.load import load_strict

_STEP: Final = lazy_pattern(r"""(?:^|\.)([^.\[\]="']+)|\[(?:"([^"]*)"|'([^']*)'|([^\[\]"']+))\]""")
_PATHS: Final = 'Write words with dots between: resources.limits.memory, env[NAME].value, labels["example.com/team"].'


class PathStep(NamedTuple):
    """One step of a path; `bracketed` ones name an item of a list, or a key that has dots."""

    text: str
    bracketed: bool


class Assignment(NamedTuple):
    """A path as it was typed, its steps, and the value that it is to have."""

    typed: str
    steps: tuple[PathStep, ...]
    value: JsonValue


def parse_assignment(typed: str) -> Assignment:
    """Read `path=value`; GeneratorError for what is none."""
    steps, rest = _steps(typed)
    path = typed[: len(typed) - len(rest)]
    if not steps or not rest.startswith("="):
        raise GeneratorError("this is no path=value", subject=typed, hint=_PATHS)
    return Assignment(path, steps, _value(rest[1:], path))


def parse_path(typed: str) -> tuple[PathStep, ...]:
    """Read a path; GeneratorError for what is none."""
    steps, rest = _steps(typed)
    if not steps or rest:
        raise GeneratorError("this is no path", subject=typed, hint=_PATHS)
    return steps


def _steps(typed: str) -> tuple[tuple[PathStep, ...], str]:
    found: list[PathStep] = []
    end = 0
    while match := _STEP.match(typed, end):
        word, *inside = match.groups()
        found.append(
            PathStep(word, bracketed=False) if word else PathStep(next(i for i in inside if i is not None), True)
        )
        end = match.end()
    return tuple(found), typed[end:]


def _value(written: str, path: str) -> JsonValue:
    """Read a value as the catalog's loader does."""
    if not written.strip():
        raise GeneratorError(
            "there is no value",
            subject=f"{path}=",
            hint=f"Empty text is {path}='\"\"'; {path}=null removes what the catalog says; --unset {path} the line.",
        )
    loaded = load_strict(written.encode(), path)
    plain = written.strip()[:1] not in {"{", "[", '"', "'"}
    if loaded.diagnostics:
        first = loaded.diagnostics[0]
        raise GeneratorError(f"{first.message}: {written}", subject=path, hint=first.hint)
    if plain and (isinstance(loaded.value, dict | list) or re.search(r"\s#|[\r\n]|^[|>]", written)):
        raise GeneratorError(
            f"the value has to be quoted, or to be written on one line: {written}",
            subject=path,
            hint=f"Text: {path}='\"…\"'; a map: {path}='{{a: b}}'; a list: {path}='[a, b]'.",
        )
    return loaded.value


def locate_assignment(
    steps: tuple[PathStep, ...], layers: tuple[JsonValue, ...], typed: str
) -> tuple[Path, tuple[JsonObject, ...]]:
    """Return the path in the last layer, and the items that have to be appended on the way, outermost first.

    `layers` are an entry's words, those of the file that is edited last: the others tell a list from a map.
    """
    path: list[str | int] = []
    made: list[JsonObject] = []
    for step in steps:
        field = path[-1] if path and isinstance(path[-1], str) else ""
        own = layers[-1]
        is_list = any(isinstance(layer, list) for layer in layers)
        keyed = field in MERGE_KEYS and not any(isinstance(layer, dict) for layer in layers)
        if step.bracketed and (is_list or keyed):
            path.append(_index(step.text, field, own if isinstance(own, list) else [], made, typed))
        else:
            if is_list and not step.bracketed:
                hint = (
                    f"Name an item: {typed.partition(step.text)[0].rstrip('.')}[NAME].{step.text}, or write it whole."
                )
                raise GeneratorError(f"{field} is a list", subject=typed, hint=hint)
            path.append(step.text)
        below = (_below(layer, path[-1], step.text, field) for layer in layers[:-1])
        layers = (*below, child(own, path[-1]))
    return tuple(path), tuple(made)


def _index(name: str, field: str, own: JsonArray, made: list[JsonObject], typed: str) -> int:
    keys, number = MERGE_KEYS.get(field), whole_number(name)
    if keys is not None:
        for place, item in enumerate(own):
            if isinstance(item, dict) and str(item.get(keys[0][0])) == name:
                return place
        if len([key for key, default in keys if default is None]) > 1:
            words = ", ".join(key for key, _ in keys)
            raise GeneratorError(f"an item of {field} needs {words}", subject=typed, hint="Write the item in the file.")
        made.append({keys[0][0]: name if number is None else number})
        return len(own)
    if number is None or number >= len(own):
        raise GeneratorError(
            f"the list that is edited has no item {name}",
            subject=typed,
            hint=f"This list replaces what lies below it: write it whole, {typed.partition('[')[0]}='[…]'.",
        )
    return number


def _below(value: JsonValue, part: str | int, name: str, field: str) -> JsonValue:
    if isinstance(value, list) and field in MERGE_KEYS:
        key = MERGE_KEYS[field][0][0]
        return next((item for item in value if isinstance(item, dict) and str(item.get(key)) == name), None)
    return child(value, part)
