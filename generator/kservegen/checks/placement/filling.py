"""Node pools and the pods that want them in; how much of each pool they take together, out.

These are sums: whether every pod finds a node is what `check_placement` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from kservegen.checks.placement.pools import PODS, Pool
from kservegen.checks.placement.requests import PodRequest, survey


class PoolFilling(NamedTuple):
    """What of a pool is taken at maxReplicas, of the resource of which the most is.

    `own` is taken by pods that no other pool takes, `shared` by pods that stand here or elsewhere; `whole` is what its
    nodes have together, `most` how many they are: None where the pool grows without end.
    """

    pool: str
    resource: str
    own: int
    shared: int
    whole: int | None
    most: int | None


def pool_fillings(pools: Sequence[Pool], asks: Sequence[PodRequest]) -> Iterator[PoolFilling]:
    """Yield how full each pool is, in the order in which they are written."""
    own, shared = [dict[str, int]() for _ in pools], [dict[str, int]() for _ in pools]
    for part in survey(pools, asks).parts:
        for index, claim in zip(part.asks, part.scene.claims, strict=True):
            count = asks[index].group.count.maximum
            for number in claim.sure:
                taken = (own if len(claim.sure) == 1 else shared)[number]
                for name, amount in claim.need.items():
                    taken[name] = taken.get(name, 0) + amount * count
    for pool, mine, theirs in zip(pools, own, shared, strict=True):
        yield _filling(pool, mine, theirs)


def _filling(pool: Pool, own: Mapping[str, int], shared: Mapping[str, int]) -> PoolFilling:
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
    )
