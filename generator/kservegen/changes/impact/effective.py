"""One side of a change in; what follows from it out, found when asked for: defaulted objects, runtimes, who serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

from kservegen.changes.impact.model import ImpactSide
from kservegen.changes.impact.templates import MadeSide
from kservegen.checks.rules.base import Context
from kservegen.checks.simulation import KServeInstallation, Simulation, chart_installation
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.controllers.shared import SharedMade
from kservegen.kserve.defaulting import Defaulted, Installation, default
from kservegen.kserve.platform import Platform, installed_platform

RUNTIME_KINDS: Final = frozenset({"ServingRuntime", "ClusterServingRuntime"})
CONFIG_KIND: Final = "LLMInferenceServiceConfig"


class ImpactScene(Mapping[ResourceId, Resource]):
    """A side, looked into. As a mapping it holds the objects as the API server stores them.

    Both sides of a change are to be defaulted by the installation after it: what the webhook once wrote stays in the
    cluster, and a default that has changed since is no change of the object. What is the same on the `other` side is
    defaulted, and made, once.
    """

    def __init__(
        self, side: ImpactSide, installation: Installation, schemas: SchemaStore, other: ImpactScene | None = None
    ) -> None:
        self.side = side
        self._schemas = schemas
        self._other = other
        self._installation = installation
        self.shared: SharedMade = SharedMade() if other is None else other.shared
        self._defaulted: dict[ResourceId, Defaulted] = {}

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
        """What the charts in use install, and others have installed."""
        return installed_platform(
            self.side.release, self.side.values, self.side.inventory, namespace=self.side.namespace
        )

    @cached_property
    def simulation(self) -> Simulation:
        """What KServe makes of the objects."""
        side = self.side
        return Simulation(side.release, self._kserve, self, side.prerequisites, side.inventory)

    @cached_property
    def _kserve(self) -> KServeInstallation:
        side = self.side
        return chart_installation(
            side.release,
            side.values,
            side.deployment_mode,
            self._schemas,
            self.shared,
            side.inventory,
            namespace=side.namespace,
        )

    def made(self, identity: ResourceId) -> MadeSide | None:
        """Return an object and what KServe makes of it; None where that is nothing, or not known."""
        stored = self[identity]
        self.simulation.workloads(stored)  # contains what crashes
        made = self.simulation.made(stored)
        return None if made is None else MadeSide(stored, made)

    @cached_property
    def _installed(self) -> Mapping[ResourceId, JsonObject]:
        found: dict[ResourceId, JsonObject] = {}
        for doc in self._kserve.objects().documents:
            name = text(mapping(doc.get("metadata")).get("name"))
            found[ResourceId(text(doc.get("kind")), "", name)] = doc
        return found

    def document(self, identity: ResourceId) -> JsonObject | None:
        """Return an object as it is written, or else as KServe's charts install it; None where neither does."""
        written = self.side.resources.get(identity)
        return written.doc if written is not None else self._installed.get(identity)

    def config(self, name: str, namespace: str) -> ResourceId | None:
        """Find a base of an LLM service among the objects: its namespace's before KServe's own."""
        for place in (namespace, self.side.namespace):
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
            installation=self._kserve,
            inventory=self.side.inventory,
        )
