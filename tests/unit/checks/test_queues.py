"""What Kueue's queues can give: cohorts, limits, and what is known of them."""

from __future__ import annotations

from fractions import Fraction

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kservegen.catalog.inventory.model import Inventory
from kservegen.checks import queues as module
from kservegen.checks.queues import Ceiling, Queues, ResourceGroup
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId

GROUP = "kueue.x-k8s.io/v1beta2"


def offer(nominal: object, **limits: object) -> dict[str, object]:
    quota = {"name": "cpu", "nominalQuota": nominal, **limits}
    return {"resourceGroups": [{"coveredResources": ["cpu"], "flavors": [{"name": "f", "resources": [quota]}]}]}


def resources(objects: dict[str, object], api_version: str = GROUP) -> dict[ResourceId, Resource]:
    """Build objects from specs by `Kind/name`, or `Kind/namespace/name`."""
    found = {}
    for full, spec in objects.items():
        kind, *place, name = full.split("/")
        own = ResourceId(kind, "".join(place), name)
        doc = {"apiVersion": api_version, "kind": kind, "spec": spec}
        found[own] = Resource(id=own, api_version=api_version, doc=mapping(doc), file="a.yaml")  # type: ignore[arg-type]
    return found


def queues(objects: dict[str, object], inventory: str = "") -> Queues:
    words = mapping(yaml.safe_load(inventory))
    return Queues(resources(objects), Inventory("i.yaml", words) if inventory else None)


CLOSED = "covers: {ClusterQueue: ['*'], Cohort: ['*']}\n"
TREE: dict[str, object] = {
    "Cohort/small": {"parentName": "all", **offer(1, borrowingLimit=3, lendingLimit=2)},
    "Cohort/all": offer(10),
    "ClusterQueue/a": {"cohortName": "small", **offer(4)},
    "ClusterQueue/b": {"cohortName": "small", **offer(2, lendingLimit=1)},
    "ClusterQueue/c": {"cohortName": "all", **offer(5, lendingLimit=0)},
}

# queues -> the ceiling of a, and its bound where nobody knows of others
CEILINGS: list[tuple[dict[str, object], int, int | None]] = [
    ({"ClusterQueue/a": offer(4)}, 4, 4),
    ({"ClusterQueue/a": {"cohortName": "all", **offer(4)}}, 4, None),
    ({"ClusterQueue/a": {"cohortName": "all", **offer(4, borrowingLimit=0)}}, 4, 4),
    ({"ClusterQueue/a": {"cohort": "x", **offer(4)}, "ClusterQueue/b": {"cohort": "x", **offer(3)}}, 7, None),
    # Only what is lent counts, and of that as much as may be borrowed.
    (
        {
            "ClusterQueue/a": {"cohort": "x", **offer(4, borrowingLimit=5)},
            "ClusterQueue/b": {"cohort": "x", **offer(3, lendingLimit=2)},
        },
        6,
        9,
    ),
    # A cohort's own quota is for all of it.
    ({"ClusterQueue/a": {"cohortName": "x", **offer(4, lendingLimit=1)}, "Cohort/x": offer(2)}, 6, None),
    # small holds 4 + 1 + 1 = 6 and lends 2; all has 10 + 2 + 0; small may take 6 + 3 of its 4 + 12.
    (TREE, 9, None),
    # Of a circle each member counts once.
    (
        {
            "ClusterQueue/a": {"cohortName": "x", **offer(4)},
            "Cohort/x": {"parentName": "y"},
            "Cohort/y": {"parentName": "x", **offer(1)},
        },
        5,
        None,
    ),
    ({"ClusterQueue/a": {"resourceGroups": "none"}}, 0, 0),
    ({}, 0, 0),
]


@pytest.mark.parametrize(("objects", "amount", "bound"), CEILINGS)
def test_what_a_queue_can_give(objects: dict[str, object], amount: int, bound: int | None) -> None:
    assert queues(objects).ceiling("a", "f", "cpu") == Ceiling(
        Fraction(amount), None if bound is None else Fraction(bound)
    )


def test_a_queue_whose_quota_cannot_be_read_offers_nothing_that_is_known() -> None:
    found = queues({"ClusterQueue/a": offer("1GB")}).find("ClusterQueue", "a")
    assert found is not None
    assert found.spec is None


@pytest.mark.parametrize(("objects", "amount", "_bound"), CEILINGS)
def test_where_all_queues_are_known_that_is_the_bound(objects: dict[str, object], amount: int, _bound: object) -> None:
    assert queues(objects, CLOSED).ceiling("a", "f", "cpu") == Ceiling(Fraction(amount), Fraction(amount))


