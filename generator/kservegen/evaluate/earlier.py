"""Documents of a commit in; what the cluster has of an object before the change out, by its name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import IO, Final, TypeAlias

from kservegen.checks.manifests.documents import InputDocument, read_documents
from kservegen.checks.manifests.reference import Cluster
from kservegen.checks.runner import ObjectFinding
from kservegen.checks.updates import recorded, refused_by_schema
from kservegen.core.crashes import contained
from kservegen.core.resource import Resource, ResourceId
from kservegen.evaluate.shelf import Shelf, ShelvedObjects
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.defaulting import Defaulted, default

# Objects that a change removes, and where they were set aside.
RemovedObjects: TypeAlias = Mapping[ResourceId, int]
NOTHING_REMOVED: Final[RemovedObjects] = MappingProxyType({})


class EarlierObjects:
    """Objects as a cluster has them before a change. Where one name stands in several files, each file has its own."""

    def __init__(self, cluster: Cluster, schemas: SchemaStore, open_file: Callable[[], IO[bytes]]) -> None:
        self._cluster = cluster
        self._schemas = schemas
        self._shelf = Shelf(open_file)
        self._places: dict[ResourceId, dict[str, int]] = {}

    def add(self, data: bytes, file: str) -> None:
        """Read the documents of a file; what is no object there says nothing."""
        read = partial(read_documents, data, file, named=False)
        documents: Iterator[InputDocument | None] = contained("reading this file", read, lambda _: None)
        for document in documents:
            if document is not None and document.resource is not None and document.resource.id.name:
                self._places.setdefault(document.resource.id, {})[file] = self._shelf.put(document)

    def find(self, identity: ResourceId, file: str) -> Resource | None:
        """Return what becomes the object of this name in a file: that of the same file, else the only one there is."""
        places = self._places.get(identity, {})
        if file in places:
            return self._take(places[file])
        return self._take(next(iter(places.values()))) if len(places) == 1 else None

    def missing(self, present: Collection[ResourceId]) -> RemovedObjects:
        """Return what is not among those that are present now."""
        return {name: min(places.values()) for name, places in self._places.items() if name not in present}

    def before(self, old: Resource | None, gone: RemovedObjects) -> Mapping[ResourceId, Resource]:
        """Return the cluster before the change, as far as rules ask: the object that is updated, and those removed."""
        return ShelvedObjects({} if old is None else {old.id: old}, gone, self._take)

    def refused(self, new: Defaulted, old: Resource) -> list[ObjectFinding]:
        """Return what the schema of its kind says of an update alone."""
        found = refused_by_schema(new, old, self._schemas, self._cluster.context.release.version)
        return [(new.resource, finding) for finding in found]

    def close(self) -> None:
        """Let go of everything."""
        self._shelf.close()

    def _take(self, number: int) -> Resource:
        document = self._shelf.take(number)
        assert document.resource is not None  # noqa: S101 - nothing else is set aside here
        stored = default(document.resource, self._cluster.installation).resource
        return recorded(stored, self._cluster.context)
