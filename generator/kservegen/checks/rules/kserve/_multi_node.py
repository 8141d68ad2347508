"""The head and the workers of a service or runtime that spans nodes: an object in, its containers and sizes out."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource
from kservegen.kserve.workloads import SERVING_CONTAINER

RUNTIMES: Final = frozenset({"ServingRuntime", "ClusterServingRuntime"})
MULTI_NODE_KINDS: Final = RUNTIMES | {"InferenceService"}


class MultiNode(Struct, frozen=True):
    """What spans nodes: the spec that holds `workerSpec`, and the worker spec, with their paths."""

    path: Path
    holder: JsonObject
    worker: JsonObject

    @property
    def worker_path(self) -> Path:
        """Where the worker spec stands."""
        return (*self.path, "workerSpec")


def multi_node(resource: Resource) -> MultiNode | None:
    """Find what spans nodes; None where nothing does, or where a disabled runtime is not looked at."""
    spec = mapping(resource.doc.get("spec"))
    path: Path = ("spec",)
    if resource.kind == "InferenceService":
        spec, path = mapping(spec.get("predictor")), ("spec", "predictor")
    elif is_disabled(resource):
        return None
    worker = spec.get("workerSpec")
    return MultiNode(path, spec, worker) if isinstance(worker, dict) else None


def is_disabled(resource: Resource) -> bool:
    """Whether a runtime is switched off: its webhook then looks at nothing."""
    return resource.kind in RUNTIMES and mapping(resource.doc.get("spec")).get("disabled") is True


def heads(resource: Resource, found: MultiNode) -> Iterator[tuple[Path, JsonObject]]:
    """Go through the containers that lead: a service's `model`, a runtime's serving containers."""
    if resource.kind == "InferenceService":
        model = found.holder.get("model")
        if isinstance(model, dict):
            yield (*found.path, "model"), model
        return
    for index, container in enumerate(sequence(found.holder.get("containers"))):
        if isinstance(container, dict) and text(container.get("name")) == SERVING_CONTAINER:
            yield (*found.path, "containers", index), container
