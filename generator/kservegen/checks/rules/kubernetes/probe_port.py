"""A probe or a hook asks a port by a name that no port of its container has.

Names of ports are looked up in the container that the probe belongs to. One that is not there is no mistake to the API
server; the kubelet cannot ask, and the probe fails each time: the pod is never ready, or is started again and again.

Fix: Use the name of one of the container's ports, or its number.
Bad:
    ports: [{name: http1, containerPort: 8080}]
    readinessProbe: {httpGet: {path: /, port: http}}
Good:
    ports: [{name: http1, containerPort: 8080}]
    readinessProbe: {httpGet: {path: /, port: http1}}
Upstream: pkg/kubelet/prober/prober.go; pkg/probe/util.go (ResolveContainerPort)
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules._made import ContainerMade, containers_made, once
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import Path

_ASKERS: Final[dict[str, Path]] = {
    "startup probe": ("startupProbe",),
    "readiness probe": ("readinessProbe",),
    "liveness probe": ("livenessProbe",),
    "postStart hook": ("lifecycle", "postStart"),
    "preStop hook": ("lifecycle", "preStop"),
}
_FIELDS: Final = frozenset(path[0] for path in _ASKERS.values())
_ACTIONS: Final = ("httpGet", "tcpSocket")


@rule(Stage.RUN, "InferenceService", "InferenceGraph", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    yield from once(problem for made in containers_made(resource, context) for problem in _unknown(made))


def _unknown(made: ContainerMade) -> Iterator[Problem]:
    container = made.container
    if _FIELDS.isdisjoint(container):
        return
    names = [text(mapping(port).get("name")) for port in sequence(container.get("ports"))]
    for asker, path in _ASKERS.items():
        if path[0] not in container:
            continue
        asked = mapping(value_at(container, path))
        for action in _ACTIONS if asked else ():
            port = mapping(asked.get(action)).get("port")
            if not isinstance(port, str) or port in names or port.isdigit():
                continue
            place = made.where(*path, action, "port")
            from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

            near = get_close_matches(port, names, 1)
            yield Problem(
                place.path,
                f"the {asker} asks port {port!r}, and no port of container {text(container.get('name'))!r} is called "
                f"so{place.told}",
                seen=port,
                allowed=", ".join(name for name in names if name),
                hint=f"Did you mean {near[0]}?" if near else "",
            )
