"""An environment's change, read, in; what goes on running where Git no longer looks out.

An engine that is told of another cluster, another engine, and an object of the same name in another namespace have this
in common: what ran before stays, and nothing deletes it. So has an environment whose file is gone or renamed, and the
last model of a namespace: with the folder goes what the engine compares the cluster with. Argo CD and Flux act on the
destination that they find, and forget the one before (Flux: spec.kubeConfig of a Kustomization; Argo CD:
spec.destination of an Application). Of an engine that reads from elsewhere from now on, nothing that is judged here
decides any more what runs there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import urlsplit

from kservegen.catalog.field_mapping import MODEL_KINDS
from kservegen.changes.plan.environment import EnvironmentChange
from kservegen.changes.plan.model import (
    EnvironmentPlan,
    Fate,
    LeftRunning,
    ObjectChange,
    Presence,
    Verb,
    key_of,
)
from kservegen.changes.plan.syncing import Syncing
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import OUTPUT_FOLDER
from kservegen.core.resource import Resource
from kservegen.render.gitops.clusters import SERVER_IN_CLUSTER, cluster_address, is_example_server
from kservegen.render.gitops.repository import CHART_REPOSITORY, DEFAULT_PATH, DEFAULT_REVISION
from kservegen.render.objects.environment import BuiltEnvironment

_SYNC: Final = "sync/"
_ARGOCD: Final = "argocd"
# Words that say where an engine reads from, and what is meant without them.
_CHARTS: Final = "chartRepository"
_SOURCES: Final = {
    "repoURL": "",
    "targetRevision": DEFAULT_REVISION,
    "path": DEFAULT_PATH,
    _CHARTS: CHART_REPOSITORY,
}
_NOWHERE: Final = "example.com"  # RFC 2606: no repository lies there, so none was read


def left_running(change: EnvironmentChange, planned: EnvironmentPlan) -> LeftRunning:
    """Say what one change leaves behind in the cluster that it ran in; one reason is told, the widest."""
    before, after = Syncing.of(change.before.values()), Syncing.of(change.after.values())
    left = _left(change, planned, before, after)
    if not left.names:
        return LeftRunning()
    if left.path == _ENGINE:
        return left
    running = [resource for resource in change.before.values() if resource.kind in MODEL_KINDS]
    running = [resource for resource in running if str(key_of(resource)) in left.names]
    return left._replace(
        models=len(running),
        namespaces=tuple(sorted({resource.id.namespace for resource in running})),
        cluster=_cluster_before(change, before),
    )


_ENGINE: Final = ("gitops", "engine")


def _left(change: EnvironmentChange, planned: EnvironmentPlan, before: Syncing, after: Syncing) -> LeftRunning:
    if planned.presence is Presence.GONE:
        return _departed(planned, "the environment is removed", guarded=True)
    if before.engine and before.engine != after.engine:
        names = sorted(str(key_of(r)) for r in change.before.values() if r.file.startswith(_SYNC))
        why = f"another engine ({before.engine} -> {after.engine or 'none'})"
        beside = f" beside {after.engine}" if after.engine else ""
        stays = f"they are {before.engine}'s own, and sync{beside} until somebody deletes them"
        return LeftRunning(why, tuple(names), _ENGINE, outcome=stays)
    moved = tuple(_other_cluster(change, before, after))
    if moved:
        why = f"another cluster ({moved[0][0]} -> {moved[0][1]})"
        return LeftRunning(why, tuple(name for *_, name in moved), ("cluster",))
    for word, was, now in _other_sources(change) if before.engine else ():
        read = {f"chart {chart}" for chart in before.charts}
        if word != _CHARTS:
            read = {str(key) for key, resource in change.before.items() if not resource.file.startswith(_SYNC)}
        if read:
            why = f"another {word} ({was} -> {now})"
            decides = "what is read there decides about them from now on"
            return LeftRunning(why, tuple(sorted(read)), ("gitops", word), outcome=decides)
    left = tuple(sorted(_other_namespace(planned.objects)))
    if left:
        return LeftRunning("another namespace", left, ("namespaces",))
    emptied = not any(resource.kind in MODEL_KINDS for resource in change.after.values())
    return _departed(
        planned, "every model is removed" if emptied else "the last of a namespace is removed", guarded=emptied
    )


def left_by_deletion(built: BuiltEnvironment) -> LeftRunning:
    """Say what runs on where rendered files are deleted and the environment is not: its engine finds no folder."""
    models = [resource for resource in built.resources if resource.kind in MODEL_KINDS]
    return LeftRunning(
        f"{OUTPUT_FOLDER}/{built.environment.name} is deleted",
        tuple(str(key_of(resource)) for resource in models),
        models=len(models),
        namespaces=tuple(sorted({resource.id.namespace for resource in models})),
        cluster=built.environment.text("cluster", "server") or built.environment.text("cluster", "name"),
        guarded=False,  # while the catalog renders it no permit makes that current
        is_removed=True,
    )


def _departed(planned: EnvironmentPlan, why: str, *, guarded: bool) -> LeftRunning:
    """Find what stays although Git has it no longer, as nobody is left to prune it; where no guard asks, models."""
    left = [
        change
        for change in planned.objects
        if change.verb is Verb.REMOVED and change.fate is Fate.LEFT and (guarded or change.is_model)
    ]
    if not any(change.is_model or not change.file.startswith(_SYNC) for change in left):
        return LeftRunning()
    names = tuple(str(change.key) for change in left)
    return LeftRunning(why, names, ("guards", "maxLeftBehind"), guarded=guarded, is_removed=True)


def _cluster_before(change: EnvironmentChange, before: Syncing) -> str:
    """Call the cluster what the environment's file called it, or what its engine's objects say; blank for neither."""
    words = mapping((change.words or {}).get("cluster"))
    said = text(words.get("server")) or text(words.get("name"))
    addressed = (cluster_of(resource) for folder, resource in before.by_folder.items() if not folder.startswith("sync"))
    said = said or next((address for address in addressed if address), "")
    if not said and change.built is not None:
        environment = change.built.environment
        said = environment.text("cluster", "server") or environment.text("cluster", "name")
    return said


def _other_cluster(change: EnvironmentChange, before: Syncing, after: Syncing) -> Iterator[tuple[str, str, str]]:
    """Yield cluster before, cluster after and the object, or the chart, that stays in the first."""
    moved = {
        place: (cluster_of(resource), cluster_of(after.by_folder[place]))
        for place, resource in before.by_folder.items()
        if place in after.by_folder
        and cluster_of(resource) != cluster_of(after.by_folder[place])
        and not is_example_server(cluster_of(resource))
    }
    for place in sorted(moved.keys() & before.charts.keys()):
        yield (*moved[place], f"chart {place}")
    # A folder that goes at the same time stays in the first cluster, too.
    told = _told_cluster(change) if _ARGOCD not in {before.engine, after.engine} else None
    pair = next(iter(moved.values()), told)
    for key, resource in sorted(change.before.items()):
        folder = resource.file.rpartition("/")[0]
        clusters = moved.get(folder, told) if folder in after.by_folder else pair
        if clusters is not None and not resource.file.startswith(_SYNC):
            yield (*clusters, str(key))


def _told_cluster(change: EnvironmentChange) -> tuple[str, str] | None:
    """Return the addresses, or names, before and after as the environment's file has them; None where they are one.

    Argo CD's objects have them. Flux runs in the cluster itself, mostly, and nothing rendered says which one that is:
    where its own cluster gets an address only now, it is no other one.
    """
    if change.words is None or change.built is None:
        return None
    before, after = mapping(change.words.get("cluster")), change.built.environment.mapping("cluster")
    for word in ("server", "name"):
        was, now = text(before.get(word)), text(after.get(word))
        if was and now:
            addresses = {cluster_address(was), cluster_address(now)} if word == "server" else {was, now}
            is_own = word == "server" and SERVER_IN_CLUSTER in addresses
            return (was, now) if len(addresses) > 1 and not is_own and not is_example_server(was) else None
        if was or now:
            return None
    return None


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
        return cluster_address(text(destination.get("server")) or text(destination.get("name")))
    access = mapping(resource.spec.get("kubeConfig"))
    return "/".join(f"{word} {text(reference.get('name'))}" for word, reference in _references(access))


def _references(access: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    return ((word, mapping(access[word])) for word in sorted(access))


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
