"""What KServe refuses in an LLM service, its webhook and its controller by the same laws: objects in, problems out.

The webhook of v1alpha2 judges the service alone, the controller the whole of it with presets and bases laid under it,
and what a release does not know is not asked of it.
Source: pkg/apis/serving/v1alpha2/llm_inference_service_validation.go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from kservegen.core.diagnostics import Counterpart, Severity
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.core.problem import Problem
from kservegen.core.values import LARGEST_INT64, whole_number
from kservegen.kserve.releases import Capabilities

_HTTP: Final[Path] = ("spec", "router", "route", "http")
_GROUP: Final[Path] = ("spec", "router", "route", "group")
_WEIGHT: Final[Path] = ("spec", "router", "route", "weight")
_SCHEDULER: Final[Path] = ("spec", "router", "scheduler")
_LORA: Final[Path] = ("spec", "model", "lora")
_LIMITS: Final = ("maxRank", "maxAdapters", "maxCpuAdapters")
_COST: Final = lazy_pattern(r"[0-9]+(\.[0-9]+)?")
_MODIFIERS: Final = ("formula", "target", "activationTarget", "metricType")
_KSERVES_OWN: Final = "Remove it: KServe sets it."
_PERCENT: Final = lazy_pattern(r"[0-9]+%")
_NEWER: Final = "/v1alpha2"


def _spec(doc: JsonObject) -> JsonObject:
    return mapping(doc.get("spec"))


def _is_newer(doc: JsonObject) -> bool:
    return text(doc.get("apiVersion")).endswith(_NEWER)


def _adapters(doc: JsonObject, capabilities: Capabilities) -> Iterator[Problem]:
    model = mapping(_spec(doc).get("model"))
    lora = model.get("lora")
    is_looked_at = _is_newer(doc) or capabilities.alpha_checked
    if not isinstance(lora, dict) or not is_looked_at or not capabilities.lora_adapters:
        return
    for field in _LIMITS:
        limit = integer(lora.get(field))
        if limit is not None and limit < 1:
            yield Problem((*_LORA, field), f"{field} must be at least 1", seen=str(limit))
    base = text(model.get("name")) or text(mapping(doc.get("metadata")).get("name"))
    yield from _names(sequence(lora.get("adapters")), base)


def _names(adapters: list[JsonValue], base: str) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, adapter in enumerate(adapters):
        name = text(mapping(adapter).get("name"))
        if not name:
            message = "adapter name is required"
        elif name in {".", ".."}:
            message = 'adapter name must not include "." or ".." (path traversal risk)'
        elif name in seen:
            message = f"duplicate name (same as adapters[{seen[name]}])"
        elif name == base:
            message = f'adapter name must differ from base model name "{base}"'
        else:
            message = ""
        seen.setdefault(name, index)
        if message:
            yield Problem((*_LORA, "adapters", index, "name"), message, seen=name, at_key=not name)


def _parallelism(doc: JsonObject, _capabilities: Capabilities) -> Iterator[Problem]:
    spec = _spec(doc)
    yield from _sizes(("spec",), spec)
    prefill = spec.get("prefill")
    if isinstance(prefill, dict):
        yield from _sizes(("spec", "prefill"), prefill)


def _sizes(path: Path, workload: JsonObject) -> Iterator[Problem]:
    has_worker = workload.get("worker") is not None
    parallelism = workload.get("parallelism")
    if not has_worker and not isinstance(parallelism, dict):
        return
    words = mapping(parallelism)
    data, local, pipeline = (integer(words.get(field)) for field in ("data", "dataLocal", "pipeline"))
    in_data = (data or 0) > 0 or (local or 0) > 0
    if has_worker and not in_data and not (pipeline or 0) > 0:
        message = "when worker is specified, parallelism must be configured for either data or pipeline parallelism"
        yield Problem((*path, "worker"), message, at_key=True)
    here = (*path, "parallelism")
    if in_data and (pipeline or 0) > 0:
        message = "cannot set both pipeline parallelism and data parallelism (data or dataLocal) simultaneously"
        yield Problem(here, message, at_key=True)
    if data is not None and local is None:
        yield Problem((*here, "data"), "dataLocal must be set when data is set", at_key=True)
    if local is not None and data is None:
        yield Problem((*here, "dataLocal"), "data must be set when dataLocal is set", at_key=True)
    for field, value in (("pipeline", pipeline), ("data", data), ("dataLocal", local)):
        if value is not None and value < 1:
            yield Problem((*here, field), f"{field} parallelism must be greater than 0", seen=str(value))


def _router(doc: JsonObject, _capabilities: Capabilities) -> Iterator[Problem]:
    router = mapping(_spec(doc).get("router"))
    route = router.get("route")
    if not isinstance(route, dict):
        return
    if isinstance(http := route.get("http"), dict):
        yield from _refs(http, router.get("gateway"))
        parents, refs = (
            sequence(mapping(http.get("spec")).get("parentRefs")),
            mapping(router.get("gateway")).get("refs"),
        )
        yield from _parents(parents, sequence(refs), is_newer=_is_newer(doc))
    yield from _traffic(route, router)


def _refs(http: JsonObject, gateway: JsonValue) -> Iterator[Problem]:
    if not http.get("refs"):
        return
    if http.get("spec") is not None:
        message = "unsupported configuration: cannot use both custom HTTPRoute refs and an inline route spec"
        yield Problem((*_HTTP, "spec"), message, at_key=True)
    if isinstance(gateway, dict) and not gateway.get("refs"):
        message = "unsupported configuration: custom HTTP routes cannot be used with a managed gateway"
        hint = "Name the gateway in gateway.refs, or leave gateway out."
        yield Problem((*_HTTP, "refs"), message, hint=hint, at_key=True)


def _parents(parents: list[JsonValue], refs: list[JsonValue], *, is_newer: bool) -> Iterator[Problem]:
    if not parents or not refs:
        return
    path = (*_HTTP, "spec", "parentRefs")
    if is_newer and _keys(parents) == _keys(refs):
        message = "spec.router.route.http.spec.parentRefs can be omitted when spec.router.gateway.refs is set"
        hint = "Remove parentRefs: they are derived from gateway.refs."
        yield Problem(path, message, hint=hint, severity=Severity.WARNING, at_key=True)
        return
    message = (
        "unsupported configuration: the managed HTTP route spec has parentRefs that conflict with custom gateway refs"
    )
    yield Problem(path, message, hint="Keep gateway.refs or parentRefs.", at_key=True)


def _keys(refs: list[JsonValue]) -> Counter[tuple[str, ...]]:
    fields = ("namespace", "name", "sectionName")
    return Counter(tuple(text(mapping(ref).get(field)) for field in fields) for ref in refs)


def _traffic(route: JsonObject, router: JsonObject) -> Iterator[Problem]:
    has_group, has_weight = route.get("group") is not None, route.get("weight") is not None
    if not has_group and not has_weight:
        return
    path, message = _GROUP, ""
    if router.get("ingress") is not None:
        message = "traffic splitting requires Gateway API routing, and ingress is set"
    elif not has_group:
        path, message = _WEIGHT, "weight requires group"
    elif not has_weight:
        message = "group requires weight"
    elif sequence(mapping(route.get("http")).get("refs")):
        message = "traffic splitting cannot be used with custom HTTPRoute refs"
    if message:
        hint = "Set group and weight together, on a route that KServe makes."
        yield Problem(path, message, hint=hint, at_key=True)


def _scaling(doc: JsonObject, capabilities: Capabilities) -> Iterator[Problem]:
    spec = _spec(doc)
    prefill = mapping(spec.get("prefill"))
    yield from _scaled(("spec", "scaling"), spec, capabilities)
    yield from _scaled(("spec", "prefill", "scaling"), prefill, capabilities)
    if capabilities.direct_keda:
        yield from _one_way(mapping(spec.get("scaling")), mapping(prefill.get("scaling")))
    decode_wva, prefill_wva = (mapping(part.get("scaling")).get("wva") for part in (spec, prefill))
    if capabilities.actuators_agree and isinstance(decode_wva, dict) and isinstance(prefill_wva, dict):
        one, other = _actuator(decode_wva), _actuator(prefill_wva)
        if one != other:
            message = (
                f"decode and prefill must use the same actuator backend; decode uses {one} but prefill uses {other}"
            )
            yield Problem(("spec", "prefill", "scaling", "wva"), message, hint="Use the same for both.", at_key=True)


def _one_way(decode: JsonObject, prefill: JsonObject) -> Iterator[Problem]:
    """Refuse two sides of which KEDA scales one directly and the variant autoscaler the other."""
    for one, other in (("keda", "wva"), ("wva", "keda")):
        if decode.get(one) is not None and prefill.get(other) is not None:
            message = f"decode and prefill must scale in the same way; decode has {one} but prefill has {other}"
            yield Problem(("spec", "prefill", "scaling"), message, hint="Use the same for both.", at_key=True)


def _actuator(wva: JsonObject) -> str:
    return "hpa" if wva.get("hpa") is not None else "keda"


def _scaled(path: Path, workload: JsonObject, capabilities: Capabilities) -> Iterator[Problem]:
    scaling = workload.get("scaling")
    if not isinstance(scaling, dict):
        return
    wva, direct = scaling.get("wva"), scaling.get("keda") if capabilities.direct_keda else None
    if isinstance(direct, dict):
        if wva is not None:
            yield Problem((*path, "keda"), "wva and keda are mutually exclusive", hint="Keep one of them.", at_key=True)
        yield from _direct((*path, "keda"), direct, scaling)
    elif capabilities.direct_keda and wva is None:
        message = "either wva or keda must be specified when scaling is configured"
        yield Problem(path, message, hint="Write wva with hpa or keda, or keda with its triggers.", at_key=True)
        return
    if not isinstance(wva, dict):
        if direct is not None:
            return
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


def _keda(path: Path, keda: JsonObject, scaling: JsonObject) -> Iterator[Problem]:
    modifiers = mapping(mapping(keda.get("advanced")).get("scalingModifiers"))
    if any(modifiers.get(field) for field in _MODIFIERS):
        message = "scalingModifiers must not be set; WVA controls the scaling metric formula and logic"
        yield Problem((*path, "advanced", "scalingModifiers"), message, hint=_KSERVES_OWN, at_key=True)
    yield from _scaled_object(path, keda, scaling)


def _direct(path: Path, keda: JsonObject, scaling: JsonObject) -> Iterator[Problem]:
    if not sequence(keda.get("triggers")):
        message = "at least one trigger is required when using direct KEDA scaling"
        yield Problem(path, message, hint="List its triggers.", at_key=True)
    yield from _scaled_object(path, keda, scaling)


def _scaled_object(path: Path, keda: JsonObject, scaling: JsonObject) -> Iterator[Problem]:
    advanced = mapping(keda.get("advanced"))
    if mapping(advanced.get("horizontalPodAutoscalerConfig")).get("name"):
        message = "horizontalPodAutoscalerConfig.name must not be set; the controller manages the HPA name"
        place = (*path, "advanced", "horizontalPodAutoscalerConfig", "name")
        yield Problem(place, message, hint=_KSERVES_OWN, at_key=True)
    idle = integer(keda.get("idleReplicaCount"))
    least = 1 if scaling.get("minReplicas") is None else integer(scaling.get("minReplicas"))
    if idle is not None and least is not None and idle >= least:
        message = f"idleReplicaCount ({idle}) must be less than minReplicas ({least})"
        yield Problem((*path, "idleReplicaCount"), message, seen=str(idle), hint="Raise minReplicas.")


def _scheduler(doc: JsonObject, _capabilities: Capabilities) -> Iterator[Problem]:
    scheduler = mapping(mapping(_spec(doc).get("router")).get("scheduler"))
    replicas = integer(scheduler.get("replicas"))
    if replicas is not None and replicas < 1:
        message = "scheduler replicas must be greater than zero"
        hint = "Write 1 or more, or leave scheduler out."
        yield Problem((*_SCHEDULER, "replicas"), message, seen=str(replicas), allowed="1 and more", hint=hint)
    config = scheduler.get("config")
    if doc.get("kind") == "LLMInferenceService" and isinstance(config, dict):
        yield from _config((*_SCHEDULER, "config"), config)


def _config(path: Path, config: JsonObject) -> Iterator[Problem]:
    inline, ref = config.get("inline"), config.get("ref")
    if inline is None and ref is None:
        yield Problem(path, "either inline or ref is required", at_key=True)
    if inline is not None and ref is not None:
        yield Problem(path, "both inline and ref are set, either specify inline or ref", at_key=True)
    if inline == {}:
        yield Problem((*path, "inline"), "inline configuration is invalid: there is nothing in it", seen="{}")
    if isinstance(ref, dict) and not ref.get("name"):
        message = "spec.router.scheduler.config.ref.name is not there: name is empty"
        yield Problem((*path, "ref", "name"), message, hint="Name the ConfigMap.")


def _replicas(doc: JsonObject, _capabilities: Capabilities) -> Iterator[Problem]:
    spec = _spec(doc)
    for path, workload in ((("spec",), spec), (("spec", "prefill"), mapping(spec.get("prefill")))):
        if not isinstance(scaling := workload.get("scaling"), dict):
            continue
        if workload.get("replicas") is not None:
            yield Problem((*path, "replicas"), "scaling and replicas are mutually exclusive", at_key=True)
        least, most = scaling.get("minReplicas"), integer(scaling.get("maxReplicas"))
        yield from replica_order((*path, "scaling"), least=1 if least is None else integer(least), most=most)


def replica_order(path: Path, *, least: int | None, most: int | None) -> Iterator[Problem]:
    """Say that a minimum is above its maximum; None and, for a maximum, what is below 0 are no bounds."""
    if least is not None and most is not None and least > most >= 0:
        message = f"'MinReplicas' cannot be greater than MaxReplicas: minReplicas is {least}, maxReplicas {most}"
        other = Counterpart((*path, "minReplicas"), "minReplicas is set here")
        yield Problem((*path, "maxReplicas"), message, seen=str(most), allowed=f"{least} and more", other=other)


def _rollout(doc: JsonObject, capabilities: Capabilities) -> Iterator[Problem]:
    if not capabilities.rollout_strategy:
        return
    spec = _spec(doc)
    for path, workload in ((("spec",), spec), (("spec", "prefill"), mapping(spec.get("prefill")))):
        strategy = workload.get("rolloutStrategy")
        if isinstance(strategy, dict):
            yield from _bounds((*path, "rolloutStrategy"), strategy, spans_nodes=workload.get("worker") is not None)


def _bounds(path: Path, strategy: JsonObject, *, spans_nodes: bool) -> Iterator[Problem]:
    lowest: dict[str, bool] = {}
    for field in ("maxUnavailable", "maxSurge"):
        bound = strategy.get(field)
        if bound is None:
            continue
        problem = _bound_error(bound)
        if problem:
            yield Problem((*path, field), problem, seen=str(bound))
            return
        lowest[field] = _comes_to_nothing(bound, rounds_up=field == "maxSurge")
    if lowest == {"maxUnavailable": True, "maxSurge": True}:
        message = "maxUnavailable and maxSurge cannot both be zero; this would prevent any rolling update progress"
        yield Problem(path, message, at_key=True)
    elif spans_nodes and lowest == {"maxUnavailable": True}:
        message = "maxSurge is required for multi-node workloads when maxUnavailable is 0"
        yield Problem((*path, "maxUnavailable"), message, seen=str(strategy["maxUnavailable"]))


def _bound_error(bound: JsonValue) -> str:
    number = integer(bound)
    if number is not None:
        return "must be greater than or equal to 0" if number < 0 else ""
    written = text(bound)
    if not _PERCENT.fullmatch(written):
        return "a valid percent string must be a number followed by an ending '%'"
    return "must not be greater than 100%" if _share(written) > 100 else ""


def _share(written: str) -> int:
    """Read `25%`; what Go's integers cannot hold is the largest of them."""
    number = whole_number(written[:-1])
    return LARGEST_INT64 if number is None else number


def _comes_to_nothing(bound: JsonValue, *, rounds_up: bool) -> bool:
    """Whether a bound is 0 of one replica."""
    number = integer(bound)
    share = _share(text(bound)) if number is None else 100 * number
    return share == 0 if rounds_up else share < 100


# By the name of the rule that has their manual.
LLM_LAWS: Final[Mapping[str, Callable[[JsonObject, Capabilities], Iterator[Problem]]]] = {
    "llm-lora": _adapters,
    "llm-parallelism": _parallelism,
    "llm-rollout": _rollout,
    "llm-router": _router,
    "llm-scaling": _scaling,
    "llm-scheduler": _scheduler,
    "replicas": _replicas,
}
