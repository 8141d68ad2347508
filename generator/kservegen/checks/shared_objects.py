"""Two environments of one cluster render no object twice: built environments in, a finding for each cause out.

Argo CD refuses an object that two Applications hold (`FailOnSharedResource`), and Flux applies it back and forth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from kservegen.core.diagnostics import Finding
from kservegen.core.jsontypes import Path
from kservegen.core.resource import Resource
from kservegen.render.gitops.argocd.settings import SERVER_IN_CLUSTER
from kservegen.render.gitops.layers import PLATFORM_NAMESPACE
from kservegen.render.gitops.syncers import with_applications
from kservegen.render.objects.environment import BuiltEnvironment
from kservegen.render.objects.settings import promises_of

_SYNC: Final = "sync/"
_ELSEWHERE: Final = "the cluster of an engine that syncs to other clusters"


class SharedObject(NamedTuple):
    """A finding at the second of two environments, in one of its objects or, without one, in its own words."""

    built: BuiltEnvironment
    resource: Resource | None
    finding: Finding


class _Owners:
    """Who came first, by cluster and name. An environment may know its cluster by two names: any of them counts."""

    def __init__(self, several: Collection[str]) -> None:
        self._several = several
        self._owners: dict[tuple[str, object], str] = {}

    def among_several(self, clusters: Iterable[str]) -> list[str]:
        """Leave out clusters that only one environment has."""
        return [name for name in clusters if name in self._several]

    def claim(self, clusters: Iterable[str], what: object, environment: str) -> str:
        """Return the other environment that holds this on one of the clusters; blank where there is none."""
        owners = [self._owners.setdefault((cluster, what), environment) for cluster in clusters]
        return next((owner for owner in owners if owner != environment), "")


def shared_objects(environments: Iterable[BuiltEnvironment]) -> Iterator[SharedObject]:
    """Find what two environments render for one cluster: one finding for each namespace, each chart and each folder.

    What lies in a namespace that both render is no cause of its own. Where all namespaces are another's, the cluster is
    named by mistake, in a copy: all else follows from that.
    """
    environments = tuple(environments)
    several = Counter(name for built in environments for name in {*_clusters(built), *_control_clusters(built)})
    owners = _Owners({name for name, number in several.items() if number > 1})
    for built in environments:
        found = list(_namespaces(built, owners))
        yield from found
        if not found or len(found) < len(built.environment.mapping("namespaces")):
            yield from _charts(built, owners)
            yield from _objects(built, owners, {str(item.finding.path[-1]) for item in found})


def _namespaces(built: BuiltEnvironment, owners: _Owners) -> Iterator[SharedObject]:
    clusters = owners.among_several(_clusters(built))
    for namespace in built.environment.mapping("namespaces"):
        other = owners.claim(clusters, ("Namespace", namespace), built.environment.name)
        if other:
            finding = Finding(
                rule="gitops/shared-namespace",
                path=("namespaces", namespace),
                message=f"{other} renders namespace {namespace} of cluster {clusters[0]} too",
                hint="Give the environments different clusters or different namespaces.",
                at_key=True,
            )
            yield SharedObject(built, None, finding)


def _charts(built: BuiltEnvironment, owners: _Owners) -> Iterator[SharedObject]:
    """KServe has one controller in a cluster: two environments cannot both have an engine install it."""
    if not any(resource.file.startswith(_SYNC) for resource in built.own):
        return
    clusters = owners.among_several(_clusters(built))
    shared: dict[str, list[str]] = {}
    for chart in built.platform.without(promises_of(built.environment)).charts:
        other = owners.claim(clusters, (chart.name, PLATFORM_NAMESPACE), built.environment.name)
        if other:
            shared.setdefault(other, []).append(chart.name)
    for other, names in shared.items():
        finding = Finding(
            rule="gitops/shared-object",
            path=("cluster",),
            message=f"{other} has KServe installed on cluster {clusters[0]} too",
            seen=", ".join(names),
            hint=f"Name another cluster; or leave them to {other}: prerequisites: [{', '.join(names)}].",
            at_key=True,
        )
        yield SharedObject(built, None, finding)


def _objects(built: BuiltEnvironment, owners: _Owners, namespaces: set[str]) -> Iterator[SharedObject]:
    clusters = owners.among_several(_clusters(built))
    control = owners.among_several(_control_clusters(built))
    shared: dict[tuple[str, str], list[Resource]] = {}
    for resource in with_applications(built.resources if clusters else built.own if control else ()):
        is_sync = resource.file.startswith(_SYNC)
        # What is in sync/ for a ConfigMap is Argo CD's own, to which every environment adds the same.
        if resource.kind in {"Namespace", *(("ConfigMap",) if is_sync else ())} or resource.id.namespace in namespaces:
            continue
        what = (resource.api_version.rpartition("/")[0], resource.id)
        other = owners.claim(control if is_sync else clusters, what, built.environment.name)
        if other:
            shared.setdefault((other, resource.file.rpartition("/")[0]), []).append(resource)
    for (other, folder), resources in shared.items():
        yield _of_folder(built, folder.partition("/")[0], other, resources)


def _of_folder(built: BuiltEnvironment, folder: str, other: str, resources: list[Resource]) -> SharedObject:
    words, hint = _FOLDERS.get(folder, ((), "Name another cluster, or leave it out of one of the environments."))
    first, more = resources[0], len(resources) - 1
    finding = Finding(
        rule="gitops/shared-object",
        path=words,
        message=f"{other} renders {first.id}{f' and {more} more' if more else ''} for the same cluster too",
        hint=hint.format(other=other),
        at_key=True,
    )
    return SharedObject(built, None if words else first, finding)


_FOLDERS: Final[Mapping[str, tuple[Path, str]]] = {
    "policies": (
        ("policies",),
        "Policies hold for a whole cluster: name another one, or leave them to {other}: policies: {{render: false}}.",
    ),
    "sync": (("gitops",), "Rename one of the environments' files: all that syncs them is named after them."),
}


def _clusters(built: BuiltEnvironment) -> list[str]:
    """Return what the environment's cluster is called: its name, and its address unless every cluster has that one."""
    name = built.environment.text("cluster", "name")
    server = built.environment.text("cluster", "server").rstrip("/")
    return [text for text in (name, server) if text and not (name and text == SERVER_IN_CLUSTER)]


def _control_clusters(built: BuiltEnvironment) -> list[str]:
    """Return what the cluster is called that the engine runs in: the environment's own, or the one for all others."""
    environment = built.environment
    if environment.text("gitops", "engine") == "flux":
        is_own = not environment.mapping("gitops", "flux", "kubeConfig")
    else:
        is_own = environment.text("cluster", "server").rstrip("/") == SERVER_IN_CLUSTER
    return _clusters(built) if is_own else [_ELSEWHERE]
