"""Two environments of one cluster render no object twice: built environments in, a finding for each cause out.

Argo CD refuses an object that two Applications hold (`FailOnSharedResource`), and Flux applies it back and forth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from kservegen.core.diagnostics import Finding
from kservegen.core.jsontypes import Path
from kservegen.core.resource import Resource
from kservegen.render.gitops.clusters import (
    NAME_IN_CLUSTER,
    SERVER_IN_CLUSTER,
    ClusterKey,
    Clusters,
    cluster_address,
    cluster_keys,
    engine_key,
)
from kservegen.render.gitops.syncers import with_applications
from kservegen.render.objects.environment import BuiltEnvironment
from kservegen.render.objects.settings import promises_of

_SYNC: Final = "sync/"
_CHART: Final = "Chart"


class SharedObject(NamedTuple):
    """A finding at the second of two environments: in one of its objects or, without one, in its own words.

    `other` is the first environment, `twin` the object there; without one the same words of it are meant.
    """

    built: BuiltEnvironment
    resource: Resource | None
    finding: Finding
    other: BuiltEnvironment
    twin: Resource | None = None


class _Owner(Struct, frozen=True):
    built: BuiltEnvironment
    resource: Resource | None


class _Owners:
    """Who came first, by cluster and by what it holds there."""

    def __init__(self, environments: Sequence[BuiltEnvironment]) -> None:
        self._clusters = Clusters({built.environment.name: built.environment.value for built in environments})
        keys = [key for built in environments for key in {self.cluster(built), self.control(built)} if key is not None]
        self._several = {key for key, number in Counter(keys).items() if number > 1}
        self._owners: dict[tuple[ClusterKey, object], _Owner] = {}

    def cluster(self, built: BuiltEnvironment) -> ClusterKey | None:
        """Return the environment's cluster; None where it names none."""
        return self._clusters.of(built.environment.name)

    def control(self, built: BuiltEnvironment) -> ClusterKey | None:
        """Return the cluster that its engine runs in: its own, where Flux syncs to no other one."""
        environment = built.environment
        if environment.text("gitops", "engine") == "flux" and not environment.mapping("gitops", "flux", "kubeConfig"):
            return self.cluster(built)
        return self._clusters.root(engine_key(environment.value))

    def claim(
        self, cluster: ClusterKey | None, what: object, built: BuiltEnvironment, resource: Resource | None = None
    ) -> _Owner | None:
        """Return the other environment that holds this on the cluster; None where there is none."""
        if cluster is None or cluster not in self._several:
            return None
        owner = self._owners.setdefault((cluster, what), _Owner(built, resource))
        return owner if owner.built is not built else None


def shared_objects(
    environments: Iterable[BuiltEnvironment], beside: Iterable[BuiltEnvironment] = ()
) -> Iterator[SharedObject]:
    """Find what two environments render for one cluster: one finding for the namespaces, the charts and each folder.

    `beside` are environments that nobody asked about: nothing is said of them alone. What lies in a namespace that both
    render is no cause of its own. Where all namespaces are another's, the cluster is named by mistake, in a copy: all
    else follows from that. Two names for a cluster are told where nothing else is.
    """
    beside, asked = tuple(beside), tuple(environments)
    owners = _Owners((*beside, *asked))
    for built in (*beside, *asked):
        found = list(_of_environment(built, owners))
        if built not in beside:
            yield from found
            told = {item.other.environment.name for item in found}
            yield from (item for item in _two_names(built, owners) if item.other.environment.name not in told)
        else:
            list(_two_names(built, owners))


def _of_environment(built: BuiltEnvironment, owners: _Owners) -> Iterator[SharedObject]:
    shared = _shared_namespaces(built, owners)
    for other, names in shared.values():
        yield SharedObject(built, None, _of_namespaces(built, other, names), other)
    names_shared = {name for _, names in shared.values() for name in names}
    if not shared or len(names_shared) < len(built.environment.mapping("namespaces")):
        yield from _charts(built, owners)
        yield from _objects(built, owners, names_shared)


def _shared_namespaces(built: BuiltEnvironment, owners: _Owners) -> dict[str, tuple[BuiltEnvironment, list[str]]]:
    """Return the namespaces that another environment renders as well, by that environment."""
    cluster = owners.cluster(built)
    shared: dict[str, tuple[BuiltEnvironment, list[str]]] = {}
    for namespace in built.environment.mapping("namespaces"):
        owner = owners.claim(cluster, ("Namespace", namespace), built)
        if owner is not None:
            shared.setdefault(owner.built.environment.name, (owner.built, []))[1].append(namespace)
    return shared


def _of_namespaces(built: BuiltEnvironment, other: BuiltEnvironment, names: Sequence[str]) -> Finding:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    name = other.environment.name
    return Finding(
        rule="gitops/shared-namespace",
        path=("namespaces", names[0]),
        message=f"{name} renders namespace {names[0]}{more} of cluster {_cluster_of_both(built, other)} too",
        seen=_two_names_of(built, other),
        hint="Give the environments different clusters or different namespaces; or let one render the namespace, and "
        f"the other say prerequisites: [Namespace/{names[0]}] in place of it.{_own_engines(built, other)}",
        at_key=True,
    )


