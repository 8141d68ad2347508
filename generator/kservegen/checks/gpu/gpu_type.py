"""Which GPU a pod lands on: an environment's accelerators and the pod's node labels in, a GPU of known memory out.

An accelerator names a GPU of the table, or says itself what the table does not hold: `memory` as the driver reports
it, and `computeCapability`. What the environment says stands over the table.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kservegen.checks.gpu.fact_store import FactStore
from kservegen.checks.gpu.model import Gpu
from kservegen.core.document import integer, mapping, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.core.quantity import parse_quantity

_PRODUCT: Final = "nvidia.com/gpu.product"
_CAPABILITY: Final = lazy_pattern(r"([0-9]{1,3})(?:\.([0-9]))?")
_MIG: Final = "nvidia.com/mig-"


def gpu_of(selector: JsonObject, resource: str, accelerators: JsonObject, facts: FactStore) -> Gpu | None:
    """Return the GPU that a pod lands on: by the environment's accelerators, else by its node labels."""
    found = _chosen(selector, resource, accelerators)
    gpus = {_gpu(name, mapping(accelerators[name]), facts) for name in found}
    if len(gpus) == 1 and None not in gpus:
        return gpus.pop()
    return _in_table(_by_label(selector, facts), resource, facts)


def offered(accelerators: JsonObject, facts: FactStore) -> tuple[Gpu, ...]:
    """Return GPUs to offer instead of one that is too small: the environment's own first, then the table's."""
    cards = (_gpu(name, mapping(item), facts) for name, item in accelerators.items())
    own = {gpu for gpu in cards if gpu is not None and not gpu.maker}
    rest = (gpu for gpu in facts.offered if gpu not in own)
    return (*sorted(own, key=lambda gpu: (gpu.memory, gpu.name)), *rest)


def _chosen(selector: JsonObject, resource: str, accelerators: JsonObject) -> list[str]:
    """Name the accelerators whose labels the pod selects; all of the resource where there are none."""
    of_resource = [name for name, item in accelerators.items() if mapping(item).get("resource") == resource]
    selected = [
        name
        for name in of_resource
        if (labels := mapping(mapping(accelerators[name]).get("nodeSelector")))
        and all(selector.get(key) == value for key, value in labels.items())
    ]
    return selected or of_resource


def _gpu(name: str, accelerator: JsonObject, facts: FactStore) -> Gpu | None:
    """Return an accelerator's GPU: what it says of its memory itself, else what the table holds of its name."""
    model, resource = text(accelerator.get("gpu")), text(accelerator.get("resource"))
    known = _in_table(model, resource, facts)
    shared = mapping(accelerator.get("share"))
    if not shared and is_part_of_card(resource, mapping(accelerator.get("nodeSelector"))):
        return None  # nobody says how much of the card a pod may use: the whole of it is never taken for granted
    memory = parse_quantity(text(accelerator.get("memory")))
    if memory is None:
        return _part_of(known, shared) if known is not None else None
    said = _capability(accelerator.get("computeCapability"))
    capability = said if said is not None else known.capability if known else 0
    own_name = known.name if known else model or name
    whole = Gpu(name=own_name, memory=int(memory.value), capability=capability, from_environment=True)
    return _part_of(whole, shared)


def _part_of(whole: Gpu, shared: JsonObject) -> Gpu:
    """Return a card with what one pod may use of it: the driver reports the whole, and others hold the rest."""
    if not shared:
        return whole
    said = parse_quantity(text(shared.get("memory")))
    neighbours = max(integer(shared.get("neighbours")) or 0, 0)  # fewer than none is an error of its own
    equal = whole.memory // (neighbours + 1)
    share = max(int(said.value) if said is not None else equal, 1)  # none of it is not all of it
    return replace(whole, share=share if share < whole.memory else 0)


def is_part_of_card(resource: str, selector: JsonObject) -> bool:
    """Tell whether the device plugin shares its GPUs: it says so in the resource's name, or in the node's label."""
    return resource.endswith(".shared") or text(selector.get(_PRODUCT)).endswith("-SHARED")


def _capability(said: JsonValue) -> int | None:
    """Read `8.9` as 89; None where nothing is said, or nothing that is a capability."""
    found = _CAPABILITY.fullmatch(str(said)) if isinstance(said, (str, float, int)) else None
    return int(found[1]) * 10 + int(found[2] or 0) if found else None


def mig_profile(resource: str) -> str:
    """Return the MIG profile in the name of a resource, as nvidia-smi writes it; blank for another resource.

    The device plugin writes `.me` for `+me` and `.me.all` for `+me.all`: a name of Kubernetes holds no plus.
    """
    if not resource.startswith(_MIG):
        return ""
    profile = resource.removeprefix(_MIG).removesuffix(".shared")
    for ending in (".me.all", ".me", ".gfx"):
        if profile.endswith(ending):
            return f"{profile.removesuffix(ending)}+{ending[1:]}"
    return profile


def _in_table(name: str, resource: str, facts: FactStore) -> Gpu | None:
    if name and resource.startswith(_MIG):
        name = f"{name.partition('/')[0]}/{mig_profile(resource)}"
    return facts.gpu(name) if name else None


def _by_label(selector: JsonObject, facts: FactStore) -> str:
    product = text(selector.get(_PRODUCT))
    if not product or product.endswith("-SHARED"):
        return ""
    name, mig, profile = product.partition("-MIG-")
    found = facts.product(name)
    return f"{found}/{profile}" if found and mig else found
