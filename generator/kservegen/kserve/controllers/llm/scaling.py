"""What scales a side of a service: its fields in; VariantAutoscaling, HorizontalPodAutoscaler, ScaledObject out.

Source: scaling.go, alike at v0.19.0 and v0.20.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
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
    wva = scaling.get("wva")
    if not isinstance(wva, dict):
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
        trigger = _trigger(side, name)
        copied: JsonObject = {field: keda[field] for field in _COPIED if keda.get(field) is not None}
        bounds: JsonObject = {"minReplicaCount": least, "maxReplicaCount": most}
        spec: JsonObject = {"scaleTargetRef": reference, **bounds, **copied, "triggers": [trigger]}
        kind_of = ("keda.sh/v1alpha1", "ScaledObject")
        yield service.make(
            kind_of, service.child(f"-kserve{side.ending}-keda"), WORKLOAD, {"spec": spec}, origins=origins
        )
    elif isinstance(hpa := wva.get("hpa"), dict):
        metric: JsonObject = {"name": _METRIC, "selector": {"matchLabels": {"variant_name": name}}}
        target_value: JsonObject = {"type": "Value", "value": "1"}
        spec = {
            "scaleTargetRef": reference,
            "minReplicas": least,
            "maxReplicas": most,
            "metrics": [{"type": "External", "external": {"metric": metric, "target": target_value}}],
        }
        if isinstance(behavior := hpa.get("behavior"), dict):
            spec["behavior"] = behavior
        kind_of = ("autoscaling/v2", "HorizontalPodAutoscaler")
        yield service.make(
            kind_of, service.child(f"-kserve{side.ending}-hpa"), WORKLOAD, {"spec": spec}, origins=origins
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
