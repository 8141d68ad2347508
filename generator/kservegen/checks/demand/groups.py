"""An object in; its groups of like pods out: what one pod requests, and how many there are when.

What KServe runs of its own kinds says the simulation: an object of which nothing is made takes nothing. Kubernetes' own
workloads state their pods themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Final

from msgspec import Struct, field

from kservegen.checks.demand.claims import NO_CLAIMS, FindObject, PodClaims, pod_claims
from kservegen.checks.demand.requests import NO_AMOUNTS, Requests, pod_requests
from kservegen.checks.simulation import Simulation
from kservegen.core.document import integer, mapping, value_at
from kservegen.core.identity_cache import IdentityCache
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Origin, Resource
from kservegen.kserve.controllers.made import STORED, source_of, text_map
from kservegen.kserve.controllers.running import PodCount, RunningWorkload
from kservegen.kubernetes.rollout import deployment_rollout

_PLAIN: Final = frozenset({"Deployment", "Job", "Pod", "ReplicaSet", "ReplicationController", "StatefulSet"})


class PodGroup(Struct, frozen=True, kw_only=True):
    """Pods that are all alike. `path` is where the object asks for them; `pod` is their spec, `claims` its devices."""

    role: str
    path: Path
    pod: JsonObject
    requests: Requests
    count: PodCount
    labels: Mapping[str, str] = field(default_factory=dict)
    origins: Sequence[Origin] = ()
    claims: PodClaims = NO_CLAIMS

    def source(self, path: Path) -> Path:
        """Return the source of a field of `pod`, as `kserve/controllers/made.py` has them."""
        return source_of(("spec", *path), self.origins)


def pod_groups(
    resource: Resource, simulation: Simulation, defaults: Mapping[str, Fraction] = NO_AMOUNTS
) -> tuple[PodGroup, ...]:
    """List the pods that run of an object; empty for kinds that bring none, and for what is stopped.

    `defaults` are what a LimitRange of its namespace gives to containers that request nothing.
    """
    plain = _plain(resource)
    running = simulation.workloads(resource) if plain is None else (plain,)

    def find(kind: str, namespace: str, name: str) -> JsonObject | None:
        return simulation.find(resource, kind, namespace, name)

    return tuple(_group(workload, resource.id.namespace, defaults, find) for workload in running or ())


def _group(workload: RunningWorkload, namespace: str, defaults: Mapping[str, Fraction], find: FindObject) -> PodGroup:
    spec = mapping(workload.pod.get("spec"))
    return PodGroup(
        role=workload.role,
        path=workload.path,
        pod=spec,
        requests=_requests.get((spec, defaults), partial(pod_requests, spec, defaults)),
        count=workload.count,
        labels=text_map(mapping(mapping(workload.pod.get("metadata")).get("labels"))),
        origins=workload.origins,
        claims=pod_claims(spec, namespace, find) if "resourceClaims" in spec else NO_CLAIMS,
    )


# Environments in which the same is made of an object have its pods in common.
_requests: Final = IdentityCache[Requests](1 << 14)


def _plain(resource: Resource) -> RunningWorkload | None:
    """Read a workload that no KServe controller makes; only a Deployment brings new pods up beside the old."""
    kind = resource.kind
    if kind not in _PLAIN:
        return None
    spec = resource.spec
    at: Path = ("spec", "template")
    count = PodCount(1, 1)
    if kind == "Pod":
        at = ()
    else:
        stated = integer(spec.get("parallelism" if kind == "Job" else "replicas"))
        number = 1 if stated is None else stated
        rollout = deployment_rollout(mapping(spec.get("strategy")), number) if kind == "Deployment" else (0, 0)
        count = PodCount(number, number, *rollout)
    return RunningWorkload(
        role=kind.lower(),
        path=(*at, "spec"),
        kind=kind,
        name=resource.id.name,
        count=count,
        pod=mapping(value_at(resource.doc, at)),
        origins=(Origin(("spec",), (STORED, *at, "spec")),),
    )
