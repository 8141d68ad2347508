"""Canaries of a predictor: an entry laid over the stable one, and how many replicas each gets.

Source: reconcileCanaryDeployments and buildCanaryPredictor in
pkg/controller/v1beta1/inferenceservice/components/predictor.go at v0.20.0.
"""

from __future__ import annotations

from typing import Final

from kservegen.core.document import integer, mapping
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.controllers.parts import copied

_SCALING: Final = (
    "minReplicas",
    "maxReplicas",
    "scaleTarget",
    "scaleMetric",
    "scaleMetricType",
    "autoScaling",
    "deploymentStrategy",
    "canaryTrafficPercent",
)


def canary_predictor(stable: JsonObject, entry: JsonObject) -> JsonObject:
    """Lay the predictor of an entry over the stable one: maps are merged, lists replaced, nothing is taken away."""
    return _over({key: value for key, value in copied(stable).items() if key not in _SCALING}, entry)


def _over(base: JsonObject, overlay: JsonObject) -> JsonObject:
    merged = dict(base)
    for key, value in overlay.items():
        below = merged.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            merged[key] = _over(below, value)
        elif not _says_nothing(value):
            merged[key] = copied(value)
    return merged


def _says_nothing(value: JsonValue) -> bool:
    return value is None or value is False or value in ("", 0, [])


def canary_replicas(stable: JsonObject, entry: JsonObject) -> int:
    """Say how many replicas an entry gets: its own number, or its share of the stable one's."""
    own = integer(mapping(entry.get("predictor")).get("minReplicas"))
    if own is None:
        own = integer(entry.get("minReplicas"))
    if own is not None:
        return own
    least = integer(stable.get("minReplicas"))
    share = (1 if least is None else least) * (integer(entry.get("trafficPercent")) or 0)
    return -(-share // 100)
