"""The objects of an environment that take requests: how each is called, and through which Service."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.kserve.derived import CONTAINER_PORT, INFERENCE_PORT, service_of
from kservegen.kserve.protocols.detection import Silence, spec_of, speech_of
from kservegen.kserve.protocols.requests import Speech
from kservegen.render.objects.charts import PlannedCharts

_CALLED: Final = frozenset({"InferenceService", "LLMInferenceService", "InferenceGraph", "TrainedModel"})
_MODE: Final = "serving.kserve.io/deploymentMode"


class Callee(Struct, frozen=True, kw_only=True, eq=False):
    """An object that takes requests; `port` is the one that a port-forward to its Service asks for."""

    resource: Resource
    speech: Speech | Silence
    mode: str
    service: str
    port: int

    @property
    def needs_url(self) -> bool:
        """Whether its Service is one of Knative's, which no port-forward reaches."""
        return self.mode == "Knative" and self.resource.kind != "LLMInferenceService"


def callees(
    environment: ResolvedEnvironment, platform: PlannedCharts, entries: Iterable[Resource]
) -> tuple[Callee, ...]:
    """Find the objects that take requests, in their order."""
    by_id = {(r.kind, r.id.namespace, r.id.name): r for r in entries}
    mode = environment.text("kserve", "deploymentMode", default="Standard")
    headless = has_headless_services(platform)
    return tuple(
        callee_of(resource, by_id, mode=mode, headless=headless)
        for resource in by_id.values()
        if resource.kind in _CALLED
    )


def callee_of(resource: Resource, by_id: dict[tuple[str, str, str], Resource], *, mode: str, headless: bool) -> Callee:
    """Say how an object is called; `by_id` finds the others by kind, namespace and name."""
    namespace = resource.id.namespace

    def find(kind: str, name: str) -> JsonObject | None:
        found = by_id.get((kind, namespace, name)) or by_id.get((kind, "", name))
        return spec_of(found.doc) if found is not None else None

    spec = spec_of(resource.doc)
    service, port = service_to_forward(resource.kind, resource.id.name, spec, headless=headless)
    return Callee(
        resource=resource,
        speech=speech_of(resource.kind, resource.id.name, spec, find),
        mode=text(resource.annotations.get(_MODE)) or mode,
        service=service,
        port=port,
    )


def service_to_forward(kind: str, name: str, spec: JsonObject, *, headless: bool) -> tuple[str, int]:
    """Name the Service that a port-forward to an object goes to, and the port that it asks for."""
    service, port = service_of(kind, name, spec)
    return service, CONTAINER_PORT if headless and port == INFERENCE_PORT else port


def has_headless_services(platform: PlannedCharts) -> bool:
    """Whether Services have no address of their own: then a port-forward goes by the container's port."""
    return any(
        mapping(mapping(values.get("kserve")).get("service")).get("serviceClusterIPNone") is True
        for values in platform.values().values()
    )
