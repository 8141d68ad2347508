"""Sums that settle a question before any pod is placed: a scene and numbers of pods in, a proof out.

Two sums prove that pods are left over however they are arranged: less of a resource is there than is asked for, or
nodes take fewer pods of a size than there are. A third proves that no order leaves any over: what is asked for does not
suffice to close every node that a pod may use.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec import Struct

from kservegen.checks.placement.node_state import PlacementScene
from kservegen.checks.placement.pools import PoolAmounts

_NO_MORE: Final[Mapping[int, int]] = MappingProxyType({})


class Shortage(Struct, frozen=True, kw_only=True):
    """A resource that there is less of than is needed, summed over the pools that would do.

    With `least`, what is needed and there are pods: those that each ask for at least so much of it.
    """

    resource: str
    needed: int
    there: int
    pools: tuple[int, ...]
    least: int = 0


class _Sizes(NamedTuple):
    """Amounts that pods ask for, rising, and how many more pods of each amount or less nodes may take at the most."""

    amounts: Sequence[int]
    spare: Sequence[int]


class Sums:
    """What pods ask for of the pools that may take them, beside what those have."""

    def __init__(self, scene: PlacementScene, counts: Sequence[int]) -> None:
        self._scene = scene
        self._counts = counts
        self._sizes: dict[tuple[frozenset[int], str], _Sizes | None] = {}
        own: dict[frozenset[int], dict[str, int]] = {}
        for claim, count in zip(scene.claims, counts, strict=True):
            total = own.setdefault(claim.maybe, {})
            for name, amount in claim.need.items():
                total[name] = total.get(name, 0) + amount * count
        pools = sorted({*own, frozenset[int]().union(*own)}, key=sorted)
        self._needed = {inside: _added(total for part, total in own.items() if part <= inside) for inside in pools}

    def shortage(self, more: Mapping[int, int] = _NO_MORE) -> Shortage | None:
        """Find a resource that is short for pods without other pools than some, with `more` pods of groups."""
        for inside, needed in self._needed.items():
            extra = self._extra(inside, more) if more else needed
            for name, amount in extra.items():
                there, wanted = self._there(inside, name), needed.get(name, 0) + (amount if more else 0)
                if there is not None and wanted > there:
                    return Shortage(resource=name, needed=wanted, there=there, pools=tuple(sorted(inside)))
        return None

    def crowding(self, more: Mapping[int, int] = _NO_MORE) -> Shortage | None:
        """Find pods of a size that nodes take fewer of than there are; with more pods, each group of them by itself."""
        for inside, needed in self._needed.items():
            if not more:
                for name in needed:
                    sizes = self._sizes_of(inside, name)
                    for amount, spare in zip(*sizes, strict=True) if sizes else ():
                        if spare < 0:
                            return self._crowd(inside, name, amount, 0)
            for index, number in more.items():
                claim = self._scene.claims[index]
                for name, amount in claim.need.items() if claim.maybe <= inside else ():
                    sizes = self._sizes_of(inside, name)
                    at = bisect_right(sizes.amounts, amount) if sizes else 0
                    if sizes and at and sizes.spare[at - 1] < number:
                        least = next(a for a, s in zip(*sizes, strict=True) if s == sizes.spare[at - 1])
                        return self._crowd(inside, name, least, number)
        return None

    def _extra(self, inside: frozenset[int], more: Mapping[int, int]) -> dict[str, int]:
        claims = self._scene.claims
        return _added(
            {name: amount * number for name, amount in claims[index].need.items()}
            for index, number in more.items()
            if claims[index].maybe <= inside
        )

    def _there(self, inside: frozenset[int], resource: str) -> int | None:
        rooms = self._rooms(inside, resource)
        return None if rooms is None else sum(room * size for room, size in rooms)

    def _rooms(self, inside: frozenset[int], resource: str) -> list[tuple[int, int]] | None:
        """List what a node of each pool offers with the number of its nodes; None where one is without known end."""
        offered = [(self._scene.pools[pool].offers(resource), self._scene.sizes[pool]) for pool in sorted(inside)]
        rooms = [(room, size) for room, size in offered if room is not None]
        return rooms if len(rooms) == len(offered) else None

    def _sizes_of(self, inside: frozenset[int], resource: str) -> _Sizes | None:
        key = inside, resource
        if key not in self._sizes:
            rooms = self._rooms(inside, resource)
            wanted = self._by_amount(inside, resource) if rooms else {}
            falling = sorted(wanted, reverse=True)
            above = accumulate(wanted[amount] for amount in falling)
            spare = [
                sum(room // amount * size for room, size in rooms or ()) - number
                for amount, number in zip(falling, above, strict=True)
            ]
            self._sizes[key] = _Sizes(falling[::-1], list(accumulate(spare[::-1], min))) if rooms else None
        return self._sizes[key]

    def _by_amount(self, inside: frozenset[int], resource: str) -> dict[int, int]:
        wanted: dict[int, int] = {}
        for claim, count in zip(self._scene.claims, self._counts, strict=True):
            amount = claim.need.get(resource, 0)
            if amount and claim.maybe <= inside:
                wanted[amount] = wanted.get(amount, 0) + count
        return wanted

    def _crowd(self, inside: frozenset[int], resource: str, least: int, more: int) -> Shortage:
        wanted = self._by_amount(inside, resource)
        return Shortage(
            resource=resource,
            needed=sum(number for amount, number in wanted.items() if amount >= least) + more,
            there=sum(room // least * size for room, size in self._rooms(inside, resource) or ()),
            pools=tuple(sorted(inside)),
            least=least,
        )


def is_roomy(scene: PlacementScene, counts: Sequence[int], rollouts: Sequence[Mapping[int, int]]) -> bool:
    """Whether no order leaves a pod over, at `counts` nor with what any one of the rollouts adds.

    A node that a pod may use bars it only if others hold so much of some resource there that too little is left. All
    others together may suffice to close some of these nodes by each resource: if that is not all of them, one is open.
    So it is where there are as many nodes as pods, as on pools that grow without end. Groups that ask for something of
    their neighbours have no such proof: none may be in the scene.
    """
    claims = scene.claims
    extra: dict[str, int] = {}
    for more in rollouts:
        added = _added({n: a * number for n, a in claims[index].need.items()} for index, number in more.items())
        extra = {name: max(amount, extra.get(name, 0)) for name, amount in {**extra, **added}.items()}
    own: dict[frozenset[int], dict[str, int]] = {}
    for index, (claim, count) in enumerate(zip(claims, counts, strict=True)):
        total = own.setdefault(scene.pools_of(index), {})
        for name, amount in claim.need.items():
            total[name] = total.get(name, 0) + amount * count
    held = {
        pools: _added([extra, *(total for other, total in own.items() if not other.isdisjoint(pools))]) for pools in own
    }
    pods = sum(counts) + max((sum(more.values()) for more in rollouts), default=0)
    used = [(scene.pools_of(index), claim.need) for index, claim in enumerate(claims)]
    return all(_stays_open(scene, inside, need, held[inside], pods) for inside, need in used)


def _stays_open(
    scene: PlacementScene, inside: frozenset[int], need: PoolAmounts, held: Mapping[str, int], pods: int
) -> bool:
    """Whether what all pods hold, without this one, leaves one node open that it may use."""
    nodes = sum(scene.sizes[number] for number in inside)
    if nodes >= pods:
        return True
    for name, amount in need.items():
        left = held[name] - amount
        rooms = ((scene.pools[pool].offers(name), scene.sizes[pool]) for pool in inside)
        for least, size in sorted((room - amount + 1, size) for room, size in rooms if room is not None):
            closed = min(size, left // least)
            nodes -= closed
            left -= closed * least
        if nodes <= 0:
            return False
    return True


def _added(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, 0) + amount
    return total
