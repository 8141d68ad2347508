"""The shape of the chart tables: their JSON in, charts and keys out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypedDict

from msgspec.structs import replace

from kservegen.core.jsontypes import JsonValue
from kservegen.kserve.charts.model import Chart, ChartInfo, ChartResource, Instead, Key, KeyPath, ReadBy, ValueNeed

# Its default is the version that the charts are of, in every release.
_VERSION_KEY: Final[KeyPath] = ("kserve", "version")


class KeyEntry(TypedDict, total=False):
    """A key of a chart; `Key` says what its attributes mean."""

    type: str
    about: str
    default: JsonValue
    undeclared: bool
    read: ReadBy
    feeds: list[ChartResource]
    allowed: list[str]
    renamed: dict[str, str]
    pattern: str
    form: str
    minimum: int
    names: list[str]
    required: bool
    enforced: bool
    tag: str
    inert: str
    instead: list[str]


class Table(TypedDict, total=False):
    """Keys that belong together; `feeds` is what those feed that do not say it themselves."""

    about: str
    feeds: list[ChartResource]
    keys: dict[str, KeyEntry]
    mistaken: dict[str, str]
    absent: dict[str, str]
    printedWhole: list[str]


class KeySelection(TypedDict, total=False):
    """Which keys of a table a chart has (`only`), and which of them it reads (`live`) or does not (`inert`)."""

    only: list[str]
    live: list[str]
    inert: list[str]


class NeedEntry(TypedDict, total=False):
    """What a chart needs first."""

    oneOf: list[str]
    when: str


class ChartEntry(TypedDict, total=False):
    """A chart's place, and the tables that make up its values."""

    layer: int
    release: str
    needs: list[NeedEntry]
    crds: list[str]
    controls: list[str]
    namespace: str
    completedBy: list[str]
    minimalOf: str
    values: dict[str, KeySelection]


def build_chart(name: str, entry: ChartEntry, tables: Mapping[str, Table], version: str) -> Chart:
    """Put a chart of a KServe version together from its entry and the tables that the entry names."""
    selections = entry.get("values", {})
    keys = {key.path: key for table, chosen in selections.items() for key in _keys(tables[table], chosen)}
    if _VERSION_KEY in keys:
        keys[_VERSION_KEY] = replace(keys[_VERSION_KEY], default=version)
    branches = _branches(keys)
    own = [tables[table] for table in selections]
    whole = (_path(branch) for table in own for branch in table.get("printedWhole", ()))
    return Chart(
        info=_info(name, entry),
        keys=keys,
        branches=branches,
        mistaken={_path(a): _path(b) for table in own for a, b in table.get("mistaken", {}).items()},
        absent={_path(a): why for table in own for a, why in table.get("absent", {}).items()},
        printed_whole=frozenset(path for path in whole if path in branches),
    )


def _info(name: str, entry: ChartEntry) -> ChartInfo:
    return ChartInfo(
        name=name,
        layer=entry["layer"],
        release=entry["release"],
        needs=tuple(
            ValueNeed(tuple(need["oneOf"]), _path(need["when"]) if "when" in need else None)
            for need in entry.get("needs", ())
        ),
        crds=tuple(entry.get("crds", ())),
        controls=tuple(entry.get("controls", ())),
        namespace=entry.get("namespace", ""),
        completed_by=tuple(entry.get("completedBy", ())),
        minimal_of=entry.get("minimalOf", ""),
        has_values="values" in entry,
    )


def _keys(table: Table, chosen: KeySelection) -> Iterator[Key]:
    feeds = tuple(table.get("feeds", ()))
    only, live, inert = chosen.get("only"), chosen.get("live"), chosen.get("inert", ())
    for dotted, entry in table["keys"].items():
        if only is not None and not _lies_under(dotted, only):
            continue
        read = not _lies_under(dotted, inert) if live is None else _lies_under(dotted, live)
        yield _key(dotted, entry, live=read and "inert" not in entry, feeds=feeds)


def _key(dotted: str, entry: KeyEntry, *, live: bool, feeds: tuple[ChartResource, ...]) -> Key:
    return Key(
        path=_path(dotted),
        type=entry["type"],
        about=entry["about"],
        default=entry.get("default"),
        live=live,
        declared=not entry.get("undeclared", False),
        read=entry.get("read", "text"),
        feeds=tuple(entry["feeds"]) if "feeds" in entry else feeds,
        allowed=tuple(entry.get("allowed", ())),
        renamed=entry.get("renamed", {}),
        pattern=entry.get("pattern", ""),
        form=entry.get("form", ""),
        minimum=entry.get("minimum"),
        names=tuple(entry.get("names", ())),
        required=entry.get("required", False),
        enforced=entry.get("enforced", False),
        tag=_path(entry["tag"]) if "tag" in entry else None,
        inert=entry.get("inert", ""),
        instead=Instead(*entry["instead"]) if "instead" in entry else None,
    )


def _branches(keys: Iterable[KeyPath]) -> dict[KeyPath, tuple[str, ...]]:
    below: dict[KeyPath, dict[str, None]] = {(): {}}
    for path in keys:
        for depth, name in enumerate(path):
            below.setdefault(path[:depth], {})[name] = None
    return {path: tuple(names) for path, names in below.items()}


def _lies_under(dotted: str, prefixes: Iterable[str]) -> bool:
    return any(dotted == prefix or dotted.startswith(f"{prefix}.") for prefix in prefixes)


def _path(dotted: str) -> KeyPath:
    return tuple(dotted.split("."))
