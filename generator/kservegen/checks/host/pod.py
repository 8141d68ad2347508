"""One serving container with the pod around it: an object in; limits, mounts and volumes as the pod will have them out.

A runtime's container lies under the model's, name by name; a container of one's own stands alone. Sources: the charts'
runtimes and LLM presets, which all mount a volume of memory at /dev/shm.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, Literal, NamedTuple

from kservegen.checks.demand.requests import amounts
from kservegen.checks.rules.base import Context
from kservegen.checks.rules.view import selection_of
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.resource import Resource, ResourceId
from kservegen.kserve.runtimes.selection import request_of
from kservegen.kserve.workloads import SERVING_CONTAINER, ContainerAt

_SHARED: Final = "/dev/shm"  # noqa: S108 - the path inside a pod
_DEVICES_BESIDE: Final = frozenset({"cpu", "memory", "ephemeral-storage", "storage"})
PodSide = Literal["requests", "limits"]


class PodLayer(NamedTuple):
    """What one object says of a pod: its pod words and its serving container."""

    pod: JsonObject
    container: JsonObject


class ServingPod(NamedTuple):
    """A serving container and what lies under it; `shared_given` says that the installation mounts /dev/shm."""

    at: ContainerAt
    below: PodLayer
    resources: JsonObject
    shared_given: bool

    def amount(self, side: PodSide, name: str) -> Fraction | None:
        """Return a limit or a request of the serving container."""
        return amounts(mapping(self.resources.get(side))).get(name)

    def where(self, side: PodSide, name: str) -> Path:
        """Return the path of an amount; that of the container where a runtime brings it."""
        said = mapping(mapping(self.at.container.get("resources")).get(side))
        return (*self.at.path, "resources", side, name) if name in said else self.at.path

    def variable(self, name: str) -> Path:
        """Return the path of an environment variable; that of the container where it is not the object's own."""
        for index, item in enumerate(sequence(self.at.container.get("env"))):
            if mapping(item).get("name") == name:
                return (*self.at.path, "env", index)
        return self.at.path

    @property
    def devices(self) -> bool:
        """Whether the container asks for anything that a device plugin hands out."""
        names = {name for side in ("limits", "requests") for name in mapping(self.resources.get(side))}
        return any(name not in _DEVICES_BESIDE and not name.startswith("hugepages-") for name in names)

    @property
    def limited(self) -> Fraction | None:
        """The disk that the pod's containers may use together; None where none of them is limited (kubelet's sum)."""
        beside = (
            amounts(mapping(mapping(item).get("resources")).get("limits")).get("ephemeral-storage")
            for item in sequence(self.at.pod.spec.get("containers"))
            if item is not self.at.container
        )
        stated = [size for size in (self.amount("limits", "ephemeral-storage"), *beside) if size is not None]
        return sum(stated, Fraction(0)) if stated else None

    def shared_size(self) -> tuple[Path, Fraction | None] | None:
        """Return the size of /dev/shm and its path: None where nothing is mounted, a size of None where it is free."""
        layers = (PodLayer(self.at.pod.spec, self.at.container), self.below)
        for layer in layers:
            for mount in map(mapping, sequence(layer.container.get("volumeMounts"))):
                if text(mount.get("mountPath")).rstrip("/") == _SHARED:
                    return self._volume(text(mount.get("name")))
        return None

    def _volume(self, name: str) -> tuple[Path, Fraction | None]:
        for index, volume in enumerate(map(mapping, sequence(self.at.pod.spec.get("volumes")))):
            if volume.get("name") == name:
                size = amounts({"size": mapping(volume.get("emptyDir")).get("sizeLimit")}).get("size")
                return (*self.at.pod.path, "volumes", index, "emptyDir", "sizeLimit"), size
        return self.at.path, None


def serving_pod(resource: Resource, at: ContainerAt, context: Context) -> ServingPod:
    """Put a serving container together with what its runtime or its preset brings."""
    if resource.id.kind == "LLMInferenceService":
        return ServingPod(at, PodLayer({}, {}), mapping(at.container.get("resources")), shared_given=True)
    if at.path[-1] != "model":
        return ServingPod(at, PodLayer({}, {}), mapping(at.container.get("resources")), shared_given=False)
    chosen = selection_of(request_of(at.pod.spec, at.container, resource.id.namespace or "default"), context).chosen
    if chosen is None:
        return ServingPod(at, PodLayer({}, {}), mapping(at.container.get("resources")), shared_given=True)
    brought: JsonValue = {side: dict(listed) for side, listed in chosen.amounts.items()}
    resources = merged_requests(brought, at.container.get("resources"))
    defined = context.resources.get(ResourceId(chosen.kind, chosen.namespace, chosen.name))
    if defined is None:
        return ServingPod(at, PodLayer({}, {}), resources, shared_given=True)
    spec = mapping(defined.doc.get("spec"))
    listed = (mapping(item) for item in sequence(spec.get("containers")))
    container = next((item for item in listed if item.get("name") == SERVING_CONTAINER), {})
    return ServingPod(at, PodLayer(spec, container), resources, shared_given=spec.get("hostIPC") is True)


def merged_requests(base: JsonValue, over: JsonValue) -> JsonObject:
    """Merge `resources` side by side, name by name: how KServe lays a model's over its runtime's."""
    below, above = mapping(base), mapping(over)
    return {side: {**mapping(below.get(side)), **mapping(above.get(side))} for side in ("requests", "limits")}
