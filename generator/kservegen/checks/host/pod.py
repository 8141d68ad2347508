"""One serving container with the pod around it, as KServe makes them; limits, mounts and volumes out, with paths."""

from __future__ import annotations

from fractions import Fraction
from typing import Final, Literal, NamedTuple

from kservegen.checks.demand.requests import amounts
from kservegen.checks.gpu.requests import ServedContainer
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.kserve.controllers.made import named
from kservegen.kserve.servers.devices import CLASS_PREFIX

_SHARED: Final = "/dev/shm"  # noqa: S108 - the path inside a pod
_DEVICES_BESIDE: Final = frozenset({"cpu", "memory", "ephemeral-storage", "storage"})
PodSide = Literal["requests", "limits"]


class ServingPod(NamedTuple):
    """A serving container, looked at from its node."""

    at: ServedContainer

    @property
    def _resources(self) -> JsonObject:
        return mapping(self.at.container.get("resources"))

    def amount(self, side: PodSide, name: str) -> Fraction | None:
        """Return a limit or a request of the serving container."""
        return amounts(mapping(self._resources.get(side))).get(name)

    def where(self, side: PodSide, name: str) -> Path:
        """Return the path of an amount; that of the container where a runtime brings it."""
        return self.at.where("resources", side, name)

    def owner(self, side: PodSide, name: str) -> str:
        """Name who states an amount, as in `ClusterServingRuntime x`; blank where it is the object itself."""
        return self.at.owner("containers", self.at.index, "resources", side, name)

    def variable(self, name: str) -> Path:
        """Return the path of an environment variable; that of the container where it is not the object's own."""
        index = named(sequence(self.at.container.get("env")), name)
        return self.at.path if index is None else self.at.where("env", index)

    @property
    def devices(self) -> bool:
        """Whether the container asks for anything that a device plugin hands out."""
        names = {name for side in ("limits", "requests") for name in mapping(self._resources.get(side))}
        return any(name not in _DEVICES_BESIDE and not name.startswith("hugepages-") for name in names)

    @property
    def claims(self) -> bool:
        """Whether the container uses devices that the pod claims, whatever these are."""
        resources = self._resources
        names = (*mapping(resources.get("limits")), *mapping(resources.get("requests")))
        return bool(resources.get("claims")) or any(name.startswith(CLASS_PREFIX) for name in names)

    @property
    def limited(self) -> Fraction | None:
        """The disk that the pod may use; None where no container is limited.

        The kubelet takes the containers together, or the largest moment of the init containers, whichever is more
        (podEphemeralStorageLimitEviction of pkg/kubelet/eviction, PodLimits of k8s.io/component-helpers).
        """
        running = beside = Fraction(0)
        peak, stated = Fraction(0), False
        for side in ("containers", "initContainers"):
            for item in map(mapping, sequence(self.at.pod.get(side))):
                size = amounts(mapping(item.get("resources")).get("limits")).get("ephemeral-storage")
                stated = stated or size is not None
                own = size or Fraction(0)
                if side == "containers":
                    running += own
                elif item.get("restartPolicy") == "Always":
                    beside += own
                    peak = max(peak, beside)
                else:
                    peak = max(peak, beside + own)
        return max(running + beside, peak) if stated else None

    def shared_size(self) -> tuple[Path, Fraction | None] | None:
        """Return the size of /dev/shm and its path: None where nothing is mounted, a size of None where it is free."""
        for mount in map(mapping, sequence(self.at.container.get("volumeMounts"))):
            if text(mount.get("mountPath")).rstrip("/") == _SHARED:
                return self._volume(text(mount.get("name")))
        return None

    def _volume(self, name: str) -> tuple[Path, Fraction | None]:
        volumes = sequence(self.at.pod.get("volumes"))
        index = named(volumes, name)
        if index is None:
            return self.at.path, None
        size = amounts({"size": mapping(mapping(volumes[index]).get("emptyDir")).get("sizeLimit")}).get("size")
        return self.at.own("volumes", index, "emptyDir", "sizeLimit") or self.at.path, size
