"""What the API server fills into a Pod beyond what its template has, and drops where a feature is off at 1.34.

Source: k8s.io/kubernetes pkg/apis/core/v1/defaults.go SetDefaults_Pod; pkg/api/pod/util.go dropDisabledFields.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.quantity import canonical, parse_quantity
from kservegen.kubernetes.defaults import fill_pod_template

_CONTAINERS: Final = ("containers", "initContainers")
_OF_PODS: Final = ("cpu", "memory", "hugepages-")
_POD: Final[JsonObject] = {"enableServiceLinks": True, "preemptionPolicy": "PreemptLowerPriority", "priority": 0}
_ALWAYS: Final = "Always"


def fill_pod(template: JsonObject, namespace: str, *, image_volumes: bool = False) -> JsonObject:
    """Return the Pod that is made from a template, as it is stored; `image_volumes` as for the template."""
    filled = without_disabled_fields(fill_pod_template(template), image_volumes=image_volumes)
    spec: JsonObject = {**_POD, **mapping(filled.get("spec"))}
    for field in _CONTAINERS:
        if field in spec:
            spec[field] = [_requested(mapping(item), spec) for item in sequence(spec[field])]
    if isinstance(own := spec.get("resources"), dict) and mapping(own.get("limits")):
        spec["resources"] = _pod_resources(own, spec)
    metadata: JsonObject = {"namespace": namespace, **mapping(filled.get("metadata"))}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def without_disabled_fields(template: JsonObject, *, image_volumes: bool = False) -> JsonObject:
    """Drop what is silently dropped: rules of restarts for single containers, volumes that are images.

    The latter are off by default at 1.34; `image_volumes` says that the cluster has them.
    """
    spec = dict(mapping(template.get("spec")))
    if isinstance(listed := spec.get("containers"), list):
        spec["containers"] = [_without_policy(mapping(item)) for item in listed]
    if isinstance(listed := spec.get("initContainers"), list):
        spec["initContainers"] = [
            item if mapping(item).get("restartPolicy") == _ALWAYS else _without_policy(mapping(item)) for item in listed
        ]
    return {**template, "spec": spec if image_volumes else _without_images(spec)}


def _without_policy(container: JsonObject) -> JsonObject:
    if "restartPolicy" not in container:
        return container
    return {key: value for key, value in container.items() if key != "restartPolicy"}


def _without_images(spec: JsonObject) -> JsonObject:
    images = {mapping(volume).get("name") for volume in sequence(spec.get("volumes")) if "image" in mapping(volume)}
    if not images:
        return spec
    spec["volumes"] = [volume for volume in sequence(spec["volumes"]) if mapping(volume).get("name") not in images]
    for field in _CONTAINERS:
        if field in spec:
            spec[field] = [_without_mounts(mapping(container), images) for container in sequence(spec[field])]
    return spec


def _without_mounts(container: JsonObject, volumes: set[JsonValue]) -> JsonObject:
    mounts = [each for each in sequence(container.get("volumeMounts")) if mapping(each).get("name") not in volumes]
    return {**container, "volumeMounts": mounts} if "volumeMounts" in container else container


def _requested(container: JsonObject, spec: JsonObject) -> JsonObject:
    """Request what is limited and not requested; open on the node what a pod of the node's network opens."""
    resources = mapping(container.get("resources"))
    if limits := mapping(resources.get("limits")):
        stated = mapping(resources.get("requests"))
        if not limits.keys() <= stated.keys():
            container = {**container, "resources": {**resources, "requests": {**limits, **stated}}}
    if spec.get("hostNetwork") is True and "ports" in container:
        ports = [mapping(port) for port in sequence(container["ports"])]
        container = {
            **container,
            "ports": [{**port, "hostPort": port.get("hostPort") or port.get("containerPort")} for port in ports],
        }
    return container


def _pod_resources(own: JsonObject, spec: JsonObject) -> JsonObject:
    requests = dict(mapping(own.get("requests")))
    for name, amount in (*_aggregated(spec).items(), *mapping(own.get("limits")).items()):
        if name.startswith(_OF_PODS):
            requests.setdefault(name, amount)
    return {**own, "requests": requests} if requests else own


def _aggregated(spec: JsonObject) -> JsonObject:
    """Add up what containers request; init containers run one by one, beside the sidecars before them."""
    running: dict[str, Fraction] = {}
    largest: dict[str, Fraction] = {}
    for item in sequence(spec.get("initContainers")):
        amounts = _amounts(mapping(item))
        if mapping(item).get("restartPolicy") == _ALWAYS:
            running = _sum(running, amounts)
            amounts = {}
        at_once = _sum(running, amounts)
        largest = {
            name: max(at_once.get(name, Fraction()), largest.get(name, Fraction())) for name in at_once | largest
        }
    for item in sequence(spec.get("containers")):
        running = _sum(running, _amounts(mapping(item)))
    names = running | largest
    found = {name: max(running.get(name, Fraction()), largest.get(name, Fraction())) for name in names}
    return {name: canonical(_written(amount)) for name, amount in found.items()}


def _sum(first: dict[str, Fraction], second: dict[str, Fraction]) -> dict[str, Fraction]:
    return {name: first.get(name, Fraction()) + second.get(name, Fraction()) for name in first | second}


def _amounts(container: JsonObject) -> dict[str, Fraction]:
    requests = mapping(mapping(container.get("resources")).get("requests"))
    read = {name: parse_quantity(value) for name, value in requests.items() if isinstance(value, str | int | float)}
    return {name: amount.value for name, amount in read.items() if amount is not None}


def _written(amount: Fraction) -> str:
    whole = amount * 1000
    return str(int(amount)) if amount.denominator == 1 else f"{int(whole)}m"
