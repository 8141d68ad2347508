"""Pods that are right but for one thing, or two: a table of values by field in, named pods out.

Values stand for classes: what is allowed at its edges, and what is not. Good values are here as well as bad ones, for a
false alarm is as wrong as a miss.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Final, NamedTuple

from kservegen.jsontypes import JsonObject, JsonValue

NONE: Final = "<absent>"
_LONG: Final = "a" * 64


class Mutation(NamedTuple):
    """A value at a place of the pod; `C` is its serving container, `P` the pod, `S` the component's strategy."""

    owner: str
    field: str
    value: JsonValue

    @property
    def name(self) -> str:
        return f"{self.owner}.{self.field}={self.value!r}"[:150]


def base() -> JsonObject:
    """Make a pod that nobody refuses, with something of everything that others refer to."""
    return {
        "containers": [
            {
                "name": "kserve-container",
                "image": "example/app:v1",
                "ports": [{"containerPort": 8080, "name": "http1", "protocol": "TCP"}],
                "env": [{"name": "A", "value": "x"}],
                "resources": {
                    "requests": {"cpu": "1", "memory": "2Gi"},
                    "limits": {"cpu": "2", "memory": "4Gi"},
                },
                "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
            },
            {
                "name": "agent",
                "image": "example/agent:v1",
                "resources": {
                    "requests": {"cpu": "100m", "memory": "64Mi"},
                    "limits": {"cpu": "100m", "memory": "64Mi"},
                },
            },
        ],
        "volumes": [
            {"name": "cache", "emptyDir": {}},
            {"name": "claim", "persistentVolumeClaim": {"claimName": "models"}},
        ],
    }


def _source(source: JsonObject) -> list[JsonValue]:
    return [{"name": "TOKEN", "valueFrom": source}]


def _volume(source: JsonObject) -> list[JsonValue]:
    return [{"name": "cache", "emptyDir": {}}, {"name": "more", **source}]


def _claim(spec: JsonObject, metadata: JsonObject | None = None) -> list[JsonValue]:
    right: JsonObject = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    template: JsonObject = {"spec": {**right, **spec}}
    if metadata is not None:
        template["metadata"] = metadata
    return _volume({"ephemeral": {"volumeClaimTemplate": template}})


def _term(requirement: JsonObject) -> JsonObject:
    term: JsonObject = {"nodeSelectorTerms": [{"matchExpressions": [requirement]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}}


def _near(term: JsonObject, side: str = "podAffinity") -> JsonObject:
    return {side: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def _amounts(limits: JsonObject, requests: JsonObject | None = None) -> JsonObject:
    ordinary: JsonObject = {"cpu": "1", "memory": "2Gi"}
    return {"limits": {**ordinary, **limits}, "requests": {**ordinary, **(requests or {})}}


_SPREAD: Final[JsonObject] = {
    "maxSkew": 1,
    "topologyKey": "topology.kubernetes.io/zone",
    "whenUnsatisfiable": "ScheduleAnyway",
}
_ZONE: Final[JsonObject] = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "a"}}}
_ASK: Final[JsonObject] = {"httpGet": {"path": "/", "port": 8080}}

