"""What KServe makes of the objects of one context: made when it is asked for, once, and not kept for long.

The objects that stand beside one are those of the context, and what its prerequisites promise; of a promised object
nothing but its name is known.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Final, TypeVar

from msgspec import Struct, field

from kservegen.catalog.inventory.model import Inventory
from kservegen.catalog.inventory.operators import installed_operators
from kservegen.catalog.sections import KSERVE_NAMESPACE
from kservegen.checks.promises import promise_of
from kservegen.core.document import mapping, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.defaults import apply_defaults
from kservegen.formats.jsonschema.shape import Shape
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.controllers.charted import chart_objects, chart_settings
from kservegen.kserve.controllers.control_plane import (
    RUNTIME_KIND,
    STORAGE_KIND,
    ControlPlane,
    InstalledObjects,
    shipped_objects,
)
from kservegen.kserve.controllers.made import Made, Surroundings
from kservegen.kserve.controllers.reconcile import is_reconciled
from kservegen.kserve.controllers.running import RunningWorkload, as_scheduled, running_workloads
from kservegen.kserve.controllers.settings import ControllerSettings, shipped_settings
from kservegen.kserve.controllers.shared import Found, SharedMade
from kservegen.kserve.releases import Release

_Derived = TypeVar("_Derived")

# Of so many objects what was made is kept: whoever looks at it more than once looks at no more at a time.
MADE_KEPT: Final = 256
# What a promised operator brings that controllers look at.
_BROUGHT: Final = {"knative-serving": "ConfigMap/knative-serving/config-autoscaler"}
# Promised objects that controllers only look for, without reading them.
_FOUND_BY_NAME: Final = frozenset({"ConfigMap", "Gateway"})
# Objects of a cluster that they read.
_READ: Final = (RUNTIME_KIND, STORAGE_KIND, "ServingRuntime", "LLMInferenceServiceConfig", "LocalModelNodeGroup")


class KServeInstallation(Struct, frozen=True, kw_only=True, eq=False):
    """KServe as an environment installs it; its settings and objects are read when the first object is made.

    `shared` holds what was made in other environments, for what comes out the same. Objects of the kinds `assumed` are
    taken to be there whoever makes them: the absence of one is a finding about a reference, and hides nothing else.
    """

    settings: Callable[[], ControllerSettings]
    objects: Callable[[], InstalledObjects]
    schemas: SchemaStore
    shared: SharedMade = field(default_factory=partial(SharedMade, 0))
    assumed: frozenset[str] = frozenset({"PriorityClass", "RuntimeClass", "ServiceAccount"})


def reference_installation(release: Release, deployment_mode: str, schemas: SchemaStore) -> KServeInstallation:
    """Return a release as its own configuration installs it."""
    return KServeInstallation(
        settings=lambda: shipped_settings(deployment_mode),
        objects=lambda: shipped_objects(release.nearest or release.version),
        schemas=schemas,
    )


def chart_installation(
    release: Release,
    values_by_chart: Mapping[str, JsonObject],
    deployment_mode: str,
    schemas: SchemaStore,
    shared: SharedMade | None = None,
    inventory: Inventory | None = None,
    *,
    namespace: str = KSERVE_NAMESPACE,
) -> KServeInstallation:
    """Return a release as the charts in use, the keys of `values_by_chart`, install it with their values.

    Its controllers run in `namespace`. The ConfigMap that `inventory` has of them counts where none of the charts in
    use writes it.
    """

    def settings() -> ControllerSettings:
        config = inventory.kserve_config(namespace) if inventory is not None else None
        return chart_settings(release, values_by_chart, deployment_mode, config, namespace=namespace)

    return KServeInstallation(
        settings=settings,
        objects=lambda: chart_objects(release, values_by_chart),
        schemas=schemas,
        shared=shared or SharedMade(0),
    )


class _Kept(Struct, frozen=True):
    doc: JsonObject
    made: Made | None
    found: Found


class _Stored(Struct, frozen=True):
    doc: JsonObject
    stored: JsonObject


class _Running(Struct, frozen=True):
    doc: JsonObject
    workloads: tuple[RunningWorkload, ...] | None


class Simulation:
    """Makes what KServe would of the objects of one context."""

    def __init__(
        self,
        release: Release,
        installation: KServeInstallation | None,
        resources: Mapping[ResourceId, Resource],
        prerequisites: frozenset[str],
        inventory: Inventory | None = None,
    ) -> None:
        self._release = release
        self._installation = installation
        self._resources = resources
        there = frozenset[str]() if inventory is None else installed_operators(inventory)
        self._prerequisites = prerequisites | there
        self._inventory = inventory
        self._plane: ControlPlane | None = None
        self._kept: OrderedDict[ResourceId, _Kept] = OrderedDict()
        self._last: tuple[Resource | None, Made | None] = (None, None)
        self._stored: OrderedDict[ResourceId, _Stored] = OrderedDict()
        self._running: dict[ResourceId, _Running] = {}
        self._shapes: dict[tuple[str, str], Shape | None] = {}

    def made(self, resource: Resource) -> Made | None:
        """Return what KServe makes of a stored object; None where nothing is made of its kind, or nothing is known.

        What crashes here is raised once; from then on nothing is known of the object.
        """
        if resource is self._last[0]:  # all rules look at one object before they turn to the next
            return self._last[1]
        if self._installation is None or not is_reconciled(resource.kind):
            return None
        kept = self._kept.get(resource.id)
        if kept is None or kept.doc is not resource.doc:
            self._kept[resource.id] = _Kept(resource.doc, None, {})
            kept = _Kept(resource.doc, *self._make(resource, self._installation))
            self._kept[resource.id] = kept
            if len(self._kept) > MADE_KEPT:
                self._kept.popitem(last=False)
        self._last = (resource, kept.made)
        return kept.made

    def looked_at(self, resource: Resource) -> Iterable[str]:
        """Return the kinds of the objects that KServe looked for when it made something of a stored object."""
        self.made(resource)
        kept = self._kept.get(resource.id)
        return () if kept is None else (kind for kind, _, _ in kept.found)

    def workloads(self, resource: Resource) -> tuple[RunningWorkload, ...] | None:
        """List what runs of a stored object, as the scheduler looks at it; None where it is not deployed, or not known.

        This is kept, for it is small. A crash is told by whoever asks for what is made.
        """
        known = self._running.get(resource.id)
        if known is None or known.doc is not resource.doc:
            try:
                made = self.made(resource)
            except GeneratorError:
                raise
            except Exception:  # noqa: BLE001 - told elsewhere, as a finding
                made = None
            running = None
            if made is not None and (made.pods or made.outcome is None):
                running = self.derived(resource, _scheduled)
            known = self._running[resource.id] = _Running(resource.doc, running)
        return known.workloads

    def derived(self, resource: Resource, derive: Callable[[Resource, Made], _Derived]) -> _Derived | None:
        """Return what follows from a document and from what is made of it alone; None where nothing is made of it.

        Environments in which the very same is made of an object share it.
        """
        made = self.made(resource)
        if made is None or self._installation is None:
            return None
        return self._installation.shared.derived(resource.doc, made, derive, partial(derive, resource, made))

    def know_workloads(self, resource: Resource, workloads: tuple[RunningWorkload, ...] | None) -> None:
        """Take what runs of a stored object from whoever has looked already, in another process."""
        self._running[resource.id] = _Running(resource.doc, workloads)

    def find(self, resource: Resource, kind: str, namespace: str, name: str) -> JsonObject | None:
        """Return an object that stands beside a stored one, or that is made of it; None for one that is in no file."""
        beside = self._resources.get(ResourceId(kind, namespace, name))
        if beside is not None:
            return beside.doc
        made = self.made(resource)
        label = f"{kind}/{name}"
        return next((item.doc for item in made.objects if item.label == label), None) if made is not None else None

    def _make(self, resource: Resource, installation: KServeInstallation) -> tuple[Made | None, Found]:
        if self._plane is None:
            installed = installation.objects()
            self._plane = ControlPlane(
                release=self._release,
                settings=installation.settings(),
                installed=installed,
                beside=_Beside(
                    self._resources,
                    self._prerequisites,
                    _listed(self._inventory, installed),
                    installation.assumed,
                    self._defaulted,
                ),
            )
        return installation.shared.make(resource.doc, partial(self._defaulted, resource), self._plane)

    def _defaulted(self, resource: Resource) -> JsonObject:
        """Return an object with the defaults of its schema, which controllers cannot tell from what is written."""
        kind = (resource.api_version, resource.kind)
        if kind not in self._shapes:
            self._shapes[kind] = self._shape_of(*kind)
        shape = self._shapes[kind]
        if shape is None:
            return resource.doc
        known = self._stored.get(resource.id)
        if known is None or known.doc is not resource.doc:
            known = self._stored[resource.id] = _Stored(resource.doc, apply_defaults(resource.doc, shape))
            if len(self._stored) > MADE_KEPT:
                self._stored.popitem(last=False)
        return known.stored

    def _shape_of(self, api_version: str, kind: str) -> Shape | None:
        schemas = None if self._installation is None else self._installation.schemas
        version = self._release.version
        if schemas is None or not schemas.has(api_version, kind, kserve_version=version):
            return None
        return schemas.shape(api_version, kind, kserve_version=version)


def _scheduled(resource: Resource, made: Made) -> tuple[RunningWorkload, ...]:
    return tuple(map(as_scheduled, running_workloads(resource.doc, made)))


class _Beside(Surroundings):
    """The objects of a context, looked up where they are; then what is promised, and what a cluster has."""

    def __init__(
        self,
        resources: Mapping[ResourceId, Resource],
        promises: frozenset[str],
        listed: Iterable[JsonObject],
        assumed: frozenset[str],
        stored: Callable[[Resource], JsonObject],
    ) -> None:
        super().__init__(listed)
        self._promises = frozenset(_BROUGHT.get(promise, promise) for promise in promises)
        self._resources = resources
        self._assumed = assumed
        self._stored = stored
        self._ids: dict[str, list[ResourceId]] | None = None
        self._elsewhere: dict[tuple[str, str, str], JsonObject | None] = {}
        self._none: set[tuple[str, str | None]] = set()

    def find(self, kind: str, namespace: str, name: str) -> JsonObject | None:
        key = kind, namespace, name
        if key in self._elsewhere:  # objects of a namespace look for the same
            return self._elsewhere[key]
        resource = self._resources.get(ResourceId(*key))
        if resource is not None:
            return self._stored(resource)
        found = self._elsewhere[key] = self._find_elsewhere(kind, namespace, name)
        return found

    def _find_elsewhere(self, kind: str, namespace: str, name: str) -> JsonObject | None:
        if kind in self._assumed:
            # What is taken to be there says no namespace: it is alike in all, and so is what is made beside it.
            return _named(kind, "", name)
        is_promised = kind in _FOUND_BY_NAME and promise_of(self._promises, kind=kind, namespace=namespace, name=name)
        return _named(kind, namespace, name) if is_promised else super().find(kind, namespace, name)

    def all(self, kind: str, namespace: str | None = None) -> list[JsonObject]:
        if (kind, namespace) in self._none:  # most kinds that controllers list have no objects
            return []
        found = self._all(kind, namespace)
        if not found:
            self._none.add((kind, namespace))
        return found

    def _all(self, kind: str, namespace: str | None) -> list[JsonObject]:
        if self._ids is None:
            self._ids = {}
            for own in self._resources:
                self._ids.setdefault(own.kind, []).append(own)
        ids = [own for own in self._ids.get(kind, ()) if namespace is None or own.namespace == namespace]
        found = [self._stored(self._resources[own]) for own in ids]
        listed = super().all(kind, namespace)
        if listed:
            known = {(own.namespace, own.name) for own in ids}
            found += [doc for doc in listed if _place_of(doc) not in known]
        return found


def _listed(inventory: Inventory | None, installed: InstalledObjects) -> Iterator[JsonObject]:
    """Yield what a cluster holds that controllers look at; what KServe's charts bring stands for what is there."""
    if inventory is None:
        return
    for kind in sorted(_FOUND_BY_NAME):
        for namespace in inventory.namespaces:
            yield from (_named(kind, namespace, name) for name in inventory.names(kind, namespace))
    brought = {(doc["kind"], mapping(doc["metadata"]).get("name")) for doc in installed.documents}
    for kind in _READ:
        for _, doc in inventory.documents(kind):
            if (kind, mapping(doc["metadata"]).get("name")) not in brought:
                yield doc


def _place_of(doc: JsonObject) -> tuple[str, str]:
    metadata = mapping(doc.get("metadata"))
    return text(metadata.get("namespace")), text(metadata.get("name"))


def _named(kind: str, namespace: str, name: str) -> JsonObject:
    metadata: JsonObject = {"namespace": namespace, "name": name} if namespace else {"name": name}
    return {"kind": kind, "metadata": metadata}
