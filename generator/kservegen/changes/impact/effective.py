"""One side of a change in; what follows from it out, found when asked for: defaulted objects, runtimes, who serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

from kservegen.changes.impact.model import ImpactSide
from kservegen.changes.impact.reach import STOP
from kservegen.checks.rules.base import Context
from kservegen.checks.simulation import Simulation, chart_installation
from kservegen.core.document import text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.defaulting import Defaulted, Installation, default
from kservegen.kserve.platform import KSERVE_NAMESPACE, Platform, installed_platform
from kservegen.kserve.runtimes.runtime import ServingRuntime, of_document
from kservegen.kserve.runtimes.selection import Request, RuntimeSelection, request_of, select

RUNTIME_KINDS: Final = frozenset({"ServingRuntime", "ClusterServingRuntime"})
CONFIG_KIND: Final = "LLMInferenceServiceConfig"
_MODE: Final = "serving.kserve.io/deploymentMode"


class ImpactScene(Mapping[ResourceId, Resource]):
    """A side, looked into. As a mapping it holds the objects as the API server stores them.

    Both sides of a change are to be defaulted by the installation after it: what the webhook once wrote stays in the
    cluster, and a default that has changed since is no change of the object. What is the same on the `other` side is
    defaulted once.
    """

    def __init__(
        self, side: ImpactSide, installation: Installation, schemas: SchemaStore, other: ImpactScene | None = None
    ) -> None:
        self.side = side
        self._schemas = schemas
        self._other = other
        self._installation = installation
        self._defaulted: dict[ResourceId, Defaulted] = {}
        self._selections: dict[Request, RuntimeSelection] = {}

    def __getitem__(self, identity: ResourceId) -> Resource:
        return self.defaulted(identity).resource

    def __iter__(self) -> Iterator[ResourceId]:
        return iter(self.side.resources)

    def __len__(self) -> int:
        return len(self.side.resources)

    def defaulted(self, identity: ResourceId) -> Defaulted:
        """Return an object with the way back to its author's paths; KeyError where it is not there."""
        known = self._defaulted.get(identity)
        if known is None:
            written = self.side.resources[identity]
            if self._other is not None and self._other.side.resources.get(identity) is written:
                known = self._other.defaulted(identity)
            else:
                known = default(written, self._installation)
            self._defaulted[identity] = known
        return known

    @cached_property
    def platform(self) -> Platform:
        """What the charts in use install."""
        return installed_platform(self.side.release, self.side.values)

    @cached_property
    def runtimes(self) -> Mapping[ResourceId, ServingRuntime]:
        """All runtimes there are: those of the catalog, and those of the chart that they do not replace."""
        found = {ResourceId("ClusterServingRuntime", "", name): r for name, r in self.platform.runtimes.items()}
        for identity, resource in self.side.resources.items():
            if identity.kind in RUNTIME_KINDS:
                namespace = (identity.namespace or "default") if identity.kind == "ServingRuntime" else ""
                found[identity] = of_document(resource.doc, namespace=namespace)
        return found

    def selection(self, resource: Resource, predictor: JsonObject) -> RuntimeSelection | None:
        """Say which runtime serves a predictor's model; None where the predictor has none."""
        model = predictor.get("model")
        if not isinstance(model, dict):
            return None
        request = request_of(predictor, model, resource.id.namespace or "default")
        known = self._selections.get(request)
        if known is None:
            known = select(request, self.runtimes.values(), self.side.release)
            self._selections[request] = known
        return known

    @cached_property
    def simulation(self) -> Simulation:
        """What KServe makes of the objects."""
        side = self.side
        installed = chart_installation(side.release, side.values, side.deployment_mode, self._schemas)
        return Simulation(side.release, installed, self, side.prerequisites)

    def is_knative(self, resource: Resource) -> bool:
        """Whether Knative runs an object."""
        annotations = resource.annotations
        return (text(annotations.get(_MODE)) or self.side.deployment_mode) == "Knative"

    def config(self, name: str, namespace: str) -> ResourceId | None:
        """Find a base of an LLM service among the objects: its namespace's before KServe's own."""
        for place in (namespace, KSERVE_NAMESPACE):
            identity = ResourceId(CONFIG_KIND, place, name)
            if identity in self.side.resources:
                return identity
        return None

    def context(self, old: Mapping[ResourceId, Resource]) -> Context:
        """Return what rules may look at, `old` being what the cluster has."""
        return Context(
            environment="",
            release=self.side.release,
            deployment_mode=self.side.deployment_mode,
            platform=self.platform,
            resources=self,
            prerequisites=self.side.prerequisites,
            old=old,
        )


def is_stopped(resource: Resource) -> bool:
    """Whether an object is told to have no pods."""
    annotations = resource.annotations
    return text(annotations.get(STOP)).lower() == "true"