@pytest.mark.parametrize(
    ("inventory", "amount", "bound"),
    [
        (CLOSED + "cluster: {ClusterQueue: {b: {spec: {cohort: x, resourceGroups: %s}}}}", 9, 9),
        # Rendered stands over what the cluster had.
        (CLOSED + "cluster: {ClusterQueue: {a: {spec: {cohort: y}}}}", 4, 4),
        # Of one in the cluster no more than the name was written down.
        (CLOSED + "cluster: {ClusterQueue: {b: {}}}", 4, None),
        ("covers: {ClusterQueue: ['*']}", 4, None),
    ],
)
def test_what_the_cluster_has_counts(inventory: str, amount: int, bound: int | None) -> None:
    groups = "[{coveredResources: [cpu], flavors: [{name: f, resources: [{name: cpu, nominalQuota: 5}]}]}]"
    known = queues(
        {"ClusterQueue/a": {"cohort": "x", **offer(4)}}, inventory % groups if "%s" in inventory else inventory
    )
    assert known.ceiling("a", "f", "cpu") == Ceiling(Fraction(amount), None if bound is None else Fraction(bound))


_LIMITS = st.none() | st.integers(0, 9)
_MEMBERS = st.lists(st.tuples(st.integers(0, 9), _LIMITS, _LIMITS, st.sampled_from(["x", "y"])), min_size=1, max_size=5)


@given(_MEMBERS, st.integers(0, 9))
def test_a_ceiling_is_within_its_limits_and_grows_with_the_cohort(
    members: list[tuple[int, int | None, int | None, str]], more: int
) -> None:
    def member(nominal: int, borrowing: int | None, lending: int | None, cohort: str) -> dict[str, object]:
        return {"cohortName": cohort, **offer(nominal, borrowingLimit=borrowing, lendingLimit=lending)}

    objects: dict[str, object] = {"Cohort/x": {"parentName": "y"}}
    objects |= {f"ClusterQueue/{index}": member(*each) for index, each in enumerate(members)}
    nominal, borrowing = members[0][:2]
    before = queues(objects).ceiling("0", "f", "cpu")
    after = queues({**objects, "ClusterQueue/more": member(more, None, None, "y")}).ceiling("0", "f", "cpu")
    assert nominal <= before.amount <= after.amount <= sum(each[0] for each in members) + more
    if borrowing is not None:
        assert after.amount <= nominal + borrowing
    closed = queues(objects, CLOSED).ceiling("0", "f", "cpu")
    assert closed == Ceiling(before.amount, before.amount)
    assert before.bound is None or before.bound >= after.amount


@pytest.mark.parametrize(
    ("labels", "queue", "cluster_queue"),
    [
        ({}, "", ""),
        ({"kueue.x-k8s.io/queue-name": "a"}, "a", "A"),
        ({"kueue.x-k8s.io/queue-name": "b"}, "b", ""),
        ({"kueue.x-k8s.io/queue-name": ["a"]}, "", ""),
    ],
)
def test_where_pods_wait(labels: dict[str, object], queue: str, cluster_queue: str) -> None:
    known = queues({"LocalQueue/ns/a": {"clusterQueue": "A"}, "LocalQueue/other/default": {"clusterQueue": "D"}})
    assert known.queue_of("ns", labels) == queue  # type: ignore[arg-type]
    assert known.cluster_queue_of("ns", labels) == cluster_queue  # type: ignore[arg-type]
    assert known.cluster_queues == {"A", "D"}


def test_a_queue_called_default_takes_what_names_none() -> None:
    inventory = "namespaces: {ns: {LocalQueue: {default: {clusterQueue: D}}}}"
    assert queues({}, inventory).cluster_queue_of("ns", {}) == "D"
    assert queues({}, inventory).cluster_queue_of("other", {}) == ""


def test_kinds_of_other_projects_are_none_of_them() -> None:
    known = Queues(resources({"LocalQueue/ns/a": {"clusterQueue": "A"}}, "batch.example.com/v1"), None)
    assert known.queue_of("ns", {}) == ""
    assert not known.serve("ns")
    assert text(known.cluster_queue_of("ns", {"kueue.x-k8s.io/queue-name": "a"})) == ""


def test_what_a_queue_can_give_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for every object that waits there."""
    read: list[object] = []
    real = module.resource_groups

    def counted(spec: JsonObject) -> tuple[ResourceGroup, ...]:
        read.append(spec)
        return real(spec)

    monkeypatch.setattr(module, "resource_groups", counted)
    found = queues(TREE)
    first = found.ceiling("a", "f", "cpu")
    once = len(read)
    assert once
    assert [found.ceiling("a", "f", "cpu") for _ in range(9)] == [first] * 9
    assert len(read) == once
    assert found.cluster_queues is found.cluster_queues
