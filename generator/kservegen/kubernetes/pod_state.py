"""A pod as a cluster holds it in; what keeps it from serving, out: where it waits, why it ended, what it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.kubernetes.conditions import conditions_by_type

# A container that has not begun because its pod has not: what holds the pod is told elsewhere.
_BEGINNING: Final = frozenset({"PodInitializing"})


class PodTrouble(NamedTuple):
    """What is wrong with a pod, in Kubernetes' own words; the message is blank where it says none."""

    pod: str
    reason: str
    message: str


def pod_trouble(doc: JsonObject) -> PodTrouble | None:
    """Return what keeps a pod from serving; None where nothing does, or it has ended as it should."""
    name, status = text(mapping(doc.get("metadata")).get("name")), mapping(doc.get("status"))
    if text(status.get("phase")) == "Succeeded":
        return None
    found = next(_troubles(status), None)
    return PodTrouble(name, *found) if found is not None else None


def creation_trouble(doc: JsonObject) -> PodTrouble | None:
    """Return why a Deployment gets no pods, as of a quota or a webhook; None where it gets them."""
    conditions = map(mapping, sequence(mapping(doc.get("status")).get("conditions")))
    for item in conditions:
        if text(item.get("type")) == "ReplicaFailure" and text(item.get("status")) == "True":
            name = text(mapping(doc.get("metadata")).get("name"))
            return PodTrouble(name, text(item.get("reason")) or "ReplicaFailure", text(item.get("message")))
    return None


def _troubles(status: JsonObject) -> Iterator[tuple[str, str]]:
    if text(status.get("phase")) == "Failed":
        yield text(status.get("reason")) or "Failed", text(status.get("message"))
    conditions = conditions_by_type(status)
    scheduled = mapping(conditions.get("PodScheduled"))
    if text(scheduled.get("status")) == "False":
        yield text(scheduled.get("reason")) or "Unschedulable", text(scheduled.get("message"))
    for word in ("initContainerStatuses", "containerStatuses"):
        for container in map(mapping, sequence(status.get(word))):
            yield from _of_container(container)
    ready = mapping(conditions.get("Ready"))
    if text(ready.get("status")) == "False":
        yield text(ready.get("reason")) or "NotReady", text(ready.get("message"))


def _of_container(container: JsonObject) -> Iterator[tuple[str, str]]:
    state = mapping(container.get("state"))
    waiting, ended = mapping(state.get("waiting")), mapping(state.get("terminated"))
    name = text(container.get("name"))
    if (reason := text(waiting.get("reason"))) and reason not in _BEGINNING:
        last = _ending(mapping(mapping(container.get("lastState")).get("terminated")))
        said = text(waiting.get("message"))
        yield reason, f"{name}: {last or said}" if last or said else name
    elif ended and integer(ended.get("exitCode")):
        yield text(ended.get("reason")) or "Error", f"{name}: {_ending(ended)}"


def _ending(ended: JsonObject) -> str:
    """Say how a container ended; blank where it has not."""
    if not ended:
        return ""
    said = [f"ended with exit code {integer(ended.get('exitCode')) or 0}"]
    said += [word for word in (text(ended.get("reason")), text(ended.get("message")).strip()) if word]
    return ", ".join(said)
