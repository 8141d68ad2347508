"""A ledger and Kueue's queues in; queues that cannot hold all that always runs in them out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final

from msgspec import Struct

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.checks.budget.amounts import write_amount
from kservegen.checks.budget.ledger import ACCELERATORS, Line, grouped
from kservegen.checks.queues import DEFAULT_QUEUE, LOCAL_QUEUE, Ceiling, Queues
from kservegen.core.diagnostics import Diagnostic, Location, Related, Severity
from kservegen.core.manual import written_manuals

_RULE: Final = "budget/queue-full"
_MOST_LINES: Final = 12


def check_queue_sums(
    environment: ResolvedEnvironment, ledger: Sequence[Line], locate: Callable[[Line], Location], queues: Queues
) -> Iterator[Diagnostic]:
    """Say which queues never admit all of their models at minReplicas, at the line of the one that takes the most.

    Where one pod alone is too much another rule says so.
    """
    for name, lines in grouped((line for line in ledger if line.queue), lambda line: line.queue).items():
        for group in queues.groups_of(name):
            for resource in group.covered:
                counted = [line for line in lines if _least(line, resource)]
                ceilings = [queues.ceiling(name, flavor, resource) for flavor in group.flavors]
                full = _Full(name, resource, counted, ceilings)
                if full.need > full.most and full.takes_each:
                    yield _told(full, environment, locate, queues)


class _Full(Struct, frozen=True):
    """The lines that wait in a queue for a resource, and the most that each of its flavors gives."""

    queue: str
    resource: str
    counted: list[Line]
    ceilings: list[Ceiling]

    @property
    def need(self) -> Fraction:
        return sum((_least(line, self.resource) for line in self.counted), Fraction(0))

    @property
    def most(self) -> Fraction:
        return sum((each.amount for each in self.ceilings), Fraction(0))

    @property
    def takes_each(self) -> bool:
        """Whether there is a flavor for each pod by itself; where there is none, that is the cause."""
        largest = max((each.amount for each in self.ceilings), default=Fraction(0))
        return all(_of_pod(line, self.resource) <= largest for line in self.counted)

    def is_sure(self, queues: Queues) -> bool:
        """Whether it follows from what is known: no cohort may lend more, and every model names its queue."""
        bounds = [each.bound for each in self.ceilings if each.bound is not None]
        homes = {line.subject.namespace or "default" for line in self.counted}
        is_named = all(queues.find(LOCAL_QUEUE, DEFAULT_QUEUE, home) is None for home in homes)
        return is_named and len(bounds) == len(self.ceilings) and self.need > sum(bounds, Fraction(0))


def _told(
    full: _Full, environment: ResolvedEnvironment, locate: Callable[[Line], Location], queues: Queues
) -> Diagnostic:
    resource, counted = full.resource, full.counted
    largest = max(counted, key=lambda line: _least(line, resource))
    most = write_amount(resource, full.most)
    return Diagnostic(
        rule=_RULE,
        severity=written_manuals()[_RULE].severity if full.is_sure(queues) else Severity.WARNING,
        message=f"ClusterQueue {full.queue} never admits all that waits for it at minReplicas: "
        f"{write_amount(resource, full.need)} of {most} {resource}",
        location=locate(largest),
        hint="Raise its quota, lower minReplicas or requests, or let a model wait in another queue.",
        seen=_sum(counted, resource),
        allowed=f"at most {most}",
        environments=(environment.name,),
        subjects=tuple(sorted({str(line.subject) for line in counted})),
        entries=(largest.entry,),
        related=tuple(Related(f"{line.entry} {line.role}", locate(line)) for line in counted[:_MOST_LINES]),
        cause=f"ClusterQueue/{full.queue}/{resource}",
    )


def _least(line: Line, resource: str) -> Fraction:
    """Return what the pods of a line take of a resource at minReplicas."""
    return _of_pod(line, resource) * line.count.minimum


def _of_pod(line: Line, resource: str) -> Fraction:
    """Return what one pod takes of a resource; devices go by the name of theirs."""
    return line.each.get(ACCELERATORS if line.device == resource else resource, Fraction(0))


def _sum(counted: Sequence[Line], resource: str) -> str:
    ordered = sorted(counted, key=lambda line: (-_least(line, resource), line.entry, line.role))
    parts = [f"{line.entry} {write_amount(resource, _least(line, resource))}" for line in ordered[:_MOST_LINES]]
    rest = len(ordered) - _MOST_LINES
    return " + ".join(parts) + (f" + {rest} more" if rest > 0 else "")
