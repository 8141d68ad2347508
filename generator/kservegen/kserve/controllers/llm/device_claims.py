"""Devices that are claimed by annotation: the service in; a ResourceClaimTemplate, and pods that use it, out.

Source: managed_dra.go at v0.20.0.
"""

from __future__ import annotations

from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Origin
from kservegen.core.values import whole_number
from kservegen.kserve.controllers.llm.pods import LlmPod
from kservegen.kserve.controllers.llm.service import LlmService
from kservegen.kserve.controllers.made import DERIVED, STORED, MadeObject

_PREFIX: Final = "serving.kserve.io/exp-dra-"
_CLASS: Final = f"{_PREFIX}device-class"
_CLAIM: Final = "managed-device"
_KIND: Final = ("resource.k8s.io/v1", "ResourceClaimTemplate")
_ENDING: Final = "-managed-dra"


class DeviceClaimError(Exception):
    """A container is to get a device that is not there."""


def claims_devices(service: LlmService) -> bool:
    """Whether the service asks for devices, and the release knows how."""
    return service.plane.release.capabilities.dra_annotations and bool(service.annotations.get(_CLASS))


def make_claim_template(service: LlmService) -> MadeObject:
    """Make the template that every pod's claim is made from."""
    annotations = service.annotations
    count = whole_number(annotations.get(f"{_PREFIX}device-count", "1"))
    exactly: JsonObject = {
        "deviceClassName": annotations[_CLASS],
        "count": 1 if count is None else count,
        "allocationMode": "ExactCount",
    }
    lines = [line.strip() for line in annotations.get(f"{_PREFIX}cel-selector", "").splitlines()]
    if expressions := [line for line in lines if line]:
        exactly["selectors"] = [{"cel": {"expression": expression}} for expression in expressions]
    spec: JsonObject = {"spec": {"devices": {"requests": [{"name": "device", "exactly": exactly}]}}}
    origins = (Origin(("spec",), (STORED, "metadata", "annotations", _CLASS, DERIVED)),)
    return service.make(_KIND, service.child(_ENDING), "", {"spec": spec}, origins=origins, labels={})


def claim_devices(pod: LlmPod, service: LlmService) -> None:
    """Give a pod its claim, and the named container, or the first one, the device; DeviceClaimError without one."""
    if not claims_devices(service):
        return
    named = service.annotations.get(f"{_PREFIX}container-name", "")
    containers = sequence(pod.spec.get("containers"))
    name = named or text(mapping(containers[0]).get("name") if containers else None)
    container = pod.container(name)
    if container is None:
        raise DeviceClaimError(f"container {name!r} is not found for the managed device claim")
    source = (STORED, "metadata", "annotations", _CLASS, DERIVED)
    pod.add("resourceClaims", {"name": _CLAIM, "resourceClaimTemplateName": service.child(_ENDING)}, source)
    resources = pod.map(container, "resources")
    pod.items(resources, "claims").append({"name": _CLAIM})
