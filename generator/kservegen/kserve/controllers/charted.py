"""What an environment's charts make of KServe: values in, the ConfigMap's settings and the installed objects out.

The templates of the charts kserve-resources and kserve-runtime-configs decide which value goes where; what no value
reaches is as KServe's own configuration has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from kservegen.catalog.merge import merge_values
from kservegen.catalog.sections import KSERVE_NAMESPACE
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.charts.model import Chart, KeyPath, effective
from kservegen.kserve.charts.release import config_owner
from kservegen.kserve.controllers.control_plane import (
    RUNTIME_KIND,
    STORAGE_KIND,
    InstalledObjects,
    shipped_objects,
)
from kservegen.kserve.controllers.parts import copied
from kservegen.kserve.controllers.settings import ControllerSettings, read_settings, shipped_settings
from kservegen.kserve.releases import Release
from kservegen.kserve.workloads import SERVING_CONTAINER, WORKER_CONTAINER

_GATEWAY: Final = "kserve.controller.gateway"
_STORAGE: Final = "kserve.storage"
# Field of the ConfigMap, below its key, and the chart value that fills it.
_FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "autoscaler": {
        "scaleUpStabilizationWindowSeconds": "kserve.autoscaler.scaleUpStabilizationWindowSeconds",
        "scaleDownStabilizationWindowSeconds": "kserve.autoscaler.scaleDownStabilizationWindowSeconds",
    },
    "ingress": {
        "enableGatewayApi": f"{_GATEWAY}.ingressGateway.enableGatewayApi",
        "kserveIngressGateway": f"{_GATEWAY}.ingressGateway.kserveGateway",
        "ingressGateway": f"{_GATEWAY}.ingressGateway.gateway",
        "ingressClassName": f"{_GATEWAY}.ingressGateway.className",
        "ingressDomain": f"{_GATEWAY}.domain",
        "additionalIngressDomains": f"{_GATEWAY}.additionalIngressDomains",
        "domainTemplate": f"{_GATEWAY}.domainTemplate",
        "pathTemplate": f"{_GATEWAY}.pathTemplate",
        "urlScheme": f"{_GATEWAY}.urlScheme",
        "disableIstioVirtualHost": f"{_GATEWAY}.disableIstioVirtualHost",
        "disableIngressCreation": f"{_GATEWAY}.disableIngressCreation",
        "disableHTTPRouteTimeout": f"{_GATEWAY}.disableHTTPRouteTimeout",
        "localGateway": f"{_GATEWAY}.localGateway.gateway",
        "localGatewayService": f"{_GATEWAY}.localGateway.gatewayService",
        "knativeLocalGatewayService": f"{_GATEWAY}.localGateway.knativeGatewayService",
    },
    "localModel": {
        "enabled": "kserve.localmodel.enabled",
        "jobNamespace": "kserve.localmodel.jobNamespace",
        "disableVolumeManagement": "kserve.localmodel.disableVolumeManagement",
    },
    "metricsAggregator": {
        "enableMetricAggregation": "kserve.metricsaggregator.enableMetricAggregation",
        "enablePrometheusScraping": "kserve.metricsaggregator.enablePrometheusScraping",
    },
    "opentelemetryCollector": {
        "scrapeInterval": "kserve.opentelemetryCollector.scrapeInterval",
        "metricReceiverEndpoint": "kserve.opentelemetryCollector.metricReceiverEndpoint",
        "metricScalerEndpoint": "kserve.opentelemetryCollector.metricScalerEndpoint",
    },
    "router": {"imagePullPolicy": "kserve.router.imagePullPolicy"},
    "security": {"autoMountServiceAccountToken": "kserve.security.autoMountServiceAccountToken"},
    "service": {"serviceClusterIPNone": "kserve.service.serviceClusterIPNone"},
    "storageInitializer": {
        "enableModelcar": f"{_STORAGE}.enableModelcar",
        "uidModelcar": f"{_STORAGE}.uidModelcar",
        "cpuModelcar": f"{_STORAGE}.cpuModelcar",
        "memoryModelcar": f"{_STORAGE}.memoryModelcar",
        "caBundleConfigMapName": f"{_STORAGE}.caBundleConfigMapName",
        "caBundleVolumeMountPath": f"{_STORAGE}.caBundleVolumeMountPath",
    },
    "credentials": {
        "storageSpecSecretName": f"{_STORAGE}.storageSpecSecretName",
        "storageSecretNameAnnotation": f"{_STORAGE}.storageSecretNameAnnotation",
    },
}
_S3: Final = {
    "s3AccessKeyIDName": "accessKeyIdName",
    "s3SecretAccessKeyName": "secretAccessKeyName",
    "s3Endpoint": "endpoint",
    "s3UseHttps": "useHttps",
    "s3Region": "region",
    "s3VerifySSL": "verifySSL",
    "s3UseVirtualBucket": "useVirtualBucket",
    "s3UseAnonymousCredential": "useAnonymousCredential",
    "s3CABundleConfigMap": "CABundleConfigMap",
    "s3CABundle": "CABundle",
}
# Keys of the ConfigMap that hold an image, and the chart value beside whose `image` its `tag` stands.
_IMAGES: Final = {"agent": "kserve.agent", "router": "kserve.router", "storageInitializer": _STORAGE}
_RUNTIME_CHART: Final = "kserve-runtime-configs"


class _Values:
    """A chart's values as its templates see them."""

    def __init__(self, chart: Chart, values: JsonObject, version: str) -> None:
        self._chart = chart
        self._values = values
        self._version = version

    def at(self, key: str) -> JsonValue:
        path: KeyPath = tuple(key.split("."))
        return effective(self._chart, self._values, path)

    def changed(self, key: str) -> JsonValue:
        """Return a value that is not as the chart has it; None where it is."""
        path: KeyPath = tuple(key.split("."))
        known = self._chart.keys.get(path)
        value = effective(self._chart, self._values, path)
        if known is None or value == known.default:
            return None
        both = isinstance(value, dict) and isinstance(known.default, dict)
        return merge_values(mapping(known.default), mapping(value)) if both else value

    def image(self, key: str) -> str:
        tag = text(self.at(f"{key}.tag")) or text(self.at("kserve.version")) or self._version
        return f"{text(self.at(f'{key}.image'))}:{tag}"


