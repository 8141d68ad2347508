"""The text of a YAML file and one edit in; the text with these characters changed, and no other, out.

Anchors, tags and merge keys are refused by the strict reader before any edit; what comes out is read again, and has to
be what went in with just this value changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from kservegen.catalog.editing.spans import Container, Item, ScalarSpan, Value, spans
from kservegen.core.document import nested
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path, format_path
from kservegen.formats.yaml.emit import emit, quoted
from kservegen.formats.yaml.load import Loaded, load_held

_BOM: Final = "\ufeff"
_FLOW_SIGNS: Final = frozenset(",[]{}")
_LONGEST_LINE: Final = 100


def put(text: str, path: Path, value: JsonValue, file: str) -> str:
    """Set the value at a path, making the maps on the way; an item after the last of a list is appended."""
    before = read_value(text, file)
    wanted = with_value(before, path, value)
    if json.dumps(before) == json.dumps(wanted):  # 1 and true are one to Python
        return text
    return _verified(text, _at_root(text, lambda plain: _put(plain, path, value)), wanted, path, file)


def put_all(text: str, edits: Iterable[tuple[Path, JsonValue]], file: str) -> str:
    """Set values one after the other, as `put` does; those that stand apart from each other at one reading."""
    wanted = read_value(text, file)
    waiting: list[tuple[Path, JsonValue]] = []
    for path, value in edits:
        if not _says(wanted, path, value):
            wanted = with_value(wanted, path, value)
            waiting.append((path, value))
    bom = _BOM if text.startswith(_BOM) else ""
    edited = text.removeprefix(_BOM)
    rest = waiting
    while rest:
        edited, rest = _put_apart(edited, rest)
    edited = f"{bom}{edited}"
    if not waiting or _reads_as(edited, wanted, file):
        return edited if waiting else text
    for path, value in waiting:  # to say which one it was
        text = put(text, path, value, file)
    return text


def drop(text: str, path: Path, file: str) -> str:
    """Remove the key or the item at a path; a map or list that this empties stays as an empty one."""
    before = read_value(text, file)
    return _verified(text, _at_root(text, lambda plain: _drop(plain, path)), without(before, path), path, file)


def rename_key(text: str, path: Path, name: str, file: str) -> str:
    """Give the key at a path another name; GeneratorError where the map has that name already."""
    before = read_value(text, file)
    parent = at(before, path[:-1])
    if not isinstance(parent, dict) or path[-1] not in parent or name in parent:
        raise GeneratorError(f"{format_path(path)} cannot be called {name} here", subject=file, hint="Edit it by hand.")
    wanted: JsonObject = {name if key == path[-1] else key: item for key, item in parent.items()}
    whole = with_value(before, path[:-1], wanted) if path[:-1] else wanted
    return _verified(text, _at_root(text, lambda plain: _rename(plain, path, name)), whole, path, file)


def quote_value(text: str, path: Path, file: str) -> str:
    """Make text of the plain scalar at a path, as it is written; GeneratorError for what is no plain scalar."""
    place = _place(text.removeprefix(_BOM), path)
    if not isinstance(place, ScalarSpan) or place.style:
        raise GeneratorError(f"{format_path(path)} is no plain value", subject=file, hint="Edit it by hand.")
    return put(text, path, text.removeprefix(_BOM)[place.start : place.end], file)


def rewrite_value(text: str, path: Path, value: JsonObject, file: str) -> str:
    """Make the map at a path hold what `value` does, and touch no word that it has already."""
    old = at(read_value(text, file), path)
    if not isinstance(old, dict) or not old or not value:
        return put(text, path, value, file)
    for place in _gone(old, value, path):
        text = drop(text, place, file)
    for place, item in _new(old, value, path):
        text = put(text, place, item, file)
    return text


def read_value(text: str, file: str) -> JsonObject:
    """Read a file that is to be edited; GeneratorError where the strict reader finds anything.

    What comes back is not to be changed: one text is asked for before each of its edits.
    """
    loaded = _load(text, file)
    if loaded.diagnostics or not isinstance(loaded.value, dict):
        first = loaded.diagnostics[0] if loaded.diagnostics else None
        raise GeneratorError(
            f"the file is not edited while it has mistakes: {first.message}" if first else "the file holds no map",
            subject=str(first.location) if first else file,
            hint="Run kservegen validate, mend what it finds, and try again.",
        )
    return loaded.value


@lru_cache(maxsize=8)
def _load(text: str, file: str) -> Loaded:
    """Read a text, and hold what was read: it is the next edit's, and the catalog's that comes of it."""
    return load_held(text.encode(), file)


def with_value(tree: JsonObject, path: Path, value: JsonValue) -> JsonObject:
    """Return data with a value set; GeneratorError where the way there leads through something that is no map."""
    changed = _with(tree, path, value, ())
    assert isinstance(changed, dict)  # noqa: S101 - it was one
    return changed


def without(tree: JsonObject, path: Path) -> JsonObject:
    """Return data without the value at a path, which is there."""
    if len(path) == 1:
        return {name: item for name, item in tree.items() if name != path[0]}
    parent = at(tree, path[:-1])
    if isinstance(parent, list):
        rest: JsonValue = [item for number, item in enumerate(parent) if number != path[-1]]
    else:
        assert isinstance(parent, dict)  # noqa: S101 - it has children
        rest = {name: item for name, item in parent.items() if name != path[-1]}
    return with_value(tree, path[:-1], rest)


def at(tree: JsonValue, path: Path) -> JsonValue:
    """Return the value at a path; None where there is none."""
    for part in path:
        if isinstance(tree, dict) and isinstance(part, str):
            tree = tree.get(part)
        elif isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
        else:
            return None
    return tree


def _says(tree: JsonObject, path: Path, value: JsonValue) -> bool:
    """Whether this very value stands at a path; 1 and true are one to Python."""
    parent, part = at(tree, path[:-1]), path[-1]
    is_there = part in parent if isinstance(parent, dict) else isinstance(parent, list) and part in range(len(parent))
    return is_there and json.dumps(at(parent, (part,))) == json.dumps(value)


def _gone(old: JsonObject, new: JsonObject, path: Path) -> Iterator[Path]:
    for name, item in old.items():
        other = new.get(name)
        if name not in new:
            yield (*path, name)
        elif isinstance(item, dict) and isinstance(other, dict) and other:
            yield from _gone(item, other, (*path, name))


def _new(old: JsonObject, new: JsonObject, path: Path) -> Iterator[tuple[Path, JsonValue]]:
    for name, item in new.items():
        other = old.get(name)
        if isinstance(item, dict) and isinstance(other, dict) and item:
            yield from _new(other, item, (*path, name))
        elif name not in old or json.dumps(item) != json.dumps(other):
            yield (*path, name), item


def _with(tree: JsonValue, path: Path, value: JsonValue, done: Path) -> JsonValue:
    if not path:
        return value
    head, rest = path[0], path[1:]
    if isinstance(head, int):
        items: JsonArray = list(tree) if isinstance(tree, list) else []
        if (tree is not None and not isinstance(tree, list)) or head > len(items):
            raise GeneratorError(f"{format_path(done)} has no item {head}", hint="Write the whole list: path=[…].")
        items[head : head + 1] = [_with(items[head] if head < len(items) else None, rest, value, (*done, head))]
        return items
    if tree is not None and not isinstance(tree, dict):
        seen = flow_text(tree)[:80]
        hint = f"Write the whole of it: {format_path(done)}={{…}}."
        raise GeneratorError(f"{format_path(done)} is {seen}, which has no words below it", hint=hint)
    return {**(tree or {}), head: _with((tree or {}).get(head), rest, value, (*done, head))}


def _at_root(text: str, edit: Callable[[str], str]) -> str:
    bom = _BOM if text.startswith(_BOM) else ""
    return f"{bom}{edit(text.removeprefix(_BOM))}"


def _reads_as(edited: str, wanted: JsonObject, file: str) -> bool:
    loaded = _load(edited, file)
    return not loaded.diagnostics and json.dumps(loaded.value, sort_keys=True) == json.dumps(wanted, sort_keys=True)


def _verified(text: str, edited: str, wanted: JsonObject, path: Path, file: str) -> str:
    if not _reads_as(edited, wanted, file):
        line = _load(text, file).source.key(path)
        raise GeneratorError(
            f"{format_path(path)} cannot be edited here without changing what stands beside it",
            subject=str(line),
            hint="Edit this line by hand.",
        )
    return edited


class _Cut(NamedTuple):
    """What stands from `start` to `end` gives way to `written`; `added` is where that adds an entry, and which."""

    start: int
    end: int
    written: str
    added: tuple[Container, str | int] | None = None

    def meets(self, other: _Cut) -> bool:
        """Whether the two cannot be made at one reading: only entries of one container are added at one place."""
        if self.added is not None and other.added is not None and self.start == other.start:
            return self.added[0] is not other.added[0] or self.added[1] == other.added[1]
        return self.start <= other.end and other.start <= self.end


def _put(text: str, path: Path, value: JsonValue) -> str:
    return _made(text, [_cut(text, spans(text), path, value)])


def _put_apart(text: str, edits: list[tuple[Path, JsonValue]]) -> tuple[str, list[tuple[Path, JsonValue]]]:
    """Make the first edits, up to one that meets another; return the text, and the edits from that one on."""
    root = spans(text)
    cuts: list[_Cut] = []
    for number, (path, value) in enumerate(edits):
        cut = _cut(text, root, path, value)
        if any(map(cut.meets, cuts)):
            return _made(text, cuts), edits[number:]
        cuts.append(cut)
    return _made(text, cuts), []


def _made(text: str, cuts: Iterable[_Cut]) -> str:
    parts, last = [], 0
    for cut in sorted(cuts, key=lambda cut: cut.start):  # those at one place stay in their order
        parts += [text[last : cut.start], cut.written]
        last = cut.end
    return "".join([*parts, text[last:]])


def _cut(text: str, root: Container, path: Path, value: JsonValue) -> _Cut:
    place: Value = root
    for depth, part in enumerate(path):
        if not isinstance(place, Container) or not place.items:
            return _replace(text, root, place, nested(path[depth:], value), path[:depth])
        if part not in place.items:
            return _add(text, place, part, nested(path[depth + 1 :], value))
        place = place.items[part].value
    return _replace(text, root, place, value, path)


def _place(text: str, path: Path) -> Value | None:
    place: Value = spans(text)
    for part in path:
        if not isinstance(place, Container) or part not in place.items:
            return None
        place = place.items[part].value
    return place


def _rename(text: str, path: Path, name: str) -> str:
    container = _place(text, path[:-1])
    assert isinstance(container, Container)  # noqa: S101 - the path is there
    item = container.items[path[-1]]
    return f"{text[: item.start]}{scalar_text(name, inside=True)}{text[item.key_end :]}"


def _replace(text: str, root: Container, old: Value, value: JsonValue, path: Path) -> _Cut:
    """Write a value over another; a block becomes one line behind its key."""
    quote = old.style if isinstance(old, ScalarSpan) and isinstance(value, str) and old.style in {'"', "'"} else ""
    written = flow_text(value, inside=_in_flow(root, path), quote=quote)
    start = old.start
    if isinstance(old, Container) and not old.flow:
        start = len(text[:start].rstrip(" \t\r\n"))
        while (line := text.rfind("\n", 0, start) + 1) and text[line:start].lstrip().startswith("#"):
            start = len(text[:line].rstrip(" \t\r\n"))  # a comment between the key and its block goes with the block
        written = f" {written}"
    return _Cut(start, old.end, written)


def _in_flow(root: Container, path: Path) -> bool:
    place: Value = root
    for part in path[:-1]:
        if isinstance(place, Container):
            if place.flow:
                return True
            place = place.items[part].value
    return isinstance(place, Container) and place.flow


def _add(text: str, container: Container, part: str | int, value: JsonValue) -> _Cut:
    """Add an entry or an item after the last one."""
    last = next(reversed(container.items.values()))
    if container.flow:
        item = flow_text(value) if isinstance(part, int) else f"{scalar_text(part, inside=True)}: {flow_text(value)}"
        return _Cut(last.value.end, last.value.end, f", {item}", (container, part))
    newline = "\r\n" if "\r\n" in text else "\n"
    if isinstance(part, int):
        dash = text.rfind("-", 0, last.start)
        column = dash - (text.rfind("\n", 0, dash) + 1)
        lines = f"{' ' * column}- {flow_text(value, inside=False)}"
    else:
        lines = _block({part: value}, " " * last.column, newline)
    end = text.find("\n", last.value.end)
    if end < 0:
        return _Cut(len(text), len(text), f"{newline}{lines}", (container, part))
    return _Cut(end + 1, end + 1, f"{lines}{newline}", (container, part))


def _drop(text: str, path: Path) -> str:
    root = container = spans(text)
    for part in path[:-1]:
        inner = container.items[part].value
        assert isinstance(inner, Container)  # noqa: S101 - the path is there
        container = inner
    item = container.items[path[-1]]
    names = list(container.items)
    position = names.index(path[-1])
    if len(names) == 1 and len(path) > 1:
        return _made(text, [_replace(text, root, container, {} if container.is_map else [], path[:-1])])
    if container.flow:
        if position:
            return text[: container.items[names[position - 1]].value.end] + text[item.value.end :]
        return text[: item.start] + text[container.items[names[1]].start :]
    return _without_lines(text, container, item)


def _without_lines(text: str, container: Container, item: Item) -> str:
    """Cut out whole lines; what comes first in an item of a list shares its line with the dash, which stays."""
    own = item.start if container.is_map else text.rfind("-", 0, item.start)
    start = text.rfind("\n", 0, own) + 1
    end = text.find("\n", item.value.end) + 1 or len(text)
    if text[start:own].strip():
        return text[:own] + text[end:].lstrip(" ")
    if end == len(text) and not text.endswith("\n"):
        return text[:start].removesuffix("\n").removesuffix("\r")
    return text[:start] + text[end:]


def flow_text(value: JsonValue, *, inside: bool = True, quote: str = "") -> str:
    """Write a value on one line. `inside` a flow container more has to be quoted; `quote` is used where it can be."""
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{scalar_text(key, inside=True)}: {flow_text(item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(flow_text(item) for item in value) + "]"
    return scalar_text(value, inside=inside, quote=quote)


def _block(value: JsonObject, indent: str, newline: str) -> str:
    """Write entries of a map, one a line; maps of scalars stand on the line of their key where it stays short."""
    lines: list[str] = []
    for name, item in value.items():
        head = f"{indent}{scalar_text(name, inside=False)}:"
        one_line = f"{head} {flow_text(item, inside=False)}"
        deep = isinstance(item, dict) and any(isinstance(inner, dict) for inner in item.values())
        if isinstance(item, dict) and item and (deep or len(one_line) > _LONGEST_LINE):
            lines += [head, _block(item, indent + "  ", newline)]
        else:
            lines.append(one_line)
    return newline.join(lines)


def scalar_text(value: JsonValue, *, inside: bool, quote: str = "") -> str:
    """Write a scalar on one line. `inside` a flow container more has to be quoted; `quote` is used where it can be."""
    if isinstance(value, str):
        if "\n" in value or "\r" in value or quote == '"':
            return quoted(value)
        if quote == "'" and value.isprintable():
            return "'" + value.replace("'", "''") + "'"
    written = emit({"k": value})[3:-1]
    if inside and isinstance(value, str) and written[:1] not in {'"', "'"} and _FLOW_SIGNS & set(written):
        return quoted(value)
    return written
