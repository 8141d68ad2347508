"""A pod's preemption policy and operating system in; findings out where Kubernetes does not know the word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, choice, maps, required, word
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/pod-policy",
    title="A pod's preemption policy or operating system is not one that Kubernetes knows",
    why="Pods preempt as PreemptLowerPriority or Never and run on linux or windows, each with security options of its "
    "own. The object is admitted, its Deployment is refused.",
    fix="Write one of the allowed words, and leave out what the other operating system has.",
    bad="os: {name: Linux}",
    good="os: {name: linux}",
    upstream=SOURCE,
)

_SYSTEMS: Final = ("linux", "windows")
_LINUX_ONLY_IN_POD: Final = ("hostUsers", "shareProcessNamespace")
_TRUE_ONLY_IN_POD: Final = ("hostPID", "hostIPC")
_LINUX_ONLY: Final = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
)


def _preemption(_value: JsonValue, place: Place) -> Iterator[Problem]:
    yield from word(place.pod.spec, "preemptionPolicy", place.path[:-1], ("Never", "PreemptLowerPriority"))


def _system(value: JsonValue, place: Place) -> Iterator[Problem]:
    system, pod, path = mapping(value), place.pod.spec, place.path[:-1]
    yield from required(system, "name", place.path)
    yield from choice(system, "name", place.path, _SYSTEMS)
    contexts = [(pod, path), *_containers(pod, path)]
    if system.get("name") == "linux":
        for owner, at in contexts:
            if mapping(owner.get("securityContext")).get("windowsOptions") is not None:
                where = (*at, "securityContext", "windowsOptions")
                yield Problem(where, "windows options cannot be set for a linux pod", at_key=True)
    elif system.get("name") == "windows":
        yield from _windows(pod, path)
        for owner, at in contexts:
            yield from _linux_only(mapping(owner.get("securityContext")), (*at, "securityContext"))


def _containers(pod: JsonObject, path: Path) -> Iterator[tuple[JsonObject, Path]]:
    for field in ("initContainers", "containers"):
        yield from maps(pod.get(field), (*path, field))


def _windows(pod: JsonObject, path: Path) -> Iterator[Problem]:
    given = [field for field in _LINUX_ONLY_IN_POD if pod.get(field) is not None]
    given += [field for field in _TRUE_ONLY_IN_POD if pod.get(field) is True]
    for field in given:
        yield Problem((*path, field), f"{field} cannot be set for a windows pod", at_key=True)
    if pod.get("resources") is not None:
        yield Problem((*path, "resources"), "resources may not be set for a windows pod", at_key=True)


def _linux_only(context: JsonObject, path: Path) -> Iterator[Problem]:
    given = [field for field in _LINUX_ONLY if context.get(field) is not None]
    if context.get("sysctls"):
        given.append("sysctls")
    for field in given:
        yield Problem((*path, field), f"{field} cannot be set for a windows pod", at_key=True)


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"preemptionPolicy": _preemption, "os": _system})