def chart_settings(
    release: Release,
    values_by_chart: Mapping[str, JsonObject],
    deployment_mode: str,
    config: JsonObject | None = None,
    *,
    namespace: str = KSERVE_NAMESPACE,
) -> ControllerSettings:
    """Return the ConfigMap that the charts in use write; where none does, the one of the cluster, if it is known."""
    shipped = shipped_settings(deployment_mode, namespace)
    owner = config_owner(release.charts, values_by_chart)
    if not owner:
        return replace(shipped, stated=True) if config is None else read_settings(config, shipped)
    values = _Values(release.charts.by_name[owner], values_by_chart[owner], release.version)
    sections = dict(shipped.sections)
    for key, fields in _FIELDS.items():
        filled = {name: values.at(path) for name, path in fields.items()}
        sections[key] = {**sections[key], **{name: value for name, value in filled.items() if value is not None}}
    for key, path in _IMAGES.items():
        if values.at(f"{path}.image"):
            sections[key] = {**sections[key], "image": values.image(path)}
    s3 = {name: values.at(f"{_STORAGE}.s3.{path}") for name, path in _S3.items()}
    sections["credentials"] = {**sections["credentials"], "s3": {name: value for name, value in s3.items() if value}}
    sections["inferenceService"] = {"resource": _resources(values, "kserve.inferenceservice.resources")}
    sections["explainers"] = {
        "art": {
            "image": values.at("kserve.servingruntime.art.image"),
            "defaultImageVersion": values.at("kserve.servingruntime.art.defaultVersion") or release.version,
        }
    }
    return replace(shipped, sections=sections, stated=True)


def _resources(values: _Values, key: str) -> JsonObject:
    found: JsonObject = {}
    for side in ("limits", "requests"):
        stated = mapping(values.at(f"{key}.{side}"))
        for name in ("cpu", "memory"):
            amount = stated.get(name, values.at(f"{key}.{side}.{name}"))
            if amount is not None:
                found[f"{name}{side.removesuffix('s').title()}"] = amount
    return found


