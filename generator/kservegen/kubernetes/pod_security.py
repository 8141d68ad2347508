"""A pod and a Pod Security level in; what the level forbids in the pod out, control by control.

The controls are those of Kubernetes' Pod Security Standards, each from the Kubernetes version that has it on
(pod-security-admission, `policy/`, v0.34; concepts/security/pod-security-standards). Versions below 1.25 are judged as
1.25: the annotations that older ones read are gone. The relaxations for pods in user namespaces are behind a feature
gate that is off, so they are not made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem

LEVEL_LABEL: Final = "pod-security.kubernetes.io/enforce"
VERSION_LABEL: Final = f"{LEVEL_LABEL}-version"
LATEST: Final = 99  # a minor version that has every control


class SecurityLevel(IntEnum):
    """What a namespace enforces; each level forbids what the one before does, and more."""

    PRIVILEGED = 0
    BASELINE = 1
    RESTRICTED = 2


class SecuredContainer(NamedTuple):
    """A container and its place in the object."""

    path: Path
    container: JsonObject


class SecuredPod(NamedTuple):
    """A pod spec, its place, its containers of all kinds, and its annotations, each with its path.

    `complete`: nothing is merged with it later, so that what is not set stays unset.
    """

    path: Path
    spec: JsonObject
    containers: tuple[SecuredContainer, ...]
    annotations: tuple[tuple[Path, JsonValue], ...] = ()
    complete: bool = True


_Control: TypeAlias = Callable[[SecuredPod, int], Iterator[Problem]]


def forbidden_by(level: SecurityLevel, minor: int, pod: SecuredPod) -> Iterator[Problem]:
    """List what the level forbids; `minor` is the version of the standard, 34 for v1.34."""
    if level >= SecurityLevel.BASELINE:
        exempt = _NOT_OF_WINDOWS if level is SecurityLevel.RESTRICTED and _is_windows(pod) else ()
        for control in _BASELINE:
            if control not in exempt:
                yield from control(pod, minor)
    if level is SecurityLevel.RESTRICTED:
        for control in _RESTRICTED:
            yield from control(pod, minor)


def _no(path: Path, field: str, value: JsonValue, allowed: str, hint: str, *, level: str = "baseline") -> Problem:
    return Problem(path, f"Pod Security ({level}) forbids this {field}", str(value), allowed, hint=hint)


def _contexts(pod: SecuredPod) -> Iterator[tuple[Path, JsonObject]]:
    """Yield every security context that is set, the pod's first."""
    for path, owner in ((pod.path, pod.spec), *pod.containers):
        context = owner.get("securityContext")
        if isinstance(context, dict):
            yield (*path, "securityContext"), context


def _host_process(pod: SecuredPod, _minor: int) -> Iterator[Problem]:
    for path, context in _contexts(pod):
        if mapping(context.get("windowsOptions")).get("hostProcess") is True:
            at = (*path, "windowsOptions", "hostProcess")
            yield _no(at, "hostProcess", "true", "false", "Remove windowsOptions.hostProcess.")


def _host_namespaces(pod: SecuredPod, _minor: int) -> Iterator[Problem]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(field) is True:
            yield _no((*pod.path, field), field, "true", "false", f"Remove {field}.")


def _privileged(pod: SecuredPod, _minor: int) -> Iterator[Problem]:
    for path, container in pod.containers:
        if mapping(container.get("securityContext")).get("privileged") is True:
            yield _no((*path, "securityContext", "privileged"), "privileged", "true", "false", "Remove privileged.")


_BASELINE_CAPABILITIES: Final = frozenset(
    """
    AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT
    """.split()
)


def _capabilities(pod: SecuredPod, _minor: int) -> Iterator[Problem]:
    yield from _added(pod, _BASELINE_CAPABILITIES, "baseline")


def _added(pod: SecuredPod, allowed: frozenset[str], level: str) -> Iterator[Problem]:
    for path, container in pod.containers:
        given = mapping(mapping(container.get("securityContext")).get("capabilities"))
        for index, name in enumerate(sequence(given.get("add"))):
            if name not in allowed:
                at = (*path, "securityContext", "capabilities", "add", index)
                hint = "Remove it from capabilities.add."
                yield _no(at, "capability", name, ", ".join(sorted(allowed)), hint, level=level)


def _host_path(pod: SecuredPod, _minor: int) -> Iterator[Problem]:
    for index, volume in enumerate(sequence(pod.spec.get("volumes"))):
        if isinstance(volume, dict) and volume.get("hostPath") is not None:
            at = (*pod.path, "volumes", index, "hostPath")
            hint = "Use a persistentVolumeClaim, or a CSI driver's volume."
            yield _no(at, "hostPath volume", text(mapping(volume["hostPath"]).get("path")), "no hostPath", hint)


