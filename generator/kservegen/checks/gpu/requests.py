"""Which containers ask for a GPU: cheap to ask of every object, and light to import."""

from __future__ import annotations

from typing import Final

from kservegen.core.document import integer, mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.core.values import whole_number
from kservegen.kserve.workloads import ContainerAt, PodSpecAt, containers_in, pod_specs

DEVICE_KINDS: Final = frozenset({"InferenceService", "LLMInferenceService"})
_SERVING_ROLES: Final = frozenset({"predictor", "main", "worker", "prefill", "prefill-worker"})
_GPUS: Final = ("nvidia.com/gpu", "nvidia.com/mig-", "amd.com/gpu")


def serving(resource: Resource) -> list[tuple[PodSpecAt, ContainerAt]]:
    """List the containers that serve models."""
    if resource.id.kind not in DEVICE_KINDS:
        return []
    pods = (pod for pod in pod_specs(resource) if pod.role in _SERVING_ROLES)
    return [(pod, at) for pod in pods for at in containers_in((pod,)) if at.serving]


def asking(resource: Resource) -> list[tuple[PodSpecAt, ContainerAt, str, int]]:
    """List the serving containers that ask for GPUs, with the name of the resource and how many."""
    return [(pod, at, *device) for pod, at in serving(resource) if (device := device_of(at.container)) is not None]


def device_of(container: JsonObject) -> tuple[str, int] | None:
    """Return the name of the GPUs that a container asks for, and how many."""
    resources = mapping(container.get("resources"))
    for side in ("limits", "requests"):
        for name, amount in mapping(resources.get(side)).items():
            if name.startswith(_GPUS):
                number = whole_number(text(amount) or str(integer(amount)))
                return (name, number) if number else None
    return None
