"""How full pools are: sums of the fullest resource, own pods apart from those that may go elsewhere."""

from __future__ import annotations

import pytest

from kservegen.checks.demand.groups import PodGroup
from kservegen.checks.demand.requests import amounts
from kservegen.checks.placement.filling import PoolFilling, pool_fillings
from kservegen.checks.placement.neighbours import Member
from kservegen.checks.placement.pools import read_pools
from kservegen.checks.placement.requests import PodRequest
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
    assert list(pool_fillings(read_pools(words, {}), asks)) == [PoolFilling(*row) for row in expected]
