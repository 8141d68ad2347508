"""What a combined spec says against itself: the rules that admission had for the service alone, now for the whole.

Source: pkg/apis/serving/v1alpha2/llm_inference_service_validation.go; only what a base can bring about is asked here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.document import integer, mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject

_PATHS: Final = frozenset({".", ".."})


def contradictions(spec: JsonObject) -> Iterator[str]:
    """Say what is refused in a combined spec, in the order in which it is found."""
    for workload, path in ((spec, "spec"), (mapping(spec.get("prefill")), "spec.prefill")):
        yield from _parallelism(workload, path)
        yield from _scaling(workload, path)
    yield from _router(mapping(spec.get("router")))
    yield from _adapters(mapping(spec.get("model")))


def _parallelism(workload: JsonObject, path: str) -> Iterator[str]:
    sizes = mapping(workload.get("parallelism"))
    data, local, pipeline = (sizes.get(field) is not None for field in ("data", "dataLocal", "pipeline"))
    if pipeline and (data or local):
        yield f"{path}.parallelism: cannot set both pipeline parallelism and data parallelism simultaneously"
    if data != local:
        yield f"{path}.parallelism: data and dataLocal must be set together"
    if workload.get("worker") is not None and not (data or local or pipeline):
        yield f"{path}.worker: when worker is specified, pipeline or data parallelism must be configured"


def _scaling(workload: JsonObject, path: str) -> Iterator[str]:
    if not isinstance(scaling := workload.get("scaling"), dict):
        return
    if workload.get("replicas") is not None:
        yield f"{path}.scaling: scaling and replicas are mutually exclusive"
    least, most = integer(scaling.get("minReplicas")), integer(scaling.get("maxReplicas"))
    if least is not None and most is not None and least > most:
        yield f"{path}.scaling.minReplicas: must not be above maxReplicas"
    actuators = mapping(scaling.get("wva")).keys() & {"hpa", "keda"}
    if len(actuators) != 1:
        yield f"{path}.scaling.wva: one of hpa and keda must be set"


def _router(router: JsonObject) -> Iterator[str]:
    http = mapping(mapping(router.get("route")).get("http"))
    if http.get("refs") and http.get("spec"):
        yield "spec.router.route.http: cannot use both refs and spec"
    if http.get("refs") and router.get("gateway") == {}:
        yield "spec.router.gateway: cannot use a managed gateway with referenced routes"
    scheduler = mapping(router.get("scheduler"))
    replicas = integer(scheduler.get("replicas"))
    if replicas is not None and replicas < 1:
        yield "spec.router.scheduler.replicas: must be at least 1"


def _adapters(model: JsonObject) -> Iterator[str]:
    seen: set[str] = set()
    for item in sequence(value_at(model, ("lora", "adapters"))):
        name = text(mapping(item).get("name"))
        if not name or name in _PATHS:
            yield "spec.model.lora.adapters: an adapter needs a name"
        elif name in seen:
            yield f"spec.model.lora.adapters: duplicate adapter name {name!r}"
        elif name == text(model.get("name")):
            yield f"spec.model.lora.adapters: {name!r} is the name of the base model"
        seen.add(name)