def _charts(built: BuiltEnvironment, owners: _Owners) -> Iterator[SharedObject]:
    """KServe has one controller in a cluster: two environments cannot both have an engine install it."""
    if not any(resource.file.startswith(_SYNC) for resource in built.own):
        return
    cluster = owners.cluster(built)
    shared: dict[str, tuple[BuiltEnvironment, list[str]]] = {}
    for chart in built.platform.without(promises_of(built.environment)).charts:
        owner = owners.claim(cluster, (_CHART, chart.name), built)
        if owner is not None:
            shared.setdefault(owner.built.environment.name, (owner.built, []))[1].append(chart.name)
    for name, (other, charts) in shared.items():
        listed = ", ".join(charts)
        finding = Finding(
            rule="gitops/shared-object",
            path=("cluster",),
            message=f"{name} has KServe installed on cluster {_cluster_of_both(built, other)} too",
            seen=listed,
            hint=f"Name another cluster; or leave them to {name}: prerequisites: [{listed}]."
            + _own_engines(built, other),
            at_key=True,
        )
        yield SharedObject(built, None, finding, other)


def _objects(built: BuiltEnvironment, owners: _Owners, namespaces: set[str]) -> Iterator[SharedObject]:
    cluster, control = owners.cluster(built), owners.control(built)
    shared: dict[tuple[str, str], list[tuple[Resource, _Owner]]] = {}
    for resource in with_applications(built.resources if cluster is not None else built.own):
        is_sync = resource.file.startswith(_SYNC)
        # What is in sync/ for a ConfigMap is Argo CD's own, to which every environment adds the same.
        if resource.kind in {"Namespace", *(("ConfigMap",) if is_sync else ())} or resource.id.namespace in namespaces:
            continue
        what = resource.identity
        owner = owners.claim(control if is_sync else cluster, what, built, resource)
        if owner is not None:
            place = (owner.built.environment.name, resource.file.rpartition("/")[0])
            shared.setdefault(place, []).append((resource, owner))
    for (_, folder), pairs in shared.items():
        yield _of_folder(built, folder.partition("/")[0], pairs)


def _of_folder(built: BuiltEnvironment, folder: str, pairs: Sequence[tuple[Resource, _Owner]]) -> SharedObject:
    words, hint = _FOLDERS.get(folder, ((), "Name another cluster, or leave it out of one of the environments."))
    (first, owner), more = pairs[0], len(pairs) - 1
    name = owner.built.environment.name
    finding = Finding(
        rule="gitops/shared-object",
        path=words,
        message=f"{name} renders {first.id}{f' and {more} more' if more else ''} for the same cluster too",
        seen=_two_names_of(built, owner.built),
        hint=hint.format(other=name) + ("" if folder == "sync" else _own_engines(built, owner.built)),
        at_key=True,
    )
    return SharedObject(built, None if words else first, finding, owner.built, None if words else owner.resource)


_FOLDERS: Final[Mapping[str, tuple[Path, str]]] = {
    "policies": (
        ("policies",),
        "Policies hold for a whole cluster: name another one, or leave them to {other}: policies: {{render: false}}.",
    ),
    "sync": (("gitops",), "Rename one of the environments' files: all that syncs them is named after them."),
}


def _two_names(built: BuiltEnvironment, owners: _Owners) -> Iterator[SharedObject]:
    """Two names of one address are one cluster: one of the environments does not go where it says."""
    owner = owners.claim(owners.cluster(built), "name", built)
    seen = _two_names_of(built, owner.built) if owner is not None else ""
    if owner is None or not seen:
        return
    finding = Finding(
        rule="gitops/cluster-names",
        path=("cluster", "name"),
        message=f"{owner.built.environment.name} has this cluster under another name",
        seen=seen,
        hint="Name the cluster alike in both, or write the address of the other one."
        + _own_engines(built, owner.built),
    )
    yield SharedObject(built, None, finding, owner.built)


def _server(built: BuiltEnvironment) -> str:
    return cluster_address(built.environment.text("cluster", "server"))


def _name(built: BuiltEnvironment) -> str:
    name = built.environment.text("cluster", "name")
    return "" if name == NAME_IN_CLUSTER else name


def _cluster_of_both(built: BuiltEnvironment, other: BuiltEnvironment) -> str:
    """Call a cluster what both environments call it, or by the address that it has."""
    name = _name(other)
    if name and name == _name(built):
        return name
    return next((text for text in (_server(built), _server(other), name, _name(built)) if text), SERVER_IN_CLUSTER)


def _two_names_of(built: BuiltEnvironment, other: BuiltEnvironment) -> str:
    """Say by which two names a cluster goes; blank where it has one."""
    name, there = _name(built), _name(other)
    if not name or not there or name == there:
        return ""
    return f"{name} here, {there} in {other.environment.name}"


def _own_engines(built: BuiltEnvironment, other: BuiltEnvironment) -> str:
    """Say how two clusters are told apart that both have the address which every cluster has inside."""
    if not all(engine_key(item.environment.value) in cluster_keys(item.environment.value) for item in (built, other)):
        return ""
    return (
        f" {SERVER_IN_CLUSTER} is the cluster of whoever reads it: where each has an engine of its own, "
        f"say which: gitops: {{instance: {built.environment.name}}}."
    )
