"""What the API server fills in when an object is created: the object in, a copy with the defaults out.

The laws are `SetDefaults_*` of k8s.io/kubernetes (pkg/apis/core/v1, pkg/apis/apps/v1) at 1.34. What a Pod gets beyond
the template that it is made from is not among them, nor what is handed out (addresses, node ports). Amounts keep
their spelling.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject

_MODE: Final = 0o644
_TOKEN_SECONDS: Final = 3600
_AFFINITY_SECONDS: Final = 10800
_PROBE: Final[JsonObject] = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_CONTAINERS: Final = ("containers", "initContainers")
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
_IMAGE: Final = re.compile(rf"((?:{_HOST}/)?{_PART}(?:/{_PART})*)(?::(\w[\w.-]{{0,127}}))?(@{_DIGEST})?", re.ASCII)
_LONGEST_PATH: Final = 255
_IDENTIFIER: Final = re.compile(r"[a-f0-9]{64}")


def fill_pod_template(template: JsonObject) -> JsonObject:
    """Fill in a PodTemplateSpec."""
    return {**template, "spec": _pod_spec(mapping(template.get("spec")))}


def fill_deployment(deployment: JsonObject) -> JsonObject:
    """Fill in a Deployment of apps/v1, its template included."""
    spec = mapping(deployment.get("spec"))
    strategy = _filled(mapping(spec.get("strategy")), {"type": "RollingUpdate"})
    if strategy["type"] == "RollingUpdate":
        amounts = {"maxUnavailable": _AMOUNT, "maxSurge": _AMOUNT}
        strategy["rollingUpdate"] = {**amounts, **_given(mapping(strategy.get("rollingUpdate")))}
    counts: JsonObject = {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}
    template = fill_pod_template(mapping(spec.get("template")))
    return {**deployment, "spec": {**counts, **_given(spec), "strategy": strategy, "template": template}}


def fill_service(service: JsonObject) -> JsonObject:
    """Fill in a Service."""
    spec = _filled(mapping(service.get("spec")), {"sessionAffinity": "None", "type": "ClusterIP"})
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
    """Copy a map with what it lacks; an empty value is lacking too, except where Go tells it from an absent one."""
    missing = {
        field: value
        for field, value in defaults.items()
        if owner.get(field) is None or (not owner[field] and field not in _POINTERS)
    }
    return {**owner, **missing}


def _each(owner: JsonObject, field: str, fill: Callable[[JsonObject], JsonObject]) -> None:
    """Fill the maps of a list, or the one map, in a field of a map that is ours already."""
    value = owner.get(field)
    if isinstance(value, list):
        owner[field] = [fill(item) if isinstance(item, dict) else item for item in value]
    elif isinstance(value, dict):
        owner[field] = fill(value)


def _pod_spec(spec: JsonObject) -> JsonObject:
    filled = _filled(spec, _POD)
    if filled.get("securityContext") is None:
        filled["securityContext"] = {}
    for field in _CONTAINERS:
        _each(filled, field, _container)
    _each(filled, "volumes", _volume)
    return filled


def _container(container: JsonObject) -> JsonObject:
    defaults: JsonObject = {
        "imagePullPolicy": _pull_policy(text(container.get("image"))),
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    filled = _filled(container, defaults)
    _each(filled, "ports", lambda port: _filled(port, {"protocol": "TCP"}))
    _each(filled, "env", _variable)
    for field in _PROBES:
        _each(filled, field, lambda probe: _handler(_filled(probe, _PROBE)))
    _each(filled, "lifecycle", _lifecycle)
    return filled


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
    filled = dict(variable)
    _each(filled, "valueFrom", _with_field)
    return filled


def _with_field(owner: JsonObject) -> JsonObject:
    filled = dict(owner)
    _each(filled, "resourceFieldRef", lambda reference: _filled(reference, {"divisor": "0"}))
    _each(filled, "fieldRef", lambda reference: _filled(reference, {"apiVersion": "v1"}))
    _each(filled, "resourceFieldRef", lambda reference: _filled(reference, {"divisor": "0"}))
    return filled


def _handler(owner: JsonObject) -> JsonObject:
    filled = dict(owner)
    _each(filled, "httpGet", lambda action: _filled(action, {"path": "/", "scheme": "HTTP"}))
    if isinstance(action := filled.get("grpc"), dict) and action.get("service") is None:
        filled["grpc"] = {**action, "service": ""}
    return filled


def _lifecycle(lifecycle: JsonObject) -> JsonObject:
    filled = dict(lifecycle)
    for hook in ("postStart", "preStop"):
        _each(filled, hook, _handler)
    return filled


def _volume(volume: JsonObject) -> JsonObject:
    filled = dict(volume)
    if not any(value is not None for field, value in volume.items() if field != "name"):
        filled["emptyDir"] = {}
    for field, defaults in _VOLUMES.items():
        if isinstance(source := filled.get(field), dict):
            filled[field] = source = _filled(source, defaults)
            _each(source, "items", _with_field)
            _each(source, "sources", _projection)
    if isinstance(claim := mapping(filled.get("ephemeral")).get("volumeClaimTemplate"), dict):
        spec = {**mapping(claim.get("spec"))}
        spec["volumeMode"] = "Filesystem" if spec.get("volumeMode") is None else spec["volumeMode"]
        filled["ephemeral"] = {**mapping(filled["ephemeral"]), "volumeClaimTemplate": {**claim, "spec": spec}}
    return filled


def _projection(source: JsonObject) -> JsonObject:
    filled = dict(source)
    if isinstance(downward := filled.get("downwardAPI"), dict):
        filled["downwardAPI"] = downward = dict(downward)
        _each(downward, "items", _with_field)
    if isinstance(token := filled.get("serviceAccountToken"), dict) and token.get("expirationSeconds") is None:
        filled["serviceAccountToken"] = {**token, "expirationSeconds": _TOKEN_SECONDS}
    return filled
