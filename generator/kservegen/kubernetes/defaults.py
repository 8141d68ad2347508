"""What the API server fills in when an object is created: the object in, a copy with the defaults out.

What lacks nothing is not copied: filled parts share it with what they were filled from, and neither is to be changed.

The laws are `SetDefaults_*` of k8s.io/kubernetes (pkg/apis/core/v1, pkg/apis/apps/v1) at 1.34. What a Pod gets beyond
the template that it is made from is not among them, nor what is handed out (addresses, node ports). Amounts keep
their spelling.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.patterns import lazy_pattern

_MODE: Final = 0o644
_TOKEN_SECONDS: Final = 3600
_AFFINITY_SECONDS: Final = 10800
_PROBE: Final[JsonObject] = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_CONTAINER: Final[JsonObject] = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_POD: Final[JsonObject] = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "schedulerName": "default-scheduler",
}
# Fields of volume sources; None stands for what only its absence fills, not the empty value.
_VOLUMES: Final[dict[str, JsonObject]] = {
    "hostPath": {"type": ""},
    "secret": {"defaultMode": _MODE},
    "configMap": {"defaultMode": _MODE},
    "downwardAPI": {"defaultMode": _MODE},
    "projected": {"defaultMode": _MODE},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "azureDisk": {"cachingMode": "ReadWrite", "fsType": "ext4", "readOnly": False, "kind": "Shared"},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}
# Whose absence alone is filled: Go has a pointer there.
_POINTERS: Final = frozenset({"terminationGracePeriodSeconds", "defaultMode", "cachingMode", "readOnly"})
_AMOUNT: Final = "25%"
_CPU_UTILIZATION: Final = 80
_BY_PERCENT: Final[JsonObject] = {"type": "Percent", "value": 100, "periodSeconds": 15}
_BY_PODS: Final[JsonObject] = {"type": "Pods", "value": 4, "periodSeconds": 15}
_SCALING: Final[dict[str, JsonObject]] = {
    "scaleUp": {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [_BY_PODS, _BY_PERCENT]},
    "scaleDown": {"selectPolicy": "Max", "policies": [_BY_PERCENT]},
}

_PART: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_LABEL: Final = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST: Final = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_DIGEST: Final = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_IMAGE: Final = lazy_pattern(rf"((?:{_HOST}/)?{_PART}(?:/{_PART})*)(?::(\w[\w.-]{{0,127}}))?(@{_DIGEST})?", re.ASCII)
_LONGEST_PATH: Final = 255
_IDENTIFIER: Final = lazy_pattern(r"[a-f0-9]{64}")


def fill_pod_template(template: JsonObject) -> JsonObject:
    """Fill in a PodTemplateSpec."""
    return {**template, "spec": _pod_spec(mapping(template.get("spec")))}


def fill_deployment(deployment: JsonObject) -> JsonObject:
    """Fill in a Deployment of apps/v1, its template included."""
    spec = mapping(deployment.get("spec"))
    strategy = dict(_filled(mapping(spec.get("strategy")), {"type": "RollingUpdate"}))
    if strategy["type"] == "RollingUpdate":
        amounts = {"maxUnavailable": _AMOUNT, "maxSurge": _AMOUNT}
        strategy["rollingUpdate"] = {**amounts, **_given(mapping(strategy.get("rollingUpdate")))}
    counts: JsonObject = {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}
    template = fill_pod_template(mapping(spec.get("template")))
    return {**deployment, "spec": {**counts, **_given(spec), "strategy": strategy, "template": template}}


def fill_service(service: JsonObject) -> JsonObject:
    """Fill in a Service."""
    spec = dict(_filled(mapping(service.get("spec")), {"sessionAffinity": "None", "type": "ClusterIP"}))
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        client = mapping(mapping(spec.get("sessionAffinityConfig")).get("clientIP"))
        if client.get("timeoutSeconds") is None:
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": _AFFINITY_SECONDS}}
    if "ports" in spec:
        spec["ports"] = [_service_port(mapping(port)) for port in sequence(spec["ports"])]
    outside = spec["type"] in {"LoadBalancer", "NodePort"}
    if outside or (spec["type"] == "ClusterIP" and spec.get("externalIPs")):
        spec["externalTrafficPolicy"] = spec.get("externalTrafficPolicy") or "Cluster"
    if (outside or spec["type"] == "ClusterIP") and spec.get("internalTrafficPolicy") is None:
        spec["internalTrafficPolicy"] = "Cluster"
    if spec["type"] == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is None:
        spec["allocateLoadBalancerNodePorts"] = True
    return {**service, "spec": spec}


def fill_autoscaler(autoscaler: JsonObject) -> JsonObject:
    """Fill in a HorizontalPodAutoscaler of autoscaling/v2."""
    spec = dict(mapping(autoscaler.get("spec")))
    if spec.get("minReplicas") is None:
        spec["minReplicas"] = 1
    if not spec.get("metrics"):
        target: JsonObject = {"type": "Utilization", "averageUtilization": _CPU_UTILIZATION}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    if isinstance(behavior := spec.get("behavior"), dict):
        sides = {side: {**rules, **_given(mapping(behavior.get(side)))} for side, rules in _SCALING.items()}
        spec["behavior"] = {**behavior, **sides}
    return {**autoscaler, "spec": spec}


def _given(owner: JsonObject) -> JsonObject:
    return {field: value for field, value in owner.items() if value is not None}


def _service_port(port: JsonObject) -> JsonObject:
    return _filled(port, {"protocol": "TCP", "targetPort": port.get("port", 0)})


def _filled(owner: JsonObject, defaults: JsonObject) -> JsonObject:
    """Return a map with what it lacks; an empty value is lacking too, except where Go tells it from an absent one."""
    missing = {
        field: value
        for field, value in defaults.items()
        if owner.get(field) is None or (not owner[field] and field not in _POINTERS)
    }
    return {**owner, **missing} if missing else owner


def _each(owner: JsonObject, fills: Mapping[str, Callable[[JsonObject], JsonObject]]) -> JsonObject:
    """Fill the maps of lists, or the single maps, that stand in some fields of a map."""
    changed: JsonObject = {}
    for field, fill in fills.items():
        value = owner.get(field)
        if isinstance(value, list):
            items = [fill(item) if isinstance(item, dict) else item for item in value]
            if any(item is not before for item, before in zip(items, value, strict=True)):
                changed[field] = items
        elif isinstance(value, dict) and (filled := fill(value)) is not value:
            changed[field] = filled
    return {**owner, **changed} if changed else owner


def _pod_spec(spec: JsonObject) -> JsonObject:
    filled = _filled(spec, _POD)
    if filled.get("securityContext") is None:
        filled = {**filled, "securityContext": {}}
    return _each(filled, _OF_PODS)


def _container(container: JsonObject) -> JsonObject:
    filled = _filled(container, _CONTAINER)
    if not filled.get("imagePullPolicy"):
        filled = {**filled, "imagePullPolicy": _pull_policy(text(container.get("image")))}
    return _each(filled, _OF_CONTAINERS)


def _port(port: JsonObject) -> JsonObject:
    return _filled(port, {"protocol": "TCP"})


def _probe(probe: JsonObject) -> JsonObject:
    return _handler(_filled(probe, _PROBE))


@lru_cache(maxsize=1024)
def _pull_policy(image: str) -> str:
    """Say how an image is pulled: always where its tag is `latest` or nothing; an impossible name has no tag."""
    match = _IMAGE.fullmatch(image)
    if match is None or _IDENTIFIER.fullmatch(image):
        return "IfNotPresent"
    name, tag, digest = match.groups()
    host, slash, path = name.partition("/")
    if not slash:
        path = f"library/{name}"
    elif host == host.lower() != "localhost" and not {".", ":"} & {*host}:
        path = name
    if len(path) > _LONGEST_PATH:
        return "IfNotPresent"
    return "Always" if tag == "latest" or not (tag or digest) else "IfNotPresent"


def _variable(variable: JsonObject) -> JsonObject:
    return _each(variable, {"valueFrom": _with_field}) if "valueFrom" in variable else variable


def _with_field(owner: JsonObject) -> JsonObject:
    return _each(owner, _OF_FIELDS)


def _handler(owner: JsonObject) -> JsonObject:
    filled = _each(owner, _OF_HANDLERS)
    if isinstance(action := filled.get("grpc"), dict) and action.get("service") is None:
        return {**filled, "grpc": {**action, "service": ""}}
    return filled


def _lifecycle(lifecycle: JsonObject) -> JsonObject:
    return _each(lifecycle, {"postStart": _handler, "preStop": _handler})


def _volume(volume: JsonObject) -> JsonObject:
    if not any(value is not None for field, value in volume.items() if field != "name"):
        return {**volume, "emptyDir": {}}
    changed: JsonObject = {}
    for field, value in volume.items():
        if field in _VOLUMES and isinstance(value, dict):
            changed[field] = _each(_filled(value, _VOLUMES[field]), {"items": _with_field, "sources": _projection})
    if isinstance(claim := mapping(volume.get("ephemeral")).get("volumeClaimTemplate"), dict):
        spec = {**mapping(claim.get("spec"))}
        spec["volumeMode"] = "Filesystem" if spec.get("volumeMode") is None else spec["volumeMode"]
        changed["ephemeral"] = {**mapping(volume["ephemeral"]), "volumeClaimTemplate": {**claim, "spec": spec}}
    return {**volume, **changed} if changed else volume


def _projection(source: JsonObject) -> JsonObject:
    filled = dict(source)
    if isinstance(downward := filled.get("downwardAPI"), dict):
        filled["downwardAPI"] = _each(downward, {"items": _with_field})
    if isinstance(token := filled.get("serviceAccountToken"), dict) and token.get("expirationSeconds") is None:
        filled["serviceAccountToken"] = {**token, "expirationSeconds": _TOKEN_SECONDS}
    return filled


# What is filled in the fields of a pod, a container, a source of values and a probe or hook.
_OF_PODS: Final = {"containers": _container, "initContainers": _container, "volumes": _volume}
_OF_CONTAINERS: Final = {
    "ports": _port,
    "env": _variable,
    "livenessProbe": _probe,
    "readinessProbe": _probe,
    "startupProbe": _probe,
    "lifecycle": _lifecycle,
}
_OF_FIELDS: Final = {
    "resourceFieldRef": lambda reference: _filled(reference, {"divisor": "0"}),
    "fieldRef": lambda reference: _filled(reference, {"apiVersion": "v1"}),
}
_OF_HANDLERS: Final = {"httpGet": lambda action: _filled(action, {"path": "/", "scheme": "HTTP"})}
