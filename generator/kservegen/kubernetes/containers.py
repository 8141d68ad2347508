"""The containers of a pod in; what the API server refuses in their names, images, policies, ports and mounts out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import label_error
from kservegen.core.problem import Problem
from kservegen.core.values import backsteps_error, descending_path_error, port_error, port_name_error
from kservegen.kubernetes.fields import (
    ContainerPlace,
    FieldPlace,
    PodPlace,
    choice,
    lawful,
    maps,
    needed,
    numbered,
    required,
    word,
)

_PULLS: Final = ("Always", "IfNotPresent", "Never")
_LAST_WORDS: Final = ("FallbackToLogsOnError", "File")


def container_names(pod: PodPlace, first: str = "") -> Iterator[Problem]:
    """Check the names of a pod's containers; `first` is what its first one will be called whatever it says."""
    names: set[str] = set()
    for container, path in maps(pod.spec.get("containers"), (*pod.path, "containers")):
        given = text(container.get("name"))
        name = first if first and path[-1] == 0 else given
        if name == given:
            yield from needed(container, "name", path, label_error)
        if name in names and not pod.partial:
            yield Problem((*path, "name"), f"two containers are called {name!r}", name)
        names.add(name)
    others = frozenset(names)
    names.clear()
    for container, path in maps(pod.spec.get("initContainers"), (*pod.path, "initContainers")):
        yield from needed(container, "name", path, label_error)
        name = text(container.get("name"))
        if name and (name in others or (name in names and not pod.partial)):
            yield Problem((*path, "name"), f"two containers are called {name!r}", name)
        names.add(name)


def image_missing(at: ContainerPlace) -> Problem | None:
    """Say that a container has no image; None where it has one."""
    if at.container.get("image"):
        return None
    name = text(at.container.get("name"))
    return Problem(at.path, f"required value: image is missing or empty for container {name!r}")


