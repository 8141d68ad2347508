"""Verdicts on small scenes, against all arrangements that there are."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.examples import examples

from kservegen.checks.demand.groups import PodGroup
from kservegen.checks.demand.requests import amounts
from kservegen.checks.placement.arrange import Arrangement, ArrangeOutcome, arrange
from kservegen.checks.placement.bounds import Sums, is_roomy
from kservegen.checks.placement.labels import closed_expression, expressions
from kservegen.checks.placement.neighbours import Member
from kservegen.checks.placement.node_state import Board
from kservegen.checks.placement.nodes import blocks, tolerates
from kservegen.checks.placement.pools import Pool, Taint, read_pools
from kservegen.checks.placement.requests import PodRequest, Site, SitePart, survey
from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.controllers.running import PodCount


def pools(*rooms: JsonObject, nodes: int = 1) -> tuple[Pool, ...]:
    words: JsonObject = {
        f"p{index}": {"nodes": {"min": nodes, "max": nodes}, "allocatable": room} for index, room in enumerate(rooms)
    }
    return read_pools(words, {})


def ask(
    requests: JsonObject, count: int, pod: JsonObject | None = None, labels: dict[str, str] | None = None
) -> PodRequest:
    group = PodGroup(
        role="predictor", path=("spec",), pod=pod or {}, requests=amounts(requests), count=PodCount(count, count)
    )
    return PodRequest(group, Member("ns", labels or {}))


def outcome(offered: Sequence[Pool], *asks: PodRequest) -> ArrangeOutcome:
    site = survey(offered, asks)
    assert not site.homeless
    (part,) = site.parts
    return arrange(part.scene, [asks[index].group.count.maximum for index in part.asks]).outcome


@settings(max_examples=examples(150))
@given(
    rooms=st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8)), min_size=1, max_size=3),
    wants=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=6),
)
def test_full_means_that_no_arrangement_exists_and_fits_that_one_does(
    rooms: list[tuple[int, int]], wants: list[tuple[int, int]]
) -> None:
    listed: list[JsonObject] = [{"cpu": cpu, "memory": memory} for cpu, memory in rooms]
    offered = pools(*listed)
    asks = [ask({"cpu": cpu, "memory": memory}, 1) for cpu, memory in wants]
    exists = any(_holds(rooms, wants, places) for places in product(range(len(rooms)), repeat=len(wants)))
    site = survey(offered, asks)
    answers = {arrange(part.scene, [1] * len(part.asks)).outcome for part in site.parts}
    if site.homeless or ArrangeOutcome.FULL in answers:
        assert not exists
    elif answers == {ArrangeOutcome.FITS}:
        assert exists
    else:
        assert exists, "small scenes are searched to their end"


def _holds(rooms: list[tuple[int, int]], wants: list[tuple[int, int]], places: tuple[int, ...]) -> bool:
    return all(
        sum(want[side] for want, place in zip(wants, places, strict=True) if place == node) <= room[side]
        for node, room in enumerate(rooms)
        for side in (0, 1)
    )


SELF: JsonObject = {"matchLabels": {"app": "a"}}
HOST = "kubernetes.io/hostname"
SPREAD: JsonObject = {
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": HOST, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": SELF}
    ]
}


def spread(**words: JsonValue) -> JsonObject:
    """Write a pod with one constraint: SPREAD's, with these words."""
    (constraint,) = sequence(SPREAD["topologySpreadConstraints"])
    return {"topologySpreadConstraints": [{**mapping(constraint), **words}]}


APART: JsonObject = {
    "affinity": {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": HOST, "labelSelector": SELF}]
        }
    }
}
UNKNOWN: JsonObject = {
    "affinity": {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"topologyKey": HOST, "labelSelector": {"matchLabels": {"other": "x"}}}
            ]
        }
    }
}


@pytest.mark.parametrize(
    ("pod", "count", "expected"),
    [
        (APART, 2, ArrangeOutcome.FITS),
        (APART, 3, ArrangeOutcome.FULL),
        (UNKNOWN, 3, ArrangeOutcome.FITS),  # nobody knows whether it means these pods
        (SPREAD, 4, ArrangeOutcome.FITS),
        (SPREAD, 9, ArrangeOutcome.FULL),
    ],
)
def test_neighbours(pod: JsonObject, count: int, expected: ArrangeOutcome) -> None:
    assert outcome(pools({"cpu": 4}, nodes=2), ask({"cpu": 1}, count, pod, {"app": "a"})) is expected


