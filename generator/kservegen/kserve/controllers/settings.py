"""ConfigMap inferenceservice-config: its data in, what controllers and webhooks read of it out.

Source: pkg/apis/serving/v1beta1/configmap.go, pkg/webhook/admission/pod, pkg/credentials; the defaults are those of
config/configmap/inferenceservice.yaml, which are alike at v0.19.0 and v0.20.0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from kservegen.catalog.sections import KSERVE_NAMESPACE
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject

CONFIG_NAME: Final = "inferenceservice-config"
# What Go reads a string from may be written as a number or boolean by hand; such a map cannot be read at all.
_SHIPPED: Final[Mapping[str, JsonObject]] = {
    "agent": {
        "image": "kserve/agent:latest",
        "memoryRequest": "100Mi",
        "memoryLimit": "1Gi",
        "cpuRequest": "100m",
        "cpuLimit": "1",
    },
    "autoscaler": {"scaleUpStabilizationWindowSeconds": "0", "scaleDownStabilizationWindowSeconds": "300"},
    "batcher": {},
    "credentials": {
        "storageSpecSecretName": "storage-config",
        "storageSecretNameAnnotation": "serving.kserve.io/storageSecretName",
        "gcs": {"gcsCredentialFileName": "gcloud-application-credentials.json"},
        "s3": {"s3AccessKeyIDName": "AWS_ACCESS_KEY_ID", "s3SecretAccessKeyName": "AWS_SECRET_ACCESS_KEY"},
    },
    "deploy": {},
    "explainers": {"art": {"image": "kserve/art-explainer", "defaultImageVersion": "latest"}},
    "inferenceService": {
        "resource": {"cpuLimit": "1", "memoryLimit": "2Gi", "cpuRequest": "1", "memoryRequest": "2Gi"},
    },
    "ingress": {
        "ingressGateway": "knative-serving/knative-ingress-gateway",
        "kserveIngressGateway": "kserve/kserve-ingress-gateway",
        "localGateway": "knative-serving/knative-local-gateway",
        "localGatewayService": "knative-local-gateway.istio-system.svc.cluster.local",
        "ingressDomain": "example.com",
        "ingressClassName": "istio",
        "domainTemplate": "{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}",
        "urlScheme": "http",
        "disableIstioVirtualHost": True,
    },
    "localModel": {"enabled": False, "jobNamespace": "kserve-localmodel-jobs"},
    "logger": {"defaultUrl": "http://default-broker"},
    "metricsAggregator": {"enableMetricAggregation": "false", "enablePrometheusScraping": "false"},
    "opentelemetryCollector": {
        "scrapeInterval": "5s",
        "metricReceiverEndpoint": "keda-otel-scaler.keda.svc:4317",
        "metricScalerEndpoint": "keda-otel-scaler.keda.svc:4318",
        "resource": {"cpuLimit": "1", "memoryLimit": "2Gi", "cpuRequest": "200m", "memoryRequest": "512Mi"},
    },
    "router": {
        "image": "kserve/router:latest",
        "memoryRequest": "100Mi",
        "memoryLimit": "1Gi",
        "cpuRequest": "100m",
        "cpuLimit": "1",
        "imagePullPolicy": "IfNotPresent",
    },
    "security": {"autoMountServiceAccountToken": True},
    "service": {},
    "storageInitializer": {
        "image": "kserve/storage-initializer:latest",
        "memoryRequest": "100Mi",
        "memoryLimit": "1Gi",
        "cpuRequest": "100m",
        "cpuLimit": "1",
        "caBundleVolumeMountPath": "/etc/ssl/custom-certs",
        "enableModelcar": True,
        "cpuModelcar": "10m",
        "memoryModelcar": "15Mi",
        "uidModelcar": 1010,
    },
}

# Keys that are read as JSON wherever they are there; the others, an `_example` among them, are nobody's.
READ_SECTIONS: Final = frozenset(_SHIPPED)


class ControllerSettings(Struct, frozen=True, kw_only=True, eq=False):
    """The ConfigMap, read. `stated` says whether somebody gave it, or an environment: without, only defaults are known.

    `sections` holds each key of its data that is there; a key that is not there is not read as its default.
    """

    sections: Mapping[str, JsonObject]
    stated: bool = False
    namespace: str = KSERVE_NAMESPACE

    def section(self, key: str) -> JsonObject:
        """Return a key's fields; empty where the key is not there."""
        return self.sections.get(key, {})

    def has(self, key: str) -> bool:
        """Whether a key is there."""
        return key in self.sections

    def text(self, key: str, name: str) -> str:
        """Return a text of a key; blank where there is none."""
        return text(self.section(key).get(name))

    def is_on(self, key: str, name: str) -> bool:
        """Whether a switch of a key is on."""
        return self.section(key).get(name) is True

    def texts(self, key: str, name: str) -> tuple[str, ...]:
        """Return a list of texts of a key."""
        return tuple(item for item in sequence(self.section(key).get(name)) if isinstance(item, str))

    @property
    def deployment_mode(self) -> str:
        """The cluster's default deployment mode, as it is written."""
        return self.text("deploy", "defaultDeploymentMode")


def shipped_settings(deployment_mode: str = "Standard", namespace: str = KSERVE_NAMESPACE) -> ControllerSettings:
    """Return the ConfigMap as KServe's own configuration has it, with a default mode and a namespace of one's own."""
    sections: dict[str, JsonObject] = {**_SHIPPED, "deploy": {"defaultDeploymentMode": deployment_mode}}
    return ControllerSettings(sections=sections, namespace=namespace)


def read_settings(config_map: JsonObject, base: ControllerSettings) -> ControllerSettings:
    """Lay a ConfigMap's data over the shipped one: key by key, and field by field within a key.

    What is given by hand is seldom whole. A key or a field that is null is taken away.
    """
    sections = dict(base.sections)
    for key, value in mapping(config_map.get("data")).items():
        try:
            fields = json.loads(value) if isinstance(value, str) else value
        except (ValueError, RecursionError):
            continue
        if fields is None:
            sections.pop(key, None)
        elif isinstance(fields, dict):
            merged = {**sections.get(key, {}), **fields}
            sections[key] = {name: item for name, item in merged.items() if item is not None}
    return ControllerSettings(sections=sections, stated=True, namespace=base.namespace)
