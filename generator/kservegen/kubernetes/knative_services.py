"""Knative Services in; what Knative's webhook refuses in them out, whatever the feature flags of the cluster say.

The law is `Service.Validate` of knative.dev/serving v0.48 (pkg/apis/serving/{k8s_validation,fieldmask}.go and
v1/*_validation.go) after its defaults. What a flag of ConfigMap config-features allows is not refused here, and what is
beyond the usual bounds of config-defaults is told by itself: no file need hold these. A field that the definition of
the kind does not have is dropped before the webhook sees it. A test holds this module against Knative's own code.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from itertools import chain
from typing import Final

from kservegen.core.diagnostics import Severity
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.names import label_error
from kservegen.core.patterns import lazy_pattern
from kservegen.core.problem import Problem
from kservegen.kubernetes.fields import BrokenLaw, bounded, choice, lawful, maps, required
from kservegen.kubernetes.knative_annotations import revision_annotations, rollout_duration

_NAME: Final = lazy_pattern(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_HIGHEST_ID: Final = 2**31 - 1
_SECURITY: Final = frozenset(
    {"fsGroup", "runAsGroup", "runAsNonRoot", "runAsUser", "seccompProfile", "supplementalGroups"}
)
_SOURCES: Final = ("configMap", "csi", "emptyDir", "hostPath", "image", "persistentVolumeClaim", "projected", "secret")
_RESERVED_PATHS: Final = frozenset({"/", "/dev", "/dev/log"})
_RESERVED_ENV: Final = frozenset({"K_CONFIGURATION", "K_REVISION", "K_SERVICE"})
_RESERVED_PORTS: Final = frozenset({8008, 8012, 8013, 8022, 9090, 9091})
_PORT_NAMES: Final = ("h2c", "http1")
_HANDLERS: Final = ("exec", "grpc", "httpGet", "tcpSocket")
_LAST_WORDS: Final = ("FallbackToLogsOnError", "File")
_ALL: Final = 100
# Fields of a revision, their usual bounds, and the settings that raise these (pkg/apis/config/defaults.go).
_BOUNDS: Final = {
    "timeoutSeconds": (600, "max-revision-timeout-seconds"),
    "containerConcurrency": (1000, "container-concurrency-max-limit"),
}


def validate_knative_service(service: JsonObject) -> Iterator[BrokenLaw]:
    """Check a Knative Service that is to be created, whose values have the types of its definition."""
    spec = mapping(service.get("spec"))
    template, path = mapping(spec.get("template")), ("spec", "template")
    pod, at_pod = mapping(template.get("spec")), (*path, "spec")
    annotations = mapping(mapping(template.get("metadata")).get("annotations"))
    for problem in chain(
        _metadata(mapping(service.get("metadata"))),
        revision_annotations(annotations, (*path, "metadata", "annotations")),
        bounded(pod, "timeoutSeconds", at_pod, 0),
        bounded(pod, "containerConcurrency", at_pod, 0),
        _pod(pod, at_pod),
        _volumes(pod, at_pod),
        _containers(pod, at_pod),
        _traffic(spec),
    ):
        yield BrokenLaw("knative-service", problem)


def knative_bounds(service: JsonObject) -> Iterator[BrokenLaw]:
    """Check a Knative Service by the bounds that ConfigMap config-defaults has unless somebody raises them."""
    pod = mapping(mapping(mapping(service.get("spec")).get("template")).get("spec"))
    for field, (most, setting) in _BOUNDS.items():
        number = integer(pod.get(field))
        if number is not None and number > most:
            message = f"{field} is {number}, and {setting} of Knative's ConfigMap config-defaults is {most} by itself"
            at: Path = ("spec", "template", "spec", field)
            problem = Problem(at, message, str(number), f"{most} and less", severity=Severity.WARNING)
            yield BrokenLaw("knative-bounds", problem)


def _metadata(metadata: JsonObject) -> Iterator[Problem]:
    name = text(metadata.get("name"))
    if not _NAME.fullmatch(name):
        message = "not a DNS 1035 label: at most 63 of a-z, 0-9 and -, the first a letter, the last no -"
        yield Problem(("metadata", "name"), message, name)
    yield from rollout_duration(mapping(metadata.get("annotations")), ("metadata", "annotations"))


def _pod(pod: JsonObject, path: Path) -> Iterator[Problem]:
    if pod.get("automountServiceAccountToken") is True:
        yield Problem((*path, "automountServiceAccountToken"), "must not set the field; only false is taken", "true")
    security, at = mapping(pod.get("securityContext")), (*path, "securityContext")
    for field in security:
        if field not in _SECURITY:
            yield Problem((*at, field), f"must not set the field {field}", at_key=True)
    yield from _ids(security, at)


def _ids(security: JsonObject, path: Path) -> Iterator[Problem]:
    for field in ("runAsUser", "runAsGroup"):
        yield from bounded(security, field, path, 0, _HIGHEST_ID)


def _volumes(pod: JsonObject, path: Path) -> Iterator[Problem]:
    everything = chain(*(maps(pod.get(field), (*path, field)) for field in ("initContainers", "containers")))
    mounts = chain(*(maps(container.get("volumeMounts"), at) for container, at in everything))
    mounted = {mount.get("name") for mount, _ in mounts}
    names: set[str] = set()
    for volume, at in maps(pod.get("volumes"), (*path, "volumes")):
        name = text(volume.get("name"))
        yield from required(volume, "name", at)
        yield from lawful(volume, "name", at, label_error)
        if name in names:
            yield Problem((*at, "name"), f"duplicate volume name {name!r}", name)
        elif name and name not in mounted:
            yield Problem((*at, "name"), f"volume with name {name!r} not mounted", name)
        names.add(name)
        given = [source for source in _SOURCES if volume.get(source) is not None]
        if len(given) != 1:
            message = f"expected exactly one, got {'both ' + ' and '.join(given) if given else 'neither'}"
            yield Problem(at, message, allowed=", ".join(_SOURCES))


def _containers(pod: JsonObject, path: Path) -> Iterator[Problem]:
    containers = list(maps(pod.get("containers"), (*path, "containers")))
    if not containers:
        yield Problem(path, "required value: containers is missing or empty")
    ports = [port for container, at in containers for port in maps(container.get("ports"), (*at, "ports"))]
    if len(ports) > 1:
        message = "more than one container port is set: Knative takes a single port of all containers"
        yield Problem(ports[1][1], message, str(ports[1][0].get("containerPort")))
    elif not ports and len(containers) > 1:
        yield Problem(
            (*path, "containers"), "one of several containers must state the port that serves: none has ports"
        )
    name = text(ports[0][0].get("name")) if ports else ""
    yield from _names(pod, path)
    volumes = {text(mapping(volume).get("name")) for volume in sequence(pod.get("volumes"))}
    for container, at in containers:
        alone = len(containers) == 1 or bool(container.get("ports"))
        yield from _container(container, at, volumes, port_env=not alone)
        for probe in ("livenessProbe", "readinessProbe") if alone else ():
            yield from _probe(container, probe, at, name or "http")
    for container, at in maps(pod.get("initContainers"), (*path, "initContainers")):
        yield from _container(container, at, volumes, port_env=True)


def _names(pod: JsonObject, path: Path) -> Iterator[Problem]:
    names: set[str] = set()
    for field in ("containers", "initContainers"):
        for container, at in maps(pod.get(field), (*path, field)):
            name = text(container.get("name"))
            if name and name in names:
                yield Problem((*at, "name"), f"duplicate container name {name!r}", name)
            names.add(name)


def _container(container: JsonObject, path: Path, volumes: set[str], *, port_env: bool) -> Iterator[Problem]:
    if container.get("name") == "queue-proxy":
        yield Problem((*path, "name"), "'queue-proxy' is a reserved container name", "queue-proxy")
    for variable, at in maps(container.get("env"), (*path, "env")):
        yield from required(variable, "name", at)
        name = text(variable.get("name"))
        if name in _RESERVED_ENV or (name == "PORT" and not port_env):
            yield Problem((*at, "name"), f"{name!r} is a reserved environment variable", name)
    yield from required(container, "image", path)
    for port, at in maps(container.get("ports"), (*path, "ports")):
        yield from _port(port, at)
    security, at_security = mapping(container.get("securityContext")), (*path, "securityContext")
    if security.get("privileged") is True:
        yield Problem((*at_security, "privileged"), "must not set the field; only false is taken", "true")
    yield from _ids(security, at_security)
    yield from choice(container, "terminationMessagePolicy", path, _LAST_WORDS)
    yield from _mounts(container, path, volumes)


def _port(port: JsonObject, path: Path) -> Iterator[Problem]:
    number = integer(port.get("containerPort"))
    if number in _RESERVED_PORTS:
        yield Problem((*path, "containerPort"), f"{number} is a port that Knative keeps for itself", str(number))
    yield from bounded(port, "containerPort", path, 0, 2**16 - 1)
    yield from choice(port, "protocol", path, ("TCP",))
    yield from choice(port, "name", path, _PORT_NAMES)


def _mounts(container: JsonObject, path: Path, volumes: set[str]) -> Iterator[Problem]:
    taken: set[str] = set()
    for mount, at in maps(container.get("volumeMounts"), (*path, "volumeMounts")):
        name, where = text(mount.get("name")), text(mount.get("mountPath"))
        if name not in volumes:
            yield Problem((*at, "name"), "volumeMount has no matching volume", name)
        yield from required(mount, "mountPath", at)
        clean = posixpath.normpath(where) if where else ""
        if clean in _RESERVED_PATHS:
            yield Problem((*at, "mountPath"), f"mountPath {clean!r} is a reserved path", where)
        elif where and not where.startswith("/"):
            yield Problem((*at, "mountPath"), "mountPath must be absolute", where)
        elif clean and clean in taken:
            yield Problem((*at, "mountPath"), f"{where!r} must be unique", where)
        taken.add(clean)


def _probe(container: JsonObject, field: str, path: Path, port_name: str) -> Iterator[Problem]:
    probe = container.get(field)
    if not isinstance(probe, dict):
        return
    given = [handler for handler in _HANDLERS if probe.get(handler) is not None]
    if field == "readinessProbe":
        yield from _readiness(probe, (*path, field))
    elif not given:
        yield Problem((*path, field), "expected exactly one, got neither", allowed=", ".join(_HANDLERS))
    if len(given) > 1:
        yield Problem((*path, field), f"expected exactly one, got both {' and '.join(given)}")
    for handler in given:
        port = mapping(probe[handler]).get("port")
        if isinstance(port, str) and port and port != port_name:
            yield Problem((*path, field, handler, "port"), "probe port must match the container port", port, port_name)


def _readiness(probe: JsonObject, path: Path) -> Iterator[Problem]:
    """Check the times of a readiness probe; Knative's defaults give it a handler, and no period."""
    for field in ("failureThreshold", "initialDelaySeconds", "periodSeconds", "successThreshold", "timeoutSeconds"):
        yield from bounded(probe, field, path, 0)
    for field in ("failureThreshold", "timeoutSeconds") if not probe.get("periodSeconds") else ():
        if probe.get(field):
            message = f"{field} is disallowed when periodSeconds is zero: state periodSeconds, too"
            yield Problem((*path, field), message, str(probe[field]))


def _traffic(spec: JsonObject) -> Iterator[Problem]:
    for target, at in maps(spec.get("traffic"), ("spec", "traffic")):
        yield from bounded(target, "percent", at, 0, _ALL)