CONTAINER: Final[dict[str, list[JsonValue]]] = {
    "image": [NONE, "", "example/app", "example/app:v1 "],
    "imagePullPolicy": ["Always", "Never", "IfNotPresent", "", "always", "Sometimes"],
    "terminationMessagePolicy": ["File", "FallbackToLogsOnError", "", "Logs"],
    "terminationMessagePath": ["/dev/log", "x"],
    "workingDir": ["", "relative"],
    "stdin": [True, False],
    "stdinOnce": [True],
    "tty": [True],
    "command": [[], ["a", ""]],
    "args": [[], ["{{.Name}}"], ["--x"]],
    "restartPolicy": ["Always", "Never"],
    "resizePolicy": [
        [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
        [{"resourceName": "nvidia.com/gpu", "restartPolicy": "NotRequired"}],
        [{"resourceName": "cpu", "restartPolicy": "Restart"}],
        [{"resourceName": "", "restartPolicy": "NotRequired"}],
    ],
    "env": [
        [{"name": "1A", "value": "x"}],
        [{"name": "A B", "value": "x"}],
        [{"name": "A=B", "value": "x"}],
        [{"name": "", "value": "x"}],
        [{"name": "Ä", "value": "x"}],
        [{"name": "A\tB", "value": "x"}],
        [{"name": "A.B-C", "value": ""}],
        _source({"secretKeyRef": {"name": "hf", "key": "token"}}),
        _source({"secretKeyRef": {"name": "hf", "key": "token", "optional": True}}),
        _source({"secretKeyRef": {"name": "", "key": "token"}}),
        _source({"secretKeyRef": {"name": "H_F", "key": "token"}}),
        _source({"secretKeyRef": {"name": "hf", "key": ""}}),
        _source({"secretKeyRef": {"name": "hf", "key": "to ken"}}),
        _source({"secretKeyRef": {"name": "hf", "key": ".."}}),
        _source({"configMapKeyRef": {"name": "a.b", "key": "K_e.y-1"}}),
        _source({"configMapKeyRef": {"name": "-a", "key": "k"}}),
        _source({"configMapKeyRef": {"key": "k"}}),
        _source({"configMapKeyRef": {"name": "a", "key": "."}}),
        _source({"configMapKeyRef": {"name": "a", "key": "k" * 254}}),
        _source({"fieldRef": {"fieldPath": "metadata.name"}}),
        _source({"fieldRef": {"fieldPath": "metadata.uid", "apiVersion": "v1"}}),
        _source({"fieldRef": {"fieldPath": "metadata.name", "apiVersion": "v2"}}),
        _source({"fieldRef": {"fieldPath": "status.hostIPs"}}),
        _source({"fieldRef": {"fieldPath": "spec.host"}}),
        _source({"fieldRef": {"fieldPath": "status.phase"}}),
        _source({"fieldRef": {"fieldPath": "metadata.labels"}}),
        _source({"fieldRef": {"fieldPath": "metadata.labels['app']"}}),
        _source({"fieldRef": {"fieldPath": "metadata.labels['a b']"}}),
        _source({"fieldRef": {"fieldPath": "metadata.annotations['A.example.com/b']"}}),
        _source({"fieldRef": {"fieldPath": "metadata.labels['A.example.com/b']"}}),
        _source({"fieldRef": {"fieldPath": "spec.nodeName['a']"}}),
        _source({"fieldRef": {"fieldPath": "metadata.labels["}}),
        _source({"fieldRef": {"fieldPath": ""}}),
        _source({"fieldRef": {"fieldPath": "nope"}}),
        _source({"resourceFieldRef": {"resource": "limits.cpu"}}),
        _source({"resourceFieldRef": {"resource": "requests.memory", "divisor": "1Mi"}}),
        _source({"resourceFieldRef": {"resource": "limits.memory", "divisor": "3Mi"}}),
        _source({"resourceFieldRef": {"resource": "limits.memory", "divisor": "1024Ki"}}),
        _source({"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}),
        _source({"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1Mi"}}),
        _source({"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}}),
        _source({"resourceFieldRef": {"resource": "limits.ephemeral-storage", "divisor": "1k"}}),
        _source({"resourceFieldRef": {"resource": "limits.hugepages-2Mi", "divisor": "1Mi"}}),
        _source({"resourceFieldRef": {"resource": "limits.hugepages-2Mi", "divisor": "2Mi"}}),
        _source({"resourceFieldRef": {"resource": "limits.nvidia.com/gpu"}}),
        _source({"resourceFieldRef": {"resource": "cpu"}}),
        _source({"resourceFieldRef": {"resource": ""}}),
        _source({}),
        _source({"secretKeyRef": {"name": "a", "key": "b"}, "configMapKeyRef": {"name": "a", "key": "b"}}),
        [{"name": "A", "value": "x", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}],
        [{"name": "A", "value": "", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}],
        [{"name": "A", "value": "x", "valueFrom": {}}],
    ],
    "envFrom": [
        [{"secretRef": {"name": "a"}}],
        [{"configMapRef": {"name": "a"}, "prefix": "P_"}],
        [{"prefix": "A"}],
        [{}],
        [{"configMapRef": {"name": "a"}, "secretRef": {"name": "a"}}],
        [{"configMapRef": {"name": ""}}],
        [{"configMapRef": {}}],
        [{"configMapRef": {"name": "a-"}}],
        [{"configMapRef": {"name": "A"}}],
        [{"secretRef": {"name": "a"}, "prefix": "A="}],
        [{"secretRef": {"name": "a"}, "prefix": "1 A"}],
    ],
    "ports": [
        [],
        [{"containerPort": 1, "protocol": "TCP"}],
        [{"containerPort": 65535, "protocol": "UDP"}],
        [{"containerPort": 65536, "protocol": "TCP"}],
        [{"containerPort": 0, "protocol": "TCP"}],
        [{"containerPort": -1, "protocol": "TCP"}],
        [{"containerPort": 8080}],
        [{"containerPort": 8080, "protocol": "tcp"}],
        [{"containerPort": 8080, "protocol": "HTTP"}],
        [{"containerPort": 8080, "protocol": "SCTP"}],
        [{"containerPort": 8080, "name": "http_1", "protocol": "TCP"}],
        [{"containerPort": 8080, "name": "Http", "protocol": "TCP"}],
        [{"containerPort": 8080, "name": "a-very-long-name", "protocol": "TCP"}],
        [{"containerPort": 8080, "name": "a-long-name-is15", "protocol": "TCP"}],
        [{"containerPort": 8080, "name": "fifteen-letters", "protocol": "TCP"}],
        [{"containerPort": 8080, "name": "8080", "protocol": "TCP"}],
        [{"containerPort": 8080, "name": "a--b", "protocol": "TCP"}],
        [{"containerPort": 8080, "name": "-ab", "protocol": "TCP"}],
        [{"containerPort": 8080, "name": "ab-", "protocol": "TCP"}],
        [{"containerPort": 8080, "name": "", "protocol": "TCP"}],
        [
            {"containerPort": 8080, "name": "a", "protocol": "TCP"},
            {"containerPort": 8081, "name": "a", "protocol": "TCP"},
        ],
        [
            {"containerPort": 8080, "name": "a", "protocol": "TCP"},
            {"containerPort": 8080, "name": "b", "protocol": "UDP"},
        ],
        [{"containerPort": 8080, "hostPort": 80, "protocol": "TCP"}],
        [{"containerPort": 8080, "hostPort": 70000, "protocol": "TCP"}],
        [{"containerPort": 8080, "hostPort": 0, "protocol": "TCP"}],
        [
            {"containerPort": 8080, "hostPort": 80, "protocol": "TCP"},
            {"containerPort": 8081, "hostPort": 80, "protocol": "TCP"},
        ],
        [
            {"containerPort": 8080, "hostPort": 80, "protocol": "TCP"},
            {"containerPort": 8081, "hostPort": 80, "protocol": "UDP"},
        ],
        [
            {"containerPort": 8080, "hostPort": 80, "hostIP": "10.0.0.1", "protocol": "TCP"},
            {"containerPort": 8081, "hostPort": 80, "hostIP": "10.0.0.2", "protocol": "TCP"},
        ],
    ],
    "livenessProbe": [
        _ASK,
        {},
        {"httpGet": {"port": 8080}},
        {"httpGet": {"path": "/"}},
        {"httpGet": {"path": "/", "port": "http1"}},
        {"httpGet": {"path": "/", "port": "nope"}},
        {"httpGet": {"path": "/", "port": "8080"}},
        {"httpGet": {"path": "/", "port": 0}},
        {"httpGet": {"path": "/", "port": 70000}},
        {"httpGet": {"path": "/", "port": 8080, "scheme": "HTTPS"}},
        {"httpGet": {"path": "/", "port": 8080, "scheme": "http"}},
        {"httpGet": {"path": "/", "port": 8080, "httpHeaders": [{"name": "X-A", "value": "b"}]}},
        {"httpGet": {"path": "/", "port": 8080, "httpHeaders": [{"name": "X A", "value": "b"}]}},
        {"httpGet": {"path": "/", "port": 8080, "httpHeaders": [{"name": "", "value": "b"}]}},
        {"tcpSocket": {"port": 8080}},
        {"tcpSocket": {"port": "a_b"}},
        {"grpc": {"port": 9000}},
        {"grpc": {"port": 0}},
        {"grpc": {"port": 9000, "service": ""}},
        {"exec": {"command": ["true"]}},
        {"exec": {"command": []}},
        {"exec": {}},
        {**_ASK, "tcpSocket": {"port": 8080}},
        {**_ASK, "exec": {"command": ["true"]}},
        {**_ASK, "initialDelaySeconds": -1},
        {**_ASK, "timeoutSeconds": -1},
        {**_ASK, "timeoutSeconds": 0},
        {**_ASK, "periodSeconds": -5},
        {**_ASK, "failureThreshold": -1},
        {**_ASK, "failureThreshold": 0},
        {**_ASK, "successThreshold": 0},
        {**_ASK, "successThreshold": 1},
        {**_ASK, "successThreshold": 2},
        {**_ASK, "successThreshold": -1},
        {**_ASK, "terminationGracePeriodSeconds": 10},
        {**_ASK, "terminationGracePeriodSeconds": 0},
        {**_ASK, "terminationGracePeriodSeconds": -1},
    ],
    "readinessProbe": [
        {**_ASK, "successThreshold": 3},
        {**_ASK, "successThreshold": -3},
        {**_ASK, "terminationGracePeriodSeconds": 10},
        {"tcpSocket": {"port": 8080}},
        {"periodSeconds": 5},
    ],
    "startupProbe": [
        {**_ASK, "successThreshold": 3},
        {**_ASK, "failureThreshold": 60},
        {"grpc": {"port": 65536}},
    ],
    "lifecycle": [
        {},
        {"preStop": {"exec": {"command": ["sleep", "5"]}}},
        {"preStop": {}},
        {"preStop": {"sleep": {"seconds": 10}}},
        {"preStop": {"sleep": {"seconds": 30}}},
        {"preStop": {"sleep": {"seconds": 31}}},
        {"preStop": {"sleep": {"seconds": 0}}},
        {"preStop": {"sleep": {"seconds": -1}}},
        {"postStart": {"httpGet": {"port": 8080}}},
        {"postStart": {"httpGet": {"port": 0}}},
        {"postStart": {"exec": {"command": ["a"]}, "tcpSocket": {"port": 1}}},
    ],
    "resources": [
        _amounts({"nvidia.com/gpu": "1"}),
        _amounts({"nvidia.com/gpu": "1"}, {"nvidia.com/gpu": "1"}),
        _amounts({"nvidia.com/gpu": "2"}, {"nvidia.com/gpu": "1"}),
        _amounts({"nvidia.com/gpu": "1"}, {"nvidia.com/gpu": "1000m"}),
        _amounts({}, {"nvidia.com/gpu": "1"}),
        _amounts({"nvidia.com/gpu": "500m"}),
        _amounts({"nvidia.com/gpu": "0"}),
        _amounts({"nvidia.com/gpu": "-1"}),
        _amounts({"gpu": "1"}),
        _amounts({"nvidia.com/": "1"}),
        _amounts({"-nvidia.com/gpu": "1"}),
        _amounts({"NVIDIA.com/gpu": "1"}),
        _amounts({"requests.example.com/a": "1"}),
        _amounts({"example.com/a": "1"}),
        _amounts({f"{'a.' * 122}example.com/a": "1"}),
        _amounts({"kubernetes.io/a": "1"}),
        _amounts({}, {"x.kubernetes.io/a": "500m"}),
        _amounts({}, {"xkubernetes.io/a": "500m"}),
        _amounts({"example.com/kubernetes.io": "1"}),
        _amounts({"storage": "1Gi"}),
        _amounts({"pods": "1"}),
        _amounts({"ephemeral-storage": "1Gi"}),
        _amounts({}, {"ephemeral-storage": "1Gi"}),
        _amounts({"ephemeral-storage": "1Gi"}, {"ephemeral-storage": "2Gi"}),
        _amounts({}, {"memory": "3Gi"}),
        _amounts({}, {"memory": "2048Mi"}),
        _amounts({}, {"memory": "2049Mi"}),
        _amounts({}, {"cpu": "1001m"}),
        _amounts({}, {"cpu": "-1"}),
        _amounts({"memory": "-2Gi"}),
        _amounts({"hugepages-2Mi": "4Mi"}),
        _amounts({"hugepages-2Mi": "4Mi"}, {"hugepages-2Mi": "4Mi"}),
        _amounts({"hugepages-2Mi": "4Mi"}, {"hugepages-2Mi": "2Mi"}),
        _amounts({"hugepages-2Mi": "3Mi"}),
        _amounts({"hugepages-2": "4Mi"}),
        _amounts({"hugepages-": "4Mi"}),
        _amounts({"hugepages-x": "4Mi"}),
        _amounts({"hugepages-0": "4Mi"}),
        _amounts({"hugepages--2Mi": "4Mi"}),
        _amounts({}, {"hugepages-2Mi": "4Mi"}),
        {**_amounts({}), "claims": [{"name": "nope"}]},
    ],
    "volumeMounts": [
        [],
        [{"name": "cache", "mountPath": "/a"}],
        [{"name": "cache", "mountPath": "a:b"}],
        [{"name": "cache", "mountPath": ""}],
        [{"name": "cache", "mountPath": "relative"}],
        [{"name": "nope", "mountPath": "/a"}],
        [{"name": "", "mountPath": "/a"}],
        [{"name": "cache", "mountPath": "/a"}, {"name": "claim", "mountPath": "/a"}],
        [{"name": "cache", "mountPath": "/a", "subPath": "x"}],
        [{"name": "cache", "mountPath": "/a", "subPath": "/x"}],
        [{"name": "cache", "mountPath": "/a", "subPath": "../x"}],
        [{"name": "cache", "mountPath": "/a", "subPath": "x/..y"}],
        [{"name": "cache", "mountPath": "/a", "subPathExpr": "$(A)"}],
        [{"name": "cache", "mountPath": "/a", "subPathExpr": "/$(A)"}],
        [{"name": "cache", "mountPath": "/a", "subPath": "x", "subPathExpr": "y"}],
        [{"name": "cache", "mountPath": "/a", "mountPropagation": "HostToContainer"}],
        [{"name": "cache", "mountPath": "/a", "mountPropagation": "Bidirectional"}],
        [{"name": "cache", "mountPath": "/a", "mountPropagation": "Both"}],
        [{"name": "cache", "mountPath": "/a", "readOnly": True, "recursiveReadOnly": "Enabled"}],
        [{"name": "cache", "mountPath": "/a", "recursiveReadOnly": "Enabled"}],
        [{"name": "cache", "mountPath": "/a", "recursiveReadOnly": "Disabled"}],
        [{"name": "cache", "mountPath": "/a", "readOnly": True, "recursiveReadOnly": "Yes"}],
    ],
    "volumeDevices": [
        [{"name": "claim", "devicePath": "/dev/a"}],
        [{"name": "cache", "devicePath": "/dev/a"}],
        [{"name": "nope", "devicePath": "/dev/a"}],
        [{"name": "claim", "devicePath": ""}],
        [{"name": "claim", "devicePath": "/dev/../a"}],
        [{"name": "claim", "devicePath": "/cache"}],
        [{"name": "claim", "devicePath": "/dev/a"}, {"name": "claim", "devicePath": "/dev/b"}],
    ],
    "securityContext": [
        {},
        {"runAsUser": 0},
        {"runAsUser": -1},
        {"runAsUser": 2147483647},
        {"runAsUser": 2147483648},
        {"runAsGroup": -1},
        {"runAsNonRoot": True, "runAsUser": 0},
        {"privileged": True},
        {"privileged": True, "allowPrivilegeEscalation": False},
        {"privileged": True, "allowPrivilegeEscalation": True},
        {"allowPrivilegeEscalation": False, "capabilities": {"add": ["SYS_ADMIN"]}},
        {"allowPrivilegeEscalation": False, "capabilities": {"add": ["CAP_SYS_ADMIN"]}},
        {"capabilities": {"add": ["NOPE"], "drop": ["ALL"]}},
        {"procMount": "Default"},
        {"procMount": "Unmasked"},
        {"procMount": "unmasked"},
        {"seccompProfile": {"type": "RuntimeDefault"}},
        {"seccompProfile": {"type": "runtime/default"}},
        {"seccompProfile": {"type": ""}},
        {"seccompProfile": {"type": "Localhost"}},
        {"seccompProfile": {"type": "Localhost", "localhostProfile": "a/b.json"}},
        {"seccompProfile": {"type": "Localhost", "localhostProfile": "/a"}},
        {"seccompProfile": {"type": "Localhost", "localhostProfile": "../a"}},
        {"seccompProfile": {"type": "Unconfined", "localhostProfile": "a"}},
        {"appArmorProfile": {"type": "Unconfined"}},
        {"appArmorProfile": {"type": "Localhost"}},
        {"appArmorProfile": {"type": "Localhost", "localhostProfile": "a"}},
        {"appArmorProfile": {"type": "Localhost", "localhostProfile": " a"}},
        {"appArmorProfile": {"type": "Localhost", "localhostProfile": ""}},
        {"appArmorProfile": {"type": "RuntimeDefault", "localhostProfile": "a"}},
        {"appArmorProfile": {"type": "nope"}},
        {"windowsOptions": {"runAsUserName": "ContainerUser"}},
        {"windowsOptions": {"runAsUserName": ""}},
        {"windowsOptions": {"runAsUserName": "a\\b\\c"}},
        {"windowsOptions": {"runAsUserName": "..."}},
        {"windowsOptions": {"runAsUserName": "a/b"}},
        {"windowsOptions": {"runAsUserName": "dom.example\\user"}},
        {"windowsOptions": {"runAsUserName": "-d*\\user"}},
        {"windowsOptions": {"gmsaCredentialSpecName": "A_b"}},
        {"windowsOptions": {"gmsaCredentialSpec": ""}},
        {"readOnlyRootFilesystem": True},
    ],
}

POD: Final[dict[str, list[JsonValue]]] = {
    "volumes": [
        [{"name": "cache"}],
        [{"name": "Cache", "emptyDir": {}}, {"name": "cache"}],
        [{"name": "", "emptyDir": {}}, {"name": "cache"}],
        [{"name": "a.b", "emptyDir": {}}, {"name": "cache"}],
        [{"name": _LONG, "emptyDir": {}}, {"name": "cache"}],
        [{"name": "cache", "emptyDir": {}}, {"name": "cache", "emptyDir": {}}],
        _volume({"emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}),
        _volume({"emptyDir": {"medium": "Disk"}}),
        _volume({"emptyDir": {"sizeLimit": "-1Gi"}}),
        _volume({"emptyDir": {}, "configMap": {"name": "a"}}),
        _volume({"hostPath": {"path": "/a"}}),
        _volume({"hostPath": {"path": ""}}),
        _volume({"hostPath": {"path": "/a/../b"}}),
        _volume({"hostPath": {"path": "/a", "type": "Directory"}}),
        _volume({"hostPath": {"path": "/a", "type": "Folder"}}),
        _volume({"hostPath": {"path": "/a", "type": ""}}),
        _volume({"secret": {"secretName": "a"}}),
        _volume({"secret": {}}),
        _volume({"secret": {"secretName": ""}}),
        _volume({"secret": {"secretName": "A_b"}}),
        _volume({"secret": {"secretName": "a", "defaultMode": 511}}),
        _volume({"secret": {"secretName": "a", "defaultMode": 512}}),
        _volume({"secret": {"secretName": "a", "defaultMode": -1}}),
        _volume({"secret": {"secretName": "a", "items": [{"key": "k", "path": "p"}]}}),
        _volume({"secret": {"secretName": "a", "items": [{"key": "", "path": "p"}]}}),
        _volume({"secret": {"secretName": "a", "items": [{"key": "k", "path": ""}]}}),
        _volume({"secret": {"secretName": "a", "items": [{"key": "k", "path": "/p"}]}}),
        _volume({"secret": {"secretName": "a", "items": [{"key": "k", "path": "../p"}]}}),
        _volume({"secret": {"secretName": "a", "items": [{"key": "k", "path": "..p"}]}}),
        _volume({"secret": {"secretName": "a", "items": [{"key": "k", "path": "p", "mode": 777}]}}),
        _volume({"configMap": {"name": "a"}}),
        _volume({"configMap": {}}),
        _volume({"configMap": {"name": "", "optional": True}}),
        _volume({"configMap": {"name": "a", "defaultMode": 420}}),
        _volume({"persistentVolumeClaim": {"claimName": "a"}}),
        _volume({"persistentVolumeClaim": {"claimName": ""}}),
        _volume({"persistentVolumeClaim": {"claimName": "A_b"}}),
        _volume({"nfs": {"server": "a", "path": "/p"}}),
        _volume({"nfs": {"server": "a", "path": "p"}}),
        _volume({"nfs": {"server": "", "path": "/p"}}),
        _volume({"csi": {"driver": "csi.example.com"}}),
        _volume({"csi": {"driver": ""}}),
        _volume({"csi": {"driver": "a_b"}}),
        _volume({"csi": {"driver": "CSI.Example.com"}}),
        _volume({"csi": {"driver": _LONG}}),
        _volume({"csi": {"driver": "a", "nodePublishSecretRef": {"name": ""}}}),
        _volume({"csi": {"driver": "a", "nodePublishSecretRef": {"name": "b"}}}),
        _volume({"downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}}),
        _volume({"downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "status.podIP"}}]}}),
        _volume({"downwardAPI": {"items": [{"path": "l"}]}}),
        _volume({"downwardAPI": {"items": [{"path": "", "fieldRef": {"fieldPath": "metadata.name"}}]}}),
        _volume({"downwardAPI": {"items": [{"path": "c", "resourceFieldRef": {"resource": "limits.cpu"}}]}}),
        _volume(
            {
                "downwardAPI": {
                    "items": [
                        {
                            "path": "c",
                            "resourceFieldRef": {"resource": "limits.cpu", "containerName": "kserve-container"},
                        }
                    ]
                }
            }
        ),
        _volume({"downwardAPI": {"defaultMode": 1000}}),
        _volume({"projected": {"sources": [{"secret": {"name": "a"}}, {"configMap": {"name": "b"}}]}}),
        _volume({"projected": {"sources": [{"secret": {"name": "a"}, "configMap": {"name": "b"}}]}}),
        _volume({"projected": {"sources": [{"secret": {}}]}}),
        _volume({"projected": {"sources": [{}]}}),
        _volume({"projected": {}}),
        _volume({"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}),
        _volume({"projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 599}}]}}),
        _volume({"projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 600}}]}}),
        _volume({"projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 4294967297}}]}}),
        _volume({"projected": {"sources": [{"serviceAccountToken": {"path": ""}}]}}),
        _volume({"projected": {"sources": [{"serviceAccountToken": {"path": "/t"}}]}}),
        _volume(
            {
                "projected": {
                    "sources": [
                        {"secret": {"name": "a", "items": [{"key": "k", "path": "p"}]}},
                        {"configMap": {"name": "a", "items": [{"key": "k", "path": "p"}]}},
                    ]
                }
            }
        ),
        _claim({}),
        _claim({"accessModes": []}),
        _claim({"accessModes": ["ReadWrite"]}),
        _claim({"accessModes": ["ReadWriteOncePod"]}),
        _claim({"accessModes": ["ReadWriteOncePod", "ReadOnlyMany"]}),
        _claim({"resources": {}}),
        _claim({"resources": {"requests": {"storage": "0"}}}),
        _claim({"storageClassName": "Fast_Disk"}),
        _claim({"storageClassName": ""}),
        _claim({"volumeMode": "Block"}),
        _claim({"volumeMode": "block"}),
        _claim({"selector": {"matchLabels": {"a b": "c"}}}),
        _claim({"dataSource": {"kind": "PersistentVolumeClaim", "name": "a"}}),
        _claim({"dataSource": {"kind": "VolumeSnapshot", "name": "a"}}),
        _claim({"dataSource": {"kind": "VolumeSnapshot", "name": "a", "apiGroup": "snapshot.storage.k8s.io"}}),
        _claim({}, {"name": "a"}),
        _volume({"ephemeral": {}}),
        _volume({"nfs": {"server": "a", "path": "/p"}, "emptyDir": {}}),
        _volume({"gitRepo": {"repository": "a", "directory": "../b"}}),
        _volume({"gitRepo": {"repository": ""}}),
        _volume({"gcePersistentDisk": {"pdName": "a", "partition": 256}}),
        _volume({"gcePersistentDisk": {"pdName": "a"}}),
        _volume({"awsElasticBlockStore": {"volumeID": ""}}),
        _volume({"azureFile": {"secretName": "", "shareName": "b"}}),
        _volume({"azureDisk": {"diskName": "a", "diskURI": "https://a.blob.core.windows.net/b/c.vhd"}}),
        _volume({"azureDisk": {"diskName": "a", "diskURI": "https://a", "kind": "Managed"}}),
        _volume({"azureDisk": {"diskName": "a", "diskURI": "/subscriptions/a", "kind": "Managed"}}),
        _volume({"azureDisk": {"diskName": "a", "diskURI": "https://a", "kind": "Other"}}),
        _volume({"iscsi": {"targetPortal": "a", "iqn": "iqn.2001-04.com.example:storage", "lun": 0}}),
        _volume({"iscsi": {"targetPortal": "a", "iqn": "iqn.bad", "lun": 0}}),
        _volume({"iscsi": {"targetPortal": "a", "iqn": "iqn.2001-04.com.example:storage", "lun": 256}}),
        _volume({"fc": {"wwids": ["a"]}}),
        _volume({"fc": {"targetWWNs": ["a"]}}),
        _volume({"fc": {"targetWWNs": ["a"], "lun": 2}}),
        _volume({"fc": {}}),
        _volume({"flexVolume": {"driver": "a", "options": {"kubernetes.io/a": "b"}}}),
        _volume({"flexVolume": {"driver": "a", "options": {"a": "b"}}}),
        _volume({"cephfs": {"monitors": []}}),
        _volume({"rbd": {"monitors": ["a"], "image": "b"}}),
        _volume({"glusterfs": {"endpoints": "a", "path": ""}}),
        _volume({"quobyte": {"registry": "a:1,b:2", "volume": "v"}}),
        _volume({"quobyte": {"registry": "a", "volume": "v"}}),
        _volume({"flocker": {"datasetName": "a", "datasetUUID": "b"}}),
        _volume({"flocker": {"datasetName": "a"}}),
        _volume({"cinder": {"volumeID": "a", "secretRef": {"name": ""}}}),
        _volume({"storageos": {"volumeName": "A"}}),
        _volume({"storageos": {"volumeName": "a"}}),
        _volume({"portworxVolume": {"volumeID": ""}}),
        _volume({"scaleIO": {"gateway": "a", "system": "b", "secretRef": {"name": "a"}, "volumeName": ""}}),
        _volume({"vsphereVolume": {"volumePath": ""}}),
        _volume({"photonPersistentDisk": {"pdID": ""}}),
    ],
    "tolerations": [
        [],
        [{"operator": "Exists"}],
        [{}],
        [{"key": "a", "operator": "Exists", "effect": "NoSchedule"}],
        [{"key": "a", "operator": "Exists", "value": "x"}],
        [{"key": "a", "operator": "exists"}],
        [{"key": "a", "operator": "Equal", "value": "x", "effect": "NoSched"}],
        [{"key": "a", "value": "x y"}],
        [{"key": "a b", "operator": "Exists"}],
        [{"key": "a", "operator": "Exists", "tolerationSeconds": 5}],
        [{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}],
        [{"operator": "Equal", "value": "x"}],
        [{"key": "a", "operator": "Gt", "value": "1"}],
        [{"key": "a", "effect": ""}],
        [{"key": "a/b/c", "operator": "Exists"}],
    ],
    "nodeSelector": [
        {},
        {"pool": "l4"},
        {"a b": "x"},
        {"a": "x y"},
        {"a": ""},
        {"example.com/a": _LONG},
        {"a/": "x"},
        {"/a": "x"},
        {_LONG: "x"},
    ],
    "affinity": [
        {},
        _term({"key": "gpu", "operator": "In", "values": ["a"]}),
        _term({"key": "gpu", "operator": "In"}),
        _term({"key": "gpu", "operator": "Exists", "values": ["a"]}),
        _term({"key": "gpu", "operator": "Exists"}),
        _term({"key": "gpu", "operator": "Gt", "values": ["1"]}),
        _term({"key": "gpu", "operator": "Gt", "values": ["a"]}),
        _term({"key": "gpu", "operator": "Lt", "values": ["1", "2"]}),
        _term({"key": "gpu", "operator": "Is", "values": ["a"]}),
        _term({"key": "", "operator": "Exists"}),
        _term({"key": "a b", "operator": "Exists"}),
        _term({"key": "a", "operator": "In", "values": ["x y"]}),
        {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}},
        {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{}]}}},
        {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [
                        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}
                    ]
                }
            }
        },
        {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchFields": [{"key": "spec.x", "operator": "Exists"}]}]
                }
            }
        },
        {
            "nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 0, "preference": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}
                ]
            }
        },
        {
            "nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "weight": 100,
                        "preference": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["x y"]}]},
                    }
                ]
            }
        },
        _near(_ZONE),
        _near({"topologyKey": ""}),
        _near({"topologyKey": "a b"}),
        _near({**_ZONE, "namespaces": ["ns"]}, "podAntiAffinity"),
        _near({**_ZONE, "namespaces": ["N_s"]}, "podAntiAffinity"),
        _near({**_ZONE, "labelSelector": {"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}}),
        _near({**_ZONE, "labelSelector": {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}}),
        _near({**_ZONE, "labelSelector": {"matchLabels": {"a": "b c"}}}),
        _near({**_ZONE, "namespaceSelector": {"matchLabels": {"a": "b c"}}}),
        _near({**_ZONE, "matchLabelKeys": ["pod-template-hash"]}),
        _near({**_ZONE, "matchLabelKeys": ["app"]}),
        _near({**_ZONE, "matchLabelKeys": ["a b"]}),
        _near({**_ZONE, "matchLabelKeys": ["x"], "mismatchLabelKeys": ["x"]}),
        _near({"topologyKey": "zone", "matchLabelKeys": ["x"]}),
        {
            "podAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 101, "podAffinityTerm": _ZONE}]
            }
        },
        {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": _ZONE}]}},
    ],
    "topologySpreadConstraints": [
        [_SPREAD],
        [{**_SPREAD, "maxSkew": 0}],
        [{**_SPREAD, "maxSkew": -1}],
        [{**_SPREAD, "topologyKey": ""}],
        [{**_SPREAD, "topologyKey": "a b"}],
        [{**_SPREAD, "whenUnsatisfiable": "Never"}],
        [{**_SPREAD, "whenUnsatisfiable": ""}],
        [{**_SPREAD, "minDomains": 2}],
        [{**_SPREAD, "minDomains": 2, "whenUnsatisfiable": "DoNotSchedule"}],
        [{**_SPREAD, "minDomains": 0, "whenUnsatisfiable": "DoNotSchedule"}],
        [{**_SPREAD, "nodeAffinityPolicy": "Honor"}],
        [{**_SPREAD, "nodeTaintsPolicy": "honor"}],
        [{**_SPREAD, "labelSelector": {"matchLabels": {"a": "b c"}}}],
        [{**_SPREAD, "matchLabelKeys": ["a"]}],
        [{**_SPREAD, "matchLabelKeys": ["a"], "labelSelector": {"matchLabels": {"a": "b"}}}],
        [{**_SPREAD, "topologyKey": "a"}, {**_SPREAD, "topologyKey": "b"}],
    ],
    "securityContext": [
        {},
        {"runAsUser": -1},
        {"runAsUser": 1000, "fsGroup": 1000},
        {"fsGroup": -1},
        {"runAsGroup": 2147483648},
        {"supplementalGroups": [1, 2147483647]},
        {"supplementalGroups": [-1]},
        {"supplementalGroupsPolicy": "Strict"},
        {"supplementalGroupsPolicy": "strict"},
        {"fsGroupChangePolicy": "OnRootMismatch"},
        {"fsGroupChangePolicy": "Never"},
        {"seLinuxChangePolicy": "Recursive"},
        {"seLinuxChangePolicy": "recursive"},
        {"seccompProfile": {"type": "Localhost"}},
        {"seccompProfile": {"type": "RuntimeDefault"}},
        {"appArmorProfile": {"type": "Default"}},
        {"sysctls": [{"name": "net.core.somaxconn", "value": "1"}]},
        {"sysctls": [{"name": "net/core/somaxconn", "value": "1"}]},
        {"sysctls": [{"name": "", "value": "1"}]},
        {"sysctls": [{"name": "A", "value": "1"}]},
        {"sysctls": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]},
        {"windowsOptions": {"runAsUserName": "a@b"}},
    ],
    "dnsPolicy": ["ClusterFirst", "Default", "ClusterFirstWithHostNet", "", "None", "clusterfirst"],
    "dnsConfig": [
        {},
        {"nameservers": ["1.1.1.1"]},
        {"nameservers": ["2001:db8::1"]},
        {"nameservers": ["010.001.001.001"]},
        {"nameservers": ["1.1.1"]},
        {"nameservers": ["256.1.1.1"]},
        {"nameservers": ["fe80::1%eth0"]},
        {"nameservers": ["::ffff:1.2.3.4"]},
        {"nameservers": ["dns.example.com"]},
        {"nameservers": ["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"]},
        {"searches": ["example.com", "a_b.example.com", "example.com.", "."]},
        {"searches": ["Example.com"]},
        {"searches": ["-a"]},
        {"searches": ["a"] * 33},
        {"options": [{"name": "ndots", "value": "2"}]},
        {"options": [{"value": "2"}]},
    ],
    "hostAliases": [
        [{"ip": "1.2.3.4", "hostnames": ["a", "b.c"]}],
        [{"ip": "a", "hostnames": ["a"]}],
        [{"ip": "", "hostnames": ["a"]}],
        [{"ip": "1.2.3.4", "hostnames": ["A"]}],
        [{"ip": "1.2.3.4"}],
    ],
    "restartPolicy": ["Always", "", "OnFailure", "Never", "always"],
    "terminationGracePeriodSeconds": [0, 5, -5],
    "activeDeadlineSeconds": [1, 0, 100],
    "schedulerName": ["", "Bad_Name"],
    "priorityClassName": ["high", "Bad_Name", "", "a.b"],
    "priority": [5, -5],
    "serviceAccountName": ["models", "Bad_Name", "a.b", "-a"],
    "serviceAccount": ["models", "Bad_Name"],
    "nodeName": ["n1", "N_1"],
    "hostname": ["a", "A", "a.b", _LONG],
    "subdomain": ["a", "a.b", "A"],
    "runtimeClassName": ["nvidia", "Nvidia", ""],
    "preemptionPolicy": ["Never", "PreemptLowerPriority", "never", ""],
    "overhead": [
        {"cpu": "100m"},
        {"cpu": "-1"},
        {"gpu": "1"},
        {"example.com/a": "500m"},
    ],
    "imagePullSecrets": [[{"name": "r"}], [{"name": ""}], [{"name": "A_b"}], [{}]],
    "readinessGates": [[{"conditionType": "example.com/a"}], [{"conditionType": "a b"}], [{"conditionType": ""}]],
    "schedulingGates": [[{"name": "example.com/a"}], [{"name": "a b"}], [{"name": ""}]],
    "hostNetwork": [True, False],
    "hostPID": [True],
    "hostIPC": [True],
    "hostUsers": [True, False],
    "shareProcessNamespace": [True, False],
    "enableServiceLinks": [False],
    "setHostnameAsFQDN": [True],
    "automountServiceAccountToken": [False],
    "os": [{"name": "linux"}, {"name": "windows"}, {"name": "Linux"}, {"name": ""}],
    "resourceClaims": [
        [{"name": "gpu", "resourceClaimTemplateName": "t"}],
        [{"name": "gpu", "resourceClaimName": "c"}],
        [{"name": "gpu"}],
        [{"name": "gpu", "resourceClaimName": "c", "resourceClaimTemplateName": "t"}],
        [{"name": "Gpu", "resourceClaimName": "c"}],
        [{"name": "gpu", "resourceClaimName": "C_"}],
        [{"name": "", "resourceClaimName": "c"}],
    ],
    "resources": [
        {"limits": {"cpu": "4", "memory": "8Gi"}},
        {"limits": {"cpu": "1", "memory": "8Gi"}},
        {"requests": {"cpu": "1"}},
        {"requests": {"cpu": "2", "memory": "4Gi"}},
        {"requests": {"memory": "2113Mi"}},
        {"requests": {"memory": "2112Mi"}},
        {"requests": {"memory": "2111Mi"}},
        {"limits": {"nvidia.com/gpu": "1"}},
        {"limits": {"ephemeral-storage": "1Gi"}},
        {"requests": {"cpu": "5"}, "limits": {"cpu": "4"}},
        {"requests": {"cpu": "-5"}},
        {"claims": [{"name": "a"}]},
    ],
    "initContainers": [
        [{"name": "warm-up", "image": "a"}],
        [{"name": "Warm_Up", "image": "a"}],
        [{"name": "", "image": "a"}],
        [{"name": "warm-up"}],
        [{"name": "kserve-container", "image": "a"}],
        [{"name": "agent", "image": "a"}],
        [{"name": "a", "image": "a"}, {"name": "a", "image": "b"}],
        [{"name": "a", "image": "a", "restartPolicy": "Always", "readinessProbe": _ASK}],
        [{"name": "a", "image": "a", "restartPolicy": "Always", "livenessProbe": {**_ASK, "successThreshold": 2}}],
        [{"name": "a", "image": "a", "readinessProbe": _ASK}],
        [{"name": "a", "image": "a", "livenessProbe": {}}],
        [{"name": "a", "image": "a", "lifecycle": {"preStop": {"exec": {"command": ["a"]}}}}],
        [{"name": "a", "image": "a", "lifecycle": {}}],
        [{"name": "a", "image": "a", "restartPolicy": "OnFailure"}],
        [{"name": "a", "image": "a", "ports": [{"containerPort": 8080, "name": "http1", "protocol": "TCP"}]}],
        [{"name": "a", "image": "a", "volumeMounts": [{"name": "nope", "mountPath": "/a"}]}],
        [{"name": "a", "image": "a", "resources": {"limits": {"gpu": "1"}}}],
        [{"name": "a", "image": "a", "env": [{"name": ""}]}],
        [{"name": "a", "image": "a", "securityContext": {"runAsUser": -1}}],
    ],
    "containers.1.name": ["Agent", "kserve-container", "", "a.b", _LONG],
    "containers.1.image": [NONE, ""],
    "containers.1.ports": [[{"containerPort": 8080, "name": "http1", "protocol": "TCP"}]],
    "labels": [{"a": "b"}, {"a": "b c"}, {"a b": "c"}, {"a": _LONG}],
    "annotations": [{"a": "b c"}, {"a b": "c"}, {"A.example.com/a": "c"}, {"a": "x" * 262144}],
}

STRATEGY: Final[list[JsonValue]] = [
    {},
    {"type": "RollingUpdate"},
    {"type": "Recreate"},
    {"type": ""},
    {"type": "Foo"},
    {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}},
    {"type": "Recreate", "rollingUpdate": {}},
    {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
    {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}},
    {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0}},
    {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "0%", "maxUnavailable": 0}},
    {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "50%", "maxUnavailable": "0%"}},
    {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "150%", "maxUnavailable": "100%"}},
    {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "101%"}},
    {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "1", "maxUnavailable": 1}},
    {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "1.5%"}},
    {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": -1}},
    {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "-1%"}},
    {"type": "RollingUpdate", "rollingUpdate": {}},
]

