"""Pods as workloads have them: a pod spec or a pod template in, what the API server refuses in it out.

The laws stand here by their names and by the fields that they look at: a pod has some hundred fields, most set ten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.problem import Problem
from kservegen.kubernetes.containers import (
    container_names,
    container_ports,
    image_missing,
    padded_image,
    pull_policy,
    resize_policy,
    termination_message_policy,
    undeclared_volumes,
    volume_devices,
    volume_mounts,
    volumes_of,
)
from kservegen.kubernetes.env import env_from, env_names, env_sources
from kservegen.kubernetes.fields import BrokenLaw, FieldLaw, FieldPlace, maps
from kservegen.kubernetes.metadata import annotation_map
from kservegen.kubernetes.pods import (
    REFERENCES,
    active_deadline,
    dns_config,
    dns_policy,
    host_aliases,
    host_users,
    operating_system,
    preemption_policy,
    restart_policy,
    shared_processes,
)
from kservegen.kubernetes.probes import init_containers, lifecycle, probe
from kservegen.kubernetes.resources import (
    Amount,
    amounts_in,
    claim_uses,
    extended_resources,
    huge_pages,
    negative_amounts,
    overhead,
    pod_resources,
    requests_over_limits,
    resource_claims,
    resource_names,
    unreadable_amounts,
)
from kservegen.kubernetes.scheduling import (
    affinity,
    node_selector,
    readiness_gates,
    scheduling_gates,
    tolerations,
    topology_spread,
)
from kservegen.kubernetes.security import security_context
from kservegen.kubernetes.selectors import label_map
from kservegen.kubernetes.volumes import volume_names, volume_sources

# Laws of a pod's own fields.
POD_LAWS: Final[dict[str, dict[str, FieldLaw]]] = {
    "affinity": {"affinity": affinity},
    "dns": {"dnsPolicy": dns_policy, "dnsConfig": dns_config},
    "host-alias": {"hostAliases": host_aliases},
    "host-namespace": {"hostUsers": host_users, "shareProcessNamespace": shared_processes},
    "init-container": {"initContainers": init_containers},
    "node-selector": {"nodeSelector": node_selector},
    "pod-gate": {"readinessGates": readiness_gates, "schedulingGates": scheduling_gates},
    "pod-policy": {"preemptionPolicy": preemption_policy, "os": operating_system},
    "pod-reference": REFERENCES,
    "pod-resources": {"resources": pod_resources, "overhead": overhead},
    "resource-claim": {"resourceClaims": resource_claims},
    "restart-policy": {"restartPolicy": restart_policy, "activeDeadlineSeconds": active_deadline},
    "security-context": {"securityContext": security_context},
    "toleration": {"tolerations": tolerations},
    "topology-spread": {"topologySpreadConstraints": topology_spread},
    "volume-name": {"volumes": volume_names},
    "volume-source": {"volumes": volume_sources},
}
# Laws of the fields of containers.
CONTAINER_LAWS: Final[dict[str, dict[str, FieldLaw]]] = {
    "container-policy": {
        "imagePullPolicy": pull_policy,
        "terminationMessagePolicy": termination_message_policy,
        "resizePolicy": resize_policy,
    },
    "env-from": {"envFrom": env_from},
    "env-name": {"env": env_names},
    "env-source": {"env": env_sources},
    "image-padding": {"image": padded_image},
    "lifecycle": {"lifecycle": lifecycle},
    "mount": {"volumeMounts": volume_mounts, "volumeDevices": volume_devices},
    "port": {"ports": container_ports},
    "probe": dict.fromkeys(("livenessProbe", "readinessProbe", "startupProbe"), probe),
    "resource-claim": {"resources": claim_uses},
    "security-context": {"securityContext": security_context},
}
# Laws of what containers request and are limited to.
AMOUNT_LAWS: Final[dict[str, Callable[[Iterable[Amount]], Iterator[Problem]]]] = {
    "quantity": unreadable_amounts,
    "negative-quantity": negative_amounts,
    "requests-over-limits": requests_over_limits,
    "resource-name": resource_names,
    "extended-resource": extended_resources,
    "huge-pages": huge_pages,
}
# A template is not refused for what will be refused of its pods.
_OF_PODS_ALONE: Final = "image-padding"


# Fields whose laws look at other containers, too.
_OF_THE_WHOLE_POD: Final = frozenset({"resources", "overhead", "ports"})


class _Pod(Struct, frozen=True):
    path: Path
    spec: JsonObject
    partial: bool = False


class _Container(Struct, frozen=True):
    path: Path
    container: JsonObject
    pod: _Pod
    init: bool


def _by_field(laws: Mapping[str, Mapping[str, FieldLaw]]) -> Mapping[str, list[tuple[str, FieldLaw]]]:
    found: defaultdict[str, list[tuple[str, FieldLaw]]] = defaultdict(list)
    for name, fields in laws.items():
        for field, law in fields.items():
            found[field].append((name, law))
    return dict(found)


_POD_FIELDS: Final = _by_field(POD_LAWS)
_CONTAINER_FIELDS: Final = _by_field({law: fields for law, fields in CONTAINER_LAWS.items() if law != _OF_PODS_ALONE})


def validate_pod_template(template: JsonObject, path: Path = ()) -> Iterator[BrokenLaw]:
    """Check a PodTemplateSpec, defaulted or not: the labels and annotations of its pods, and their spec."""
    yield from _validate_template(template, path, {})


def _validate_template(template: JsonObject, path: Path, lawful: JsonObject) -> Iterator[BrokenLaw]:
    metadata, at = mapping(template.get("metadata")), (*path, "metadata")
    for problem in label_map(metadata.get("labels"), (*at, "labels")):
        yield BrokenLaw("pod-label", problem)
    for problem in annotation_map(metadata.get("annotations"), (*at, "annotations")):
        yield BrokenLaw("pod-label", problem)
    yield from _validate_spec(mapping(template.get("spec")), (*path, "spec"), lawful)


def validate_pod(pod: JsonObject, lawful: JsonObject | None = None) -> Iterator[BrokenLaw]:
    """Check a Pod by itself: as a template, and for what templates are not refused for.

    What it shares with a `lawful` spec that it was made from is not looked at a second time.
    """
    yield from _validate_template(pod, (), lawful or {})
    spec = mapping(pod.get("spec"))
    for field in ("containers", "initContainers"):
        for container, at in maps(spec.get(field), ("spec", field)):
            for problem in padded_image(container.get("image"), FieldPlace((*at, "image"), _Pod((), spec))):
                yield BrokenLaw(_OF_PODS_ALONE, problem)


def validate_pod_spec(spec: JsonObject, path: Path = ()) -> Iterator[BrokenLaw]:
    """Check the spec of a workload's pods, defaulted or not, whose values have the types of Kubernetes' schema."""
    yield from _validate_spec(spec, path, {})


def _validate_spec(spec: JsonObject, path: Path, lawful: JsonObject) -> Iterator[BrokenLaw]:
    """Check a spec but for what is the very same in one that is lawful already."""
    pod = _Pod(path, spec)
    if not sequence(spec.get("containers")):
        where = (*path, "containers") if "containers" in spec else path
        yield BrokenLaw("container-name", Problem(where, "required value: containers is missing or empty"))
    for problem in container_names(pod):
        yield BrokenLaw("container-name", problem)
    for field, value in spec.items():
        if value is None or (value is lawful.get(field) and field not in _OF_THE_WHOLE_POD):
            continue
        place = FieldPlace((*path, field), pod)
        for name, law in _POD_FIELDS.get(field, ()):
            for problem in law(value, place):
                yield BrokenLaw(name, problem)
    volumes = volumes_of(spec)
    for field in ("containers", "initContainers"):
        known = {text(each.get("name")): each for each, _ in maps(lawful.get(field), ())}
        for container, at in maps(spec.get(field), (*path, field)):
            whole = _Container(at, container, pod, field == "initContainers")
            yield from _container(whole, volumes, known.get(text(container.get("name")), {}))


def _container(at: _Container, volumes: frozenset[str], lawful: JsonObject) -> Iterator[BrokenLaw]:
    if problem := image_missing(at):
        yield BrokenLaw("container-image", problem)
    for field, value in at.container.items():
        if value is None or (value is lawful.get(field) and field not in _OF_THE_WHOLE_POD):
            continue
        if laws := _CONTAINER_FIELDS.get(field):
            place = FieldPlace((*at.path, field), at.pod, at)
            for name, law in laws:
                for problem in law(value, place):
                    yield BrokenLaw(name, problem)
    for problem in undeclared_volumes(at, volumes):
        yield BrokenLaw("volume-mount", problem)
    if at.container.get("resources") is lawful.get("resources"):
        return
    amounts = amounts_in(at)
    for name, of_amounts in AMOUNT_LAWS.items() if amounts else ():
        for problem in of_amounts(amounts):
            yield BrokenLaw(name, problem)