def test_a_spread_is_held_up_by_the_smallest_node() -> None:
    offered = pools({"cpu": 8}, {"cpu": 1})
    assert outcome(offered, ask({"cpu": 1}, 4, SPREAD, {"app": "a"})) is ArrangeOutcome.FULL
    assert outcome(offered, ask({"cpu": 1}, 4, {}, {"app": "a"})) is ArrangeOutcome.FITS


# Eight pods fit on the large node and one on the small one: how many may be out of step is what decides.
SKEWS: list[tuple[JsonObject, int, ArrangeOutcome]] = [
    (spread(), 2, ArrangeOutcome.FITS),
    (spread(), 3, ArrangeOutcome.FITS),
    (spread(), 4, ArrangeOutcome.FULL),
    (spread(maxSkew=2), 4, ArrangeOutcome.FITS),
    (spread(maxSkew=2), 5, ArrangeOutcome.FULL),
    (spread(maxSkew=5), 7, ArrangeOutcome.FITS),
    (spread(maxSkew=5), 8, ArrangeOutcome.FULL),
    (spread(whenUnsatisfiable="ScheduleAnyway"), 9, ArrangeOutcome.FITS),
    (spread(topologyKey="nobody.knows/it"), 9, ArrangeOutcome.FITS),
    (spread(matchLabelKeys=["other"]), 9, ArrangeOutcome.FITS),
    (spread(matchLabelKeys=["pod-template-hash"]), 4, ArrangeOutcome.FULL),
    (spread(labelSelector=None), 9, ArrangeOutcome.FITS),
    (spread(labelSelector={"matchLabels": {"app": "b"}}), 9, ArrangeOutcome.FITS),
    (spread(minDomains=2), 3, ArrangeOutcome.FITS),
    (spread(minDomains=3), 3, ArrangeOutcome.FULL),
]


@pytest.mark.parametrize(("pod", "count", "expected"), SKEWS)
def test_a_spread_allows_as_much_as_it_says(pod: JsonObject, count: int, expected: ArrangeOutcome) -> None:
    offered = pools({"cpu": 8}, {"cpu": 1})
    assert outcome(offered, ask({"cpu": 1}, count, pod, {"app": "a"})) is expected


@pytest.mark.parametrize(("count", "expected"), [(12, ArrangeOutcome.FULL), (13, ArrangeOutcome.UNSURE)])
def test_a_search_of_too_many_steps_leaves_the_question_open(count: int, expected: ArrangeOutcome) -> None:
    # As much is there as is wanted, on three nodes that these sizes do not fill: only all arrangements show it.
    wants = [40 + 2 * index * index for index in range(count)]
    third = sum(wants) // 3 | 1
    offered = pools({"cpu": third}, {"cpu": third}, {"cpu": sum(wants) - 2 * third + 2})
    assert outcome(offered, *(ask({"cpu": cpu}, 1) for cpu in wants)) is expected


def test_small_pods_may_leave_no_room_for_a_large_one() -> None:
    offered = pools({"cpu": 4}, nodes=2)
    assert outcome(offered, ask({"cpu": 4}, 1), ask({"cpu": 1}, 2)) is ArrangeOutcome.UNSURE
    assert outcome(offered, ask({"cpu": 3}, 2), ask({"cpu": 1}, 2)) is ArrangeOutcome.UNSURE
    assert outcome(offered, ask({"cpu": 3}, 2), ask({"cpu": 2}, 1)) is ArrangeOutcome.FULL


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "a", "operator": "Exists"}, True),
        ({"key": "a", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "b", "operator": "Exists"}, False),
        ({"key": "a", "value": "x", "effect": "NoSchedule"}, True),
        ({"key": "a", "value": "y"}, False),
        ({"key": "a"}, False),
    ],
)
def test_tolerations(toleration: JsonObject, expected: bool) -> None:
    assert tolerates({"tolerations": [toleration]}, Taint("a", "x", "NoSchedule")) is expected


