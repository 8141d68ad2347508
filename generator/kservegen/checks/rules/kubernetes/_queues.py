"""An object in, its pods that wait in Kueue's queues out: grouped as Kueue admits them, each with the line to edit.

A pod is admitted by itself, and those of a LeaderWorkerSet group by group
(pkg/controller/jobs/leaderworkerset/leaderworkerset_reconciler.go of Kueue).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct

from kservegen.checks.queues import CLUSTER_QUEUE, LOCAL_QUEUE, QUEUE_LABEL, QueueObject
from kservegen.checks.rules._made import MadeView, Place, made_of
from kservegen.checks.rules.base import Context, Resource
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.checks.rules.view import queues_of
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.kserve.controllers.running import RunningWorkload

_GROUPED: Final = "LeaderWorkerSet"
_LABEL: Final[Path] = ("metadata", "labels", QUEUE_LABEL)


class PodSet(NamedTuple):
    """Like pods that are admitted together, `number` of them."""

    running: RunningWorkload
    number: int

    @property
    def told(self) -> str:
        """Words for the pods."""
        return f"the {self.running.role} pod" if self.number == 1 else f"the {self.number} {self.running.role} pods"


class QueuedWorkload(Struct, frozen=True):
    """What Kueue admits as one: its pods, and the LocalQueue that they wait in. Not `labelled` is a default queue."""

    view: MadeView
    pod_sets: tuple[PodSet, ...]
    local_queue: QueueObject
    labelled: bool

    @property
    def place(self) -> Place:
        """Where the queue is named; the model where nobody names it."""
        if QUEUE_LABEL in mapping(mapping(self.view.resource.doc.get("metadata")).get("labels")):
            return Place(_LABEL, "")
        for pod in self.view.pods():
            if QUEUE_LABEL in mapping(mapping(mapping(pod.pod).get("metadata")).get("labels")):
                return self.view.where(pod.origins, _LABEL)
        return self.view.at_source(())


def queued_workloads(resource: Resource, context: Context) -> Iterator[QueuedWorkload]:
    """List the workloads of an object whose LocalQueue is known; one that is not is a reference to nothing."""
    queues, home = queues_of(context), namespace(resource)
    view = made_of(resource, context) if queues.serve(home) else None
    if view is None:
        return
    groups: dict[tuple[str, str], list[PodSet]] = {}
    for running in context.simulation.workloads(resource) or ():
        if running.count.maximum:
            groups.setdefault((running.kind, running.name), []).append(PodSet(running, 1))
    for (kind, _), pod_sets in groups.items():
        labels = _labels(pod_sets[0].running)
        local = queues.find(LOCAL_QUEUE, queues.queue_of(home, labels), home)
        if local is not None:
            counted = tuple(_group(pod_sets)) if kind == _GROUPED else tuple(pod_sets)
            yield QueuedWorkload(view, counted, local, QUEUE_LABEL in labels)


def cluster_queue(workload: QueuedWorkload, context: Context) -> QueueObject | None:
    """Return the ClusterQueue that a workload waits for; None for one of which nothing is known."""
    name = text(mapping(workload.local_queue.spec).get("clusterQueue"))
    return queues_of(context).find(CLUSTER_QUEUE, name)


def as_known(found: QueueObject, context: Context) -> str:
    """Name an object, with the day of the inventory where that is where it is known from."""
    if found.rendered is not None or context.inventory is None:
        return found.full_name
    return f"{found.full_name}, as the cluster had it on {text(context.inventory.words.get('taken'))},"


def _labels(running: RunningWorkload) -> JsonObject:
    return mapping(mapping(running.pod.get("metadata")).get("labels"))


def _group(pod_sets: list[PodSet]) -> Iterator[PodSet]:
    """Count the pods of one group: a leader, where it has a template of its own, and the workers."""
    for pod_set in pod_sets:
        is_leader = not pod_set.running.role.endswith(" worker")
        yield pod_set if is_leader else pod_set._replace(number=pod_set.running.nodes - len(pod_sets) + 1)
