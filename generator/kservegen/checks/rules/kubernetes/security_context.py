"""The security contexts of a pod and its containers in; findings out where the API server refuses what they say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, choice, maps, needed, numbered, required, word
from kservegen.checks.rules.kubernetes._windows import windows_options
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem
from kservegen.core.values import descending_path_error, id_error, sysctl_error

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/security-context",
    title="A security context says something that no pod may say",
    why="Users and groups are numbers from 0 to 2147483647, profiles are RuntimeDefault, Unconfined or Localhost "
    "with a path, and a privileged container escalates. The object is admitted, its Deployment is refused.",
    fix="Correct the field that is pointed at.",
    bad="securityContext: {runAsUser: -1}",
    good="securityContext: {runAsUser: 1000}",
    upstream=SOURCE,
)

_IDS: Final = ("runAsUser", "runAsGroup", "fsGroup")
_PROFILES: Final = ("Localhost", "RuntimeDefault", "Unconfined")
_LONGEST_PATH: Final = 4095
_IPC_SYSCTLS: Final = frozenset(
    {
        "kernel.sem",
        "kernel.shm",
        "kernel.shm_rmid_forced",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.msg",
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
    }
)


def _judge(value: JsonValue, place: Place) -> Iterator[Problem]:
    if not isinstance(value, dict):
        return
    path = place.path
    for field in _IDS:
        yield from numbered(value, field, path, id_error)
    yield from _seccomp(value.get("seccompProfile"), (*path, "seccompProfile"))
    yield from _apparmor(value.get("appArmorProfile"), (*path, "appArmorProfile"))
    yield from windows_options(value.get("windowsOptions"), (*path, "windowsOptions"))
    if place.at is None:
        yield from _of_pod(value, path, place.pod.spec)
    else:
        yield from _of_container(value, path, place)


def _of_pod(context: JsonObject, path: Path, pod: JsonObject) -> Iterator[Problem]:
    for index, group in enumerate(sequence(context.get("supplementalGroups"))):
        if isinstance(group, int) and (reason := id_error(group)):
            yield Problem((*path, "supplementalGroups", index), f"invalid group: {reason}", str(group))
    yield from word(context, "fsGroupChangePolicy", path, ("Always", "OnRootMismatch"))
    yield from word(context, "supplementalGroupsPolicy", path, ("Merge", "Strict"))
    yield from word(context, "seLinuxChangePolicy", path, ("MountOption", "Recursive"))
    yield from _sysctls(context, (*path, "sysctls"), pod)


def _sysctls(context: JsonObject, path: Path, pod: JsonObject) -> Iterator[Problem]:
    names: set[str] = set()
    for sysctl, at in maps(context.get("sysctls"), path):
        name = text(sysctl.get("name"))
        yield from needed(sysctl, "name", at, sysctl_error)
        if name and name in names:
            yield Problem((*at, "name"), f"the sysctl {name!r} is set twice", name)
        names.add(name)
        dotted = name.replace("/", ".")
        if pod.get("hostNetwork") is True and dotted.startswith("net."):
            yield Problem((*at, "name"), f"{name!r} may not be specified when hostNetwork is true", name)
        in_ipc = dotted in _IPC_SYSCTLS or dotted.startswith("fs.mqueue.")
        if pod.get("hostIPC") is True and in_ipc:
            yield Problem((*at, "name"), f"{name!r} may not be specified when hostIPC is true", name)


def _of_container(context: JsonObject, path: Path, place: Place) -> Iterator[Problem]:
    yield from word(context, "procMount", path, ("Default", "Unmasked"))
    # A runtime's pod may say hostUsers: false.
    host_users = place.pod.spec.get("hostUsers") is not False and not place.overlaid
    if context.get("procMount") == "Unmasked" and host_users:
        yield Problem((*path, "procMount"), "hostUsers must be false to use Unmasked", "Unmasked")
    if context.get("allowPrivilegeEscalation") is not False:
        return
    at = (*path, "allowPrivilegeEscalation")
    if context.get("privileged") is True:
        yield Problem(at, "cannot set allowPrivilegeEscalation to false and privileged to true", "false")
    if "CAP_SYS_ADMIN" in sequence(mapping(context.get("capabilities")).get("add")):
        message = "cannot set allowPrivilegeEscalation to false and capabilities.add CAP_SYS_ADMIN"
        yield Problem(at, message, "false")


def _seccomp(value: JsonValue, path: Path) -> Iterator[Problem]:
    if isinstance(value, dict):
        yield from _profile(value, path)
        local = text(value.get("localhostProfile"))
        if value.get("type") == "Localhost" and (reason := descending_path_error(local)):
            yield Problem((*path, "localhostProfile"), f"invalid value of localhostProfile: {reason}", local)


def _apparmor(value: JsonValue, path: Path) -> Iterator[Problem]:
    if not isinstance(value, dict):
        return
    yield from _profile(value, path)
    local, at = value.get("localhostProfile"), (*path, "localhostProfile")
    if value.get("type") != "Localhost" or not isinstance(local, str):
        return
    if local != local.strip():
        yield Problem(at, "localhostProfile must not be padded with whitespace", local)
    elif not local:
        yield Problem(at, "localhostProfile must be set when the type is Localhost")
    if len(local) > _LONGEST_PATH:
        yield Problem(at, f"localhostProfile may not be longer than {_LONGEST_PATH} bytes")


def _profile(profile: JsonObject, path: Path) -> Iterator[Problem]:
    yield from required(profile, "type", path)
    yield from choice(profile, "type", path, _PROFILES)
    kind, local = profile.get("type"), profile.get("localhostProfile")
    if kind == "Localhost" and local is None:
        yield Problem(path, "localhostProfile must be set when the type is Localhost")
    elif kind != "Localhost" and local is not None:
        message = "localhostProfile can only be set when the type is Localhost"
        yield Problem((*path, "localhostProfile"), message, str(local), at_key=True)


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"securityContext": _judge}, container={"securityContext": _judge})