@pytest.mark.parametrize(
    ("operator", "values", "holds"),
    [
        ("In", ["1", "2"], (True, False, False)),
        ("NotIn", ["1", "2"], (False, True, True)),
        ("Exists", [], (True, True, False)),
        ("DoesNotExist", [], (False, False, True)),
        ("Gt", ["1"], (True, False, False)),
        ("Lt", ["3"], (True, False, False)),
        ("Like", ["2"], (False, False, False)),
    ],
)
def test_operators(operator: str, values: list[str], holds: tuple[bool, bool, bool]) -> None:
    item: JsonObject = {"key": "k", "operator": operator, "values": list(values)}
    (asked,) = expressions([item])
    assert tuple(asked.holds(labels, closed_expression) for labels in ({"k": "2"}, {"k": "x"}, {})) == holds


def test_what_a_pool_does_not_state() -> None:
    (pool,) = read_pools({"p": {"allocatable": {"memory": "4Gi"}}}, {})
    said = [(block.resource, block.needs, block.has) for block in blocks({}, {"cpu": 64_000, "x.io/y": 1}, pool)]
    assert said == [("x.io/y", "1", "0")]


SCENES = st.tuples(
    st.lists(
        st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(0, 3), st.integers(1, 2)), min_size=1, max_size=3
    ),
    st.lists(
        st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2), st.integers(1, 3), st.integers(0, 1)),
        min_size=1,
        max_size=4,
    ),
)
RawScene = tuple[list[tuple[int, int, int, int]], list[tuple[int, int, int, int, int]]]


def drawn(raw: RawScene) -> Site:
    """Make a site of nodes of (cores, bytes, devices, number of nodes) and pods of (the same, number, more to roll)."""
    rooms, wants = raw
    words: JsonObject = {
        f"p{index}": {"nodes": {"max": number}, "allocatable": {"cpu": cpu, "memory": memory, "x.io/d": devices}}
        for index, (cpu, memory, devices, number) in enumerate(rooms)
    }
    asks = [ask({"cpu": cpu, "memory": memory, "x.io/d": devices}, n) for cpu, memory, devices, n, _ in wants]
    return survey(read_pools(words, {}), asks)


def arranged(part: SitePart, counts: Sequence[int]) -> bool:
    """Whether any arrangement exists: pods are tried on every node, like nodes once."""
    scene = part.scene
    free = [dict(pool.room) for pool, size in zip(scene.pools, scene.sizes, strict=True) for _ in range(size)]
    of = [number for number, size in enumerate(scene.sizes) for _ in range(size)]
    pods = [claim for claim, count in zip(scene.claims, counts, strict=True) for _ in range(count)]

    def place(at: int) -> bool:
        if at == len(pods):
            return True
        tried = []
        for node, pool in enumerate(of):
            like = (pool, free[node])
            if pool not in pods[at].maybe or like in tried or not holds(free[node], pods[at].need):
                continue
            tried.append((pool, dict(free[node])))
            take(free[node], pods[at].need, 1)
            if place(at + 1):
                return True
            take(free[node], pods[at].need, -1)
        return False

    return place(0)


def holds(free: Mapping[str, int], need: Mapping[str, int]) -> bool:
    return all(amount <= free.get(name, 0) for name, amount in need.items())


def take(free: dict[str, int], need: Mapping[str, int], number: int) -> None:
    for name, amount in need.items():
        free[name] = free.get(name, 0) - amount * number


@settings(max_examples=examples(400))
@given(raw=SCENES)
def test_no_verdict_contradicts_what_arrangements_there_are(raw: RawScene) -> None:
    for part in drawn(raw).parts:
        counts = [raw[1][index][3] for index in part.asks]
        answer = arrange(part.scene, counts)
        if answer.outcome is not ArrangeOutcome.UNSURE:
            assert (answer.outcome is ArrangeOutcome.FITS) == arranged(part, counts)
        sums = Sums(part.scene, counts)
        if sums.shortage() or sums.crowding():
            assert not arranged(part, counts)


