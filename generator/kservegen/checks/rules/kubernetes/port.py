"""The ports of a pod's containers in; findings out where the API server refuses a number, a name or a protocol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, choice, lawful, maps, numbered
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import integer, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem
from kservegen.core.values import port_error, port_name_error

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/port",
    title="A container's port has a number, a name or a protocol that no port can have",
    why="Ports lie between 1 and 65535, their names are short IANA service names that stand once in a container, and "
    "protocols are spelt in capitals. The object is admitted, its Deployment is refused.",
    fix="Correct the number, or choose a name such as http1 or h2c of at most 15 characters.",
    bad="ports: [{containerPort: 8080, name: http_port, protocol: TCP}]",
    good="ports: [{containerPort: 8080, name: http-port, protocol: TCP}]",
    upstream=SOURCE,
)

_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")


def _judge(value: JsonValue, place: Place) -> Iterator[Problem]:
    names: set[str] = set()
    for port, path in maps(value, place.path):
        yield from _port(port, path)
        name = text(port.get("name"))
        if name and name in names:
            yield Problem((*path, "name"), f"two ports of the container are called {name!r}", name)
        names.add(name)
    yield from _host_ports(value, place)


def _port(port: JsonObject, path: Path) -> Iterator[Problem]:
    if "containerPort" not in port:
        yield Problem(path, "required value: containerPort is missing", at_key=True)
    yield from numbered(port, "containerPort", path, port_error)
    yield from lawful(port, "name", path, port_name_error)
    yield from choice(port, "protocol", path, _PROTOCOLS)
    if port.get("hostPort"):
        yield from numbered(port, "hostPort", path, port_error)


def _host_ports(value: JsonValue, place: Place) -> Iterator[Problem]:
    """Judge ports of the node: containers that run together share them."""
    taken: set[tuple[str, str, int]] = set()
    if place.at and not place.at.init:
        taken = _taken_before(place)
    for port, path in maps(value, place.path):
        number = integer(port.get("hostPort"))
        if not number:
            continue
        key = _host_key(port, number)
        if key in taken:
            yield Problem((*path, "hostPort"), f"two containers ask for port {number} of the node", str(number))
        taken.add(key)
        in_network = place.pod.spec.get("hostNetwork") is True and place.at is not None and not place.at.init
        if in_network and number != port.get("containerPort"):
            message = "hostPort must match containerPort when hostNetwork is true"
            yield Problem((*path, "hostPort"), message, str(number), str(port.get("containerPort")))


def _taken_before(place: Place) -> set[tuple[str, str, int]]:
    taken: set[tuple[str, str, int]] = set()
    for container, path in maps(place.pod.spec.get("containers"), (*place.pod.path, "containers")):
        if path == place.path[:-1]:
            break
        for port, _ in maps(container.get("ports"), ()):
            if number := integer(port.get("hostPort")):
                taken.add(_host_key(port, number))
    return taken


def _host_key(port: JsonObject, number: int) -> tuple[str, str, int]:
    return (text(port.get("protocol")) or "TCP", text(port.get("hostIP")), number)


RULE: Final = Rule(meta=META, kinds=KINDS, container={"ports": _judge})
