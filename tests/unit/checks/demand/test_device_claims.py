"""Devices that pods claim (DRA): how many, which, and what nobody knows of; in every version of the API."""

from __future__ import annotations

import pytest
import yaml

from kservegen.checks.demand.claims import ClaimedDevices, FindObject, pod_claims
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.servers.devices import DeviceMaker, maker_of

GPU, CLASS = "nvidia.com/gpu", "deviceclass.resource.kubernetes.io/"
NVIDIA = (GPU, f"{CLASS}gpu.nvidia.com")
OWN_CLASS = "DeviceClass/h100: {spec: {selectors: [{cel: {expression: 'device.driver == \"gpu.nvidia.com\"'}}]}}"
NAMED_CLASS = "DeviceClass/fast: {spec: {extendedResourceName: example.com/fast}}"
SLICE = """'device.attributes["gpu.nvidia.com"].profile == "1g.10gb"'"""
ALL = "ResourceClaimTemplate/t: it takes all devices of a node (allocationMode: All); one was counted"
UNKNOWN = "ResourceClaimTemplate/t: nothing is known of DeviceClass %s; its devices were counted as accelerators"


def claimed(number: int, *names: str, doubt: str = "") -> ClaimedDevices:
    return ClaimedDevices(names, number, "", doubt)


# The request of a template, what stands beside it, and the devices.
REQUESTS: dict[str, tuple[str, str, list[ClaimedDevices]]] = {
    "v1, one": ("{name: a, exactly: {deviceClassName: gpu.nvidia.com}}", "", [claimed(1, *NVIDIA)]),
    "v1, a number": ("{name: a, exactly: {deviceClassName: gpu.nvidia.com, count: 4}}", "", [claimed(4, *NVIDIA)]),
    "v1beta1": (
        "{name: a, deviceClassName: gpu.nvidia.com, allocationMode: ExactCount, count: 2}", "", [claimed(2, *NVIDIA)]
    ),
    "all of a node": (
        "{name: a, exactly: {deviceClassName: tpu.google.com, allocationMode: All}}", "",
        [claimed(1, "google.com/tpu", f"{CLASS}tpu.google.com", doubt=ALL)],
    ),
    "the first that is there": (
        "{firstAvailable: [{deviceClassName: gpu.nvidia.com}, {deviceClassName: gpu.amd.com, count: 2}]}", "",
        [claimed(2, *NVIDIA, "amd.com/gpu", f"{CLASS}gpu.amd.com")],
    ),
    "a look at those of others": ("{name: a, exactly: {deviceClassName: gpu.nvidia.com, adminAccess: true}}", "", []),
    "a network card": ("{name: a, exactly: {deviceClassName: rdma-dranet-pf}}", "", []),
    "a channel between GPUs": (
        "{name: a, exactly: {deviceClassName: compute-domain-default-channel.nvidia.com}}", "", []
    ),
    "a slice by its profile": (
        f"{{name: a, exactly: {{deviceClassName: mig.nvidia.com, selectors: [{{cel: {{expression: {SLICE}}}}}]}}}}", "",
        [claimed(1, "nvidia.com/mig-1g.10gb", f"{CLASS}mig.nvidia.com")],
    ),
    "any slice": (
        "{name: a, exactly: {deviceClassName: mig.nvidia.com}}", "",
        [claimed(1, "nvidia.com/mig-*", f"{CLASS}mig.nvidia.com")],
    ),
    "a class of one's own that says whose": (
        "{name: a, exactly: {deviceClassName: h100}}", OWN_CLASS, [claimed(1, GPU, f"{CLASS}h100")]
    ),
    "a class with a name as a resource": (
        "{name: a, exactly: {deviceClassName: fast}}", NAMED_CLASS,
        [claimed(1, "example.com/fast", f"{CLASS}fast", doubt=UNKNOWN % "fast")],
    ),
    "a class that is nowhere": (
        "{name: a, exactly: {deviceClassName: h100}}", "", [claimed(1, f"{CLASS}h100", doubt=UNKNOWN % "h100")]
    ),
    "no class": ("{name: a}", "", []),
    "no request": ("7", "", []),
}  # fmt: skip


def finder(objects: JsonObject) -> FindObject:
    def find(kind: str, namespace: str, name: str) -> JsonObject | None:
        assert namespace == ("" if kind == "DeviceClass" else "ns")
        found = objects.get(f"{kind}/{name}")
        return found if isinstance(found, dict) else None

    return find


@pytest.mark.parametrize("case", REQUESTS)
def test_a_request_of_a_template(case: str) -> None:
    request, beside, expected = REQUESTS[case]
    objects = yaml.safe_load(
        f"ResourceClaimTemplate/t: {{spec: {{spec: {{devices: {{requests: [{request}]}}}}}}}}\n{beside}"
    )
    pod = yaml.safe_load("resourceClaims: [{name: a, resourceClaimTemplateName: t}]")
    assert [*pod_claims(pod, "ns", finder(objects)).devices] == expected


def test_a_claim_by_name_is_shared() -> None:
    request = "{name: card, exactly: {deviceClassName: gpu.nvidia.com}}"
    objects = yaml.safe_load(f"ResourceClaim/c: {{spec: {{devices: {{requests: [{request}]}}}}}}")
    pod = yaml.safe_load("resourceClaims: [{name: a, resourceClaimName: c}]")
    assert [*pod_claims(pod, "ns", finder(objects)).devices] == [ClaimedDevices(NVIDIA, 1, "ns/c/card")]


def test_a_claim_that_is_nowhere_is_named() -> None:
    pod = yaml.safe_load("resourceClaims: [{name: a, resourceClaimName: c}, {name: b, resourceClaimTemplateName: t}]")
    assert pod_claims(pod, "ns", finder({})) == (
        (),
        ("ResourceClaim/c is not among the files", "ResourceClaimTemplate/t is not among the files"),
    )


@pytest.mark.parametrize(
    ("resource", "maker"),
    [
        ("nvidia.com/gpu", DeviceMaker.NVIDIA),
        ("nvidia.com/gpu.shared", DeviceMaker.NVIDIA),
        ("nvidia.com/mig-1g.10gb", DeviceMaker.NVIDIA),
        ("nvidia.com/mig-1g.10gb.me", DeviceMaker.NVIDIA),
        ("amd.com/gpu", DeviceMaker.AMD),
        ("amd.com/cpx_nps4", DeviceMaker.AMD),
        ("habana.ai/gaudi", DeviceMaker.GAUDI),
        ("gpu.intel.com/i915", DeviceMaker.INTEL),
        ("gpu.intel.com/xe", DeviceMaker.INTEL),
        ("google.com/tpu", DeviceMaker.TPU),
        ("aws.amazon.com/neuron", DeviceMaker.NEURON),
        ("aws.amazon.com/neuroncore", DeviceMaker.NEURON),
        ("aws.amazon.com/neurondevice", DeviceMaker.NEURON),
        ("deviceclass.resource.kubernetes.io/gpu.nvidia.com", DeviceMaker.NVIDIA),
        # what vendors count beside their devices
        ("nvidia.com/gpumem", None),
        ("nvidia.com/gpucores", None),
        ("nvidia.com/hostdev", None),
        ("gpu.intel.com/millicores", None),
        ("gpu.intel.com/i915_monitoring", None),
        ("intel.com/sgx_epc", None),
        ("rdma/hca", None),
        ("deviceclass.resource.kubernetes.io/dranet-ib", None),
        ("cpu", None),
    ],
)
def test_whose_devices_a_resource_counts(resource: str, maker: DeviceMaker | None) -> None:
    assert maker_of(resource) is maker
