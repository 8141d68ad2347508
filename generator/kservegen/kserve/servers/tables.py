"""What a server's command line takes at one version: names in, the table of `facts/servers/` as it stands there out.

A table is read for some versions only. What both neighbours of another version say holds for it; where they differ, or
beyond the newest, nothing is sure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.core.repository import packaged_data

_NUMBERS: Final = lazy_pattern(r"v?(\d+(?:\.\d+)*)")
_INVERSE_SINCE: Final = (0, 33)  # from there --disable-x stands for --no-enable-x


class Flag(Struct, frozen=True, kw_only=True):
    """One flag. `kind` is value, bool (also --no-x), switch, list, append or optional-value; blank is not known.

    `choices` is None where any value passes, `limits` are by ge, gt, le and lt. `is_sure` is False where the neighbours
    of the version differ about the flag, and where its values are looked at for some models only.
    """

    name: str
    kind: str = ""
    value_type: str = "str"
    choices: tuple[str, ...] | None = None
    takes_none: bool = False
    json_class: str = ""
    limits: Mapping[str, float] = field(default_factory=dict)
    is_sure: bool = True

    @property
    def takes_value(self) -> bool:
        """Whether a value has to follow."""
        return self.kind in {"value", "list", "append", "value-equals"}


class FlagTable(Struct, frozen=True, kw_only=True, eq=False):
    """All flags of a server at a version, by how they are spelt.

    `is_known` says that the version was read, or lies between two that were: only then is a flag that the table lacks
    certainly unknown to the server. `samples` are the columns of `source` that answer.
    """

    server: str
    version: str
    options: Mapping[str, Flag]
    is_known: bool
    source: JsonObject = field(default_factory=dict)
    samples: tuple[int, ...] = ()

    @property
    def is_older(self) -> bool:
        """Whether the version is older than all that were read."""
        return not self.is_known and self.samples == (0,)

    def gone(self, name: str) -> tuple[str, str]:
        """Return since when a flag is no more, and what to write instead; blank where nobody knows."""
        entry = mapping(mapping(self.source.get("gone")).get(name))
        return text(entry.get("since")), text(entry.get("use"))

    def first_version(self, name: str) -> str:
        """Return the first version that has a flag which this one lacks as it is too old; blank for any other."""
        runs = [mapping(mapping(self.source.get("flags")).get(name)).get("in")]
        starts = [text(sequence(run)[0]) for listed in runs for run in sequence(listed)]
        later = [start for start in starts if self.samples and _index(self.source, start) > self.samples[0]]
        return later[0] if later else ""


@lru_cache(maxsize=256)
def entries_within(table: FlagTable, section: str, part: str = "") -> dict[str, bool]:
    """Return the entries of a table of runs, or of a part of it, that may be there, each with whether that is sure."""
    entries = mapping(table.source.get(section))
    found = {}
    for name, runs in (mapping(entries.get(part)) if part else entries).items():
        there = [_runs_at(runs, index, table.source) for index in table.samples]
        if any(there):
            found[name] = all(there) and table.is_known
    return found


@lru_cache(maxsize=64)
def merged_tables(first: FlagTable, *others: FlagTable) -> FlagTable:
    """Return one table with the flags of all; the first to have a name keeps it."""
    options = dict(first.options)
    for other in others:
        for name, flag in other.options.items():
            options.setdefault(name, flag)
    return replace(first, options=options)


@cache
def read_server_table(name: str) -> JsonObject:
    """Read a table of `facts/servers/`; an empty one where there is none."""
    path = packaged_data() / "facts" / "servers" / f"{name}.json"
    return mapping(json.loads(path.read_bytes())) if path.is_file() else {}


@lru_cache(maxsize=64)
def flag_table(server: str, version: str) -> FlagTable:
    """Return what a server takes at a version; blank is a version that nobody knows, for which the newest stands."""
    source = read_server_table(server)
    samples, known = _samples(source, version)
    options: dict[str, Flag] = {}
    inverse = server == "vllm" and version_numbers(version) >= _INVERSE_SINCE
    for name, entry in mapping(source.get("flags")).items():
        flag, names = _flag(name, mapping(entry), source, samples, inverse=inverse)
        if flag is not None:
            options.update(dict.fromkeys(names, flag if known else replace(flag, is_sure=False)))
    return FlagTable(
        server=server, version=version, options=options, is_known=known, source=source, samples=tuple(samples)
    )


@lru_cache(maxsize=256)
def version_numbers(version: str) -> tuple[int, ...]:
    """Return the numbers at the start of a version; none for what is not one."""
    match = _NUMBERS.match(version)
    return tuple(map(int, match[1].split("."))) if match else ()


def _samples(source: JsonObject, version: str) -> tuple[list[int], bool]:
    """Return which columns answer for a version, its own or the nearest below first, and whether they may be sure."""
    order = [text(item) for item in sequence(source.get("versions"))]
    if not order:
        return [0], True  # a table for all versions
    approximate = set(sequence(source.get("approximate")))
    exact = [i for i, name in enumerate(order) if name not in approximate]
    wanted = version_numbers(version)
    if not wanted:
        return [len(order) - 1], False
    below = [i for i, name in enumerate(order) if version_numbers(name) <= wanted]
    above = [i for i, name in enumerate(order) if version_numbers(name) >= wanted]
    if not below or not above:
        return [below[-1] if below else 0], False
    if below[-1] == above[0] and below[-1] in exact:
        return [below[-1]], True
    own = below[-1]
    near = [max((i for i in exact if i <= own), default=own), min((i for i in exact if i >= above[0]), default=own)]
    return list(dict.fromkeys([own, *near])), True


def _index(source: JsonObject, version: JsonValue) -> int:
    versions = sequence(source.get("versions"))
    return versions.index(version) if version in versions else 0


def _runs_at(runs: JsonValue, index: int, source: JsonObject) -> bool:
    for run in sequence(runs):
        first, last = sequence(run)
        if _index(source, first) <= index and (last is None or index <= _index(source, last)):
            return True
    return False


def _series_at(series: JsonValue, index: int, source: JsonObject) -> JsonValue:
    """Return what a series of [from, value] says at a column."""
    found: JsonValue = None
    for item in sequence(series):
        first, value = sequence(item)
        if _index(source, first) <= index:
            found = value
    return found


def _flag(
    name: str, entry: JsonObject, source: JsonObject, samples: Iterable[int], *, inverse: bool
) -> tuple[Flag | None, list[str]]:
    listed = list(samples)
    there = [_runs_at(entry.get("in"), index, source) for index in listed]
    if not any(there):
        return None, []
    columns = [index for index, has in zip(listed, there, strict=True) if has]
    specs = [mapping(_series_at(entry.get("spec"), index, source)) for index in columns]
    choices = [_series_at(entry.get("choices"), index, source) for index in columns]
    agreed = all(there) and all(spec == specs[0] for spec in specs)
    allowed = sequence(choices[0]) if all(each == choices[0] for each in choices) else ()
    spec = specs[0]
    limits = {key: float(value) for key, value in mapping(spec.get("range")).items() if isinstance(value, (int, float))}
    flag = Flag(
        name=name,
        kind=text(spec.get("kind")),
        value_type=text(spec.get("type")) or "str",
        choices=tuple("None" if each is None else str(each) for each in allowed) or None,
        takes_none=spec.get("none_ok") is True,
        json_class=text(spec.get("json")),
        limits=limits,
        is_sure=agreed and "only" not in spec,
    )
    names = [name, *(text(alias) for alias in sequence(spec.get("aliases")))]
    if flag.kind == "bool":
        names.append(f"--no-{name[2:]}")
        if inverse and name.startswith("--enable-"):
            names.append("--disable-" + name.removeprefix("--enable-"))
        elif inverse and name.startswith("--disable-"):
            names.append("--enable-" + name.removeprefix("--disable-"))
    return flag, names
