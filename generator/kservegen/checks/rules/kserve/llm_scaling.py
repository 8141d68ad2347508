"""An LLMInferenceService in; findings out where the autoscaling of a workload is incomplete or contradicts itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import integer, mapping, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/llm-scaling",
    title="The autoscaling of an LLM workload is incomplete, or sets what KServe sets",
    why="scaling means the workload variant autoscaler (wva) with exactly one actuator, hpa or keda, the same for "
    "decode and prefill. It owns the metric's formula and the name of the HPA. An idleReplicaCount is below "
    "minReplicas, which is 1 unless said otherwise.",
    fix="Write scaling.wva with hpa or keda, and leave to KServe what it sets.",
    bad="scaling: {maxReplicas: 3, wva: {}}",
    good="scaling: {maxReplicas: 3, wva: {hpa: {}}}",
    upstream=(
        *(f"LLM-{number}" for number in range(19, 28)),
        "pkg/apis/serving/v1alpha2/llm_inference_service_validation.go",
    ),
)

_COST: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_MODIFIERS: Final = ("formula", "target", "activationTarget", "metricType")


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    spec = mapping(resource.doc.get("spec"))
    prefill = mapping(spec.get("prefill"))
    yield from _workload(("spec", "scaling"), spec)
    yield from _workload(("spec", "prefill", "scaling"), prefill)
    decode_wva, prefill_wva = (mapping(part.get("scaling")).get("wva") for part in (spec, prefill))
    if isinstance(decode_wva, dict) and isinstance(prefill_wva, dict):
        one, other = _actuator(decode_wva), _actuator(prefill_wva)
        if one != other:
            message = (
                f"decode and prefill must use the same actuator backend; decode uses {one} but prefill uses {other}"
            )
            where = ("spec", "prefill", "scaling", "wva")
            yield Finding(rule=META.id, path=where, message=message, hint="Use the same for both.", at_key=True)


def _actuator(wva: JsonObject) -> str:
    return "hpa" if wva.get("hpa") is not None else "keda"


def _workload(path: Path, workload: JsonObject) -> Iterator[Finding]:
    scaling = workload.get("scaling")
    if not isinstance(scaling, dict):
        return
    wva = scaling.get("wva")
    if not isinstance(wva, dict):
        message = "wva must be specified when scaling is configured"
        yield Finding(rule=META.id, path=path, message=message, hint=META.fix, at_key=True)
        return
    here = (*path, "wva")
    hpa, keda = wva.get("hpa"), wva.get("keda")
    if hpa is not None and keda is not None:
        message = "hpa and keda are mutually exclusive; choose one actuator backend"
        yield Finding(rule=META.id, path=here, message=message, hint=META.fix, at_key=True)
    if hpa is None and keda is None:
        message = "either hpa or keda must be specified as the actuator backend"
        yield Finding(rule=META.id, path=here, message=message, hint=META.fix, at_key=True)
    cost = text(wva.get("variantCost"))
    if cost and not _COST.fullmatch(cost):
        message = "variantCost must be a non-negative numeric string"
        yield Finding(rule=META.id, path=(*here, "variantCost"), message=message, hint='Write "10.0".', seen=cost)
    if isinstance(keda, dict):
        yield from _keda((*here, "keda"), keda, scaling)


def _keda(path: Path, keda: JsonObject, scaling: JsonObject) -> Iterator[Finding]:
    advanced = mapping(keda.get("advanced"))
    modifiers = mapping(advanced.get("scalingModifiers"))
    hint = "Remove it: KServe sets it."
    if any(modifiers.get(field) for field in _MODIFIERS):
        message = "scalingModifiers must not be set; WVA controls the scaling metric formula and logic"
        where = (*path, "advanced", "scalingModifiers")
        yield Finding(rule=META.id, path=where, message=message, hint=hint, at_key=True)
    if mapping(advanced.get("horizontalPodAutoscalerConfig")).get("name"):
        message = "horizontalPodAutoscalerConfig.name must not be set; the controller manages the HPA name"
        where = (*path, "advanced", "horizontalPodAutoscalerConfig", "name")
        yield Finding(rule=META.id, path=where, message=message, hint=hint, at_key=True)
    idle = integer(keda.get("idleReplicaCount"))
    least = 1 if scaling.get("minReplicas") is None else integer(scaling.get("minReplicas"))
    if idle is not None and least is not None and idle >= least:
        message = f"idleReplicaCount ({idle}) must be less than minReplicas ({least})"
        where = (*path, "idleReplicaCount")
        yield Finding(rule=META.id, path=where, message=message, hint="Raise minReplicas.", seen=str(idle))


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"LLMInferenceService"}))
