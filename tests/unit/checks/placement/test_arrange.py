"""Verdicts on small scenes, against all arrangements that there are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.examples import examples

from kservegen.checks.demand.groups import PodGroup
from kservegen.checks.demand.requests import amounts
from kservegen.checks.placement.arrange import ArrangeOutcome, arrange
from kservegen.checks.placement.labels import closed_expression, expressions
from kservegen.checks.placement.neighbours import Member
from kservegen.checks.placement.nodes import blocks, tolerates
from kservegen.checks.placement.pools import Pool, Taint, read_pools
from kservegen.checks.placement.requests import PodRequest, survey
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
