"""What scales a side of a service: its fields in; VariantAutoscaling, HorizontalPodAutoscaler, ScaledObject out.

Source: scaling.go. Since KEDA may scale directly there is no VariantAutoscaling: what it said stands on what scales.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.core.resource import Origin
from kservegen.kserve.controllers.llm.pods import stored_source
from kservegen.kserve.controllers.llm.service import WORKLOAD
from kservegen.kserve.controllers.llm.sides import LlmSide
from kservegen.kserve.controllers.made import MadeObject

_SETTINGS: Final = "autoscaling-wva-controller-config"
_METRIC: Final = "wva_desired_replicas"
_ACCELERATOR: Final = "inference.optimization/acceleratorName"
# Fields of a ScaledObject by those of the service that they are copied from.
_COPIED: Final = (
    "pollingInterval",
    "cooldownPeriod",
    "initialCooldownPeriod",
    "idleReplicaCount",
    "fallback",
    "advanced",
)


class ScalingError(Exception):
    """What scales a service cannot be made."""


def scale_side(side: LlmSide) -> Iterator[MadeObject]:
    """Make what scales a side, in the order of writing; ScalingError where the cluster is not set up for it."""
    scaling = mapping(side.fields.get("scaling"))
    direct = side.service.plane.release.capabilities.direct_keda
    wva = scaling.get("wva")
    if direct and isinstance(keda := scaling.get("keda"), dict):
        yield _scaled_object(side, keda, sequence(keda.get("triggers")))
    if not isinstance(wva, dict):
        return
    if direct:
        yield from _scale_by_variant(side, wva)
        return
    service, (version, kind, target) = side.service, side.target
    name = service.child(f"-kserve{side.ending}-va")
    least, most = scaling.get("minReplicas", 1), scaling.get("maxReplicas")
    reference: JsonObject = {"apiVersion": version, "kind": kind, "name": target}
    origins = (Origin(("spec",), stored_source(*side.path, "scaling")),)
    accelerator = text(mapping(side.fields.get("labels")).get(_ACCELERATOR)) or "unknown"
    yield service.make(
        ("llmd.ai/v1alpha1", "VariantAutoscaling"),
        name,
        WORKLOAD,
        {
            "spec": {
                "scaleTargetRef": reference,
                "modelID": service.model,
                "minReplicas": least,
                "maxReplicas": most,
                "variantCost": text(wva.get("variantCost")) or "10.0",
            }
        },
        origins=origins,
        labels={**service.base_labels(WORKLOAD), _ACCELERATOR: accelerator},
    )
    if isinstance(keda := wva.get("keda"), dict):
        yield _scaled_object(side, keda, [_trigger(side, name)])
    elif isinstance(hpa := wva.get("hpa"), dict):
        yield _autoscaler(side, hpa, name)


def _scale_by_variant(side: LlmSide, wva: JsonObject) -> Iterator[MadeObject]:
    """Make what the variant autoscaler finds by its annotations."""
    accelerator = text(mapping(side.fields.get("labels")).get(_ACCELERATOR)) or "unknown"
    labels: JsonObject = {**side.service.base_labels(WORKLOAD), _ACCELERATOR: accelerator}
    annotations: JsonObject = {
        "llm-d.ai/managed": "true",
        "llm-d.ai/model-id": side.service.model,
        "llm-d.ai/variant-cost": text(wva.get("variantCost")) or "10.0",
    }
    if isinstance(keda := wva.get("keda"), dict):
        trigger = _trigger(side, side.service.child(f"-kserve{side.ending}-keda"))
        yield _scaled_object(side, keda, [trigger], labels=labels, annotations=annotations)
    elif isinstance(hpa := wva.get("hpa"), dict):
        own = side.service.child(f"-kserve{side.ending}-hpa")
        yield _autoscaler(side, hpa, own, labels=labels, annotations=annotations)


def _scaled_object(
    side: LlmSide,
    keda: JsonObject,
    triggers: JsonArray,
    *,
    labels: JsonObject | None = None,
    annotations: JsonObject | None = None,
) -> MadeObject:
    scaling, (version, kind, target) = mapping(side.fields.get("scaling")), side.target
    copied: JsonObject = {field: keda[field] for field in _COPIED if keda.get(field) is not None}
    spec: JsonObject = {
        "scaleTargetRef": {"apiVersion": version, "kind": kind, "name": target},
        "minReplicaCount": scaling.get("minReplicas", 1),
        "maxReplicaCount": scaling.get("maxReplicas"),
        **copied,
        "triggers": triggers,
    }
    origins = (Origin(("spec",), stored_source(*side.path, "scaling")),)
    name = side.service.child(f"-kserve{side.ending}-keda")
    kind_of = ("keda.sh/v1alpha1", "ScaledObject")
    return side.service.make(
        kind_of, name, WORKLOAD, {"spec": spec}, origins=origins, labels=labels, annotations=annotations
    )


def _autoscaler(
    side: LlmSide,
    hpa: JsonObject,
    variant: str,
    *,
    labels: JsonObject | None = None,
    annotations: JsonObject | None = None,
) -> MadeObject:
    scaling, (version, kind, target) = mapping(side.fields.get("scaling")), side.target
    metric: JsonObject = {"name": _METRIC, "selector": {"matchLabels": {"variant_name": variant}}}
    target_value: JsonObject = {"type": "Value", "value": "1"}
    spec: JsonObject = {
        "scaleTargetRef": {"apiVersion": version, "kind": kind, "name": target},
        "minReplicas": scaling.get("minReplicas", 1),
        "maxReplicas": scaling.get("maxReplicas"),
        "metrics": [{"type": "External", "external": {"metric": metric, "target": target_value}}],
    }
    if isinstance(behavior := hpa.get("behavior"), dict):
        spec["behavior"] = behavior
    origins = (Origin(("spec",), stored_source(*side.path, "scaling")),)
    name = side.service.child(f"-kserve{side.ending}-hpa")
    kind_of = ("autoscaling/v2", "HorizontalPodAutoscaler")
    return side.service.make(
        kind_of, name, WORKLOAD, {"spec": spec}, origins=origins, labels=labels, annotations=annotations
    )


def _trigger(side: LlmSide, variant: str) -> JsonObject:
    service = side.service
    prometheus = mapping(service.plane.settings.section(_SETTINGS).get("prometheus"))
    url = text(prometheus.get("url"))
    modes, name = text(prometheus.get("authModes")), text(prometheus.get("triggerAuthName"))
    if not url:
        raise ScalingError(f"{_SETTINGS} has no prometheus.url in ConfigMap inferenceservice-config")
    if bool(modes) != bool(name):
        raise ScalingError(f"{_SETTINGS} has only one of prometheus.authModes and prometheus.triggerAuthName")
    query = f'{_METRIC}{{variant_name="{variant}",exported_namespace="{service.namespace}"}}'
    metadata: JsonObject = {
        "serverAddress": url,
        "query": query,
        "threshold": "1",
        "unsafeSsl": "true" if prometheus.get("tlsInsecureSkipVerify") is True else "false",
    }
    if modes:
        metadata["authModes"] = modes
    trigger: JsonObject = {"type": "prometheus", "name": "wva-desired-replicas", "metadata": metadata}
    if name:
        trigger["authenticationRef"] = {"name": name}
        if kind := text(prometheus.get("triggerAuthKind")):
            trigger["authenticationRef"] = {"name": name, "kind": kind}
    return trigger