def _host_ports(pod: SecuredPod, _minor: int) -> Iterator[Problem]:
    for path, container in pod.containers:
        for index, port in enumerate(sequence(container.get("ports"))):
            number = mapping(port).get("hostPort")
            if number:
                at = (*path, "ports", index, "hostPort")
                yield _no(at, "hostPort", number, "none", "Remove hostPort: a Service reaches the container.")


_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_HOSTS_SINCE: Final = 34


def _probe_hosts(pod: SecuredPod, minor: int) -> Iterator[Problem]:
    if minor < _HOSTS_SINCE:
        return
    for path, container in pod.containers:
        lifecycle = mapping(container.get("lifecycle"))
        asked = [((*path, name), mapping(container.get(name))) for name in _PROBES]
        asked += [((*path, "lifecycle", name), mapping(lifecycle.get(name))) for name in ("postStart", "preStop")]
        for at, handler in asked:
            for how in ("httpGet", "tcpSocket"):
                host = text(mapping(handler.get(how)).get("host"))
                if host:
                    yield _no((*at, how, "host"), "host", host, "none: the pod itself", "Remove host.")


_PROFILES: Final = frozenset({"RuntimeDefault", "Localhost"})
_APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"


def _apparmor(pod: SecuredPod, _minor: int) -> Iterator[Problem]:
    for path, context in _contexts(pod):
        profile = context.get("appArmorProfile")
        if isinstance(profile, dict) and profile.get("type") not in _PROFILES:
            at = (*path, "appArmorProfile", "type")
            yield _no(at, "AppArmor profile", profile.get("type"), "RuntimeDefault, Localhost", "Remove it.")
    for at, value in pod.annotations:
        named = text(value)
        if (
            str(at[-1]).startswith(_APPARMOR)
            and named not in {"", "runtime/default"}
            and not named.startswith("localhost/")
        ):
            allowed = "runtime/default, localhost/…"
            yield _no(at, "AppArmor profile", named, allowed, "Remove the annotation.")


_SELINUX: Final = frozenset({"", "container_t", "container_init_t", "container_kvm_t"})
_ENGINE_SINCE: Final = 31


def _selinux(pod: SecuredPod, minor: int) -> Iterator[Problem]:
    types = _SELINUX | ({"container_engine_t"} if minor >= _ENGINE_SINCE else set())
    for path, context in _contexts(pod):
        options = mapping(context.get("seLinuxOptions"))
        at = (*path, "seLinuxOptions")
        kind = text(options.get("type"))
        if kind not in types:
            yield _no((*at, "type"), "SELinux type", kind, ", ".join(sorted(types - {""})), "Remove the type.")
        for field in ("user", "role"):
            if value := text(options.get(field)):
                yield _no((*at, field), f"SELinux {field}", value, "none", f"Remove seLinuxOptions.{field}.")


def _proc_mount(pod: SecuredPod, _minor: int) -> Iterator[Problem]:
    for path, container in pod.containers:
        value = mapping(container.get("securityContext")).get("procMount")
        if value is not None and value != "Default":
            yield _no((*path, "securityContext", "procMount"), "procMount", value, "Default", "Remove procMount.")


def _seccomp(pod: SecuredPod, _minor: int) -> Iterator[Problem]:
    for path, context in _contexts(pod):
        profile = context.get("seccompProfile")
        if isinstance(profile, dict) and profile.get("type") not in _PROFILES:
            at = (*path, "seccompProfile", "type")
            hint = "Write seccompProfile: {type: RuntimeDefault}."
            yield _no(at, "seccomp profile", profile.get("type"), "RuntimeDefault, Localhost", hint)


# Sysctls that are of one pod alone, by the minor version from which the standard has them.
_SYSCTLS: Final = {
    "kernel.shm_rmid_forced": 0,
    "net.ipv4.ip_local_port_range": 0,
    "net.ipv4.tcp_syncookies": 0,
    "net.ipv4.ping_group_range": 0,
    "net.ipv4.ip_unprivileged_port_start": 0,
    "net.ipv4.ip_local_reserved_ports": 27,
    "net.ipv4.tcp_keepalive_time": 29,
    "net.ipv4.tcp_fin_timeout": 29,
    "net.ipv4.tcp_keepalive_intvl": 29,
    "net.ipv4.tcp_keepalive_probes": 29,
    "net.ipv4.tcp_rmem": 32,
    "net.ipv4.tcp_wmem": 32,
}


def _sysctls(pod: SecuredPod, minor: int) -> Iterator[Problem]:
    path = (*pod.path, "securityContext", "sysctls")
    for index, sysctl in enumerate(sequence(mapping(pod.spec.get("securityContext")).get("sysctls"))):
        name = text(mapping(sysctl).get("name"))
        if _SYSCTLS.get(name, LATEST + 1) > minor:
            allowed = ", ".join(known for known, since in _SYSCTLS.items() if since <= minor)
            yield _no((*path, index, "name"), "sysctl", name, allowed, "Remove the sysctl.")


_VOLUMES: Final = frozenset(
    """
    configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret
    """.split()
)


