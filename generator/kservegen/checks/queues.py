"""Kueue's queues as an environment has them: rendered objects and an inventory in; who waits where for what out.

The laws are Kueue's own (v0.17: pkg/cache/scheduler/resource_node.go, pkg/controller/jobframework/defaults.go), with
its configuration as it ships: of a pod's resources none is left out and none is exchanged for another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Final

from msgspec import Struct

from kservegen.catalog.inventory.model import Inventory
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.quantity import parse_quantity
from kservegen.core.resource import Resource, ResourceId

QUEUE_LABEL: Final = "kueue.x-k8s.io/queue-name"
CLUSTER_QUEUE: Final = "ClusterQueue"
LOCAL_QUEUE: Final = "LocalQueue"
FLAVOR: Final = "ResourceFlavor"
# What Kueue takes for the queue of a workload that names none, where its namespace has one of that name.
DEFAULT_QUEUE: Final = "default"
_COHORT: Final = "Cohort"
_GROUP: Final = "kueue.x-k8s.io/"
_PARENTS: Final = ("cohortName", "cohort", "parentName", "parent")
_KINDS: Final = frozenset({CLUSTER_QUEUE, LOCAL_QUEUE, FLAVOR, _COHORT})


class QueueObject(Struct, frozen=True):
    """An object of Kueue: `rendered`, or None where the inventory has it.

    `spec` is None where no more than its name is known, or where its quotas cannot be read.
    """

    kind: str
    name: str
    spec: JsonObject | None
    rendered: Resource | None = None

    @property
    def full_name(self) -> str:
        """Kind and name, as messages call it."""
        return f"{self.kind} {self.name}"


class Quota(Struct, frozen=True):
    """What a queue or cohort has of a resource in a flavor; None where there is no limit."""

    nominal: Fraction
    borrowing: Fraction | None = None
    lending: Fraction | None = None


class ResourceGroup(Struct, frozen=True):
    """Resources that come from one flavor together: the flavors in the order in which they are tried."""

    covered: tuple[str, ...]
    flavors: Mapping[str, Mapping[str, Quota]]


class Ceiling(Struct, frozen=True):
    """The most that a queue can give with nothing else in it, as far as is known.

    `bound` is what it is never more than; None where its cohort may have members that nobody told of.
    """

    amount: Fraction
    bound: Fraction | None


def resource_groups(spec: JsonObject) -> tuple[ResourceGroup, ...]:
    """Read what a ClusterQueue or a Cohort offers."""
    return tuple(
        ResourceGroup(
            tuple(map(text, sequence(group.get("coveredResources")))),
            {text(flavor.get("name")): dict(_quotas(flavor)) for flavor in _maps(group.get("flavors"))},
        )
        for group in _maps(spec.get("resourceGroups"))
    )


def _maps(value: JsonValue) -> Iterator[JsonObject]:
    return map(mapping, sequence(value))


def _quotas(flavor: JsonObject) -> Iterator[tuple[str, Quota]]:
    for item in _maps(flavor.get("resources")):
        nominal, *limits = (_amount(item.get(word)) for word in ("nominalQuota", "borrowingLimit", "lendingLimit"))
        yield text(item.get("name")), Quota(nominal or Fraction(0), *limits)


def _is_readable(spec: JsonObject) -> bool:
    """Whether all quotas can be read; of one that cannot its schema says so, and nothing follows from the rest."""
    flavors = (flavor for group in _maps(spec.get("resourceGroups")) for flavor in _maps(group.get("flavors")))
    quotas = (quota for flavor in flavors for quota in _maps(flavor.get("resources")))
    return all(_amount(quota.get("nominalQuota")) is not None for quota in quotas)


def _amount(value: JsonValue) -> Fraction | None:
    quantity = parse_quantity(value) if isinstance(value, (str, int, float)) else None
    return None if quantity is None else quantity.value


class Queues:
    """Looks up Kueue's objects among `resources` and in an inventory."""

    def __init__(self, resources: Mapping[ResourceId, Resource], inventory: Inventory | None) -> None:
        self._inventory = inventory
        rendered = (
            resources[own] for own in resources if own.kind in _KINDS and resources[own].api_version.startswith(_GROUP)
        )
        self._rendered = {(item.kind, _place(item), item.id.name): item for item in rendered}
        self._found: dict[tuple[str, str, str], QueueObject | None] = {}
        self._ceilings: dict[tuple[str, str, str], Ceiling] = {}

    def find(self, kind: str, name: str, namespace: str = "") -> QueueObject | None:
        """Return an object that is rendered or in the inventory; None for one that is neither."""
        place = (kind, name, namespace)
        if place not in self._found:
            self._found[place] = self._look_up(kind, name, namespace)
        return self._found[place]

    def _look_up(self, kind: str, name: str, namespace: str) -> QueueObject | None:
        own = self._rendered.get((kind, namespace, name))
        if own is not None:
            return QueueObject(kind, name, own.spec if _is_readable(own.spec) else None, own)
        facts = self._inventory.facts(kind, namespace, name) if self._inventory is not None else None
        if facts is None:
            return None
        spec = facts if kind == LOCAL_QUEUE else facts.get("spec")
        return QueueObject(kind, name, spec if isinstance(spec, dict) else None)

    @property
    def are_rendered(self) -> bool:
        """Whether any queue is, so that a label which names one is known to be read."""
        return any(kind in (CLUSTER_QUEUE, LOCAL_QUEUE) for kind, _, _ in self._rendered)

    def serve(self, namespace: str) -> bool:
        """Whether any LocalQueue of a namespace is known."""
        if self._inventory is not None and self._inventory.names(LOCAL_QUEUE, namespace):
            return True
        return any(kind == LOCAL_QUEUE and place == namespace for kind, place, _ in self._rendered)

    def queue_of(self, namespace: str, labels: Mapping[str, JsonValue]) -> str:
        """Return the LocalQueue that pods with these labels wait in; blank where Kueue leaves them alone."""
        named = text(labels.get(QUEUE_LABEL))
        return named or (DEFAULT_QUEUE if self.find(LOCAL_QUEUE, DEFAULT_QUEUE, namespace) is not None else "")

    def cluster_queue_of(self, namespace: str, labels: Mapping[str, JsonValue]) -> str:
        """Return the ClusterQueue behind that LocalQueue; blank where it is not known."""
        queue = self.queue_of(namespace, labels)
        found = self.find(LOCAL_QUEUE, queue, namespace) if queue else None
        return text(mapping(found.spec).get("clusterQueue")) if found is not None else ""

    @cached_property
    def cluster_queues(self) -> frozenset[str]:
        """The names of all ClusterQueues, those among them that a LocalQueue leads to and of which no more is known."""
        listed = self._inventory
        names = {name for kind, _, name in self._rendered if kind == CLUSTER_QUEUE}
        local = [(place, name) for kind, place, name in self._rendered if kind == LOCAL_QUEUE]
        if listed is not None:
            names.update(listed.names(CLUSTER_QUEUE))
            local += [(place, name) for place in listed.namespaces for name in listed.names(LOCAL_QUEUE, place)]
        found = (self.find(LOCAL_QUEUE, name, place) for place, name in local)
        led = {text(mapping(each.spec).get("clusterQueue")) for each in found if each is not None}
        return frozenset(names | led - {""})

    def groups_of(self, queue: str) -> tuple[ResourceGroup, ...]:
        """Return what a ClusterQueue offers; nothing of one of which no more than its name is known."""
        return resource_groups(mapping(self._spec(CLUSTER_QUEUE, queue)))

    def node_labels(self, flavor: str) -> JsonObject:
        """Return the labels of the nodes that a flavor stands for, as far as is known."""
        return mapping(mapping(self._spec(FLAVOR, flavor)).get("nodeLabels"))

    def ceiling(self, queue: str, flavor: str, resource: str) -> Ceiling:
        """Return the most that a ClusterQueue can give of a resource in a flavor, what it may borrow among it."""
        place = (queue, flavor, resource)
        if place not in self._ceilings:
            self._ceilings[place] = self._new_ceiling(*place)
        return self._ceilings[place]

    def _new_ceiling(self, queue: str, flavor: str, resource: str) -> Ceiling:
        found = self.find(CLUSTER_QUEUE, queue)
        spec = mapping(found.spec) if found is not None else {}
        quota = _quota(spec, flavor, resource)
        parent = _parent(spec)
        if not parent:
            return Ceiling(quota.nominal, quota.nominal)
        shared = self._cohort_ceiling(parent, flavor, resource, frozenset())
        return _borrowed(quota, Ceiling(quota.nominal, quota.nominal), shared)

    def _cohort_ceiling(self, cohort: str, flavor: str, resource: str, below: frozenset[str]) -> Ceiling:
        """Go up to the root; `below` are the cohorts that led here. Of a circle nothing is ever admitted."""
        spec = self._cohort_spec(cohort)
        parent = _parent(spec)
        held = self._subtree(cohort, flavor, resource, frozenset())
        subtree = Ceiling(held, held if self._is_closed else None)
        if not parent or parent in below | {cohort}:
            return subtree
        above = self._cohort_ceiling(parent, flavor, resource, below | {cohort})
        return _borrowed(_quota(spec, flavor, resource), subtree, above)

    def _subtree(self, cohort: str, flavor: str, resource: str, seen: frozenset[str]) -> Fraction:
        """Sum up what a cohort has itself, and what those below it lend."""
        total = _quota(self._cohort_spec(cohort), flavor, resource).nominal
        for kind, child in self._children.get(cohort, ()):
            if kind == _COHORT:
                held = Fraction(0)
                if child not in seen | {cohort}:
                    held = self._subtree(child, flavor, resource, seen | {cohort})
                spec = self._cohort_spec(child)
            else:
                spec = mapping(self._spec(kind, child))
                held = _quota(spec, flavor, resource).nominal
            total += held - _kept(_quota(spec, flavor, resource), held)
        return total

    def _spec(self, kind: str, name: str) -> JsonObject | None:
        found = self.find(kind, name)
        return None if found is None else found.spec

    def _cohort_spec(self, cohort: str) -> JsonObject:
        return mapping(self._spec(_COHORT, cohort))

    @cached_property
    def _children(self) -> dict[str, list[tuple[str, str]]]:
        """List the queues and cohorts of each cohort."""
        found: dict[str, list[tuple[str, str]]] = {}
        for kind in (CLUSTER_QUEUE, _COHORT):
            listed = self._inventory.names(kind) if self._inventory is not None else ()
            names = {name for own, _, name in self._rendered if own == kind}.union(listed)
            for name in sorted(names):
                parent = _parent(mapping(self._spec(kind, name)))
                if parent:
                    found.setdefault(parent, []).append((kind, name))
        return found

    @cached_property
    def _is_closed(self) -> bool:
        """Whether all queues and cohorts are known, with what they hold."""
        listed = self._inventory
        if listed is None or not all(listed.covers(kind) for kind in (CLUSTER_QUEUE, _COHORT)):
            return False
        return all(
            self._spec(kind, name) is not None for kind in (CLUSTER_QUEUE, _COHORT) for name in listed.names(kind)
        )


