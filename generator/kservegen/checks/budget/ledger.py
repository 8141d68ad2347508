"""A built environment's objects in; a ledger out: one line per group of pods, and sums over chosen lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Final, NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from kservegen.checks.demand.devices import taken_devices
from kservegen.checks.demand.groups import PodGroup
from kservegen.checks.queues import Queues
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import ResourceId
from kservegen.kserve.controllers.running import PodCount

_Key = TypeVar("_Key", str, ResourceId)

ACCELERATORS: Final = "accelerators"
_PLAIN: Final = ("cpu", "memory", "ephemeral-storage")


class Line(Struct, frozen=True, kw_only=True):
    """Like pods of one object: `each` is what one of them takes, devices under `accelerators`.

    `device` is the resource name of its devices, `types` the accelerators that they can be: several where the pods are
    not held to one by a label. `claim` names the ResourceClaim whose devices these are, which counts once however many
    pods, or objects, share it. `queue` is Kueue's ClusterQueue that they wait for, blank where that is none.
    """

    entry: str
    owner: str
    subject: ResourceId
    role: str
    path: Path
    count: PodCount
    each: Mapping[str, Fraction]
    types: tuple[str, ...] = ()
    device: str = ""
    claim: str = ""
    queue: str = ""

    def at(self, resource: str) -> Moments:
        """Return what all of its pods take of a resource, at each moment."""
        each = self.each.get(resource, _NONE)
        return Moments(each * self.count.minimum, each * self.count.maximum, each * self.count.surge)


class Moments(NamedTuple):
    """An amount at minReplicas, at maxReplicas, and what a rolling update adds to that."""

    minimum: Fraction
    maximum: Fraction
    surge: Fraction

    @property
    def rollout(self) -> Fraction:
        """The worst moment of a rolling update."""
        return self.maximum + self.surge


_NONE: Final = Fraction(0)
NOTHING: Final = Moments(_NONE, _NONE, _NONE)


def lines(
    entry: str, owner: str, subject: ResourceId, groups: Iterable[PodGroup], accelerators: JsonObject, queues: Queues
) -> Iterator[Line]:
    """Write the lines of one object; a pod with devices of two kinds makes a line for each.

    Devices of a claim that all pods share make a line of their own, with the claim in the place of pods.
    """
    for group in groups:
        taken = [*taken_devices(group, accelerators)]
        plain: dict[str, Fraction] = {name: group.requests[name] for name in _PLAIN if name in group.requests}
        whole = Line(
            entry=entry,
            owner=owner,
            subject=subject,
            role=group.role,
            path=group.path,
            count=group.count,
            each=plain,
            queue=queues.cluster_queue_of(subject.namespace or "default", group.labels),
        )
        own = [item for item in taken if not item.claim]
        if not own:
            yield whole
        for index, item in enumerate(own):
            each = {**(plain if index == 0 else {}), ACCELERATORS: Fraction(item.number)}
            yield replace(whole, each=each, types=item.types, device=item.resource)
        for item in taken:
            if item.claim:
                each = {ACCELERATORS: Fraction(item.number)}
                count = PodCount(min(group.count.minimum, 1), min(group.count.maximum, 1))
                claim = f"claim {item.claim}"
                yield replace(
                    whole, role=claim, count=count, each=each, types=item.types, device=item.resource, claim=item.claim
                )


def total(chosen: Iterable[Line], resource: str) -> Moments:
    """Sum lines. One object rolls at a time: of the surges only the largest object's counts."""
    taken = [(line, line.each.get(resource, _NONE)) for line in chosen]
    unit = lcm(*{amount.denominator for _, amount in taken})  # of which every amount is a whole number: sums are cheap
    minimum = maximum = 0
    surges: dict[ResourceId, int] = {}
    for line, amount in taken:
        count, each = line.count, amount.numerator * (unit // amount.denominator)
        minimum += each * count.minimum
        maximum += each * count.maximum
        surges[line.subject] = surges.get(line.subject, 0) + each * count.surge
    return Moments(*(Fraction(each, unit) for each in (minimum, maximum, max(surges.values(), default=0))))


def serving_replicas(chosen: Sequence[Line]) -> tuple[int, int]:
    """Return the replicas of what serves of one object, the least and the most; none of what takes nothing.

    Its line comes before those of a scheduler, an explainer or workers.
    """
    return (chosen[0].count.minimum, chosen[0].count.maximum) if chosen else (0, 0)


def grouped(chosen: Iterable[Line], key: Callable[[Line], _Key]) -> dict[_Key, list[Line]]:
    """Group lines, in order of their keys."""
    found: dict[_Key, list[Line]] = {}
    for line in chosen:
        found.setdefault(key(line), []).append(line)
    return dict(sorted(found.items()))