def padded_image(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `image` as pods are checked, and Deployments are not: no white space stands around it."""
    if isinstance(value, str) and value != value.strip():
        yield Problem(place.path, "image must not have leading or trailing whitespace", value, value.strip())


def pull_policy(_value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `imagePullPolicy`."""
    yield from choice(place.container, "imagePullPolicy", place.path[:-1], _PULLS)


def termination_message_policy(_value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `terminationMessagePolicy`."""
    yield from choice(place.container, "terminationMessagePolicy", place.path[:-1], _LAST_WORDS)


_RESIZED: Final = ("cpu", "memory")
_RESTARTS: Final = ("NotRequired", "RestartContainer")


def resize_policy(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `resizePolicy`."""
    seen: set[str] = set()
    for policy, path in maps(value, place.path):
        for field, allowed in (("resourceName", _RESIZED), ("restartPolicy", _RESTARTS)):
            yield from required(policy, field, path)
            yield from choice(policy, field, path, allowed)
        name = text(policy.get("resourceName"))
        if name and name in seen:
            yield Problem(path, f"two resize policies for {name}", name)
        seen.add(name)


_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")


def container_ports(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `ports`: numbers, names, protocols, and ports of the node."""
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


def _host_ports(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check ports of the node: containers that run together share them."""
    taken: set[tuple[str, str, int]] = set()
    if not place.init:
        taken = _taken_before(place)
    for port, path in maps(value, place.path):
        number = integer(port.get("hostPort"))
        if not number:
            continue
        key = _host_key(port, number)
        if key in taken:
            yield Problem((*path, "hostPort"), f"two containers ask for port {number} of the node", str(number))
        taken.add(key)
        in_network = place.pod.spec.get("hostNetwork") is True and not place.init
        if in_network and number != port.get("containerPort"):
            message = "hostPort must match containerPort when hostNetwork is true"
            yield Problem((*path, "hostPort"), message, str(number), str(port.get("containerPort")))


def _taken_before(place: FieldPlace) -> set[tuple[str, str, int]]:
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


_PROPAGATIONS: Final = ("Bidirectional", "HostToContainer", "None")
_BLOCKS: Final = frozenset({"ephemeral", "persistentVolumeClaim"})
_READ_ONLY: Final = ("Disabled", "Enabled", "IfPossible")


def volume_mounts(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `volumeMounts`: paths, and ways of mounting."""
    privileged = mapping(place.container.get("securityContext")).get("privileged") is True
    taken: set[str] = set()
    for mount, path in maps(value, place.path):
        yield from required(mount, "name", path)
        yield from required(mount, "mountPath", path)
        mounted = text(mount.get("mountPath"))
        if mounted and mounted in taken and not place.pod.partial:
            yield Problem((*path, "mountPath"), f"two volumes are mounted at {mounted}", mounted)
        taken.add(mounted)
        yield from _sub_path(mount, path)
        yield from word(mount, "mountPropagation", path, _PROPAGATIONS)
        # The other half may make the container privileged.
        if mount.get("mountPropagation") == "Bidirectional" and not privileged and not place.pod.partial:
            message = "Bidirectional mount propagation is available only to privileged containers"
            yield Problem((*path, "mountPropagation"), message, "Bidirectional")
        yield from _recursive(mount, path)


def _sub_path(mount: JsonObject, path: Path) -> Iterator[Problem]:
    yield from lawful(mount, "subPath", path, descending_path_error)
    yield from lawful(mount, "subPathExpr", path, descending_path_error)
    if mount.get("subPath") and mount.get("subPathExpr"):
        yield Problem((*path, "subPathExpr"), "subPathExpr and subPath are mutually exclusive", at_key=True)


def _recursive(mount: JsonObject, path: Path) -> Iterator[Problem]:
    chosen = text(mount.get("recursiveReadOnly"))
    yield from word(mount, "recursiveReadOnly", path, _READ_ONLY)
    if chosen not in {"Enabled", "IfPossible"}:
        return
    at = (*path, "recursiveReadOnly")
    if mount.get("readOnly") is not True:
        yield Problem(at, "recursiveReadOnly may only be specified when readOnly is true", chosen)
    if mount.get("mountPropagation") not in {None, "None"}:
        yield Problem(at, "recursiveReadOnly may only be specified when mountPropagation is None", chosen)


def volume_devices(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `volumeDevices`: paths, and that nothing is both device and mount."""
    mounts = [mount for mount, _ in maps(place.container.get("volumeMounts"), ())]
    names, paths = ({text(mount.get(field)) for mount in mounts} for field in ("name", "mountPath"))
    sources = {text(volume.get("name")): volume for volume, _ in maps(place.pod.spec.get("volumes"), ())}
    taken: set[str] = set()
    for device, path in maps(value, place.path):
        yield from required(device, "name", path)
        yield from needed(device, "devicePath", path, backsteps_error)
        name = text(device.get("name"))
        if name and name in taken:
            yield Problem((*path, "name"), f"the volume {name!r} must be unique among volumeDevices", name)
        if name in sources and _BLOCKS.isdisjoint(sources[name]) and not place.pod.partial:
            message = "only a persistentVolumeClaim or an ephemeral volume can be a device"
            yield Problem((*path, "name"), message, name)
        if name in names or text(device.get("devicePath")) in paths:
            yield Problem(path, "a volume or path must not be in both volumeDevices and volumeMounts", name)
        taken.add(name)


def undeclared_volumes(
    at: ContainerPlace, volumes: frozenset[str], implied: frozenset[str] = frozenset()
) -> Iterator[Problem]:
    """Check that a container mounts what there is: `volumes` that are declared, and those that come by themselves."""
    for field in ("volumeMounts", "volumeDevices"):
        for mount, path in maps(at.container.get(field), (*at.path, field)):
            name = text(mount.get("name"))
            if name and name not in volumes and name not in implied:
                allowed = ", ".join(sorted(volumes - implied)) or "no volume is declared"
                yield Problem((*path, "name"), f"the pod has no volume {name!r} to mount", name, allowed)


def volumes_of(pod: JsonObject) -> frozenset[str]:
    """Name the volumes of a pod spec."""
    return frozenset(text(mapping(volume).get("name")) for volume in sequence(pod.get("volumes")))
