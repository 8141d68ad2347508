"""Which device an image is built for, whose devices a container asks for, and what classes of devices hold.

Source: the build matrices of vLLM, llm-d, Red Hat and KServe; what vendors' device plugins call their devices, and the
classes that their DRA drivers install (kubernetes-sigs/dra-driver-nvidia-gpu, ROCm/k8s-gpu-dra-driver,
intel/intel-resource-drivers-for-kubernetes, AWS Neuron's and Google's).
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.patterns import lazy_pattern
from kservegen.core.values import whole_number


class DeviceMaker(StrEnum):
    """Whose devices an image computes on."""

    CPU = "CPU"
    NVIDIA = "NVIDIA"
    AMD = "AMD"
    GAUDI = "Gaudi"
    INTEL = "Intel"
    TPU = "TPU"
    NEURON = "Neuron"
    SPYRE = "Spyre"


class ImageBuild(Struct, frozen=True):
    """The device that an image is built for; `is_bound` says that its server does not start without one."""

    maker: DeviceMaker
    is_bound: bool


class Devices(Struct, frozen=True):
    """What a container asks for: the side and name of a resource, its maker and how many."""

    side: str
    resource: str
    maker: DeviceMaker
    number: int


_WORDS: Final = {
    "cpu": DeviceMaker.CPU,
    "cuda": DeviceMaker.NVIDIA,
    "gpu": DeviceMaker.NVIDIA,
    "aws": DeviceMaker.NVIDIA,
    "gke": DeviceMaker.NVIDIA,
    "rocm": DeviceMaker.AMD,
    "hpu": DeviceMaker.GAUDI,
    "gaudi": DeviceMaker.GAUDI,
    "xpu": DeviceMaker.INTEL,
    "tpu": DeviceMaker.TPU,
    "neuron": DeviceMaker.NEURON,
    "spyre": DeviceMaker.SPYRE,
}
# Names of images, whatever registry they come from: the group names the device, and without one it is the default.
_VLLM: Final = (
    (lazy_pattern(r"(?:^|/)vllm-openai(?:-(cpu|rocm|xpu))?:"), DeviceMaker.NVIDIA),
    (lazy_pattern(r"(?:^|/)vllm-(tpu|cpu|gaudi|neuron)(?:-release-repo)?:"), DeviceMaker.NVIDIA),
    (lazy_pattern(r"(?:^|/)llm-d-(cuda|rocm|xpu|cpu|hpu|aws|gke)(?:-debug)?:"), DeviceMaker.NVIDIA),
    (lazy_pattern(r"(?:^|/)vllm-(cuda|rocm|cpu|spyre|tpu|neuron)-rhel9:"), DeviceMaker.NVIDIA),
    (lazy_pattern(r"(?:^|/)modh/vllm:rhoai-[\d.]+-(cuda|rocm|gaudi|cpu|spyre)"), DeviceMaker.NVIDIA),
)
# Servers that go on without a GPU, or never use one.
_OTHERS: Final = (
    (lazy_pattern(r"(?:^|/)kserve/huggingfaceserver:(?:[\w.-]*-(gpu))?(?![\w.-]*-gpu)"), DeviceMaker.CPU),
    (lazy_pattern(r"(?:^|/)kserve/(?:sklearn|xgb|lgb|pmml|predictive)server:"), DeviceMaker.CPU),
    (lazy_pattern(r"(?:^|/)seldonio/mlserver:"), DeviceMaker.CPU),
    (lazy_pattern(r"(?:^|/)pytorch/torchserve(?:-kfs)?:(?:[\w.-]*-(gpu))?(?![\w.-]*-gpu)"), DeviceMaker.CPU),
    (lazy_pattern(r"(?:^|/)tensorflow/serving:(?:[\w.-]*-(gpu))?(?![\w.-]*-gpu)"), DeviceMaker.CPU),
)
# Whole names: beside its devices a vendor counts much else that is none (nvidia.com/gpumem of HAMi, in MiB;
# gpu.intel.com/millicores; nvidia.com/hostdev, a network card).
_MAKERS: Final = (
    (lazy_pattern(r"nvidia\.com/(?:gpu|mig-[^/]+?)(?:\.shared)?"), DeviceMaker.NVIDIA),
    (lazy_pattern(r"amd\.com/(?:gpu|[sdqc]px_nps[0-9])"), DeviceMaker.AMD),
    (lazy_pattern(r"habana\.ai/gaudi[0-9]?"), DeviceMaker.GAUDI),
    (lazy_pattern(r"gpu\.intel\.com/(?:i915|xe)|intel\.com/gpu"), DeviceMaker.INTEL),
    (lazy_pattern(r"google\.com/tpu"), DeviceMaker.TPU),
    (lazy_pattern(r"aws\.amazon\.com/neuron(?:core|device)?"), DeviceMaker.NEURON),
    (lazy_pattern(r"ibm\.com/spyre(?:_[a-z]+)*"), DeviceMaker.SPYRE),
)
# Classes that vendors' DRA drivers install -> the device, and what their device plugins call the same device.
_CLASSES: Final = {
    "gpu.nvidia.com": (DeviceMaker.NVIDIA, ("nvidia.com/gpu",)),
    "mig.nvidia.com": (DeviceMaker.NVIDIA, ("nvidia.com/mig-*",)),
    "gpu.amd.com": (DeviceMaker.AMD, ("amd.com/gpu",)),
    "gaudi.intel.com": (DeviceMaker.GAUDI, ("habana.ai/gaudi",)),
    "gpu.intel.com": (DeviceMaker.INTEL, ("gpu.intel.com/xe", "gpu.intel.com/i915")),
    "tpu.google.com": (DeviceMaker.TPU, ("google.com/tpu",)),
    "neuron.aws.com": (DeviceMaker.NEURON, ("aws.amazon.com/neuron", "aws.amazon.com/neurondevice")),
}
# Words in names of classes whose devices compute nothing: network cards, cores and memory, channels between GPUs.
_BESIDE: Final = lazy_pattern(
    r"rdma|sriov|dranet|dra\.(?:net|cpu|memory)|(?:^|[.-])(?:efa|nic|net|roce|ib)(?:[.-]|$)|infiniband|network"
    r"|compute-domain|imex"
)
# What Kubernetes calls a class where it is asked for as an extended resource (k8s.io/api/resource/v1, types.go).
CLASS_PREFIX: Final = "deviceclass.resource.kubernetes.io/"


class ClassDevices(Struct, frozen=True):
    """The devices of a class: their maker, None where the name tells none, and their names as extended resources.

    A name that ends in `*` stands for all that begin so.
    """

    maker: DeviceMaker | None
    resources: tuple[str, ...]


@lru_cache(maxsize=256)
def maker_of(resource: str) -> DeviceMaker | None:
    """Return whose devices an extended resource counts; None for what counts no known device."""
    if resource.startswith(CLASS_PREFIX):
        found = class_devices(resource.removeprefix(CLASS_PREFIX))
        return found.maker if found is not None else None
    return next((maker for pattern, maker in _MAKERS if pattern.fullmatch(resource)), None)


@lru_cache(maxsize=256)
def class_devices(name: str) -> ClassDevices | None:
    """Return what is in a DeviceClass, by its name; None where the name is that of something else than accelerators."""
    known = _CLASSES.get(name)
    if known is not None:
        return ClassDevices(*known)
    return None if _BESIDE.search(name) else ClassDevices(None, ())


def driver_class(expression: str) -> str:
    """Return the class whose driver a CEL selector of another class names (`device.driver == "gpu.nvidia.com"`)."""
    return next((name for name in _CLASSES if f'"{name}"' in expression or f"'{name}'" in expression), "")


@lru_cache(maxsize=256)
def image_build(image: str) -> ImageBuild | None:
    """Return what an image is built for; None for images that nobody knows."""
    tagged = image.partition("@")[0]
    for patterns, is_bound in ((_VLLM, True), (_OTHERS, False)):
        for pattern, default in patterns:
            match = pattern.search(tagged)
            if match is not None:
                maker = _WORDS[match[1]] if match.re.groups and match[1] else default
                return ImageBuild(maker, is_bound)
    return None


def devices_of(container: JsonObject) -> list[Devices]:
    """List the devices that a container asks for; a device in both sides stands once."""
    resources = mapping(container.get("resources"))
    found: dict[str, Devices] = {}
    for side in ("limits", "requests"):
        for name, amount in mapping(resources.get(side)).items():
            maker = maker_of(name)
            if maker is not None and (count := integer(amount) or whole_number(text(amount)) or 0) > 0:
                found.setdefault(name, Devices(side, name, maker, count))
    return list(found.values())


# Variables that narrow down what a process sees of its devices.
_NARROWING: Final = {
    "CUDA_VISIBLE_DEVICES": frozenset({DeviceMaker.NVIDIA}),
    "HIP_VISIBLE_DEVICES": frozenset({DeviceMaker.AMD}),
    "ROCR_VISIBLE_DEVICES": frozenset({DeviceMaker.AMD}),
}


def visible_devices(devices: Devices, variable: str, said: str) -> int | None:
    """Return how many of its devices a variable leaves a process; None where it is about others, or names them by id.

    What stands behind an index that there is none of is not seen, and of a list that holds one twice nothing is.
    """
    if devices.maker not in _NARROWING.get(variable, ()) or "$(" in said:
        return None
    listed = [part.strip() for part in said.split(",")]
    if any(part and whole_number(part.removeprefix("-")) is None for part in listed):
        return None
    seen: list[int] = []
    for part in listed:
        index = whole_number(part)
        if index is None or index >= devices.number:
            break
        seen.append(index)
    return len(seen) if len(set(seen)) == len(seen) else 0


def may_have_unstated_devices(pod_spec: JsonObject, container: JsonObject) -> bool:
    """Whether devices may reach a container that it does not ask for by a known name.

    They come by claims, by names of other plugins, or by the runtime of the node to whoever says so in the environment.
    """
    resources = mapping(container.get("resources"))
    if resources.get("claims") or pod_spec.get("resourceClaims") or "runtimeClassName" in pod_spec:
        return True
    names = {name for side in ("limits", "requests") for name in mapping(resources.get(side))}
    env = {mapping(item).get("name") for item in sequence(container.get("env"))}
    return any("/" in name for name in names) or "NVIDIA_VISIBLE_DEVICES" in env
