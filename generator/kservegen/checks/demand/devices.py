"""A group of pods and an environment's accelerators in; which accelerators the pods take, and how many each, out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kservegen.checks.demand.claims import ClaimedDevices, claim_of_class
from kservegen.checks.demand.groups import PodGroup
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.servers.devices import CLASS_PREFIX, class_devices, maker_of


class TakenDevices(NamedTuple):
    """Accelerators that one pod takes: how many, by the name of their resource, and the `types` they can be.

    The types are those of the environment, or the resource itself where it has none. `claim` names the claim that all
    pods share: together they take no more than one of them does.
    """

    resource: str
    number: int
    types: tuple[str, ...]
    claim: str = ""


def taken_devices(group: PodGroup, accelerators: JsonObject) -> Iterator[TakenDevices]:
    """Yield what one pod of a group takes: what it requests by name, then what it claims."""
    for name, amount in group.requests.items():
        if amount < 1 or "/" not in name:
            continue
        if is_accelerator(name, accelerators):
            yield _taken(group, (name,), int(amount), accelerators)
        elif name.startswith(CLASS_PREFIX) and class_devices(name.removeprefix(CLASS_PREFIX)) is not None:
            yield _taken(group, claim_of_class(name, int(amount)).names, int(amount), accelerators)
    for claimed in group.claims.devices:
        if claimed.number > 0:
            yield _taken(group, claimed.names, claimed.number, accelerators)._replace(claim=claimed.claim)


def is_accelerator(resource: str, accelerators: JsonObject) -> bool:
    """Whether a resource is a device: one that the environment names, or one of a known maker."""
    if maker_of(resource) is not None and not resource.startswith(CLASS_PREFIX):
        return True
    return any(text(mapping(facts).get("resource")) == resource for facts in accelerators.values())


def _taken(group: PodGroup, names: tuple[str, ...], number: int, accelerators: JsonObject) -> TakenDevices:
    types = {name: possible_types(group, name, accelerators) for name in names}
    known = tuple(dict.fromkeys(one for name in names for one in types[name]))
    resource = next((name for name in names if types[name]), names[-1])
    return TakenDevices(resource, number, known or (names[-1].removeprefix(CLASS_PREFIX),))


def possible_types(group: PodGroup, resource: str, accelerators: JsonObject) -> tuple[str, ...]:
    """Name the accelerators that a device of the pod can be: the ones whose node labels it selects, else any.

    Where several fit, those that ask for the most labels stand for the node that was meant.
    """
    selector = mapping(group.pod.get("nodeSelector"))
    fitting: dict[str, int] = {}
    of_resource: list[str] = []
    for name, facts in accelerators.items():
        if not _is_named(text(mapping(facts).get("resource")), resource):
            continue
        of_resource.append(name)
        labels = mapping(mapping(facts).get("nodeSelector"))
        if labels and all(selector.get(key) == value for key, value in labels.items()):
            fitting[name] = len(labels)
    if not fitting:
        return tuple(of_resource)
    most = max(fitting.values())
    return tuple(name for name, labels in fitting.items() if labels == most)


def _is_named(resource: str, name: str) -> bool:
    return resource.startswith(name[:-1]) if name.endswith("*") else resource == name


def countable_claim(claimed: ClaimedDevices, devices: frozenset[str]) -> str:
    """Return which of the `devices` of node pools a claim of each pod's own takes; blank where none or several are."""
    found = {device for device in devices for name in claimed.names if _is_named(device, name)}
    return found.pop() if len(found) == 1 and not claimed.claim and claimed.number > 0 else ""
