"""A pod's use of its node's namespaces in; findings out where two wishes exclude each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, maps
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.jsontypes import JsonValue
from kservegen.core.problem import Problem

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/host-namespace",
    title="A pod asks for namespaces of its node that it cannot have together",
    why="With users of its own a pod has none of the node's network, processes or IPC, and it cannot share its "
    "processes while it sees the node's. The object is admitted, its Deployment is refused.",
    fix="Give up one of the two fields.",
    bad="{hostUsers: false, hostNetwork: true}",
    good="hostUsers: false",
    upstream=SOURCE,
)

_OF_NODE: Final = ("hostNetwork", "hostPID", "hostIPC")


def _users(value: JsonValue, place: Place) -> Iterator[Problem]:
    if value is not False:
        return
    pod, path = place.pod.spec, place.path[:-1]
    for field in _OF_NODE:
        if pod.get(field) is True:
            yield Problem((*path, field), f"{field} may not be set when hostUsers is false", "true")
    for name in ("containers", "initContainers"):
        for container, at in maps(pod.get(name), (*path, name)):
            if container.get("volumeDevices"):
                yield Problem((*at, "volumeDevices"), "volumeDevices may not be set when hostUsers is false")


def _processes(value: JsonValue, place: Place) -> Iterator[Problem]:
    if value is True and place.pod.spec.get("hostPID") is True:
        yield Problem(place.path, "shareProcessNamespace and hostPID cannot both be enabled", "true")


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"hostUsers": _users, "shareProcessNamespace": _processes})
