"""Which containers serve models, and which ask for GPUs: an object in, its made pods looked into, out."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from msgspec import Struct

from kservegen.checks.rules.base import Context
from kservegen.checks.simulation import Simulation
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource
from kservegen.core.values import whole_number
from kservegen.kserve.controllers.made import STORED, Made, named, source_of
from kservegen.kserve.controllers.running import RunningWorkload, running_workloads
from kservegen.kserve.servers.devices import CLASS_PREFIX, DeviceMaker, maker_of
from kservegen.kserve.workloads import LLM_CONTAINER, SERVING_CONTAINER, ContainerAt, containers

DEVICE_KINDS: Final = frozenset({"InferenceService", "LLMInferenceService"})
# The workers of an InferenceService do what their head tells them.
_SERVING: Final = {
    "predictor": SERVING_CONTAINER,
    "canary": SERVING_CONTAINER,
    "main": LLM_CONTAINER,
    "main worker": LLM_CONTAINER,
    "prefill": LLM_CONTAINER,
    "prefill worker": LLM_CONTAINER,
}
# Whose GPUs the estimate knows how vLLM fills.
ESTIMATED_MAKERS: Final = frozenset({DeviceMaker.NVIDIA, DeviceMaker.AMD})


_CLAIMED: Final = "their devices come by claims"


class ServedContainer(Struct, frozen=True, kw_only=True, eq=False):
    """A container that serves a model, the `index`-th of a made pod; `stated` is what the object says of it."""

    workload: RunningWorkload
    index: int
    container: JsonObject
    stated: ContainerAt | None

    @property
    def path(self) -> Path:
        """The path of the container in the object; that of its pod where the object states none."""
        return self.workload.path if self.stated is None else self.stated.path

    @property
    def pod(self) -> JsonObject:
        """The spec of its pod."""
        return mapping(self.workload.pod.get("spec"))

    def own(self, *below: str | int) -> Path | None:
        """Return the path in the object of a field of the pod's spec; None where somebody else brought it."""
        source = source_of(("spec", *below), self.workload.origins)
        return source[1:] if source[0] == STORED else None

    def owner(self, *below: str | int) -> str:
        """Name whose a field of the pod's spec is, as in `ClusterServingRuntime x`; blank where it is the object's."""
        return str(source_of(("spec", *below), self.workload.origins)[0])

    def where(self, *below: str | int) -> Path:
        """Return the path of a field of the container; the container's own where somebody else brought the field."""
        return self.own("containers", self.index, *below) or self.path


def serving(resource: Resource, context: Context) -> tuple[ServedContainer, ...]:
    """List the containers that serve models; none where nothing is made of the object."""
    return (context.simulation.derived(resource, serving_in) if resource.kind in DEVICE_KINDS else None) or ()


def serving_in(resource: Resource, made: Made) -> tuple[ServedContainer, ...]:
    """List the containers that serve models in what is made of an object."""
    stated = {at.pod.path: at for at in containers(resource) if at.serving}
    found = []
    for workload in running_workloads(resource.doc, made):
        listed = sequence(mapping(workload.pod.get("spec")).get("containers"))
        index = named(listed, _SERVING.get(workload.role, ""))
        if index is not None:
            at = stated.get(workload.path)
            found.append(ServedContainer(workload=workload, index=index, container=mapping(listed[index]), stated=at))
    return tuple(found)


class AskedDevices(Struct, frozen=True):
    """What the pods of an object compute on: GPUs that can be estimated, or the reason why what they get cannot be."""

    gpus: bool
    reason: str = ""


def asked_devices(resource: Resource, simulation: Simulation, own: Collection[str] = ()) -> AskedDevices | None:
    """Return what accelerators the pods of an object ask for; None for none. `own` are resources an environment names.

    A claim counts that a container uses: which devices it holds is not looked at here.
    """
    asking = simulation.derived(resource, _asking) if resource.kind in DEVICE_KINDS else None
    if asking is None or asking.gpus:
        return None if asking is None else AskedDevices(gpus=True)
    reason = next(filter(None, (_unestimated(resources, own) for resources in asking.others)), "")
    return AskedDevices(gpus=False, reason=reason) if reason else None


class _Asking(Struct, frozen=True):
    """Whether a container asks for GPUs that can be estimated; else the resources of those that may ask for others."""

    gpus: bool
    others: tuple[JsonObject, ...] = ()


def _asking(_resource: Resource, made: Made) -> _Asking:
    others: list[JsonObject] = []
    for pod in made.pods:
        for container in map(mapping, sequence(mapping((pod.pod or {}).get("spec")).get("containers"))):
            if device_of(container) is not None:
                return _Asking(gpus=True)
            resources = mapping(container.get("resources"))
            names = (*mapping(resources.get("limits")), *mapping(resources.get("requests")))
            if "claims" in resources or any("/" in name for name in names):
                others.append(resources)
    return _Asking(gpus=False, others=tuple(others))


def _unestimated(resources: JsonObject, own: Collection[str]) -> str:
    for name in (*mapping(resources.get("limits")), *mapping(resources.get("requests"))):
        if "/" not in name:
            continue
        maker = maker_of(name)
        if maker is not None and maker not in ESTIMATED_MAKERS:
            return f"how servers use the memory of {maker.value} devices is not known"
        if maker is not None or name.startswith(CLASS_PREFIX):
            return _CLAIMED
        if name in own:
            return f"{name} is no resource of a known device plugin"
    return _CLAIMED if resources.get("claims") else ""


def device_of(container: JsonObject) -> tuple[str, int] | None:
    """Return the name of the GPUs that a container asks for, and how many; of makers that estimates know."""
    resources = mapping(container.get("resources"))
    for side in ("limits", "requests"):
        for name, amount in mapping(resources.get(side)).items():
            if "/" in name and maker_of(name) in ESTIMATED_MAKERS and not name.startswith(CLASS_PREFIX):
                number = whole_number(text(amount) or str(integer(amount)))
                return (name, number) if number else None
    return None
