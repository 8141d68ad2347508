"""The strict check of one chart's values: a chart and what is set on it in, findings out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.core.diagnostics import Finding, Severity
from kservegen.core.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.formats.regexp import regexp_matches
from kservegen.kserve.charts.model import Chart, Charts, Key, KeyPath
from kservegen.kserve.charts.show import dotted, listing_if_short, listing_of_values, show
from kservegen.kserve.charts.traps import chart_traps, key_traps
from kservegen.kserve.charts.valuetypes import Mismatch, mismatches

_SIMILAR: Final = 0.72
_ROOT: Final = "kserve"


def check_values(charts: Charts, chart: str, values: JsonObject) -> tuple[Finding, ...]:
    """Check `values` of the chart named `chart`; the findings' paths start at the root of its values."""
    table = charts.by_name.get(chart)
    if table is None:
        return (_unknown_chart(charts, chart),)
    return (*_branch(charts, table, (), values), *chart_traps(table, values))


def _unknown_chart(charts: Charts, chart: str) -> Finding:
    near = _closest(chart, charts.names)
    return Finding(
        rule="kserve/chart-unknown",
        path=(),
        message=f"KServe {charts.version} has no chart {chart}",
        hint=f"Did you mean {near}?" if near else "",
        seen=chart,
        allowed=listing_of_values(charts.names),
        at_key=True,
    )


def _branch(charts: Charts, chart: Chart, path: KeyPath, values: JsonObject) -> Iterator[Finding]:
    for name, value in values.items():
        here = (*path, name)
        key = chart.keys.get(here)
        if key is not None:
            yield from _live_key(chart, key, value) if key.live else (_inert(charts, chart, key, value),)
        elif here not in chart.branches:
            yield _unknown_key(charts, chart, here, value)
        elif isinstance(value, dict):
            yield from _branch(charts, chart, here, value)
        elif value is not None or (chart.reads(here) and here not in chart.printed_whole):
            yield _not_a_branch(chart, here, value)


def _not_a_branch(chart: Chart, path: KeyPath, value: JsonValue) -> Finding:
    hint = "Leave the key out: a template reads below it and fails on null." if value is None else ""
    return Finding(
        rule="kserve/chart-value-type",
        path=path,
        message=f"{dotted(path)} of {chart.name} must be a map",
        hint=hint,
        seen=show(value),
        allowed=f"a map with {names}" if (names := listing_if_short(chart.branches[path])) else "a map",
    )


def _live_key(chart: Chart, key: Key, value: JsonValue) -> Iterator[Finding]:
    trapped = tuple(key_traps(chart, key, value))
    if trapped:
        yield from trapped
        return
    found = tuple(mismatches(key, value))
    yield from (_mistyped(chart, key, mismatch) for mismatch in found)
    if all(mismatch.severity is Severity.WARNING for mismatch in found):
        yield from _refused(chart, key, value)
        yield from _unread_names(chart, key, value)


def _mistyped(chart: Chart, key: Key, mismatch: Mismatch) -> Finding:
    path: Path = (*key.path, *mismatch.at)
    return Finding(
        rule="kserve/chart-value-type",
        path=path,
        message=f"{format_path(path)} of {chart.name} must be {mismatch.wanted}",
        hint=mismatch.hint,
        seen=show(mismatch.seen),
        allowed=mismatch.wanted,
        severity=None if mismatch.severity is Severity.ERROR else mismatch.severity,
    )


def _refused(chart: Chart, key: Key, value: JsonValue) -> Iterator[Finding]:
    allowed, hint = _allowance(key, value)
    if allowed:
        yield Finding(
            rule="kserve/chart-value-not-allowed",
            path=key.path,
            message=f"{key.dotted} of {chart.name} must be {allowed}",
            hint=hint,
            seen=show(value),
            allowed=allowed,
        )


def _allowance(key: Key, value: JsonValue) -> tuple[str, str]:
    """Say what is allowed instead of `value`, and how to mend it; blank where the value will do."""
    text = value if isinstance(value, str) else show(value)
    if key.allowed and text not in key.allowed:
        new = key.renamed.get(text) or _closest(text, key.allowed)
        verb = "was renamed:" if text in key.renamed else "is not among them:"
        return listing_of_values(map(_quoted, key.allowed)), f"{text} {verb} write {_quoted(new)}." if new else ""
    if key.pattern and value is not None and not regexp_matches(key.pattern, text):
        return key.form, ""
    if key.required and value in ("", None):
        return (
            "a text that is not blank",
            "Nothing stands in for a blank value here: leave the key out to get the chart's default.",
        )
    if key.minimum is not None and isinstance(value, int) and value < key.minimum:
        return f"at least {key.minimum}", ""
    return "", ""


def _quoted(text: str) -> str:
    """Write a text as YAML needs it: without quotes, true and false would be no text."""
    return show(text) if text in ("true", "false") else text


def _unread_names(chart: Chart, key: Key, value: JsonValue) -> Iterator[Finding]:
    if not key.names or not isinstance(value, dict):
        return
    for name in value:
        if name not in key.names:
            yield Finding(
                rule="kserve/chart-unknown-key",
                path=(*key.path, name),
                message=f"{chart.name} does not read {key.dotted}.{name}",
                hint=f"Only {listing_of_values(key.names, word='and')} are read below {key.dotted}.",
                seen=name,
                allowed=listing_of_values(key.names),
                at_key=True,
            )


def _inert(charts: Charts, chart: Chart, key: Key, value: JsonValue) -> Finding:
    return Finding(
        rule="kserve/chart-inert-key",
        path=key.path,
        message=f"{chart.name} has the key {key.dotted} and reads it nowhere",
        hint=" ".join(part for part in (key.inert, _instead(charts, key)) if part),
        seen=show(value),
        at_key=True,
    )


def _instead(charts: Charts, key: Key) -> str:
    if key.instead is not None:
        return f"Set {key.instead.key} of {key.instead.chart}."
    readers = charts.readers(key.path)
    if not readers:
        return ""
    if len(readers) > 1 and key.feeds:
        return f"Set it on the chart that owns the ConfigMap inferenceservice-config: {listing_of_values(readers)}."
    return f"Set it on {listing_of_values(readers)}."


def _unknown_key(charts: Charts, chart: Chart, path: KeyPath, value: JsonValue) -> Finding:
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


def _closest(text: str, names: Iterable[str]) -> str:
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
    return f"{dotted(path)} belongs to {listing_of_values(best)}: set it there." if best else ""


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
    near = _closest(path[-1], chart.branches.get(path[:-1], ()))
    return f"Did you mean {dotted((*path[:-1], near))}?" if near else ""


def _elsewhere(charts: Charts, chart: Chart, path: KeyPath) -> str:
    """Recognise a key without its root, and one that stands at the wrong depth."""
    rooted = (_ROOT, *path)
    if _has(chart, rooted):
        return f"Did you mean {dotted(rooted)}?"
    readers = charts.readers(rooted)
    if readers:
        return f"Did you mean {dotted(rooted)} of {listing_of_values(readers)}?"
    same = [key for key in chart.keys if key[-1] == path[-1]]
    return f"Did you mean {dotted(same[0])}?" if len(same) == 1 else ""


def _has(chart: Chart, path: KeyPath) -> bool:
    return path in chart.keys or path in chart.branches
