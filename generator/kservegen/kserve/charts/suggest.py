"""What an unknown key of a chart was meant to be: the key in, a finding that says so out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.core.diagnostics import Finding
from kservegen.core.jsontypes import JsonValue
from kservegen.kserve.charts.model import Chart, Charts, KeyPath
from kservegen.kserve.charts.show import dotted, listing, listing_if_short

_SIMILAR: Final = 0.72
_ROOT: Final = "kserve"


def unknown_key(charts: Charts, chart: Chart, path: KeyPath, value: JsonValue) -> Finding:
    """Report a key that `chart` does not have, with the best guess at what was meant."""
    parent = path[:-1]
    siblings = [name for name in chart.branches.get(parent, ()) if chart.reads((*parent, name))]
    return Finding(
        rule="kserve/chart-unknown-key",
        path=path,
        message=f"{chart.name} has no key {dotted(path)}",
        hint=_guess(charts, chart, path, value),
        seen=path[-1],
        allowed=listing_if_short(siblings),
        at_key=True,
    )


def closest(text: str, names: Iterable[str]) -> str:
    """Give the name that looks most like `text`, whatever its case; blank where none does."""
    from difflib import get_close_matches  # noqa: PLC0415  # only a mistake pays for its import

    folded = {name.casefold(): name for name in names}
    near = get_close_matches(text.casefold(), folded, n=1, cutoff=_SIMILAR)
    return folded[near[0]] if near else ""


def _guess(charts: Charts, chart: Chart, path: KeyPath, value: JsonValue) -> str:
    if not chart.info.has_values:
        return f"{chart.name} takes no values at all."
    return (
        _mistaken(chart, path)
        or _of_another_chart(charts, path, value)
        or _absent(chart, path)
        or _flat(chart, path)
        or _sibling(chart, path)
        or _elsewhere(charts, chart, path)
    )


def _mistaken(chart: Chart, path: KeyPath) -> str:
    meant = chart.mistaken.get(path)
    return f"Did you mean {dotted(meant)}?" if meant is not None and _has(chart, meant) else ""


def _of_another_chart(charts: Charts, path: KeyPath, value: JsonValue) -> str:
    readers = charts.readers(path)
    leaves = tuple(_leaves(path, value))
    exact = tuple(name for name in readers if all(charts.by_name[name].reads(leaf) for leaf in leaves))
    best = exact or readers
    return f"{dotted(path)} belongs to {listing(best)}: set it there." if best else ""


def _leaves(path: KeyPath, value: JsonValue) -> Iterator[KeyPath]:
    if not isinstance(value, dict) or not value:
        yield path
        return
    for name, item in value.items():
        yield from _leaves((*path, name), item)


def _absent(chart: Chart, path: KeyPath) -> str:
    for pattern, why in chart.absent.items():
        if len(pattern) == len(path) and all(want in ("*", part) for want, part in zip(pattern, path, strict=True)):
            return why
    return ""


def _flat(chart: Chart, path: KeyPath) -> str:
    """Recognise `a.b: 1`, which `--set` takes and a values file does not."""
    if "." not in path[-1]:
        return ""
    nested = (*path[:-1], *path[-1].split("."))
    return f"Write {dotted(nested)} as nested maps: dots in a key mean nothing here." if _has(chart, nested) else ""


def _sibling(chart: Chart, path: KeyPath) -> str:
    near = closest(path[-1], chart.branches.get(path[:-1], ()))
    return f"Did you mean {dotted((*path[:-1], near))}?" if near else ""


def _elsewhere(charts: Charts, chart: Chart, path: KeyPath) -> str:
    """Recognise a key without its root, and one that stands at the wrong depth."""
    rooted = (_ROOT, *path)
    if _has(chart, rooted):
        return f"Did you mean {dotted(rooted)}?"
    readers = charts.readers(rooted)
    if readers:
        return f"Did you mean {dotted(rooted)} of {listing(readers)}?"
    same = [key for key in chart.keys if key[-1] == path[-1]]
    return f"Did you mean {dotted(same[0])}?" if len(same) == 1 else ""


def _has(chart: Chart, path: KeyPath) -> bool:
    return path in chart.keys or path in chart.branches
