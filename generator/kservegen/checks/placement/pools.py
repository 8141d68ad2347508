"""The `nodePools` of an environment in; what one node of each offers, and how many there are, out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Final

from msgspec import Struct

from kservegen.checks.demand.requests import amounts
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue

HOSTNAME: Final = "kubernetes.io/hostname"
PODS: Final = "pods"
# The kubelet's own default of maxPods.
_MOST_PODS: Final = 110
# Every node has these; a pool that does not state them is no pool without them.
_ALWAYS_THERE: Final = ("cpu", "memory", "ephemeral-storage")
ACCELERATORS_KEY: Final = "accelerators"

# Amounts as the scheduler counts them: thousandths of a core, bytes, whole devices.
PoolAmounts = Mapping[str, int]


class Taint(Struct, frozen=True):
    """A taint that keeps pods away, unless they tolerate it."""

    key: str
    value: str
    effect: str

    def __str__(self) -> str:
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


class Pool(Struct, frozen=True, kw_only=True):
    """Nodes that are all alike. `room` is what one offers to pods beside its DaemonSets'.

    `unstated` are resources that it has, nobody said how much of; `most` is None where the pool grows without end.
    `supposed` tells that the taints are read off the tolerations of the pool's accelerator.
    """

    name: str
    accelerator: str
    device: str
    room: PoolAmounts
    unstated: frozenset[str]
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    supposed: bool
    least: int
    most: int | None

    @property
    def is_elastic(self) -> bool:
        """Whether nodes come and go."""
        return self.most is None or self.least < self.most

    def offers(self, resource: str) -> int | None:
        """Return how much of a resource a node offers; None for no known end."""
        return None if resource in self.unstated else self.room.get(resource, 0)

    def has_room(self, need: PoolAmounts) -> bool:
        """Whether an empty node holds so much of each resource."""
        room, unstated = self.room, self.unstated
        return all(amount <= room.get(name, 0) or name in unstated for name, amount in need.items())


def pool_devices(pools: Iterable[Pool]) -> frozenset[str]:
    """Return the names of all devices that nodes of the pools offer."""
    return frozenset(name for pool in pools for name in (pool.device, *pool.room) if "/" in name)


def counted_accelerators(requests: Mapping[str, Fraction]) -> dict[str, int]:
    """Write amounts as the scheduler counts them: rounded up to a thousandth of a core, a byte, a device."""
    return {
        name: -(-amount.numerator * (1000 if name == "cpu" else 1) // amount.denominator)
        for name, amount in requests.items()
        if amount
    }


def read_pools(words: JsonObject, accelerators: JsonObject) -> tuple[Pool, ...]:
    """Read the node pools of an environment, in the order in which they are written."""
    return tuple(_read(name, value, accelerators) for name, value in words.items() if isinstance(value, dict))


def _read(name: str, words: JsonObject, accelerators: JsonObject) -> Pool:
    accelerator = text(words.get("accelerator"))
    facts = mapping(accelerators.get(accelerator))
    device = text(facts.get("resource"))
    room = counted_accelerators(amounts(words.get("allocatable")))
    devices = room.pop(ACCELERATORS_KEY, None)
    unstated = {resource for resource in _ALWAYS_THERE if resource not in room}
    if device and devices is not None:
        room[device] = devices
    elif device and device not in room:
        unstated.add(device)
    room.setdefault(PODS, _MOST_PODS)
    for resource, taken in counted_accelerators(amounts(words.get("daemonSets"))).items():
        room[resource] = max(room.get(resource, 0) - taken, 0)
    said = words.get("taints")
    nodes = mapping(words.get("nodes"))
    most = integer(nodes.get("max"))
    return Pool(
        name=name,
        accelerator=accelerator,
        device=device,
        room=room,
        unstated=frozenset(unstated),
        labels={**_texts(facts.get("nodeSelector")), **_texts(words.get("nodeSelector"))},
        taints=tuple(_taints(said) if said is not None else _supposed(facts.get("tolerations"))),
        supposed=said is None,
        least=max(integer(nodes.get("min")) or 0, 0),  # fewer nodes than none are none, as in budgets
        most=None if most is None else max(most, 0),
    )


def _texts(value: JsonValue) -> dict[str, str]:
    return {key: item for key, item in mapping(value).items() if isinstance(item, str)}


def _taints(listed: JsonValue) -> Iterator[Taint]:
    for item in sequence(listed):
        said = mapping(item)
        effect = text(said.get("effect"))
        if effect in {"NoSchedule", "NoExecute"}:
            yield Taint(text(said.get("key")), text(said.get("value")), effect)


def _supposed(tolerations: JsonValue) -> Iterator[Taint]:
    """Read the taints of nodes off the tolerations that an accelerator gives to its pods: that is what they are for."""
    for item in sequence(tolerations):
        said = mapping(item)
        if text(said.get("key")) and text(said.get("effect")) in {"", "NoSchedule", "NoExecute"}:
            yield Taint(text(said.get("key")), text(said.get("value")), text(said.get("effect")) or "NoSchedule")
