"""What macros of two variables are made of: the pairs of a list or map, and maps made from pairs.

`kservegen.formats.cel.rewrite` puts these functions into an expression; nobody writes them.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from kservegen.formats.cel.function import Function


def _of_list(values: list[object]) -> list[list[object]]:
    return [[index, value] for index, value in enumerate(values)]


def _of_map(values: dict[object, object]) -> list[list[object]]:
    return [[key, value] for key, value in values.items()]


def _map(pairs: list[tuple[Hashable, object]]) -> dict[Hashable, object]:
    return dict(pairs)


def _merge(maps: list[dict[object, object]]) -> dict[object, object]:
    merged: dict[object, object] = {}
    for entries in maps:
        for key, value in entries.items():
            if key in merged:
                raise ValueError(f"insert failed: key {key} already exists")
            merged[key] = value
    return merged


FUNCTIONS: Final = (
    Function(name="pairs_", parameters=("list<dyn>",), result="list<list<dyn>>", call=_of_list),
    Function(name="pairs_", parameters=("map<dyn, dyn>",), result="list<list<dyn>>", call=_of_map),
    Function(name="map_", parameters=("list<list<dyn>>",), result="map<dyn, dyn>", call=_map),
    Function(name="merge_", parameters=("list<map<dyn, dyn>>",), result="map<dyn, dyn>", call=_merge),
)
