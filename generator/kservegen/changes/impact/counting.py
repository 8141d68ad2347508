"""An object on both sides of a change in; how many of its pods restart, with their accelerators, out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct

from kservegen.changes.impact.effective import ImpactScene
from kservegen.changes.impact.model import Cause, Restart, Scaled, summed
from kservegen.checks.demand.devices import taken_devices
from kservegen.checks.demand.groups import PodGroup, pod_groups
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId


class _PodAccelerators(Struct, frozen=True):
    own: Mapping[str, int]  # of one pod
    shared: Mapping[str, int]  # of a claim that all pods share

    def taken(self, pods: int) -> dict[str, int]:
        own = {name: number * pods for name, number in self.own.items() if number * pods}
        return summed([own, self.shared]) if pods else {}


class _Rolled(NamedTuple):
    role: str
    pods: int
    least: int
    surge: int
    each: _PodAccelerators
    held: int = 0  # those of all that roll, before or after, whichever are more


def count_restart(
    subject: ResourceId, roles: frozenset[str], causes: tuple[Cause, ...], before: ImpactScene, after: ImpactScene
) -> Restart:
    """Count the pods of some roles that are there on both sides; what comes up is of the size after the change."""
    now = _groups(after[subject], after)
    then = now if before[subject] is after[subject] else _groups(before[subject], before)
    rolled: list[_Rolled] = []
    for key, group in now.items():
        old = then.get(key)
        if group.role in roles and old is not None:
            each = _accelerators(group, after.side.accelerators)
            pods = min(old.count.maximum, group.count.maximum)
            least = min(old.count.minimum, group.count.minimum)
            was = _accelerators(old, before.side.accelerators)
            held = max(sum(each.taken(pods).values()), sum(was.taken(pods).values()))
            rolled.append(_Rolled(group.role, pods, least, min(group.count.surge, pods), each, held))
    return Restart(
        subject=subject,
        pods=sum(item.pods for item in rolled),
        accelerators=summed(item.each.taken(item.pods) for item in rolled),
        causes=causes,
        surge=summed(_PodAccelerators(item.each.own, {}).taken(item.surge) for item in rolled),
        surge_pods=sum(item.surge for item in rolled),
        least=sum(item.least for item in rolled),
        roles=tuple(sorted({item.role for item in rolled})),
        held=sum(item.held for item in rolled),
    )


def count_held(subject: ResourceId, scene: ImpactScene) -> dict[str, int]:
    """Count the accelerators that all pods of an object hold at maxReplicas, by type."""
    groups = _groups(scene[subject], scene).values()
    each = ((_accelerators(group, scene.side.accelerators), group.count.maximum) for group in groups)
    return summed(one.taken(pods) for one, pods in each)


def count_scaled(subject: ResourceId, before: ImpactScene, after: ImpactScene) -> Iterator[Scaled]:
    """List the groups of pods whose number changes; one that comes or goes as a whole has none on the other side."""
    then, now = _groups(before[subject], before), _groups(after[subject], after)
    for key in {**then, **now}:
        old, new = _bounds(then.get(key)), _bounds(now.get(key))
        if old != new:
            yield Scaled(subject, key[0], old, new)


def _groups(resource: Resource, scene: ImpactScene) -> dict[tuple[str, int], PodGroup]:
    """Find the groups of an object by role; canaries, which share one, by their order too."""
    found: dict[tuple[str, int], PodGroup] = {}
    for group in pod_groups(resource, scene.simulation):
        index = sum(1 for role, _ in found if role == group.role)
        found[group.role, index] = group
    return found


def _bounds(group: PodGroup | None) -> tuple[int, int]:
    return (group.count.minimum, group.count.maximum) if group is not None else (0, 0)


def _accelerators(group: PodGroup, accelerators: JsonObject) -> _PodAccelerators:
    """Say what one pod takes, by type; by resource name where it is none that the environment has."""
    taken = [*taken_devices(group, accelerators)]

    def by_type(*, shared: bool) -> dict[str, int]:
        return summed({" or ".join(item.types): item.number} for item in taken if bool(item.claim) is shared)

    return _PodAccelerators(by_type(shared=False), by_type(shared=True))
