"""Pools and the groups of pods of an environment in; the scenes that can be checked each by itself out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from kservegen.checks.demand.claims import claim_of_class
from kservegen.checks.demand.devices import countable_claim
from kservegen.checks.demand.groups import PodGroup
from kservegen.checks.placement.neighbours import NO_NEIGHBOURS, Member, Members, NeighbourTerms, neighbour_terms
from kservegen.checks.placement.node_state import Claim, PlacementScene
from kservegen.checks.placement.nodes import NodeBlock, blocks, selects, tolerates, word_blocks
from kservegen.checks.placement.pools import HOSTNAME, PODS, Pool, PoolAmounts, counted_accelerators, pool_devices
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.servers.devices import CLASS_PREFIX

_ASKING: Final = ("affinity", "topologySpreadConstraints")
_NODE_WORDS: Final = ("nodeSelector", "tolerations")


class PodRequest(Struct, frozen=True):
    """A group of pods that wants nodes, with what selectors see of its pods."""

    group: PodGroup
    member: Member

    def need(self, devices: frozenset[str]) -> PoolAmounts:
        """Return what one pod takes of a node; of what it claims, what counts as one of the pools' `devices`.

        Nodes do not list what is claimed: a device that no pool has may be there nevertheless.
        """
        need = counted_accelerators(self.group.requests)
        classes = [name for name in need if name.startswith(CLASS_PREFIX)]
        claimed = [claim_of_class(name, need.pop(name)) for name in classes]
        need[PODS] = 1
        for one in (*claimed, *self.group.claims.devices):
            device = countable_claim(one, devices)
            if device:
                need[device] = need.get(device, 0) + one.number
        # Less than nothing is refused by a rule, and takes nothing here.
        return {name: amount for name, amount in need.items() if amount >= 0} if min(need.values()) < 0 else need


class SitePart(Struct, frozen=True):
    """Groups that share pools with each other and with no other group; `asks` are their positions in the site."""

    scene: PlacementScene
    asks: tuple[int, ...]


class Site(Struct, frozen=True):
    """The groups that no pool takes with the reasons by pool, those that only may have one, and the rest in parts."""

    homeless: Mapping[int, Sequence[Sequence[NodeBlock]]]
    doubtful: Mapping[int, Sequence[Sequence[NodeBlock]]]
    parts: tuple[SitePart, ...]


class _Chosen(Struct, frozen=True):
    """Pools by what a pod says of nodes: those that may take it, that do for certain, and that a spread asks about."""

    maybe: frozenset[int]
    sure: frozenset[int]
    selected: frozenset[int]
    tolerated: frozenset[int]
    room: PoolAmounts  # what a node of any of them holds


def survey(pools: Sequence[Pool], asks: Sequence[PodRequest]) -> Site:
    """Look at every group alone, then put those together that compete for nodes."""
    homeless: dict[int, Sequence[Sequence[NodeBlock]]] = {}
    doubtful: dict[int, Sequence[Sequence[NodeBlock]]] = {}
    claims: dict[int, Claim] = {}
    keys, devices = _topologies(pools), pool_devices(pools)
    members = Members(ask.member for ask in asks)
    known: dict[object, _Chosen] = {}
    for index, ask in enumerate(asks):
        pod, need = ask.group.pod, ask.need(devices)
        words = *(pod.get(word) for word in _NODE_WORDS), mapping(pod.get("affinity")).get("nodeAffinity")
        said = *(None if word is None else repr(word) for word in words), frozenset(need.keys() & devices)
        chosen = known.get(said) or known.setdefault(said, _choose(pod, need, pools))
        maybe, sure = chosen.maybe, chosen.sure
        if any(amount > chosen.room.get(name, 0) for name, amount in need.items()):
            maybe = frozenset(number for number in maybe if pools[number].has_room(need))
            sure &= maybe
        if not sure:
            reasons = [tuple(blocks(pod, need, pool)) for pool in pools]
            (doubtful if maybe else homeless)[index] = reasons
            continue
        claims[index] = Claim(
            need=need,
            sure=sure,
            maybe=maybe,
            selected=chosen.selected,
            tolerated=chosen.tolerated,
            neighbours=neighbour_terms(pod, index, members, keys)
            if any(word in pod for word in _ASKING)
            else NO_NEIGHBOURS,
        )
    return Site(homeless, doubtful, tuple(_parts(pools, asks, claims)))


def _choose(pod: JsonObject, need: PoolAmounts, pools: Sequence[Pool]) -> _Chosen:
    found = [[block.sure for block in word_blocks(pod, need, pool)] for pool in pools]
    maybe = frozenset(number for number, sure in enumerate(found) if not any(sure))
    return _Chosen(
        maybe=maybe,
        sure=frozenset(number for number, sure in enumerate(found) if not sure),
        selected=frozenset(number for number, pool in enumerate(pools) if selects(pod, pool)),
        tolerated=frozenset(
            number for number, pool in enumerate(pools) if all(tolerates(pod, taint) for taint in pool.taints)
        ),
        room=_room_of_any([pools[number] for number in sorted(maybe)]),
    )


def _room_of_any(pools: Sequence[Pool]) -> PoolAmounts:
    """Return what the smallest node holds of each resource for certain: nothing of what a pool does not state."""
    names = {name for pool in pools for name in pool.room}
    return {name: min(pool.room.get(name, 0) for pool in pools) for name in names}


def _topologies(pools: Sequence[Pool]) -> frozenset[str]:
    """Return the keys that every pool has: of the others nobody knows on how many domains a pool lies."""
    shared = [frozenset(pool.labels) for pool in pools]
    return frozenset.intersection(*shared) | {HOSTNAME} if shared else frozenset()


def _parts(pools: Sequence[Pool], asks: Sequence[PodRequest], claims: Mapping[int, Claim]) -> Iterator[SitePart]:
    for group in _components(claims):
        numbers = {index: number for number, index in enumerate(group)}
        inside = [_renumbered(claims[index], numbers) for index in group]
        pods = sum(asks[index].group.count.maximum + asks[index].group.count.surge for index in group)
        used = frozenset().union(*{claims[index].maybe | claims[index].selected for index in group})
        sizes = [
            # One node for each pod and one to spare: further ones change nothing.
            (pods + 1 if pool.most is None else min(pool.most, pods + 1)) if number in used else 0
            for number, pool in enumerate(pools)
        ]
        yield SitePart(PlacementScene(pools, sizes, inside), tuple(group))


def _components(claims: Mapping[int, Claim]) -> list[list[int]]:
    """Put groups together that may stand on the same pool or ask about each other's pods."""
    leads_to: dict[object, object] = {}

    def head(token: object) -> object:
        while (following := leads_to.setdefault(token, token)) != token:
            leads_to[token] = token = leads_to[following]
        return token

    for pools in {claim.maybe for claim in claims.values()}:
        for number in pools:
            leads_to[head(number)] = head(min(pools))
    for claim in claims.values():
        asked = claim.neighbours
        others = {other for term in (*asked.apart, *asked.together) for other in term.groups}
        others.update(other for spread in asked.spreads for other in spread.counts)
        for other in others & claims.keys():
            leads_to[head(min(claims[other].maybe))] = head(min(claim.maybe))
    found: dict[object, list[int]] = {}
    for index, claim in claims.items():
        found.setdefault(head(min(claim.maybe)), []).append(index)
    return list(found.values())


def _renumbered(claim: Claim, numbers: Mapping[int, int]) -> Claim:
    """Write a group's terms with the numbers of its part; groups without a node are no neighbours."""

    def within(groups: Iterable[int]) -> frozenset[int]:
        return frozenset(numbers[index] for index in groups if index in numbers)

    asked = claim.neighbours
    if not asked.any:
        return claim
    return Claim(
        need=claim.need,
        sure=claim.sure,
        maybe=claim.maybe,
        selected=claim.selected,
        tolerated=claim.tolerated,
        neighbours=NeighbourTerms(
            spreads=tuple(spread._replace(counts=within(spread.counts)) for spread in asked.spreads),
            apart=tuple(term._replace(groups=within(term.groups)) for term in asked.apart),
            together=tuple(term._replace(groups=within(term.groups)) for term in asked.together),
        ),
    )
