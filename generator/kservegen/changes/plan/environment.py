"""One environment's files before and after in; its plan out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from kservegen.changes.plan.changes import ObjectSides, find_changes
from kservegen.changes.plan.fields import compare_fields, is_same
from kservegen.changes.plan.model import (
    Arrival,
    EnvironmentPlan,
    FieldChange,
    NamedChange,
    ObjectChange,
    ObjectKey,
    OwnerChange,
    Presence,
    Verb,
    key_of,
)
from kservegen.changes.plan.syncing import Syncing
from kservegen.changes.plan.trees import Differences, ParsedFiles, read_files
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.render.objects.environment import BuiltEnvironment

# Words of an environment's file that no rendered file shows.
PROMISES: Final = (
    "budgets",
    "guards",
    "inventory",
    "nodePools",
    "permits",
    "prerequisites",
    "severities",
    "unmanaged",
    "waivers",
    "waiversFrom",
)


class EnvironmentChange(Struct, frozen=True, kw_only=True, eq=False):
    """An environment's change, read: what its differing files hold, and all its objects before and after.

    `built` is what it is now, None where it is gone; `words` are those of its file before, None where not known.
    An object that is the same before and after is the same Python object.
    """

    name: str
    built: BuiltEnvironment | None
    differences: Differences
    words: JsonObject | None
    old: ParsedFiles
    new: ParsedFiles
    before: dict[ObjectKey, Resource]
    after: dict[ObjectKey, Resource]

    @property
    def values_after(self) -> dict[str, JsonObject]:
        """The values of the charts in use now."""
        return self.built.installed_values if self.built is not None else {}

    @property
    def values_before(self) -> dict[str, JsonObject]:
        """The values of the charts that were in use."""
        kept = {chart: values for chart, values in self.values_after.items() if chart not in self.new.values}
        return kept | self.old.values


def read_change(
    name: str, built: BuiltEnvironment | None, differences: Differences, words: JsonObject | None
) -> EnvironmentChange:
    """Read what differs."""
    resources = built.resources if built is not None else ()
    new = read_files(differences.new, {resource.file: resource for resource in resources})
    old = read_files(differences.old, {})
    after = {key_of(resource): resource for resource in resources} | new.objects
    before = {key: resource for key, resource in after.items() if key not in new.objects}
    before |= {key: _as_now(resource, after.get(key)) for key, resource in old.objects.items()}
    return EnvironmentChange(
        name=name, built=built, differences=differences, words=words, old=old, new=new, before=before, after=after
    )


def _as_now(old: Resource, new: Resource | None) -> Resource:
    """Return the object as it is now where it means the same: what is only written anew does not change."""
    return new if new is not None and new.file == old.file and is_same(old.doc, new.doc) else old


def plan_environment(change: EnvironmentChange) -> EnvironmentPlan:
    """Say what a change does to the objects, charts and promises of an environment."""
    before, after = Syncing.of(change.before.values()), Syncing.of(change.after.values())
    found = find_changes(ObjectSides(change.old, change.new, before, after))
    values = tuple(_values(change))
    rewritten = [f"platform/values/{name}.yaml" for name in change.new.values if name in change.old.values]
    changed = {f"platform/values/{name}.yaml" for name, _ in values}
    return EnvironmentPlan(
        name=change.name,
        presence=_presence(change.differences),
        objects=found.objects,
        values=values,
        words=_words(change),
        owners=_owners(before, after),
        version=_version(change, before, after),
        engine=(before.engine, after.engine) if before.engine != after.engine and change.old.objects else None,
        gpus=_gpus(change.built),
        arrivals=tuple(_arrivals(found.objects, change.built)),
        rewritten=(*found.rewritten, *(path for path in rewritten if path not in changed)),
        pages=tuple(sorted({*change.old.pages, *change.new.pages})),
        unreadable=tuple(change.old.unreadable),
    )


def _arrivals(objects: tuple[ObjectChange, ...], built: BuiltEnvironment | None) -> Iterator[Arrival]:
    """Count the models that come by the name of a base alone, by the first base that brings each."""
    if built is None or not built.environment.source.bases:
        return
    source = built.environment.source
    entries = {item.entry.key: item.entry for item in built.entries if item.entry.section == "models"}
    counts = dict.fromkeys(source.bases, 0)
    for change in objects:
        if change.verb is not Verb.ADDED or not change.is_model or change.entry not in entries:
            continue
        wanted = sequence(entries[change.entry].words.get("environments"))
        through = next((name for name in source.bases if name in wanted), None)
        if through is not None and source.name not in wanted:
            counts[through] += 1
    yield from (Arrival(name, count) for name, count in counts.items() if count)


def _gpus(built: BuiltEnvironment | None) -> dict[str, str]:
    facts = built.settings.accelerators if built is not None else {}
    return {name: text(mapping(words).get("gpu")) or name for name, words in facts.items()}


def _presence(differences: Differences) -> Presence:
    if differences.was_there and differences.is_there:
        return Presence.KEPT
    return Presence.NEW if differences.is_there else Presence.GONE


def _values(change: EnvironmentChange) -> Iterator[NamedChange]:
    for chart in sorted(change.old.values.keys() | change.new.values.keys()):
        fields = compare_fields(change.old.values.get(chart, {}), change.new.values.get(chart, {}))
        if fields:
            yield NamedChange(chart, fields)


def _words(change: EnvironmentChange) -> tuple[FieldChange, ...]:
    if change.words is None or change.built is None:
        return ()
    now = {word: change.built.environment.written.get(word) for word in PROMISES}
    return compare_fields(
        {word: change.words[word] for word in PROMISES if change.words.get(word) is not None},
        {word: value for word, value in now.items() if value is not None},
    )


def _owners(before: Syncing, after: Syncing) -> tuple[OwnerChange, ...]:
    """Find the folders that change hands; where one side syncs nothing at all, that is said of the engine."""
    if not before.by_folder or not after.by_folder:
        return ()
    folders = sorted(before.by_folder.keys() & after.by_folder.keys())
    pairs = ((folder, before.owner(f"{folder}/"), after.owner(f"{folder}/")) for folder in folders)
    return tuple(OwnerChange(*pair) for pair in pairs if pair[1] != pair[2])


def _version(change: EnvironmentChange, before: Syncing, after: Syncing) -> tuple[str, str] | None:
    """Return KServe's version before and after where it differs: as the environment said, or as charts were synced."""
    if change.built is None or not change.differences.was_there:
        return None
    now = change.built.settings.kserve_version
    said = text(mapping((change.words or {}).get("kserve")).get("version"))
    was = said or next((v for chart, v in before.charts.items() if after.charts.get(chart) != v), now)
    return (was, now) if was != now and was else None