def chart_objects(release: Release, values_by_chart: Mapping[str, JsonObject]) -> InstalledObjects:
    """Return the runtimes and the storage container that the charts in use install."""
    charts = release.charts
    documents = shipped_objects(release.nearest or release.version).documents
    made: list[JsonObject] = []
    presets = False
    runtimes = values_by_chart.get(_RUNTIME_CHART)
    if runtimes is not None and _RUNTIME_CHART in charts.by_name:
        values = _Values(charts.by_name[_RUNTIME_CHART], runtimes, release.version)
        presets = values.at("kserve.llmisvcConfigs.enabled") is True
        if values.at("kserve.servingruntime.enabled"):
            keys = {runtime.name: runtime.disabled_path[:-1] for runtime in release.runtimes.runtimes.values()}
            made += [_runtime(doc, keys, values) for doc in documents if doc["kind"] == RUNTIME_KIND]
    owner = config_owner(charts, values_by_chart)
    if owner:
        values = _Values(charts.by_name[owner], values_by_chart[owner], release.version)
        made += [_storage(doc, values) for doc in documents if doc["kind"] == STORAGE_KIND]
    return InstalledObjects(tuple(made), presets=presets)


def _runtime(doc: JsonObject, keys: Mapping[str, KeyPath], values: _Values) -> JsonObject:
    made = copied(doc)
    spec, path = mapping(made["spec"]), keys.get(text(mapping(doc["metadata"]).get("name")))
    if path is None:
        return made
    key = ".".join(path)
    own = f"{key}_multinode" if "workerSpec" in spec else key
    spec["disabled"] = values.at(f"{key}.disabled") in (True, "true")
    for holder in (spec, mapping(spec.get("workerSpec"))):
        for container in map(mapping, sequence(holder.get("containers"))):
            if container.get("name") in (SERVING_CONTAINER, WORKER_CONTAINER):
                _container(container, values, key, own)
        secrets = values.changed(f"{own}.imagePullSecrets")
        if holder and secrets is not None:
            holder["imagePullSecrets"] = secrets
        if not holder:
            continue
        # The chart has it off for a server of one node, KServe's own configuration on.
        for word in ("devShm", "shm"):
            if values.at(f"{own}.{word}.enabled") is not None:
                _share_memory(holder, word.lower(), values, f"{own}.{word}")
    return made


def _share_memory(spec: JsonObject, name: str, values: _Values, key: str) -> None:
    """Give the containers of a runtime a memory that they share, of another size, or none."""
    on, limit = values.at(f"{key}.enabled"), values.at(f"{key}.sizeLimit")
    memory: JsonObject = {"medium": "Memory", **({"sizeLimit": limit} if limit else {})}
    volume: JsonObject = {"name": name, "emptyDir": memory}
    mount: JsonObject = {"name": name, "mountPath": "/dev/shm"}  # noqa: S108 - where Linux has it
    for holder, field, item in (
        (spec, "volumes", volume),
        *((mapping(container), "volumeMounts", mount) for container in sequence(spec.get("containers"))),
    ):
        others = [known for known in sequence(holder.get(field)) if mapping(known).get("name") != name]
        holder[field] = [*others, item] if on else others
        if not holder[field]:
            del holder[field]


def _container(container: JsonObject, values: _Values, key: str, own: str) -> None:
    """Put into a runtime's container what values say of it; `own` has what a runtime of several nodes has apart."""
    if values.at(f"{key}.image"):
        ending = "-gpu" if text(container.get("image")).endswith("-gpu") else ""
        container["image"] = values.image(key) + ending
    for field, path in (
        ("imagePullPolicy", f"{key}.imagePullPolicy"),
        ("securityContext", f"{own}.securityContext"),
    ):
        stated = values.changed(path)
        if stated is not None:
            container[field] = stated
    experimental = values.changed(f"{own}.lmcacheUseExperimental")
    if experimental is not None:
        for variable in map(mapping, sequence(container.get("env"))):
            if variable.get("name") == "LMCACHE_USE_EXPERIMENTAL":
                variable["value"] = experimental


def _storage(doc: JsonObject, values: _Values) -> JsonObject:
    made = copied(doc)
    container = mapping(mapping(made["spec"]).get("container"))
    container["image"] = values.image(_STORAGE)
    context = values.at(f"{_STORAGE}.containerSecurityContext")
    if isinstance(context, dict):
        container["securityContext"] = context
    for side in ("limits", "requests"):
        stated = values.at(f"{_STORAGE}.resources.{side}")
        if isinstance(stated, dict):
            mapping(container["resources"])[side] = stated
    return made
