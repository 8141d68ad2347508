"""Words of a catalog or an environment in; the file that people would write for them out: short maps on one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.catalog.editing.patch import flow_text, scalar_text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.yaml.emit import emit

_LONGEST_LINE: Final = 120


def compact_text(value: JsonObject, comments: dict[tuple[str, ...], str] | None = None) -> str:
    """Write the words of a file, with a final newline; `comments` stand above the words at their paths.

    What is on the way to a comment stands on lines of its own. Lists and maps that are short stand on the line of
    their key, others below it.
    """
    return "".join(f"{line}\n" for line in _map_lines(value, "", (), comments or {}))


def _map_lines(
    value: JsonObject, indent: str, path: tuple[str, ...], comments: dict[tuple[str, ...], str]
) -> Iterator[str]:
    for name, item in value.items():
        here = (*path, name)
        yield from (f"{indent}{line}" for line in comments.get(here, "").splitlines())
        head = f"{indent}{scalar_text(name, inside=False)}:"
        if isinstance(item, str) and "\n" in item:
            yield from (f"{indent}{line}" if line else line for line in emit({name: item}).splitlines())
        elif not isinstance(item, dict | list) or not item:
            yield f"{head} {flow_text(item, inside=False)}"
        elif _is_short(item, head) and len(path) > 0 and not any(at[: len(here)] == here for at in comments):
            yield f"{head} {flow_text(item)}"
        else:
            yield head
            if isinstance(item, dict):
                yield from _map_lines(item, f"{indent}  ", here, comments)
            else:
                yield from (line for each in item for line in _item_lines(each, f"{indent}  "))


def _is_short(value: JsonValue, head: str) -> bool:
    return not _has_lines(value) and len(head) + 1 + len(flow_text(value)) <= _LONGEST_LINE


def _has_lines(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return any(map(_has_lines, value.values()))
    if isinstance(value, list):
        return any(map(_has_lines, value))
    return isinstance(value, str) and "\n" in value


def _item_lines(item: JsonValue, indent: str) -> Iterator[str]:
    if not isinstance(item, dict | list) or not item or _is_short(item, f"{indent}-"):
        if isinstance(item, str) and "\n" in item:
            first, *rest = emit({"-": item}).splitlines()
            yield f"{indent}- {first.partition(': ')[2]}"
            yield from (f"{indent}{line}" if line else line for line in rest)
        else:
            yield f"{indent}- {flow_text(item, inside=False)}"
        return
    if isinstance(item, list):
        lines = [line for each in item for line in _item_lines(each, f"{indent}  ")]
    else:
        lines = list(_map_lines(item, f"{indent}  ", ("",), {}))
    yield f"{indent}- {lines[0].lstrip()}"
    yield from lines[1:]
