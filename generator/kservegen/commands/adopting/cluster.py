"""A cluster in, asked to get and list alone; what a catalog may be made of out, and the KServe that runs it.

Secrets are never asked for: what models name of them becomes a promise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from kservegen.catalog.inventory.facts import controller_namespace, controller_version
from kservegen.catalog.inventory.kinds import CONTROLLER, ListedKind
from kservegen.catalog.sections import KINDS
from kservegen.core.document import mapping, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject

if TYPE_CHECKING:
    from kservegen.catalog.inventory.cluster import ApiServer

# What a report calls the place of an object that stands in no file, before its environment's name.
CLUSTER_PLACE: Final = "the cluster of "


def _listed(kind: str, group: str, *, namespaced: bool = True) -> ListedKind:
    # The plural that KServe's definitions and Kubernetes' own kinds have.
    lower = kind.lower()
    plural = (
        f"{lower.removesuffix('y')}ies"
        if lower.endswith("y")
        else f"{lower}es"
        if lower.endswith("che")
        else f"{lower}s"
    )
    return ListedKind(kind, group, plural, namespaced=namespaced, names_only=False)


_KSERVE: Final = tuple(_listed(info.kind, info.group, namespaced=info.namespaced) for info in KINDS.values())
# What people put beside models; what a model or a controller made of it has an owner, and is left out by that.
_COMPANIONS: Final = tuple(
    _listed(kind, group)
    for kind, group in (
        ("ServiceAccount", ""),
        ("ConfigMap", ""),
        ("PersistentVolumeClaim", ""),
        ("ResourceQuota", ""),
        ("LimitRange", ""),
        ("Role", "rbac.authorization.k8s.io"),
        ("RoleBinding", "rbac.authorization.k8s.io"),
        ("NetworkPolicy", "networking.k8s.io"),
        ("PodDisruptionBudget", "policy"),
        ("HTTPRoute", "gateway.networking.k8s.io"),
        ("ExternalSecret", "external-secrets.io"),
        ("LocalQueue", "kueue.x-k8s.io"),
    )
)


class ClusterContent(NamedTuple):
    """What a cluster gave: objects, and the version of its KServe, None where its controller may not be read.

    `namespace` is that of the controller, blank in the same case.
    """

    place: str
    objects: tuple[JsonObject, ...]
    version: str | None
    namespace: str = ""


def ask_cluster(
    cluster: ApiServer, environment: str, namespaces: Sequence[str], companions: str | None
) -> ClusterContent:
    """List the objects of KServe's kinds in namespaces, or everywhere; and what stands beside them, on request.

    `companions` is a selector of labels, blank for all; None takes none. Named namespaces leave out what is
    cluster-wide. GeneratorError where something that is asked for is not given, or the cluster has no KServe.
    """
    served = cluster.versions()
    kinds = [kind for kind in _KSERVE if (kind.group, kind.plural) in served]
    if not kinds:
        raise GeneratorError(
            "the cluster has no kinds of KServe",
            subject=environment,
            hint="Look at --context: it may name another cluster.",
        )
    found: list[JsonObject] = []
    for kind in kinds:
        if kind.namespaced or not namespaces:
            found += cluster.objects(kind, served[kind.group, kind.plural], namespaces)
    if companions is not None:
        places = sorted({text(mapping(doc.get("metadata")).get("namespace")) for doc in found} - {""})
        for kind in _COMPANIONS:
            version = served.get((kind.group, kind.plural)) if kind.group else "v1"
            if version and places:
                found += cluster.objects(kind, version, places, selector=companions)
    controllers = [*_controllers(cluster)]
    place, version = f"{CLUSTER_PLACE}{environment}", _running_version(controllers)
    return ClusterContent(place, tuple(found), version, controller_namespace(controllers))


def _running_version(controllers: Iterable[JsonObject]) -> str | None:
    """Return the version of KServe's controller; None where it cannot be told."""
    versions = {controller_version(doc) for doc in controllers} - {""}
    return versions.pop() if len(versions) == 1 else None


def _controllers(cluster: ApiServer) -> Iterator[JsonObject]:
    try:
        yield from cluster.objects(CONTROLLER, "v1", ())
    except GeneratorError:  # whoever may read models need not be allowed to read this
        return