# What only two fields together get wrong.
PAIRS: Final[list[tuple[Mutation, ...]]] = [
    (Mutation("P", "hostUsers", False), Mutation("P", "hostNetwork", True)),
    (Mutation("P", "hostUsers", False), Mutation("P", "hostPID", True)),
    (Mutation("P", "hostUsers", False), Mutation("P", "hostIPC", True)),
    (Mutation("P", "hostUsers", False), Mutation("C", "securityContext", {"procMount": "Unmasked"})),
    (
        Mutation("P", "hostUsers", False),
        Mutation("C", "volumeDevices", [{"name": "claim", "devicePath": "/dev/a"}]),
    ),
    (Mutation("P", "shareProcessNamespace", True), Mutation("P", "hostPID", True)),
    (Mutation("P", "shareProcessNamespace", False), Mutation("P", "hostPID", True)),
    (Mutation("P", "dnsPolicy", "None"), Mutation("P", "dnsConfig", {"nameservers": ["1.1.1.1"]})),
    (Mutation("P", "dnsPolicy", "None"), Mutation("P", "dnsConfig", {"searches": ["a"]})),
    (Mutation("P", "hostNetwork", True), Mutation("C", "ports", [{"containerPort": 8080, "hostPort": 8081}])),
    (Mutation("P", "hostNetwork", True), Mutation("C", "ports", [{"containerPort": 8080, "hostPort": 8080}])),
    (
        Mutation("P", "hostNetwork", True),
        Mutation("P", "securityContext", {"sysctls": [{"name": "net.core.somaxconn", "value": "1"}]}),
    ),
    (
        Mutation("P", "hostIPC", True),
        Mutation("P", "securityContext", {"sysctls": [{"name": "kernel.shmmax", "value": "1"}]}),
    ),
    (
        Mutation("P", "hostIPC", True),
        Mutation("P", "securityContext", {"sysctls": [{"name": "kernel.pid_max", "value": "1"}]}),
    ),
    (
        Mutation("P", "terminationGracePeriodSeconds", 5),
        Mutation("C", "lifecycle", {"preStop": {"sleep": {"seconds": 6}}}),
    ),
    (
        Mutation("P", "terminationGracePeriodSeconds", 60),
        Mutation("C", "lifecycle", {"preStop": {"sleep": {"seconds": 60}}}),
    ),
    (
        Mutation("P", "os", {"name": "linux"}),
        Mutation("C", "securityContext", {"windowsOptions": {"runAsUserName": "a"}}),
    ),
    (Mutation("P", "os", {"name": "windows"}), Mutation("C", "securityContext", {"runAsUser": 1})),
    (Mutation("P", "os", {"name": "windows"}), Mutation("P", "securityContext", {"fsGroup": 1})),
    (Mutation("P", "os", {"name": "windows"}), Mutation("P", "shareProcessNamespace", False)),
    (Mutation("P", "os", {"name": "windows"}), Mutation("P", "hostPID", True)),
    (Mutation("P", "os", {"name": "windows"}), Mutation("P", "resources", {"limits": {"cpu": "8"}})),
    (
        Mutation("P", "resourceClaims", [{"name": "gpu", "resourceClaimName": "c"}]),
        Mutation("C", "resources", {**_amounts({}), "claims": [{"name": "gpu"}]}),
    ),
    (
        Mutation("P", "resourceClaims", [{"name": "gpu", "resourceClaimName": "c"}]),
        Mutation("C", "resources", {**_amounts({}), "claims": [{"name": "gpu", "request": "A_"}]}),
    ),
    (
        Mutation("P", "resourceClaims", [{"name": "gpu", "resourceClaimName": "c"}]),
        Mutation("C", "resources", {**_amounts({}), "claims": [{"name": "tpu"}]}),
    ),
    (
        Mutation("C", "securityContext", {"privileged": True}),
        Mutation("C", "volumeMounts", [{"name": "cache", "mountPath": "/a", "mountPropagation": "Bidirectional"}]),
    ),
    (
        Mutation("C", "ports", [{"containerPort": 8080, "hostPort": 80, "protocol": "TCP"}]),
        Mutation("P", "containers.1.ports", [{"containerPort": 8080, "hostPort": 80, "protocol": "TCP"}]),
    ),
    (
        Mutation("C", "ports", [{"containerPort": 8080, "hostPort": 80, "protocol": "TCP"}]),
        Mutation("P", "initContainers", [{"name": "i", "image": "i", "ports": [{"containerPort": 1, "hostPort": 80}]}]),
    ),
]


