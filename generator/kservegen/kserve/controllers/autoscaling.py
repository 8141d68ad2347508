"""What scales a component: its extension in; an HPA, a ScaledObject, an OpenTelemetryCollector out.

Source: pkg/controller/v1beta1/inferenceservice/reconcilers/{autoscaler,hpa,keda,otel} at v0.19.0 and v0.20.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path
from kservegen.core.resource import Origin
from kservegen.core.values import whole_number
from kservegen.kserve.controllers.made import CONFIG_MAP, STORED, ReconcileError
from kservegen.kserve.controllers.settings import ControllerSettings
from kservegen.kserve.controllers.workloads import AUTOSCALER_CLASS, DEFAULT_PORT, ComponentDraft

_CPU: Final = 80
_UTILIZATION: Final = "Utilization"
_PROMETHEUS_PORT: Final = "prometheus.kserve.io/port"
_WINDOWS: Final = {
    "scaleUp": "scaleUpStabilizationWindowSeconds",
    "scaleDown": "scaleDownStabilizationWindowSeconds",
}
# Fields that the collector's own definition fills in.
_COLLECTOR_DEFAULTS: Final[JsonObject] = {
    "configVersions": 3,
    "ipFamilyPolicy": "SingleStack",
    "managementState": "managed",
    "targetAllocator": {
        "allocationStrategy": "consistent-hashing",
        "filterStrategy": "relabel-config",
        "prometheusCR": {"scrapeInterval": "30s"},
    },
}
_STATEMENTS: Final = tuple(
    f'set(attributes["{name}"], resource.attributes["k8s.{name}.name"])' for name in ("namespace", "deployment", "pod")
)


def autoscaler_of(component: ComponentDraft, settings: ControllerSettings) -> tuple[JsonObject, list[Origin]] | None:
    """Make what scales the component; None for the classes that leave it to others."""
    chosen = component.annotations.values.get(AUTOSCALER_CLASS, "hpa")
    if chosen in ("none", "external"):
        return None
    if chosen == "hpa":
        spec, apiversion, kind = _hpa(component), "autoscaling/v2", "HorizontalPodAutoscaler"
    elif chosen == "keda":
        spec, apiversion, kind = _scaled_object(component, settings), "keda.sh/v1alpha1", "ScaledObject"
    else:
        message = f"unknown autoscaler class type: {chosen}"
        raise ReconcileError("build", "ReconcileFailed", message)
    doc: JsonObject = {"apiVersion": apiversion, "kind": kind, "metadata": component.metadata, "spec": spec}
    return doc, [*component.metadata_origins(), *_origins(component, kind)]


def _origins(component: ComponentDraft, kind: str) -> Iterator[Origin]:
    fields = {"minReplicas": "minReplicas", "maxReplicas": "maxReplicas"}
    if kind == "ScaledObject":
        fields = {"minReplicaCount": "minReplicas", "maxReplicaCount": "maxReplicas", "triggers": "autoScaling"}
    elif component.spec.get("autoScaling") is not None:
        fields["metrics"] = "autoScaling"
    elif component.spec.get("scaleTarget") is not None:
        fields["metrics"] = "scaleTarget"
    for made, stated in fields.items():
        if component.spec.get(stated) is not None:
            yield Origin(("spec", made), (STORED, *component.path, stated))


def replica_range(spec: JsonObject, least: int) -> tuple[int, int]:
    """Return the bounds of a component; the upper is never below the lower."""
    lower = integer(spec.get("minReplicas"))
    lower = max(least, 1 if lower is None else lower)
    return lower, max(integer(spec.get("maxReplicas")) or 0, lower)


def _hpa(component: ComponentDraft) -> JsonObject:
    lower, upper = replica_range(component.spec, 1)
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": component.name},
        "minReplicas": lower,
        "maxReplicas": upper,
        "metrics": _hpa_metrics(component.spec),
        "behavior": {},
    }


def _hpa_metrics(spec: JsonObject) -> JsonArray:
    scaling = spec.get("autoScaling")
    if isinstance(scaling, dict):
        metrics: JsonArray = []
        for item in sequence(scaling.get("metrics")):
            resource = mapping(item).get("resource")
            if isinstance(resource, dict):
                metrics.append(_resource_metric(text(resource.get("name")), mapping(resource.get("target"))))
        return metrics
    name, target = text(spec.get("scaleMetric")) or "cpu", integer(spec.get("scaleTarget"))
    if name == "cpu":
        return [_metric("cpu", {"type": _UTILIZATION, "averageUtilization": _CPU if target is None else target})]
    if name == "memory" and target is not None:
        return [_metric("memory", {"type": _UTILIZATION, "averageUtilization": target})]
    return []


def _resource_metric(name: str, target: JsonObject) -> JsonObject:
    average = integer(target.get("averageUtilization"))
    if name == "cpu":
        return _metric(name, {"type": _UTILIZATION, "averageUtilization": _CPU if average is None else average})
    if name == "memory" and target.get("type") == _UTILIZATION and average is not None:
        return _metric(name, {"type": _UTILIZATION, "averageUtilization": average})
    if name == "memory" and target.get("type") == "AverageValue" and target.get("averageValue") is not None:
        return _metric(name, {"type": "AverageValue", "averageValue": target["averageValue"]})
    return _metric(name, {"type": ""})


def _metric(name: str, target: JsonObject) -> JsonObject:
    return {"type": "Resource", "resource": {"name": name, "target": target}}


def _scaled_object(component: ComponentDraft, settings: ControllerSettings) -> JsonObject:
    lower, upper = replica_range(component.spec, 0)
    triggers: JsonArray = list(_triggers(component, settings))
    spec: JsonObject = {
        "scaleTargetRef": {"name": component.name},
        "minReplicaCount": lower,
        "maxReplicaCount": upper,
        "triggers": triggers,
    }
    if behavior := _windows(component.spec, settings):
        spec["advanced"] = {"horizontalPodAutoscalerConfig": {"behavior": behavior}, "scalingModifiers": {}}
    return spec


def _windows(spec: JsonObject, settings: ControllerSettings) -> JsonObject:
    stated = mapping(mapping(spec.get("autoScaling")).get("behavior"))
    found: JsonObject = {}
    for side, key in _WINDOWS.items():
        window: JsonValue = mapping(stated.get(side)).get("stabilizationWindowSeconds")
        if window is None:
            window = whole_number(settings.text("autoscaler", key))
        if window is not None:
            found[side] = {"stabilizationWindowSeconds": window}
    return found


def _triggers(component: ComponentDraft, settings: ControllerSettings) -> Iterator[JsonObject]:
    for item in sequence(mapping(component.spec.get("autoScaling")).get("metrics")):
        metric = mapping(item)
        kind = metric.get("type")
        if kind == "Resource" and isinstance(metric.get("resource"), dict):
            yield _resource_trigger(mapping(metric["resource"]))
        elif kind == "External" and isinstance(metric.get("external"), dict):
            yield _external_trigger(mapping(metric["external"]))
        elif kind == "PodMetric" and isinstance(metric.get("podmetric"), dict):
            found = _pod_trigger(mapping(metric["podmetric"]), component, settings)
            if found is not None:
                yield found


def _resource_trigger(resource: JsonObject) -> JsonObject:
    target = mapping(resource.get("target"))
    kind, average = text(target.get("type")), target.get("averageUtilization")
    value: JsonValue = "0"
    if kind == _UTILIZATION:
        value = average if average is not None else (_CPU if resource.get("name") == "cpu" else 0)
    elif kind == "AverageValue":
        value = target.get("averageValue", "0")
    elif kind == "Value":
        value = target.get("value", "0")
    return {"type": resource.get("name"), "metricType": kind, "metadata": {"value": str(value)}}


def _external_trigger(external: JsonObject) -> JsonObject:
    metric, target = mapping(external.get("metric")), mapping(external.get("target"))
    backend = text(metric.get("backend"))
    metadata: JsonObject = {
        "serverAddress": metric.get("serverAddress"),
        "query": metric.get("query"),
        "threshold": str(target.get("value", "0")),
    }
    if backend == "prometheus" and metric.get("namespace"):
        metadata["namespace"] = metric["namespace"]
    trigger: JsonObject = {"type": backend, "metadata": metadata}
    reference = mapping(external.get("authenticationRef"))
    if reference:
        if metric.get("authModes") or reference.get("authModes"):
            metadata["authModes"] = metric.get("authModes") or reference.get("authModes")
        inner = mapping(reference.get("authenticationRef")) or reference
        trigger["authenticationRef"] = {"name": inner.get("name")}
    return trigger


def _pod_trigger(pod_metric: JsonObject, component: ComponentDraft, settings: ControllerSettings) -> JsonObject | None:
    metric, target = mapping(pod_metric.get("metric")), mapping(pod_metric.get("target"))
    if metric.get("backend") != "opentelemetry":
        return None
    selector = f'namespace="{component.namespace}", deployment="{component.name}"'
    metadata: JsonObject = {
        "metricQuery": f"sum({text(metric.get('query'))}{{{selector}}})",
        "targetValue": str(target.get("value", "0")),
        "scalerAddress": metric.get("serverAddress") or settings.text("opentelemetryCollector", "metricScalerEndpoint"),
    }
    if metric.get("operationOverTime"):
        metadata["operationOverTime"] = metric["operationOverTime"]
    return {"type": "external", "metadata": metadata}


def collector_of(component: ComponentDraft, settings: ControllerSettings) -> tuple[JsonObject, list[Origin]] | None:
    """Make the collector that a component scaled by metrics of its pods needs; None where none is needed."""
    names: JsonArray = []
    for item in sequence(mapping(component.spec.get("autoScaling")).get("metrics")):
        metric = mapping(mapping(mapping(item).get("podmetric")).get("metric"))
        if mapping(item).get("type") == "PodMetric" and metric.get("backend") == "opentelemetry":
            names += sequence(metric.get("metricNames"))
    if not names:
        return None
    section = settings.section("opentelemetryCollector")
    port = component.annotations.values.get(_PROMETHEUS_PORT) or DEFAULT_PORT
    metadata = {key: value for key, value in component.metadata.items() if key != "labels"}
    spec: JsonObject = {
        **_COLLECTOR_DEFAULTS,
        "mode": "sidecar",
        "resources": _resources(mapping(section.get("resource"))),
        "config": _collector_config(f"localhost:{port}", names, section),
    }
    doc: JsonObject = {
        "apiVersion": "opentelemetry.io/v1beta1",
        "kind": "OpenTelemetryCollector",
        "metadata": metadata,
        "spec": spec,
    }
    config: Path = (CONFIG_MAP, "opentelemetryCollector")
    origins = [
        *component.annotations.origins(("metadata", "annotations")),
        Origin(("spec", "resources"), (*config, "resource")),
        Origin(("spec", "config", "processors", "filter/metrics"), (STORED, *component.path, "autoScaling", "metrics")),
    ]
    return doc, origins


def _resources(resource: JsonObject) -> JsonObject:
    sides = {"limits": "Limit", "requests": "Request"}
    return {
        side: {name: resource[name + ending] for name in ("cpu", "memory") if resource.get(name + ending)}
        for side, ending in sides.items()
    }


def _collector_config(target: str, names: JsonArray, section: JsonObject) -> JsonObject:
    job: JsonObject = {
        "job_name": "otel-collector",
        "scrape_interval": section.get("scrapeInterval"),
        "static_configs": [{"targets": [target]}],
    }
    statements: JsonObject = {"context": "datapoint", "statements": list(_STATEMENTS)}
    pipeline: JsonObject = {
        "receivers": ["prometheus"],
        "processors": ["resourcedetection/env", "transform", "filter/metrics"],
        "exporters": ["otlp"],
    }
    return {
        "receivers": {"prometheus": {"config": {"scrape_configs": [job]}}},
        "processors": {
            "resourcedetection/env": {"detectors": ["env"], "timeout": "2s", "override": False},
            "transform": {"metric_statements": [statements]},
            "filter/metrics": {"metrics": {"include": {"match_type": "strict", "metric_names": names}}},
        },
        "exporters": {
            "otlp": {
                "endpoint": section.get("metricReceiverEndpoint"),
                "compression": "none",
                "tls": {"insecure": True},
            }
        },
        "service": {"pipelines": {"metrics": pipeline}},
    }
