"""Building blocks of made objects: maps whose keys know their source, containers and pod specs that may be changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path
from kservegen.core.resource import Origin
from kservegen.kserve.controllers.made import named

_T = TypeVar("_T", bound=JsonValue)

# The fields of a container in a pod; what else a model or an art explainer states is KServe's own.
CONTAINER_FIELDS: Final = frozenset(
    """
    name image command args workingDir ports envFrom env resources resizePolicy volumeMounts volumeDevices
    livenessProbe readinessProbe startupProbe lifecycle terminationMessagePath terminationMessagePolicy imagePullPolicy
    securityContext stdin stdinOnce tty
    """.split()
)
# The fields of a pod's spec; what else a component states is KServe's own.
POD_FIELDS: Final = frozenset(
    """
    volumes initContainers containers ephemeralContainers restartPolicy terminationGracePeriodSeconds
    activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName serviceAccount automountServiceAccountToken nodeName
    hostNetwork hostPID hostIPC shareProcessNamespace securityContext imagePullSecrets hostname subdomain affinity
    schedulerName tolerations hostAliases priorityClassName priority dnsConfig readinessGates runtimeClassName
    enableServiceLinks preemptionPolicy overhead topologySpreadConstraints setHostnameAsFQDN os hostUsers
    schedulingGates resourceClaims resources hostnameOverride
    """.split()
)


def pick(owner: JsonObject, fields: frozenset[str]) -> JsonObject:
    """Return the fields of a map that are among those named."""
    return {key: value for key, value in owner.items() if key in fields}


def copied(value: _T) -> _T:
    """Copy a value, all that is in it included."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}  # type: ignore[return-value]
    if isinstance(value, list):
        return [copied(item) for item in value]  # type: ignore[return-value]
    return value


def own_containers(pod: JsonObject, field: str = "containers") -> JsonArray:
    """Copy the containers of a pod spec so far that their fields may be set; what stands in the fields is shared."""
    return [dict(item) if isinstance(item, dict) else item for item in sequence(pod.get(field))]


class SourcedMap:
    """A map of texts, such as labels, that is laid together from several sources, later ones winning."""

    def __init__(self) -> None:
        self.values: JsonObject = {}
        self._words: dict[str, Path] = {}

    def lay(self, values: Mapping[str, JsonValue], words: Path, without: frozenset[str] = frozenset()) -> None:
        """Lay a map over what is there, but for the keys that are not let through."""
        for key, value in values.items():
            if key not in without:
                self.put(key, value, (*words, key))

    def put(self, key: str, value: JsonValue, words: Path | None = None) -> None:
        """Set one key; without words it is KServe's own."""
        self.values[key] = value
        if words is None:
            self._words.pop(key, None)
        else:
            self._words[key] = words

    def merge(self, other: SourcedMap) -> None:
        """Lay another such map over this one."""
        for key, value in other.values.items():
            self.put(key, value, other._words.get(key))

    def origins(self, prefix: Path) -> Iterator[Origin]:
        """Say where each key came from, for a map that stands at `prefix`."""
        for key, words in self._words.items():
            yield Origin((*prefix, key), words)


def append(owner: JsonObject, field: str, *items: JsonValue) -> None:
    """Append to a list of a map of one's own, making the list where there is none."""
    owner[field] = [*sequence(owner.get(field)), *items]


def env_list(variables: Mapping[str, str]) -> JsonArray:
    """Return variables as a container lists them."""
    return [{"name": name, "value": value} for name, value in variables.items()]


def set_env(container: JsonObject, name: str, value: JsonValue) -> None:
    """Append a variable, or give the one of that name another value."""
    variables: JsonArray = list(sequence(container.get("env")))
    at = named(variables, name)
    if at is None:
        variables.append({"name": name, "value": value})
    else:
        variables[at] = {**mapping(variables[at]), "value": value}
    container["env"] = variables


def add_env(container: JsonObject, *variables: JsonObject) -> None:
    """Append each variable whose name is not there yet."""
    for variable in variables:
        if named(sequence(container.get("env")), str(variable["name"])) is None:
            append(container, "env", variable)


def pod_containers(pod: JsonObject) -> list[JsonObject]:
    """List the containers of a pod spec, for one to change where the spec is one's own."""
    return [item for item in sequence(pod.get("containers")) if isinstance(item, dict)]


def container_named(pod: JsonObject, *names: str) -> JsonObject | None:
    """Return the first container that has the first of the names that any has."""
    listed = pod_containers(pod)
    for name in names:
        found = next((item for item in listed if item.get("name") == name), None)
        if found is not None:
            return found
    return None
