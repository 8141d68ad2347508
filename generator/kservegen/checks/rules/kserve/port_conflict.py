"""Two containers of a pod listen on one port.

Containers of a pod share its network: of two servers that bind the same port, the second stops at once, and is started
again for ever.

Fix: Give one of them another port, in its arguments and in its ports.
Bad:
    containers:
      - {name: kserve-container, ports: [{containerPort: 8080}]}
      - {name: transformer-container, ports: [{containerPort: 8080}]}
Good:
    containers:
      - {name: kserve-container, ports: [{containerPort: 8085}]}
      - {name: transformer-container, ports: [{containerPort: 8080}]}
Upstream: kubernetes.io/docs/concepts/workloads/pods: pod networking
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from kservegen.checks.rules._made import MadeView, once, pods_made
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.core.diagnostics import Counterpart
from kservegen.core.document import integer, mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.kserve.controllers.made import STORED, MadePod, source_of
from kservegen.kserve.servers.command_line import started_server
from kservegen.kserve.servers.listening import listening_ports


class _Bound(Struct, frozen=True):
    """A port that a container says it listens on, and the field that says so."""

    number: int
    protocol: str
    container: str
    path: Path


@rule(Stage.RUN, "InferenceService", "InferenceGraph", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    yield from once(problem for view, pod in pods_made(resource, context) for problem in _conflicts(view, pod))


def _conflicts(view: MadeView, pod: MadePod) -> Iterator[Problem]:
    first: dict[tuple[int, str], _Bound] = {}
    containers = _running(mapping(pod.pod))
    for bound in _bound(containers) if len(containers) > 1 else ():
        other = first.setdefault((bound.number, bound.protocol), bound)
        if other.container == bound.container:
            continue
        own, theirs = (bound, other) if _is_stated(pod, bound.path) else (other, bound)
        if _is_stated(pod, own.path):
            message = f"the containers {own.container} and {theirs.container} of {pod.of} both listen on {own.number}"
            there = view.where(pod.origins, theirs.path)
            port = None if there.source else Counterpart(there.path, f"{theirs.container} listens on it here")
            path = view.where(pod.origins, own.path).path
            yield Problem(path, f"{message}: one of them stops", seen=str(own.number), other=port)


def _running(pod: JsonObject) -> list[tuple[JsonObject, Path]]:
    """List the containers that run beside each other, with their paths."""
    found: list[tuple[JsonObject, Path]] = []
    for field in ("containers", "initContainers"):
        for index, container in enumerate(map(mapping, sequence(value_at(pod, ("spec", field))))):
            if field == "containers" or container.get("restartPolicy") == "Always":
                found.append((container, ("spec", field, index)))
    return found


def _bound(containers: Iterable[tuple[JsonObject, Path]]) -> Iterator[_Bound]:
    for container, path in containers:
        name = text(container.get("name"))
        for at, port in enumerate(map(mapping, sequence(container.get("ports")))):
            number = integer(port.get("containerPort")) or 0
            protocol = text(port.get("protocol")) or "TCP"
            yield _Bound(number, protocol, name, (*path, "ports", at, "containerPort"))
        started = started_server(container)
        for found in listening_ports(started) if started is not None else ():
            if started is not None and found.word >= 0:
                section, *rest = started.places[found.word]
                if section != "env":
                    yield _Bound(found.number, "TCP", name, (*path, section, *rest))


def _is_stated(pod: MadePod, path: Path) -> bool:
    return source_of(path, pod.origins)[:1] == (STORED,)
