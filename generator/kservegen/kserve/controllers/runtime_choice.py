"""The runtime of a predictor: chosen among those at hand, with the documents that the pod is made from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject, Path
from kservegen.kserve.controllers.control_plane import RUNTIME_KIND, ControlPlane, InstalledObjects
from kservegen.kserve.controllers.made import ReconcileError, Traced, named, traced
from kservegen.kserve.runtimes.runtime import ServingRuntime, of_document
from kservegen.kserve.runtimes.selection import Obstacle, request_of, select

_SERVER_TYPE: Final = "serving.kserve.io/server-type"
_PROTOCOLS: Final = ("v1", "v2", "grpc-v1", "grpc-v2")


class ChosenRuntime(Struct, frozen=True, kw_only=True, eq=False):
    """A ServingRuntime or ClusterServingRuntime that stands there; `server_type` is None where none is said."""

    kind: str
    name: str
    spec: JsonObject
    server_type: str | None

    @property
    def containers(self) -> JsonArray:
        """The runtime's containers."""
        return sequence(self.spec.get("containers"))

    def words(self, *path: str | int) -> Path:
        """Return a path of the runtime's spec, as a source."""
        return (f"{self.kind} {self.name}", "spec", *path)

    def container(self, name: str) -> Traced | None:
        """Return the first container of a name, as the base of a merge."""
        at = named(self.containers, name)
        return None if at is None else self.container_at(at)

    def container_at(self, number: int) -> Traced:
        """Return a container by its place."""
        return traced(mapping(self.containers[number]), self.words("containers", number))

    @property
    def protocols(self) -> list[str]:
        """The protocols that the runtime lists, lowest first."""
        listed = [item for item in sequence(self.spec.get("protocolVersions")) if isinstance(item, str)]
        return sorted(listed, key=lambda item: _PROTOCOLS.index(item) if item in _PROTOCOLS else len(_PROTOCOLS))


_MESSAGES: Final = {
    Obstacle.ABSENT: ("RuntimeNotRecognized", "Waiting for runtime to become available"),
    Obstacle.DISABLED: ("RuntimeDisabled", "Specified runtime is disabled"),
    Obstacle.PROTOCOL: ("NoSupportingRuntime", "Specified runtime does not support specified protocol version"),
    Obstacle.NO_CONTAINER: ("InvalidPredictorSpec", "no container with name kserve-container found in the runtime"),
    Obstacle.NO_WORKER: ("InvalidGPUAllocation", "no container named worker-container in the runtime's workerSpec"),
    Obstacle.SINGLE_NODE: ("Panic", "panic: the runtime has no workerSpec"),
}
_UNFIT: Final = ("NoSupportingRuntime", "No runtime found to support specified framework/version")


def choose_runtime(predictor: JsonObject, namespace: str, plane: ControlPlane) -> ChosenRuntime:
    """Choose the runtime of a model; ReconcileError where none serves it."""
    documents = _documents(namespace, plane)
    model = mapping(predictor.get("model"))
    runtimes = [runtime for runtime, _ in documents]
    selection = select(request_of(predictor, model, namespace), runtimes, plane.release)
    if selection.chosen is None:
        absent = selection.obstacle or (Obstacle.ABSENT if selection.request.runtime is not None else None)
        reason, message = _MESSAGES.get(absent, _UNFIT) if absent else _UNFIT
        raise ReconcileError("runtime", reason, message)
    doc = next(doc for runtime, doc in documents if runtime is selection.chosen)
    metadata = mapping(doc.get("metadata"))
    annotations = mapping(metadata.get("annotations"))
    return ChosenRuntime(
        kind=text(doc.get("kind")),
        name=text(metadata.get("name")),
        spec=mapping(doc.get("spec")),
        server_type=text(annotations[_SERVER_TYPE]) if _SERVER_TYPE in annotations else None,
    )


def _documents(namespace: str, plane: ControlPlane) -> Sequence[tuple[ServingRuntime, JsonObject]]:
    near, cluster = plane.beside.all("ServingRuntime", namespace), plane.beside.all(RUNTIME_KIND)
    if not near and not cluster:
        return _installed(plane.installed)
    own = [(of_document(doc, namespace=namespace), doc) for doc in near]
    names = {text(mapping(doc.get("metadata")).get("name")) for doc in cluster}
    own += [(of_document(doc, namespace=""), doc) for doc in cluster]
    return [*own, *(pair for pair in _installed(plane.installed) if pair[0].name not in names)]


@lru_cache(maxsize=8)
def _installed(installed: InstalledObjects) -> tuple[tuple[ServingRuntime, JsonObject], ...]:
    documents = (doc for doc in installed.documents if doc["kind"] == RUNTIME_KIND)
    return tuple((of_document(doc, namespace=""), doc) for doc in documents)
