"""Where a violation stands: a policy's candidates for a field in, the best path in the object at hand out.

A policy's annotation `kservegen.io/path` is one text, or a JSON list with one per validation. Each text names
candidates, `spec.predictor.model.resources | spec.template.containers[main].resources`; a list item is picked by
index or by `name`. The first candidate that is there wins, else the one of which the longest part is there.
"""

from __future__ import annotations

from collections.abc import Iterable

from kservegen.core.jsontypes import JsonValue, Path
from kservegen.core.patterns import lazy_pattern

_STEP = lazy_pattern(r"\.?([^.\[\]|\s]+)|\[([0-9]{1,9})\]|\[([^\]0-9][^\]]*)\]")


def candidates(text: str) -> tuple[Path, ...]:
    """Read `a.b | c[0].d | e[main]`; ValueError where it is no such text."""
    return tuple(_path(part.strip()) for part in text.split("|"))


def _path(text: str) -> Path:
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise ValueError(f"not a path: {text!r}")
        field, index, name = match.groups()
        steps.append(int(index) if index else field or f"[{name}]")
        position = match.end()
    return tuple(steps)


def best(places: Iterable[Path], doc: JsonValue) -> Path:
    """Pick the candidate that reaches furthest into the document; () without candidates."""
    found: Path = ()
    for place in places:
        reached = _reached(place, doc)
        if len(reached) == len(place):
            return reached
        found = max(found, reached, key=len)
    return found


def _reached(place: Path, value: JsonValue) -> Path:
    path: list[str | int] = []
    for step in place:
        key = _key(step, value)
        if key is None:
            break
        path.append(key)
        value = value[key]  # type: ignore[index]
    return tuple(path)


def _key(step: str | int, value: JsonValue) -> str | int | None:
    if isinstance(value, dict):
        return step if step in value else None
    if not isinstance(value, list):
        return None
    if isinstance(step, int):
        return step if step < len(value) else None
    name = step.strip("[]")
    return next((i for i, item in enumerate(value) if isinstance(item, dict) and item.get("name") == name), None)
