"""The `budgets` of an environment in; what each limits, and whom, out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from msgspec import Struct

from kservegen.checks.budget.ledger import ACCELERATORS, Line
from kservegen.checks.budget.queue_quota import queue_quota
from kservegen.checks.queues import Queues
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.quantity import parse_quantity

# The words of a budget that limit something -> the resource that they limit.
LIMITED = {"limit": ACCELERATORS, "cpu": "cpu", "memory": "memory", "ephemeral-storage": "ephemeral-storage"}


class Budget(Struct, frozen=True, kw_only=True, eq=False):
    """Limits by word, and the lines that they are for: those that match every filter that is not empty.

    `granted` are the words among the limits that nobody wrote here: they are the quota of the `cluster_queue`.
    """

    name: str
    accelerator: str
    owner: str
    namespace: str
    limits: Mapping[str, Fraction]
    cluster_queue: str = ""
    granted: frozenset[str] = frozenset()

    def chooses(self, line: Line) -> bool:
        """Whether a line counts against this budget."""
        return (
            (not self.accelerator or self.accelerator in line.types)
            and (not self.owner or self.owner == line.owner)
            and (not self.namespace or self.namespace == line.subject.namespace)
            and (not self.cluster_queue or self.cluster_queue == line.queue)
        )

    def chosen(self, ledger: Iterable[Line]) -> tuple[Line, ...]:
        """Return the lines that count against this budget."""
        return tuple(line for line in ledger if self.chooses(line))

    @property
    def scope(self) -> str:
        """Whom it is for, in words."""
        queue = f"ClusterQueue {self.cluster_queue}" * bool(self.cluster_queue)
        said = [self.accelerator, f"owner {self.owner}" * bool(self.owner), self.namespace, queue]
        return ", ".join(part for part in said if part) or "the environment"


def read_budgets(words: JsonObject, queues: Queues, accelerators: JsonObject) -> Iterator[Budget]:
    """Read the budgets of an environment, in the order in which they are written.

    What a budget of a ClusterQueue does not say itself is the quota of that.
    """
    for name, value in words.items():
        if isinstance(value, dict):
            accelerator, queue = text(value.get("accelerator")), text(value.get("clusterQueue"))
            limits = dict(_limits(mapping(value)))
            quota = queue_quota(queue, accelerator, queues, accelerators) if queue else {}
            granted = {word: quota[LIMITED[word]] for word in LIMITED if LIMITED[word] in quota and word not in value}
            yield Budget(
                name=name,
                accelerator=accelerator,
                owner=text(value.get("owner")),
                namespace=text(value.get("namespace")),
                # Less than nothing is nothing: no model is the largest there.
                limits={
                    word: max(each, Fraction(0))
                    for word in LIMITED
                    if (each := {**granted, **limits}.get(word)) is not None
                },
                cluster_queue=queue,
                granted=frozenset(granted),
            )


def _limits(words: JsonObject) -> Iterator[tuple[str, Fraction]]:
    for word in LIMITED:
        value = words.get(word)
        quantity = parse_quantity(value) if isinstance(value, (str, int, float)) else None
        if quantity is not None:
            yield word, quantity.value
