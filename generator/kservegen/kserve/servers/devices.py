"""Which device an image is built for, and whose devices a container asks for.

Source: the build matrices of vLLM, llm-d, Red Hat and KServe; what vendors' device plugins call their devices.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
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


class ImageBuild(NamedTuple):
    """The device that an image is built for; `is_bound` says that its server does not start without one."""

    maker: DeviceMaker
    is_bound: bool


class Devices(NamedTuple):
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
    (re.compile(r"(?:^|/)vllm-openai(?:-(cpu|rocm|xpu))?:"), DeviceMaker.NVIDIA),
    (re.compile(r"(?:^|/)vllm-(tpu|cpu|gaudi|neuron)(?:-release-repo)?:"), DeviceMaker.NVIDIA),
    (re.compile(r"(?:^|/)llm-d-(cuda|rocm|xpu|cpu|hpu|aws|gke)(?:-debug)?:"), DeviceMaker.NVIDIA),
    (re.compile(r"(?:^|/)vllm-(cuda|rocm|cpu|spyre|tpu|neuron)-rhel9:"), DeviceMaker.NVIDIA),
    (re.compile(r"(?:^|/)modh/vllm:rhoai-[\d.]+-(cuda|rocm|gaudi|cpu|spyre)"), DeviceMaker.NVIDIA),
)
# Servers that go on without a GPU, or never use one.
_OTHERS: Final = (
    (re.compile(r"(?:^|/)kserve/huggingfaceserver:(?:[\w.-]*-(gpu))?(?![\w.-]*-gpu)"), DeviceMaker.CPU),
    (re.compile(r"(?:^|/)kserve/(?:sklearn|xgb|lgb|pmml|predictive)server:"), DeviceMaker.CPU),
    (re.compile(r"(?:^|/)seldonio/mlserver:"), DeviceMaker.CPU),
    (re.compile(r"(?:^|/)pytorch/torchserve(?:-kfs)?:(?:[\w.-]*-(gpu))?(?![\w.-]*-gpu)"), DeviceMaker.CPU),
    (re.compile(r"(?:^|/)tensorflow/serving:(?:[\w.-]*-(gpu))?(?![\w.-]*-gpu)"), DeviceMaker.CPU),
)
_MAKERS: Final = (
    ("nvidia.com/gpu", DeviceMaker.NVIDIA),
    ("nvidia.com/mig-", DeviceMaker.NVIDIA),
    ("amd.com/gpu", DeviceMaker.AMD),
    ("habana.ai/gaudi", DeviceMaker.GAUDI),
    ("gpu.intel.com/", DeviceMaker.INTEL),
    ("intel.com/gpu", DeviceMaker.INTEL),
    ("google.com/tpu", DeviceMaker.TPU),
    ("aws.amazon.com/neuron", DeviceMaker.NEURON),
    ("ibm.com/spyre", DeviceMaker.SPYRE),
)


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
            maker = next((maker for start, maker in _MAKERS if name.startswith(start)), None)
            count = integer(amount) or whole_number(text(amount)) or 0
            if maker is not None and count > 0:
                found.setdefault(name, Devices(side, name, maker, count))
    return list(found.values())


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