@settings(max_examples=examples(400))
@given(raw=SCENES)
def test_no_verdict_on_a_rollout_contradicts_what_arrangements_there_are(raw: RawScene) -> None:
    for part in drawn(raw).parts:
        counts = [raw[1][index][3] for index in part.asks]
        rollouts = [{place: raw[1][index][4]} for place, index in enumerate(part.asks) if raw[1][index][4]]
        arrangement = Arrangement(part.scene, counts, rollouts)
        for more in rollouts if arrangement.answer.outcome is ArrangeOutcome.FITS else ():
            answer = arrangement.rollout(more)
            exists = arranged(part, [count + more.get(place, 0) for place, count in enumerate(counts)])
            assert answer.outcome is ArrangeOutcome.UNSURE or (answer.outcome is ArrangeOutcome.FITS) == exists


@settings(max_examples=examples(400))
@given(raw=SCENES, seed=st.integers(0, 1000))
def test_where_a_sum_says_that_there_is_room_no_order_of_pods_and_choice_of_nodes_fails(
    raw: RawScene, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - no secret
    for part in drawn(raw).parts:
        scene, counts = part.scene, [raw[1][index][3] for index in part.asks]
        rolling = dice.randrange(len(counts))
        if not is_roomy(scene, counts, [{rolling: 1}]):
            continue
        counts[rolling] += 1
        free = [dict(pool.room) for pool, size in zip(scene.pools, scene.sizes, strict=True) for _ in range(size)]
        of = [number for number, size in enumerate(scene.sizes) for _ in range(size)]
        pods = [claim for claim, count in zip(scene.claims, counts, strict=True) for _ in range(count)]
        dice.shuffle(pods)
        for pod in pods:
            open_nodes = [n for n, pool in enumerate(of) if pool in pod.sure and holds(free[n], pod.need)]
            assert open_nodes
            take(free[dice.choice(open_nodes)], pod.need, 1)


CROWDED: dict[str, tuple[tuple[int, int], list[tuple[int, int]], ArrangeOutcome, int]] = {
    # (nodes, devices each), pods (devices each, number), outcome, the size that proves it
    "two of three devices are taken, one is left over": ((100, 3), [(2, 100), (1, 100)], ArrangeOutcome.UNSURE, 0),
    "a hundred nodes take a hundred pods of two": ((100, 3), [(2, 101)], ArrangeOutcome.FULL, 2),
    "smaller ones do not count": ((100, 3), [(2, 101), (1, 5)], ArrangeOutcome.FULL, 2),
    "neither does the sum": ((3, 7), [(4, 2), (5, 2)], ArrangeOutcome.FULL, 4),
}


@pytest.mark.parametrize("name", CROWDED)
def test_nodes_take_so_many_pods_of_a_size(name: str) -> None:
    (nodes, devices), pods, expected, least = CROWDED[name]
    offered = pools({"x.io/d": devices}, nodes=nodes)
    (part,) = survey(offered, [ask({"x.io/d": size}, number) for size, number in pods]).parts
    answer = arrange(part.scene, [number for _, number in pods])
    assert answer.outcome is expected
    assert (answer.shortage.least if answer.shortage else 0) == least


def varied(models: int, *, cores: tuple[int, int], pod: JsonObject | None = None) -> tuple[SitePart, list[int]]:
    """Make a site of 8 pools for models that all differ, with a tenth as many nodes in each."""
    dice = random.Random(models)  # noqa: S311 - no secret
    rooms: list[JsonObject] = [{"cpu": 15 + 16 * (index % 4), "memory": 58 + 64 * (index % 4)} for index in range(8)]
    asks = [
        ask(
            {"cpu": f"{dice.randint(*cores)}m", "memory": dice.randint(1, 20)}, dice.randint(1, 4), pod, {"app": str(n)}
        )
        for n in range(models)
    ]
    (part,) = survey(pools(*rooms, nodes=models // 10), asks).parts
    return part, [asks[index].group.count.maximum for index in part.asks]


@pytest.mark.parametrize("cores", [(200, 4_000), (4_000, 12_000)])
def test_a_thousand_models_that_differ_are_arranged(cores: tuple[int, int]) -> None:
    part, counts = varied(1_000, cores=cores)
    rollouts = [{place: 1} for place in range(len(counts))]
    start = time.process_time()
    arrangement = Arrangement(part.scene, counts, rollouts)
    outcomes = {arrangement.rollout(more).outcome for more in rollouts}
    assert time.process_time() - start < 2, "some 0.05 s; an arrangement for each rollout would take minutes"
    assert (arrangement.answer.outcome, outcomes) == (ArrangeOutcome.FITS, {ArrangeOutcome.FITS})
    for board in arrangement.boards:
        verify(part, counts, board)


def verify(part: SitePart, counts: Sequence[int], board: Board) -> None:
    """Hold that an arrangement is one: each pod once, in a pool that takes it, no node with more than it has."""
    stands, used = Counter[int](), Counter[int]()
    for pool, held in board.state():
        used[pool] += 1
        taken = Counter[str]()
        for claim, number in held:
            assert pool in part.scene.claims[claim].sure
            stands[claim] += number
            for name, amount in part.scene.claims[claim].need.items():
                taken[name] += amount * number
        assert holds(part.scene.pools[pool].room, taken)
    assert [stands[claim] for claim in range(len(counts))] == list(counts)
    assert all(number <= part.scene.sizes[pool] for pool, number in used.items())


def test_a_pod_finds_the_one_it_wants_to_be_beside_among_many_nodes() -> None:
    beside: JsonObject = {
        "affinity": {
            "podAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {"topologyKey": HOST, "labelSelector": {"matchLabels": {"app": "a"}}}
                ]
            }
        }
    }
    others = ask({"cpu": 2}, 300, {}, {"app": "b"})
    asks = [ask({"cpu": 3}, 1, {}, {"app": "a"}), others, ask({"cpu": 1}, 1, beside, {"app": "c"})]
    assert outcome(pools({"cpu": 4}, {"cpu": 4}, nodes=200), *asks) is ArrangeOutcome.FITS


@pytest.mark.parametrize(
    ("nodes", "devices", "count", "expected"),
    [
        ({}, 1, 2_000_000_000, ArrangeOutcome.FITS),  # a node for each: it grows without end
        ({"max": 2_000_000_000}, 1, 2_000_000_000, ArrangeOutcome.FITS),
        ({"max": 2_000_000_000}, 1, 2_000_000_001, ArrangeOutcome.FULL),
        ({"max": 1_000_000_000}, 3, 1_000_000_001, ArrangeOutcome.FULL),
    ],
)
def test_numbers_of_any_size_are_judged_by_sums(
    nodes: JsonObject, devices: int, count: int, expected: ArrangeOutcome
) -> None:
    (pool,) = read_pools({"p": {"nodes": nodes, "allocatable": {"x.io/d": devices}}}, {})
    wanted = ask({"x.io/d": (devices + 1) // 2}, count)
    assert outcome((pool,), wanted) is expected


def test_more_pods_than_can_be_placed_stay_open() -> None:
    offered = read_pools({"p": {"nodes": {"max": 200_000}, "allocatable": {"cpu": 4, "memory": 4}}}, {})
    asks = [ask({"cpu": 3, "memory": 1}, 150_000), ask({"cpu": 1, "memory": 3}, 150_000)]
    assert outcome(offered, *asks) is ArrangeOutcome.UNSURE


@pytest.mark.parametrize(
    ("pod", "count", "expected"),
    [(APART, 400, ArrangeOutcome.FITS), (APART, 401, ArrangeOutcome.UNSURE), (SPREAD, 800, ArrangeOutcome.FITS)],
)
def test_neighbours_on_many_nodes(pod: JsonObject, count: int, expected: ArrangeOutcome) -> None:
    offered = pools({"cpu": 4}, {"cpu": 4}, nodes=200)
    (part,) = survey(offered, [ask({"cpu": 2}, count, pod, {"app": "a"})]).parts
    arrangement = Arrangement(part.scene, [count])
    assert arrangement.answer.outcome is expected
    if expected is ArrangeOutcome.FITS:
        for board in arrangement.boards:
            verify(part, [count], board)
            assert {number for _, held in board.state() for _, number in held} == {count // 400}
