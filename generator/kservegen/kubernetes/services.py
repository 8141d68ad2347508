"""Services in; what the API server refuses in them out.

Which addresses and node ports it hands out is its own business; what depends on them is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import label_error, qualified_name_error, subdomain_error
from kservegen.core.problem import Problem
from kservegen.core.values import ip_error, port_error, port_name_error
from kservegen.kubernetes.fields import BrokenLaw, bounded, choice, lawful, maps, numbered, required, texts, word
from kservegen.kubernetes.metadata import validate_metadata
from kservegen.kubernetes.selectors import label_map

_TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_FROM_OUTSIDE: Final = ("LoadBalancer", "NodePort")
_POLICIES: Final = ("Cluster", "Local")
_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_AFFINITIES: Final = ("ClientIP", "None")
_LONGEST_AFFINITY: Final = 86400
_FAMILIES: Final = ("IPv4", "IPv6")
_FAMILY_POLICIES: Final = ("PreferDualStack", "RequireDualStack", "SingleStack")
_HEADLESS: Final = "None"


def validate_service(service: JsonObject) -> Iterator[BrokenLaw]:
    """Check a Service that is to be created, defaulted or not, whose values have the types of Kubernetes' schema."""
    yield from validate_metadata("Service", service.get("metadata"))
    spec, path = mapping(service.get("spec")), ("spec",)
    for problem in chain(
        _type(spec, path),
        _addresses(spec, path),
        _ports(spec, path),
        label_map(spec.get("selector"), (*path, "selector")),
        _affinity(spec, path),
        _traffic(spec, path),
    ):
        yield BrokenLaw("service", problem)


def _kind(spec: JsonObject) -> str:
    return text(spec.get("type")) or "ClusterIP"


def _type(spec: JsonObject, path: Path) -> Iterator[Problem]:
    yield from choice(spec, "type", path, _TYPES)
    if _kind(spec) == "ExternalName":
        name = text(spec.get("externalName")).removesuffix(".")
        if reason := subdomain_error(name):
            where = (*path, "externalName") if "externalName" in spec else path
            yield Problem(where, f"invalid value of externalName: {reason}", name)
        for field in ("clusterIP", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(field):
                yield Problem((*path, field), f"{field} may not be set for ExternalName services", at_key=True)


def _addresses(spec: JsonObject, path: Path) -> Iterator[Problem]:
    if _kind(spec) == "ExternalName":
        return
    address = text(spec.get("clusterIP"))
    if address == _HEADLESS:
        if _kind(spec) in _FROM_OUTSIDE:
            yield Problem((*path, "clusterIP"), f"clusterIP may not be None for {_kind(spec)} services", address)
    elif address and (reason := ip_error(address)):
        yield Problem((*path, "clusterIP"), f"invalid value of clusterIP: {reason}", address)
    families: set[str] = set()
    for family, at in texts(spec.get("ipFamilies"), (*path, "ipFamilies")):
        if family not in _FAMILIES or family in families:
            yield Problem(at, f"unsupported or repeated IP family {family!r}", family, ", ".join(_FAMILIES))
        families.add(family)
    yield from word(spec, "ipFamilyPolicy", path, _FAMILY_POLICIES)


def _ports(spec: JsonObject, path: Path) -> Iterator[Problem]:
    ports, at = sequence(spec.get("ports")), (*path, "ports")
    if not ports and spec.get("clusterIP") != _HEADLESS and _kind(spec) != "ExternalName":
        yield Problem(at if "ports" in spec else path, "required value: ports is missing or empty")
    names: set[str] = set()
    numbers: set[tuple[str, JsonValue]] = set()
    nodes: set[tuple[str, JsonValue]] = set()
    for port, where in maps(ports, at):
        name, protocol = text(port.get("name")), text(port.get("protocol")) or "TCP"
        if len(ports) > 1:
            yield from required(port, "name", where)
        yield from _port(port, where)
        if name and name in names:
            yield Problem((*where, "name"), f"two ports are called {name!r}", name)
        if (protocol, port.get("port")) in numbers:
            yield Problem((*where, "port"), f"two ports have the number {port.get('port')}", str(port.get("port")))
        if port.get("nodePort"):
            if _kind(spec) == "ClusterIP":
                yield Problem((*where, "nodePort"), "nodePort may not be used when type is ClusterIP", at_key=True)
            if (protocol, port["nodePort"]) in nodes:
                yield Problem((*where, "nodePort"), f"two ports have the node port {port['nodePort']}")
            nodes.add((protocol, port["nodePort"]))
        names.add(name)
        numbers.add((protocol, port.get("port")))


def _port(port: JsonObject, path: Path) -> Iterator[Problem]:
    yield from lawful(port, "name", path, label_error)
    if "port" not in port:
        yield Problem(path, "required value: port is missing", at_key=True)
    yield from numbered(port, "port", path, port_error)
    yield from choice(port, "protocol", path, _PROTOCOLS)
    target = port.get("targetPort")
    if isinstance(target, str):
        yield from lawful(port, "targetPort", path, port_name_error)
    elif target:  # 0 is the port itself
        yield from numbered(port, "targetPort", path, port_error)
    if isinstance(application := port.get("appProtocol"), str) and (reason := qualified_name_error(application)):
        yield Problem((*path, "appProtocol"), f"invalid value of appProtocol: {reason}", application)


def _affinity(spec: JsonObject, path: Path) -> Iterator[Problem]:
    yield from choice(spec, "sessionAffinity", path, _AFFINITIES)
    if spec.get("sessionAffinity") == "ClientIP":
        at = (*path, "sessionAffinityConfig", "clientIP")
        client = mapping(mapping(spec.get("sessionAffinityConfig")).get("clientIP"))
        yield from bounded(client, "timeoutSeconds", at, 1, _LONGEST_AFFINITY)


def _traffic(spec: JsonObject, path: Path) -> Iterator[Problem]:
    yield from word(spec, "internalTrafficPolicy", path, _POLICIES)
    yield from choice(spec, "externalTrafficPolicy", path, _POLICIES)
    outside = _kind(spec) in _FROM_OUTSIDE or (_kind(spec) == "ClusterIP" and bool(spec.get("externalIPs")))
    if (policy := text(spec.get("externalTrafficPolicy"))) and not outside:
        message = "externalTrafficPolicy may only be set for externally-accessible services"
        yield Problem((*path, "externalTrafficPolicy"), message, policy)
    if spec.get("allocateLoadBalancerNodePorts") is not None and _kind(spec) != "LoadBalancer":
        message = "allocateLoadBalancerNodePorts may only be used when type is LoadBalancer"
        yield Problem((*path, "allocateLoadBalancerNodePorts"), message, at_key=True)
