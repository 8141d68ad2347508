"""The security contexts of a pod and its containers in; what the API server refuses in them out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import subdomain_error
from kservegen.core.patterns import lazy_pattern
from kservegen.core.problem import Problem
from kservegen.core.values import descending_path_error, id_error, sysctl_error
from kservegen.kubernetes.fields import FieldPlace, choice, maps, needed, numbered, required, word

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


def security_context(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `securityContext`, of the pod or of a container."""
    if not isinstance(value, dict):
        return
    path = place.path
    for field in _IDS:
        yield from numbered(value, field, path, id_error)
    yield from _seccomp(value.get("seccompProfile"), (*path, "seccompProfile"))
    yield from _apparmor(value.get("appArmorProfile"), (*path, "appArmorProfile"))
    yield from _windows_options(value.get("windowsOptions"), (*path, "windowsOptions"))
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


def _of_container(context: JsonObject, path: Path, place: FieldPlace) -> Iterator[Problem]:
    yield from word(context, "procMount", path, ("Default", "Unmasked"))
    # The other half of the pod may say hostUsers: false.
    host_users = place.pod.spec.get("hostUsers") is not False and not place.pod.partial
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


_LARGEST_SPEC: Final = 64 * 1024
_LONGEST_DOMAIN: Final = 255
_LONGEST_USER: Final = 104
_PARTS: Final = 2

_CONTROL: Final = lazy_pattern(r"[\x00-\x1f\x7f]")
_NETBIOS: Final = lazy_pattern(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}')
_DNS_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_DNS: Final = lazy_pattern(rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})*")
_FORBIDDEN: Final = lazy_pattern(r'["/\\:;|=,+*?<>@\[\]]')


def _windows_options(value: JsonValue, path: Path) -> Iterator[Problem]:
    """Check `windowsOptions`: names of credentials and of the user."""
    if not isinstance(value, dict):
        return
    name = value.get("gmsaCredentialSpecName")
    if isinstance(name, str) and (reason := subdomain_error(name)):
        yield Problem((*path, "gmsaCredentialSpecName"), f"invalid value of gmsaCredentialSpecName: {reason}", name)
    spec = value.get("gmsaCredentialSpec")
    if isinstance(spec, str) and not 0 < len(spec.encode()) <= _LARGEST_SPEC:
        yield Problem((*path, "gmsaCredentialSpec"), "gmsaCredentialSpec must not be empty nor exceed 64 KiB")
    user = value.get("runAsUserName")
    if isinstance(user, str) and (reason := _user_error(user)):
        yield Problem((*path, "runAsUserName"), f"invalid value of runAsUserName: {reason}", text(user))


def _user_error(name: str) -> str | None:
    if not name:
        return "it is empty"
    if _CONTROL.search(name):
        return "it cannot contain control characters"
    parts = name.split("\\")
    if len(parts) > _PARTS:
        return "it cannot contain more than one backslash"
    domain, user = (parts[0], parts[1]) if len(parts) == _PARTS else (None, parts[0])
    if domain is not None and not (_NETBIOS.fullmatch(domain) or _DNS.fullmatch(domain)):
        return "its domain matches neither the NetBios nor the DNS format"
    if domain is not None and len(domain) > _LONGEST_DOMAIN:
        return f"its domain must have at most {_LONGEST_DOMAIN} characters"
    if not user or len(user) > _LONGEST_USER:
        return f"its user must have 1 to {_LONGEST_USER} characters"
    if not user.strip(". "):
        return "its user cannot contain only periods or spaces"
    return "its user cannot contain any of " + '"/\\:;|=,+*?<>@[]' if _FORBIDDEN.search(user) else None
