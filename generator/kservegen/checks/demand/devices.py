"""A group of pods and an environment's accelerators in; which accelerator the pods take, and how many each, out."""

from __future__ import annotations

from typing import Final

from kservegen.checks.demand.groups import PodGroup
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject

# What vendors' device plugins call their devices; an environment's own resource names are known beside these.
_VENDORS: Final = (
    "nvidia.com/",
    "amd.com/",
    "intel.com/",
    "gpu.intel.com/",
    "habana.ai/",
    "google.com/tpu",
    "aws.amazon.com/neuron",
)


def devices(group: PodGroup, accelerators: JsonObject) -> dict[str, int]:
    """Return how many devices one pod takes, by resource name."""
    own = {text(mapping(facts).get("resource")) for facts in accelerators.values()}
    return {
        name: int(amount)
        for name, amount in group.requests.items()
        if amount >= 1 and (name in own or name.startswith(_VENDORS))
    }


def possible_types(group: PodGroup, resource: str, accelerators: JsonObject) -> tuple[str, ...]:
    """Name the accelerators that a device of the pod can be: the ones whose node labels it selects, else any.

    Where several fit, those that ask for the most labels stand for the node that was meant.
    """
    selector = mapping(group.pod.get("nodeSelector"))
    fitting: dict[str, int] = {}
    of_resource: list[str] = []
    for name, facts in accelerators.items():
        if text(mapping(facts).get("resource")) != resource:
            continue
        of_resource.append(name)
        labels = mapping(mapping(facts).get("nodeSelector"))
        if labels and all(selector.get(key) == value for key, value in labels.items()):
            fitting[name] = len(labels)
    if not fitting:
        return tuple(of_resource)
    most = max(fitting.values())
    return tuple(name for name, labels in fitting.items() if labels == most)
