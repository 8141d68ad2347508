"""A model that spans nodes asks for a resource that KServe does not know as an accelerator.

Beside cpu, memory and storage the webhook takes four accelerators and what the annotation gpu-resource-types adds as a
JSON array; MIG slices and rdma devices are refused until they are listed. A runtime's annotation stands in
spec.annotations.

Fix: List it: serving.kserve.io/gpu-resource-types: '["nvidia.com/mig-1g.5gb"]'.
Bad:
    predictor: {model: {resources: {limits: {rdma/ib: 1}}}, workerSpec: {}}
Good:
    metadata: {annotations: {serving.kserve.io/gpu-resource-types: '["rdma/ib"]'}}
    spec: {predictor: {model: {resources: {limits: {rdma/ib: 1}}}, workerSpec: {}}}
Upstream: ISVC-11; ISVC-12; ISVC-13; SR-07; SR-08; pkg/utils/utils.go
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._multi_node import MULTI_NODE_KINDS, MultiNode, heads, multi_node
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.kserve.workloads import WORKER_CONTAINER

_ANNOTATION: Final = "serving.kserve.io/gpu-resource-types"
_ACCELERATORS: Final = ("amd.com/gpu", "habana.ai/gaudi", "intel.com/gpu", "nvidia.com/gpu")
_BASIC: Final = frozenset({"cpu", "memory", "storage", "ephemeral-storage"})


@rule(Stage.ADMISSION, *MULTI_NODE_KINDS)
def check(resource: Resource, _context: Context) -> Problems:
    found = multi_node(resource)
    if found is None:
        return
    containers = (*heads(resource, found), *_workers(resource, found))
    if not containers:
        return
    is_service = resource.kind == "InferenceService"
    place: Path = ("metadata", "annotations") if is_service else ("spec", "annotations")
    annotations = mapping(mapping(resource.doc.get(str(place[0]))).get("annotations"))
    listed = text(annotations.get(_ANNOTATION))
    extra = _parse(listed)
    if extra is None:
        message = f"invalid GPU format({listed}) for {_ANNOTATION} annotation: must be a valid JSON array"
        hint = "Write a JSON array of names that is not empty."
        yield Problem((*place, _ANNOTATION), message, seen=listed, allowed='["vendor.com/name", ...]', hint=hint)
        return
    known = _BASIC.union(_ACCELERATORS, extra)
    for path, container in containers:
        name = "" if is_service else text(container.get("name"))
        yield from _unknown(path, container, known, name)


def _workers(resource: Resource, found: MultiNode) -> Iterator[tuple[Path, JsonObject]]:
    for index, container in enumerate(sequence(found.worker.get("containers"))):
        is_service = resource.kind == "InferenceService"
        if isinstance(container, dict) and (
            is_service or (index == 0 and text(container.get("name")) == WORKER_CONTAINER)
        ):
            yield (*found.worker_path, "containers", index), container


def _parse(listed: str) -> tuple[str, ...] | None:
    """Read the annotation; None where it is not a JSON array of names. An empty text is as good as none."""
    import json  # noqa: PLC0415 - the rare annotation needs it

    if not listed:
        return ()
    try:
        found = json.loads(listed)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not found or not all(isinstance(item, str) and item for item in found):
        return None
    return tuple(found)


def _unknown(path: Path, container: JsonObject, known: frozenset[str], name_of_runtime: str) -> Problems:
    said = (
        f"unknown GPU resource type in a container({name_of_runtime})"
        if name_of_runtime
        else f"Unknown GPU resource type. Set '{_ANNOTATION}' annotation to use custom gpu resource type"
    )
    resources = mapping(container.get("resources"))
    for side in ("requests", "limits"):
        for name in mapping(resources.get(side)):
            if name not in known:
                yield Problem(
                    (*path, "resources", side, name),
                    f"{said}: {name}",
                    seen=name,
                    allowed=", ".join(sorted(known)),
                    at_key=True,
                )
