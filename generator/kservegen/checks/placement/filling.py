"""Node pools and the pods that want them in; how much of each pool they take together, out.

These are sums: whether every pod finds a node is what `check_placement` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from kservegen.checks.budget.account import RequestedAmounts
from kservegen.checks.placement.arrange import fill_densely
from kservegen.checks.placement.check import in_pool_scope
from kservegen.checks.placement.neighbours import Member
from kservegen.checks.placement.pools import PODS, Pool
from kservegen.checks.placement.requests import PodRequest, SitePart, survey


class PoolNodes(NamedTuple):
    """How many nodes of a pool hold pods at maxReplicas, as densely as was found, and how many pods find none there."""

    filled: int
    waiting: int


class PoolFilling(NamedTuple):
    """What of a pool is taken at maxReplicas, of the resource of which the most is.

    `own` is taken by pods that no other pool takes, `shared` by pods that stand here or elsewhere; `whole` is what its
    nodes have together, `most` how many they are: None where the pool grows without end. `nodes` is None where too many
    pods want nodes to place each.
    """

    pool: str
    resource: str
    own: int
    shared: int
    whole: int | None
    most: int | None
    nodes: PoolNodes | None


def requests_for(pools: Sequence[Pool], requested: Iterable[RequestedAmounts]) -> list[PodRequest]:
    """List the groups of pods that pools say anything of."""
    return [
        PodRequest(group, Member(item.defaulted.resource.id.namespace, group.labels))
        for item in requested
        for group in item.groups
        if in_pool_scope(group, pools)
    ]


def nodes_filled(pools: Sequence[Pool], asks: Sequence[PodRequest]) -> list[PoolNodes] | None:
    """Place all pods and count the nodes that hold any, by pool; None for more pods than are placed."""
    return _nodes(pools, asks, survey(pools, asks).parts)


def _nodes(pools: Sequence[Pool], asks: Sequence[PodRequest], parts: Iterable[SitePart]) -> list[PoolNodes] | None:
    filled, waiting = [0] * len(pools), [0] * len(pools)
    for part in parts:
        left = [asks[index].group.count.maximum for index in part.asks]
        board = fill_densely(part.scene, left)
        if board is None:
            return None
        for pool, held in board.state():
            filled[pool] += 1
            for claim, number in held:
                left[claim] -= number
        for wanted, number in zip(part.scene.claims, left, strict=True):
            waiting[min(wanted.sure)] += number
    return [PoolNodes(*each) for each in zip(filled, waiting, strict=True)]


def pool_fillings(pools: Sequence[Pool], asks: Sequence[PodRequest]) -> Iterator[PoolFilling]:
    """Yield how full each pool is, in the order in which they are written."""
    own, shared = [dict[str, int]() for _ in pools], [dict[str, int]() for _ in pools]
    parts = survey(pools, asks).parts
    for part in parts:
        for index, claim in zip(part.asks, part.scene.claims, strict=True):
            count = asks[index].group.count.maximum
            for number in claim.sure:
                taken = (own if len(claim.sure) == 1 else shared)[number]
                for name, amount in claim.need.items():
                    taken[name] = taken.get(name, 0) + amount * count
    nodes = _nodes(pools, asks, parts)
    for number, (pool, mine, theirs) in enumerate(zip(pools, own, shared, strict=True)):
        yield _filling(pool, mine, theirs, nodes[number] if nodes is not None else None)


def _filling(pool: Pool, own: Mapping[str, int], shared: Mapping[str, int], nodes: PoolNodes | None) -> PoolFilling:
    def share(name: str) -> Fraction:
        return Fraction(own.get(name, 0) + shared.get(name, 0), room[name])

    room = {name: amount for name, amount in pool.room.items() if amount and name not in pool.unstated}
    # Of equally full ones the device, then what is written first: the number of pods says the least.
    name = max(room, key=lambda each: (share(each), each == pool.device, each != PODS), default=PODS)
    each = room.get(name, 0)
    return PoolFilling(
        pool.name,
        name,
        own.get(name, 0),
        shared.get(name, 0),
        None if pool.most is None else each * pool.most,
        pool.most,
        nodes,
    )
