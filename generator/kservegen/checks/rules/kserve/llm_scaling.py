"""The autoscaling of an LLM workload is incomplete, or sets what KServe sets.

scaling means the workload variant autoscaler (wva) with exactly one actuator, hpa or keda, the same for decode and
prefill. It owns the metric's formula and the name of the HPA. An idleReplicaCount is below minReplicas, which is 1
unless said otherwise.

Fix: Write scaling.wva with hpa or keda, and leave to KServe what it sets.
Bad:
    scaling: {maxReplicas: 3, wva: {}}
Good:
    scaling: {maxReplicas: 3, wva: {hpa: {}}}
Upstream: LLM-19; LLM-20; LLM-21; LLM-22; LLM-23; LLM-24; LLM-25; LLM-26; LLM-27;
pkg/apis/serving/v1alpha2/llm_inference_service_validation.go
"""

import re
from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import integer, mapping, text
from kservegen.core.jsontypes import JsonObject, Path

_COST: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_MODIFIERS: Final = ("formula", "target", "activationTarget", "metricType")


@rule(Stage.ADMISSION, "LLMInferenceService")
def check(resource: Resource, _context: Context) -> Problems:
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
            yield Problem(("spec", "prefill", "scaling", "wva"), message, hint="Use the same for both.", at_key=True)


def _actuator(wva: JsonObject) -> str:
    return "hpa" if wva.get("hpa") is not None else "keda"


def _workload(path: Path, workload: JsonObject) -> Problems:
    scaling = workload.get("scaling")
    if not isinstance(scaling, dict):
        return
    wva = scaling.get("wva")
    if not isinstance(wva, dict):
        yield Problem(path, "wva must be specified when scaling is configured", at_key=True)
        return
    here = (*path, "wva")
    hpa, keda = wva.get("hpa"), wva.get("keda")
    if hpa is not None and keda is not None:
        yield Problem(here, "hpa and keda are mutually exclusive; choose one actuator backend", at_key=True)
    if hpa is None and keda is None:
        yield Problem(here, "either hpa or keda must be specified as the actuator backend", at_key=True)
    cost = text(wva.get("variantCost"))
    if cost and not _COST.fullmatch(cost):
        message = "variantCost must be a non-negative numeric string"
        yield Problem((*here, "variantCost"), message, seen=cost, hint='Write "10.0".')
    if isinstance(keda, dict):
        yield from _keda((*here, "keda"), keda, scaling)


def _keda(path: Path, keda: JsonObject, scaling: JsonObject) -> Problems:
    advanced = mapping(keda.get("advanced"))
    modifiers = mapping(advanced.get("scalingModifiers"))
    hint = "Remove it: KServe sets it."
    if any(modifiers.get(field) for field in _MODIFIERS):
        message = "scalingModifiers must not be set; WVA controls the scaling metric formula and logic"
        yield Problem((*path, "advanced", "scalingModifiers"), message, hint=hint, at_key=True)
    if mapping(advanced.get("horizontalPodAutoscalerConfig")).get("name"):
        message = "horizontalPodAutoscalerConfig.name must not be set; the controller manages the HPA name"
        yield Problem((*path, "advanced", "horizontalPodAutoscalerConfig", "name"), message, hint=hint, at_key=True)
    idle = integer(keda.get("idleReplicaCount"))
    least = 1 if scaling.get("minReplicas") is None else integer(scaling.get("minReplicas"))
    if idle is not None and least is not None and idle >= least:
        message = f"idleReplicaCount ({idle}) must be less than minReplicas ({least})"
        yield Problem((*path, "idleReplicaCount"), message, seen=str(idle), hint="Raise minReplicas.")
