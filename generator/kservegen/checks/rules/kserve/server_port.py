"""The server listens on another port than its probes and its Service use, or on an address that they do not reach.

A port in the arguments moves the server. The probes and the Service that KServe makes stay where they are, so that the
pod is never ready, and is started again and again. The kubelet asks at the address of the pod: a server on 127.0.0.1
does not hear it. A server with a port for HTTP and one for gRPC listens on both, and exits where they are the same.

Fix: Leave the port of the server as KServe sets it.
Bad:
    args: [--port=8080]      # an LLM service: probes and Service use 8000
Good:
    args: [--max-num-seqs=64]
Upstream: config/llmisvcconfig; pkg/controller/v1beta1/inferenceservice/components/predictor.go
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from kservegen.checks.rules._made import once
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._server_arguments import ServerInPod, servers_made
from kservegen.core.document import integer, mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.kserve.servers.listening import listening_ports, loopback_host, shared_port

_NETWORKED: Final = ("httpGet", "tcpSocket", "grpc")
_PROBES: Final = {"startupProbe": "startup", "readinessProbe": "readiness", "livenessProbe": "liveness"}


class _Asked(Struct, frozen=True):
    """A port that somebody expects the server on, and the field of the container that says so, if one does.

    `who` has a place for `name`: words are for the few that are told.
    """

    number: int
    who: str
    name: str
    path: Path = ()


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    servers = servers_made(resource, context)
    yield from once(
        problem for find in (_shared, _missed, _unreached) for server in servers for problem in find(server)
    )


def _unreached(server: ServerInPod) -> Problems:
    """Find a server that only its own pod reaches, where the kubelet asks it from outside."""
    host = loopback_host(server.started)
    if host is None or not server.states(server.word(host.word)):
        return
    for name, word in _PROBES.items():
        probe = mapping(server.container.get(name))
        if any("port" in (action := mapping(probe.get(key))) and not action.get("host") for key in _NETWORKED):
            message = f"the server listens on {host.address} alone, and its {word} probe asks at the pod's address"
            yield Problem(
                server.where(server.word(host.word)).path,
                f"{message}: it never becomes ready",
                seen=host.address,
                hint="Leave --host out: the server listens on all addresses by itself.",
            )
            return


def _shared(server: ServerInPod) -> Problems:
    """Find a server with two ports that are one."""
    found = shared_port(server.started)
    if found is None or found.word < 0 or not server.states(server.word(found.word)):
        return
    place = server.where(server.word(found.word))
    message = f"{found.first} and {found.second} are both {found.number}: the server cannot listen on one port twice"
    yield Problem(place.path, message, str(found.number), hint="Give each a port of its own.")


def _missed(server: ServerInPod) -> Problems:
    ports = listening_ports(server.started)
    if not ports:
        return  # nobody can tell
    numbers = {port.number for port in ports}
    for asked in (*_probed(server.container), *_served(server)):
        if asked.number in numbers or _listens_beside(server, asked.number):
            continue
        moved = next((port for port in ports if port.word >= 0 and server.states(server.word(port.word))), None)
        field = server.word(moved.word) if moved is not None else asked.path
        if not field or not server.states(field):
            continue  # nothing that the object itself says
        listens = " and ".join(dict.fromkeys(str(port.number) for port in ports))
        who, path = asked.who.format(asked.name), server.where(field).path
        while path and value_at(server.view.resource.doc, path) is None:
            path = path[:-1]  # a probe that KServe adds
        yield Problem(
            path,
            f"the server listens on {listens}, and {who} {asked.number}: it never becomes ready",
            seen=str(moved.number if moved is not None else asked.number),
            hint=""
            if moved is not None
            else f"Let the server listen on {asked.number}, or state its port in ports and probes.",
        )
        return


def _probed(container: JsonObject) -> Iterator[_Asked]:
    for name, word in _PROBES.items():
        probe = mapping(container.get(name))
        for action in _NETWORKED if probe else ():
            number = _number(mapping(probe.get(action)).get("port"), container)
            if number:
                yield _Asked(number, "its {} probe asks on", word, (name, action, "port"))


def _served(server: ServerInPod) -> Iterator[_Asked]:
    """List the ports of the pod that its Services lead to."""
    labels = mapping(mapping(mapping(server.pod.pod).get("metadata")).get("labels"))
    for made in server.view.made.objects:
        if made.doc.get("kind") != "Service":
            continue
        spec = mapping(made.doc.get("spec"))
        selector = mapping(spec.get("selector"))
        if not selector or not selector.items() <= labels.items():
            continue
        for port in map(mapping, sequence(spec.get("ports"))):
            number = _number(port.get("targetPort", port.get("port")), server.container)
            if number:
                yield _Asked(number, "the Service {} leads to", text(mapping(made.doc.get("metadata")).get("name")))


def _number(port: JsonValue, container: JsonObject) -> int:
    if isinstance(port, str):
        named = (mapping(item) for item in sequence(container.get("ports")))
        return next((integer(item.get("containerPort")) or 0 for item in named if item.get("name") == port), 0)
    return integer(port) or 0


def _listens_beside(server: ServerInPod, number: int) -> bool:
    """Whether another container of the pod may listen on a port: one that says so, or that says nothing of ports."""
    spec = mapping(mapping(server.pod.pod).get("spec"))
    beside = [mapping(item) for item in sequence(spec.get("containers")) if item is not server.container]
    sidecars = (mapping(item) for item in sequence(spec.get("initContainers")))
    beside += [item for item in sidecars if item.get("restartPolicy") == "Always"]
    for container in beside:
        ports = [mapping(item).get("containerPort") for item in sequence(container.get("ports"))]
        if not ports or number in ports:
            return True
    return False
