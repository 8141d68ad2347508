"""The fields of a pod itself in; what the API server refuses in them out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import label_error, subdomain_error
from kservegen.core.problem import Problem
from kservegen.core.values import ip_error, search_error
from kservegen.kubernetes.fields import FieldLaw, FieldPlace, Law, choice, lawful, maps, required, texts, word

_POLICIES: Final = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
_MOST_NAMESERVERS: Final = 3
_MOST_SEARCHES: Final = 32
_LONGEST_SEARCH_LIST: Final = 2048


def dns_policy(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `dnsPolicy`, beside the configuration that it may need."""
    pod, path = place.pod.spec, place.path
    yield from choice(pod, "dnsPolicy", path[:-1], _POLICIES)
    servers = mapping(pod.get("dnsConfig")).get("nameservers")
    if value == "None" and not sequence(servers) and not place.pod.partial:
        yield Problem(path, "must provide at least one DNS nameserver when dnsPolicy is None", "None")


def dns_config(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `dnsConfig`: nameservers, search domains, options."""
    config, path = mapping(value), place.path
    servers = config.get("nameservers")
    if len(sequence(servers)) > _MOST_NAMESERVERS:
        yield Problem((*path, "nameservers"), f"must not have more than {_MOST_NAMESERVERS} nameservers")
    for server, at in texts(servers, (*path, "nameservers")):
        if reason := ip_error(server):
            yield Problem(at, f"invalid nameserver: {reason}", server)
    yield from _searches(config, (*path, "searches"))
    for option, at in maps(config.get("options"), (*path, "options")):
        yield from required(option, "name", at)


def _searches(config: JsonObject, path: Path) -> Iterator[Problem]:
    domains = list(texts(config.get("searches"), path))
    if len(domains) > _MOST_SEARCHES:
        yield Problem(path, f"must not have more than {_MOST_SEARCHES} search paths")
    if len(" ".join(domain for domain, _ in domains)) > _LONGEST_SEARCH_LIST:
        yield Problem(path, f"must not have more than {_LONGEST_SEARCH_LIST} characters in the search list")
    for domain, at in domains:
        if reason := search_error(domain):
            yield Problem(at, f"invalid search path: {reason}", domain)


def host_aliases(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `hostAliases`: an address and names each."""
    for alias, path in maps(value, place.path):
        address = text(alias.get("ip"))
        if reason := ip_error(address):
            yield Problem((*path, "ip"), f"invalid IP address: {reason}", address)
        for name, at in texts(alias.get("hostnames"), (*path, "hostnames")):
            if reason := subdomain_error(name):
                yield Problem(at, f"the host name {name!r} is refused: {reason}", name)


_OF_NODE: Final = ("hostNetwork", "hostPID", "hostIPC")


def host_users(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `hostUsers` beside what excludes it."""
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


def shared_processes(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `shareProcessNamespace` beside `hostPID`."""
    if value is True and place.pod.spec.get("hostPID") is True:
        yield Problem(place.path, "shareProcessNamespace and hostPID cannot both be enabled", "true")


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


def preemption_policy(_value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `preemptionPolicy`."""
    yield from word(place.pod.spec, "preemptionPolicy", place.path[:-1], ("Never", "PreemptLowerPriority"))


def operating_system(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `os`, and that nothing is set which only the other system has."""
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


_NAMED: Final[dict[str, Law]] = {
    "hostname": label_error,
    "nodeName": subdomain_error,
    "priorityClassName": subdomain_error,
    "runtimeClassName": subdomain_error,
    "serviceAccount": subdomain_error,
    "serviceAccountName": subdomain_error,
    "subdomain": label_error,
}


def _reference(law: Law, value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    field = str(place.path[-1])
    if field == "runtimeClassName" and value == "":
        yield Problem(place.path, "runtimeClassName is empty")
    if field == "serviceAccount" and place.pod.spec.get("serviceAccountName"):
        return  # the old name counts where the new one is absent
    yield from lawful(place.pod.spec, field, place.path[:-1], law)


# The names by which a pod refers to other objects.
REFERENCES: Final[dict[str, FieldLaw]] = {field: partial(_reference, law) for field, law in _NAMED.items()}


def restart_policy(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `restartPolicy` as that of pods which a workload keeps running."""
    if value and value != "Always":
        yield Problem(place.path, f"unsupported restartPolicy {value!r} of a Deployment's pod", str(value), "Always")


def active_deadline(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `activeDeadlineSeconds`: pods that a workload keeps running have no end."""
    yield Problem(place.path, "activeDeadlineSeconds is not supported in a Deployment", str(value), at_key=True)
