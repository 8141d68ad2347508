"""How full pools are: sums of the fullest resource, own pods apart from those that may go elsewhere."""

from __future__ import annotations

import pytest

from kservegen.checks.demand.groups import PodGroup
from kservegen.checks.demand.requests import amounts
from kservegen.checks.placement.filling import PoolNodes, nodes_filled, pool_fillings
from kservegen.checks.placement.neighbours import Member
from kservegen.checks.placement.pools import read_pools
from kservegen.checks.placement.requests import PodRequest
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.controllers.running import PodCount

POOLS: JsonObject = {
    "small": {"nodes": {"max": 4}, "allocatable": {"cpu": "4", "memory": "8Gi"}},
    "large": {"nodes": {"max": 2}, "allocatable": {"cpu": "16", "memory": "64Gi"}},
}
ENDLESS: JsonObject = {"any": {"nodes": {"min": 1}, "allocatable": {"cpu": "4"}}}


def ask(cpu: str, memory: str, least: int, most: int) -> PodRequest:
    requests = amounts({"cpu": cpu, "memory": memory})
    group = PodGroup(role="predictor", path=("spec",), pod={}, requests=requests, count=PodCount(least, most))
    return PodRequest(group, Member("ns", {}))


@pytest.mark.parametrize(
    ("words", "asks", "expected"),
    [
        (POOLS, [], [("small", "cpu", 0, 0, 16_000, 4), ("large", "cpu", 0, 0, 32_000, 2)]),
        # What only the large nodes take is theirs, at maxReplicas; what both take is said of both.
        (POOLS, [ask("8", "4Gi", 1, 3), ask("1", "1Gi", 2, 2)],
         [("small", "cpu", 0, 2_000, 16_000, 4), ("large", "cpu", 24_000, 2_000, 32_000, 2)]),
        # The resource of which the most is taken.
        (POOLS, [ask("1", "48Gi", 2, 2)], [("small", "cpu", 0, 0, 16_000, 4),
                                          ("large", "memory", 96 * 2**30, 0, 128 * 2**30, 2)]),
        # More than there is, and a pool that grows.
        (POOLS, [ask("16", "1Gi", 3, 3)], [("small", "cpu", 0, 0, 16_000, 4), ("large", "cpu", 48_000, 0, 32_000, 2)]),
        (ENDLESS, [ask("2", "1Gi", 5, 5)], [("any", "cpu", 10_000, 0, None, None)]),
        # What no pool takes fills none.
        (POOLS, [ask("64", "1Gi", 1, 1)], [("small", "cpu", 0, 0, 16_000, 4), ("large", "cpu", 0, 0, 32_000, 2)]),
    ],
)  # fmt: skip
def test_a_pool_is_as_full_as_its_fullest_resource(
    words: JsonObject, asks: list[PodRequest], expected: list[tuple[str, str, int, int, int | None, int | None]]
) -> None:
    assert [tuple(row)[:6] for row in pool_fillings(read_pools(words, {}), asks)] == expected


@pytest.mark.parametrize(
    ("words", "asks", "expected"),
    [
        (POOLS, [], [(0, 0), (0, 0)]),
        # Two pods of one core share a node with nothing else on it; those of eight fill half a large one each.
        (POOLS, [ask("8", "4Gi", 1, 3), ask("1", "1Gi", 2, 2)], [(1, 0), (2, 0)]),
        # Fewer nodes than none are none.
        ({"small": {**mapping(POOLS["small"]), "nodes": {"min": -3, "max": -2}}}, [ask("1", "1Gi", 1, 2)], [(0, 2)]),
        # Four pods of three cores have a node each, the fifth has none.
        ({"small": POOLS["small"]}, [ask("3", "1Gi", 1, 5)], [(4, 1)]),
        (ENDLESS, [ask("2", "1Gi", 5, 5)], [(3, 0)]),
        # Less than nothing takes nothing, and never makes room for others.
        ({"small": POOLS["small"]}, [ask("4", "-64Gi", 1, 2), ask("1", "9Gi", 1, 1)], [(2, 0)]),
        (ENDLESS, [ask("-2", "1Gi", 2, 2)], [(1, 0)]),
        # What no pool takes is no pool's.
        (POOLS, [ask("64", "1Gi", 1, 1)], [(0, 0), (0, 0)]),
    ],
)
def test_nodes_are_filled_that_hold_pods(
    words: JsonObject, asks: list[PodRequest], expected: list[tuple[int, int]]
) -> None:
    pools = read_pools(words, {})
    assert nodes_filled(pools, asks) == [PoolNodes(*row) for row in expected]
    assert [filling.nodes for filling in pool_fillings(pools, asks)] == [PoolNodes(*row) for row in expected]


def test_of_more_pods_than_are_placed_no_nodes_are_counted() -> None:
    pools, asks = read_pools(ENDLESS, {}), [ask("2", "1Gi", 1, 100_001)]
    assert nodes_filled(pools, asks) is None
    assert [filling.nodes for filling in pool_fillings(pools, asks)] == [None]
