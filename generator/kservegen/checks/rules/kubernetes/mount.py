"""A container's volume mounts and devices in; findings out where the API server refuses a path or a way of mounting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, lawful, maps, needed, required, word
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem
from kservegen.core.values import backsteps_error, descending_path_error

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/mount",
    title="A volume is mounted nowhere, at a path that climbs, or in a way that the container may not",
    why="A mount has a path, a subPath stays within the volume, and only privileged containers pass mounts on to the "
    "node. The object is admitted, its Deployment is refused.",
    fix="Correct the path or the propagation that is pointed at.",
    bad="volumeMounts: [{name: models, mountPath: /mnt/models, subPath: ../other}]",
    good="volumeMounts: [{name: models, mountPath: /mnt/models, subPath: other}]",
    upstream=SOURCE,
)

_PROPAGATIONS: Final = ("Bidirectional", "HostToContainer", "None")
_READ_ONLY: Final = ("Disabled", "Enabled", "IfPossible")


def _mounts(value: JsonValue, place: Place) -> Iterator[Problem]:
    privileged = mapping(place.container.get("securityContext")).get("privileged") is True
    for mount, path in maps(value, place.path):
        yield from required(mount, "name", path)
        yield from required(mount, "mountPath", path)
        yield from _sub_path(mount, path)
        yield from word(mount, "mountPropagation", path, _PROPAGATIONS)
        # A runtime may make the container privileged.
        if mount.get("mountPropagation") == "Bidirectional" and not privileged and not place.overlaid:
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


def _devices(value: JsonValue, place: Place) -> Iterator[Problem]:
    mounts = [mount for mount, _ in maps(place.container.get("volumeMounts"), ())]
    names, paths = ({text(mount.get(field)) for mount in mounts} for field in ("name", "mountPath"))
    taken: set[str] = set()
    for device, path in maps(value, place.path):
        yield from required(device, "name", path)
        yield from needed(device, "devicePath", path, backsteps_error)
        name = text(device.get("name"))
        if name and name in taken:
            yield Problem((*path, "name"), f"the volume {name!r} must be unique among volumeDevices", name)
        if name in names or text(device.get("devicePath")) in paths:
            yield Problem(path, "a volume or path must not be in both volumeDevices and volumeMounts", name)
        taken.add(name)


RULE: Final = Rule(meta=META, kinds=KINDS, container={"volumeMounts": _mounts, "volumeDevices": _devices})
