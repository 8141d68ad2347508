"""Two built environments in; what differs between them out, each value with the line that it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from msgspec import Struct

from kservegen.changes.plan.fields import compare_fields, find_value
from kservegen.changes.plan.model import ABSENT, FieldChange, NamedChange
from kservegen.checks.locate import Locator
from kservegen.core.diagnostics import Location
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.render.objects.environment import BuiltEntry, BuiltEnvironment

# Settings of an environment that decide what all of its objects become.
_SETTINGS: Final = (
    ("kserve", "version"),
    ("kserve", "namespace"),
    ("kserve", "deploymentMode"),
    ("cluster", "kubernetesVersion"),
)
_ENGINE: Final = (("gitops", "engine"), ("gitops", "targetRevision"))
_SYNC: Final = "sync/"


class Sourced(NamedTuple):
    """A field that differs, and the lines of its values; None where a side has none."""

    field: FieldChange
    left: Location | None
    right: Location | None


class EntryDifference(Struct, frozen=True, kw_only=True):
    """An entry of the catalog that is not the same in both: `only` names the environment that has it alone.

    `namespaces` are those of both sides where they differ; the namespace is then no field of its own.
    """

    section: str
    key: str
    kind: str
    only: str = ""
    namespaces: tuple[str, str] | None = None
    fields: tuple[Sourced, ...] = ()


class Comparison(Struct, frozen=True, kw_only=True):
    """What differs between two environments; false where nothing does.

    `settings` are KServe's version and mode, the cluster's version, the engine. `own` are objects of the environments
    themselves: namespaces, policies, quotas, by kind and name; a blank list of fields means that only `only` has it.
    """

    left: str
    right: str
    settings: tuple[FieldChange, ...]
    values: tuple[NamedChange, ...]
    entries: tuple[EntryDifference, ...]
    own: tuple[EntryDifference, ...]
    equal: int  # entries that are the same in both

    def __bool__(self) -> bool:
        return any((self.settings, self.values, self.entries, self.own))


def compare_environments(
    left: BuiltEnvironment, right: BuiltEnvironment, models: frozenset[str] = frozenset()
) -> Comparison:
    """Compare two environments; with `models`, only those entries by key, and nothing else."""
    before, after = _entries(left, models), _entries(right, models)
    pair = _Pair(left, right, Locator.of(left), Locator.of(right))
    entries = tuple(_differing(before, after, pair))
    whole = not models
    return Comparison(
        left=left.environment.name,
        right=right.environment.name,
        settings=tuple(_settings(pair)) if whole else (),
        values=tuple(_values(pair)) if whole else (),
        entries=entries,
        own=tuple(_own(pair)) if whole else (),
        equal=len(before.keys() | after.keys()) - len(entries),
    )


class _Pair(NamedTuple):
    left: BuiltEnvironment
    right: BuiltEnvironment
    locate_left: Locator
    locate_right: Locator


def _entries(built: BuiltEnvironment, models: frozenset[str]) -> dict[tuple[str, str], BuiltEntry]:
    entries = ((item.entry.section, item.entry.key, item) for item in built.entries)
    return {(section, key): item for section, key, item in entries if not models or key in models}


def _differing(
    before: Mapping[tuple[str, str], BuiltEntry], after: Mapping[tuple[str, str], BuiltEntry], pair: _Pair
) -> Iterator[EntryDifference]:
    for section, key in sorted(before.keys() | after.keys(), key=lambda name: (name[0] != "models", name)):
        one, other = before.get((section, key)), after.get((section, key))
        if one is None or other is None:
            there = one or other
            kind = there.resource.kind if there is not None else ""
            only = (pair.left if other is None else pair.right).environment.name
            yield EntryDifference(section=section, key=key, kind=kind, only=only)
        elif one.resource is not other.resource:
            found = _difference(one.resource, other.resource, pair)
            if found is not None:
                yield EntryDifference(
                    section=section, key=key, kind=other.resource.kind, namespaces=found[0], fields=found[1]
                )


def _difference(
    one: Resource, other: Resource, pair: _Pair
) -> tuple[tuple[str, str] | None, tuple[Sourced, ...]] | None:
    """Return differing namespaces and fields; None where the objects are the same."""
    apart = (one.id.namespace, other.id.namespace) if one.id.namespace != other.id.namespace else None
    left, right = (_homeless(resource) if apart else resource.doc for resource in (one, other))
    fields = tuple(
        Sourced(
            found.change,
            None if found.change.old is ABSENT else pair.locate_left.locate(one, found.old),
            None if found.change.new is ABSENT else pair.locate_right.locate(other, found.new),
        )
        for found in find_value(left, right)
    )
    return (apart, fields) if apart or fields else None


def _homeless(resource: Resource) -> JsonObject:
    metadata = {key: value for key, value in mapping(resource.doc.get("metadata")).items() if key != "namespace"}
    return {**resource.doc, "metadata": metadata}


def _settings(pair: _Pair) -> Iterator[FieldChange]:
    for path in (*_SETTINGS, *_ENGINE):
        old, new = pair.left.environment.at(*path), pair.right.environment.at(*path)
        if old != new:
            yield FieldChange(".".join(path), ABSENT if old is None else old, ABSENT if new is None else new)


def _values(pair: _Pair) -> Iterator[NamedChange]:
    before, after = pair.left.platform.values(), pair.right.platform.values()
    for chart in sorted(before.keys() | after.keys()):
        if chart in before and chart in after:
            fields = compare_fields(before[chart], after[chart])
        else:
            used = FieldChange("(in use)", chart in before, chart in after)
            fields = (used, *compare_fields(before.get(chart, {}), after.get(chart, {})))
        if fields:
            yield NamedChange(chart, fields)


def _own(pair: _Pair) -> Iterator[EntryDifference]:
    """Compare namespaces, policies, quotas; what syncs them has the environment's name in it, and is left out."""
    before, after = (
        {resource.id: resource for resource in built.own if not resource.file.startswith(_SYNC)}
        for built in (pair.left, pair.right)
    )
    for identity in sorted(before.keys() | after.keys()):
        name = f"{identity.namespace}/{identity.name}" if identity.namespace else identity.name
        one, other = before.get(identity), after.get(identity)
        if one is None or other is None:
            only = (pair.left if other is None else pair.right).environment.name
            yield EntryDifference(section="", key=name, kind=identity.kind, only=only)
        elif one is not other:
            found = _difference(one, other, pair)
            if found is not None:
                yield EntryDifference(section="", key=name, kind=identity.kind, fields=found[1])
