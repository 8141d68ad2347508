"""An environment's change, read, in; what goes on running where Git no longer looks out.

An engine that is told of another cluster, another engine, and an object of the same name in another namespace have this
in common: what ran before stays, and nothing deletes it. Argo CD and Flux act on the destination that they find, and
forget the one before (Flux: spec.kubeConfig of a Kustomization; Argo CD: spec.destination of an Application). Of an
engine that reads from elsewhere from now on, nothing that is judged here decides any more what runs there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import urlsplit

from kservegen.changes.plan.environment import EnvironmentChange
from kservegen.changes.plan.model import Fate, LeftRunning, ObjectChange, Verb, key_of
from kservegen.changes.plan.syncing import Syncing
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.render.gitops.repository import CHART_REPOSITORY, DEFAULT_PATH, DEFAULT_REVISION

_SYNC: Final = "sync/"
# Two names that Argo CD has for the cluster that it runs in.
_HERE: Final = "https://kubernetes.default.svc"
_IN_CLUSTER: Final = "in-cluster"
# Words that say where an engine reads from, and what is meant without them.
_CHARTS: Final = "chartRepository"
_SOURCES: Final = {
    "repoURL": "",
    "targetRevision": DEFAULT_REVISION,
    "path": DEFAULT_PATH,
    _CHARTS: CHART_REPOSITORY,
}
_NOWHERE: Final = "example.com"  # RFC 2606: no repository lies there, so none was read


def left_running(change: EnvironmentChange, objects: Iterable[ObjectChange]) -> LeftRunning:
    """Say what one change leaves behind in the cluster that it ran in; one reason is told, the widest."""
    before, after = Syncing.of(change.before.values()), Syncing.of(change.after.values())
    if before.engine and before.engine != after.engine:
        names = sorted(str(key_of(r)) for r in change.before.values() if r.file.startswith(_SYNC))
        why = f"another engine ({before.engine} -> {after.engine or 'none'})"
        return LeftRunning(why, tuple(names), ("gitops", "engine"))
    moved = tuple(_other_cluster(change, before, after))
    if moved:
        why = f"another cluster ({moved[0][0]} -> {moved[0][1]})"
        return LeftRunning(why, tuple(name for *_, name in moved), ("cluster",))
    for word, was, now in _other_sources(change) if before.engine else ():
        read = {f"chart {chart}" for chart in before.charts}
        if word != _CHARTS:
            read = {str(key) for key, resource in change.before.items() if not resource.file.startswith(_SYNC)}
        if read:
            return LeftRunning(f"another {word} ({was} -> {now})", tuple(sorted(read)), ("gitops", word))
    left = tuple(sorted(_other_namespace(objects)))
    return LeftRunning("another namespace", left, ("namespaces",)) if left else LeftRunning()


def _other_cluster(change: EnvironmentChange, before: Syncing, after: Syncing) -> Iterator[tuple[str, str, str]]:
    """Yield cluster before, cluster after and the object, or the chart, that stays in the first."""
    moved = {
        place: (cluster_of(resource), cluster_of(after.by_folder[place]))
        for place, resource in before.by_folder.items()
        if place in after.by_folder and cluster_of(resource) != cluster_of(after.by_folder[place])
    }
    for place in sorted(moved.keys() & before.charts.keys()):
        yield (*moved[place], f"chart {place}")
    # A folder that goes at the same time stays in the first cluster, too.
    pair = next(iter(moved.values()), None) if before.engine or after.engine else _told_cluster(change)
    for key, resource in sorted(change.before.items()):
        folder = resource.file.rpartition("/")[0]
        clusters = moved.get(folder) if folder in after.by_folder else pair
        if clusters is not None and not resource.file.startswith(_SYNC):
            yield (*clusters, str(key))


def _told_cluster(change: EnvironmentChange) -> tuple[str, str] | None:
    """Return the addresses before and after as the environment's file has them, where no engine does; None if equal."""
    if change.words is None or change.built is None:
        return None
    now = change.built.environment.text("cluster", "server")
    was = text(mapping(change.words.get("cluster")).get("server"))
    return (was, now) if was and now and _address(was) != _address(now) else None


def _other_sources(change: EnvironmentChange) -> Iterator[tuple[str, str, str]]:
    """Yield the words that have an engine read from elsewhere, with what they said before and say now."""
    if change.words is None or change.built is None:
        return
    before, after = mapping(change.words.get("gitops")), change.built.environment.mapping("gitops")
    for word, default in _SOURCES.items():
        was, now = (_source(text(side.get(word)) or default) for side in (before, after))
        if was and was != now and urlsplit(was).hostname != _NOWHERE:
            yield word, was, now


def _source(said: str) -> str:
    return said.removeprefix("./").removeprefix("oci://").rstrip("/")


def cluster_of(resource: Resource) -> str:
    """Return the cluster that an object of an engine syncs to, as far as it says; blank for the one that it is in."""
    destination = mapping(resource.spec.get("destination"))
    if destination:
        return _address(text(destination.get("server")) or text(destination.get("name")))
    access = mapping(resource.spec.get("kubeConfig"))
    return "/".join(f"{word} {text(reference.get('name'))}" for word, reference in _references(access))


def _references(access: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    return ((word, mapping(access[word])) for word in sorted(access))


def _address(said: str) -> str:
    address = said.rstrip("/").lower()
    return _HERE if address == _IN_CLUSTER else address


def _other_namespace(objects: Iterable[ObjectChange]) -> Iterator[str]:
    """Yield what stays where it was, of objects that are in another namespace, or renamed, from now on."""
    objects = tuple(objects)
    come = {(c.key.group, c.key.kind, c.key.name) for c in objects if c.verb is Verb.ADDED}
    for change in objects:
        if change.fate is not Fate.LEFT:
            continue
        if change.verb is Verb.RENAMED and change.old_key is not None:
            yield str(change.old_key)
        elif change.verb is Verb.REMOVED and (change.key.group, change.key.kind, change.key.name) in come:
            yield str(change.key)