def _volumes(pod: SecuredPod, _minor: int) -> Iterator[Problem]:
    """Find volumes of other kinds; a hostPath is the baseline's to tell."""
    for index, volume in enumerate(sequence(pod.spec.get("volumes"))):
        if not isinstance(volume, dict) or volume.get("hostPath") is not None:
            continue
        kinds = [kind for kind, source in volume.items() if kind != "name" and source is not None]
        # Without a source the API server makes it an emptyDir.
        if kinds and not _VOLUMES.intersection(kinds):
            at = (*pod.path, "volumes", index, kinds[0])
            hint = "Use a persistentVolumeClaim."
            yield _no(at, "kind of volume", kinds[0], ", ".join(sorted(_VOLUMES)), hint, level="restricted")


def _needed(pod: SecuredPod, place: SecuredContainer, field: str, wanted: str) -> Iterator[Problem]:
    """Say that a container has to set what it does not; of half a pod nobody knows that."""
    if pod.complete:
        name = text(place.container.get("name")) or str(place.path[-1])
        message = f"Pod Security (restricted) wants {field} of container {name} to be set"
        hint = f"Write securityContext: {{{field}: {wanted}}}."
        at = (*place.path, "securityContext") if "securityContext" in place.container else place.path
        yield Problem(at, message, "not set", wanted, at_key=True, hint=hint)


def _escalation(pod: SecuredPod, _minor: int) -> Iterator[Problem]:
    if _is_windows(pod):
        return
    for place in pod.containers:
        value = mapping(place.container.get("securityContext")).get("allowPrivilegeEscalation")
        if value is True:
            at = (*place.path, "securityContext", "allowPrivilegeEscalation")
            yield _no(at, "allowPrivilegeEscalation", "true", "false", "Write false.", level="restricted")
        elif value is None:
            yield from _needed(pod, place, "allowPrivilegeEscalation", "false")


def _non_root(pod: SecuredPod, _minor: int) -> Iterator[Problem]:
    of_pod = mapping(pod.spec.get("securityContext")).get("runAsNonRoot")
    for path, context in _contexts(pod):
        if context.get("runAsNonRoot") is False:
            at = (*path, "runAsNonRoot")
            yield _no(at, "runAsNonRoot", "false", "true", "Write runAsNonRoot: true.", level="restricted")
    for place in pod.containers:
        own = mapping(place.container.get("securityContext")).get("runAsNonRoot")
        if own is None and of_pod is None:
            yield from _needed(pod, place, "runAsNonRoot", "true")


def _user(pod: SecuredPod, _minor: int) -> Iterator[Problem]:
    for path, context in _contexts(pod):
        user = context.get("runAsUser")
        if user == 0 and user is not False:
            yield _no((*path, "runAsUser"), "user", 0, "any but 0", "Name another user.", level="restricted")


def _seccomp_set(pod: SecuredPod, _minor: int) -> Iterator[Problem]:
    if _is_windows(pod) or mapping(pod.spec.get("securityContext")).get("seccompProfile") is not None:
        return
    for place in pod.containers:
        if mapping(place.container.get("securityContext")).get("seccompProfile") is None:
            yield from _needed(pod, place, "seccompProfile", "{type: RuntimeDefault}")


def _only_bind(pod: SecuredPod, _minor: int) -> Iterator[Problem]:
    if _is_windows(pod):
        return
    # What the baseline forbids is told already.
    allowed = frozenset({"NET_BIND_SERVICE"})
    told = {problem.path for problem in _added(pod, _BASELINE_CAPABILITIES, "baseline")}
    yield from (problem for problem in _added(pod, allowed, "restricted") if problem.path not in told)
    for place in pod.containers:
        capabilities = mapping(mapping(place.container.get("securityContext")).get("capabilities"))
        dropped = sequence(capabilities.get("drop"))
        if "ALL" in dropped:
            continue
        if dropped:
            at = (*place.path, "securityContext", "capabilities", "drop")
            seen = ", ".join(map(str, dropped))
            yield _no(at, "list of dropped capabilities", seen, "ALL", "Write drop: [ALL].", level="restricted")
        else:
            yield from _needed(pod, place, "capabilities", "{drop: [ALL]}")


def _is_windows(pod: SecuredPod) -> bool:
    return mapping(pod.spec.get("os")).get("name") == "windows"


_BASELINE: Final[tuple[_Control, ...]] = (
    _host_process,
    _host_namespaces,
    _privileged,
    _capabilities,
    _host_path,
    _host_ports,
    _probe_hosts,
    _apparmor,
    _selinux,
    _proc_mount,
    _seccomp,
    _sysctls,
)
_RESTRICTED: Final[tuple[_Control, ...]] = (_volumes, _escalation, _non_root, _user, _seccomp_set, _only_bind)
# At the restricted level other controls take their place, which look at no Windows pod.
_NOT_OF_WINDOWS: Final[tuple[_Control, ...]] = (_capabilities, _seccomp)