def _place(resource: Resource) -> str:
    return (resource.id.namespace or "default") if resource.kind == LOCAL_QUEUE else ""


def _parent(spec: JsonObject) -> str:
    """Return the cohort that a queue or a cohort belongs to, by the words of each version of the API."""
    return next(filter(None, (text(spec.get(word)) for word in _PARENTS)), "")


def _quota(spec: JsonObject, flavor: str, resource: str) -> Quota:
    for group in resource_groups(spec):
        found = group.flavors.get(flavor, {}).get(resource)
        if found is not None:
            return found
    return Quota(Fraction(0))


def _kept(quota: Quota, held: Fraction) -> Fraction:
    """Return what is never lent."""
    return Fraction(0) if quota.lending is None else max(Fraction(0), held - quota.lending)


def _borrowed(quota: Quota, held: Ceiling, above: Ceiling) -> Ceiling:
    """Add to what is not lent what those above have, as far as it may be borrowed."""
    kept = _kept(quota, held.amount)
    amount, bound = kept + above.amount, None if above.bound is None else kept + above.bound
    if quota.borrowing is None:
        return Ceiling(amount, bound)
    limit = None if held.bound is None else held.bound + quota.borrowing
    bounds = [each for each in (bound, limit) if each is not None]
    return Ceiling(min(amount, held.amount + quota.borrowing), min(bounds, default=None))
