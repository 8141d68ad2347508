"""Objects for a comparison with another judge: a base and values to try at its fields in, variations of it out."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator

from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, JsonValue


def tried_objects(table: JsonValue, randoms: int, seed: int) -> Iterator[JsonObject]:
    """Give the table's `object`, then with each of its `values`, by path, alone, then with random picks of them.

    A path is words with dots between; a number is the place in a list. What a path leads to nowhere is left out.
    """
    base, values = mapping(mapping(table)["object"]), mapping(mapping(table)["values"])
    tried = [(path, value) for path, choices in values.items() for value in sequence(choices)]
    yield base
    for item in tried:
        yield _with(base, [item])
    dice = random.Random(seed)  # noqa: S311 - the same inputs every time
    for _ in range(randoms):
        yield _with(base, sorted(dice.sample(tried, dice.randint(2, 4)), key=lambda item: item[0]))


def _with(base: JsonObject, changes: list[tuple[str, JsonValue]]) -> JsonObject:
    changed = copy.deepcopy(base)
    for path, value in changes:
        *steps, last = path.split(".")
        holder: JsonValue = changed
        for step in steps:
            holder = _inside(holder, step)
        if isinstance(holder, dict):
            holder[last] = copy.deepcopy(value)
    return changed


def _inside(holder: JsonValue, step: str) -> JsonValue:
    if isinstance(holder, list):
        return holder[int(step)] if int(step) < len(holder) else None
    return mapping(holder).get(step)