def table() -> list[Mutation]:
    """List every mutation once."""
    found = [Mutation("C", field, value) for field, values in CONTAINER.items() for value in values]
    found += [Mutation("P", field, value) for field, values in POD.items() for value in values]
    return found + [Mutation("S", "deploymentStrategy", value) for value in STRATEGY]


def cases(pairs: int, seed: int = 20) -> Iterator[tuple[str, JsonObject]]:
    """Make a pod for every mutation, for every known pair, and for as many pairs drawn from the table."""
    singles = table()
    yield "base", base()
    for mutation in singles:
        yield mutation.name, mutated((mutation,))
    draw = random.Random(seed)  # noqa: S311 - the same pairs on every run
    drawn = [tuple(draw.sample(singles, 2)) for _ in range(pairs)]
    for pair in (*PAIRS, *drawn):
        yield " + ".join(mutation.name for mutation in pair), mutated(pair)


def mutated(mutations: tuple[Mutation, ...]) -> JsonObject:
    """Make the pod with some values set; a strategy stands among its fields, as in a component."""
    pod = base()
    for owner, field, value in mutations:
        target: JsonValue = pod
        steps = ["containers", "0", field] if owner == "C" else field.split(".")
        for step in steps[:-1]:
            target = target[int(step)] if isinstance(target, list) else target[step]  # type: ignore[index,call-overload]
        assert isinstance(target, dict)
        target.pop(steps[-1], None)
        if value != NONE:
            target[steps[-1]] = copy.deepcopy(value)
    return pod
