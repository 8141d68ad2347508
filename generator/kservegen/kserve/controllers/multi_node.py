"""A predictor that spans nodes: the head's draft in, the workers' beside it, both told how they find each other.

Source: reconcileWorker and multiNodeProcess in pkg/controller/v1beta1/inferenceservice/components/predictor.go,
createRawDeployment and addGPUResourceToDeployment in reconcilers/deployment at v0.19.0 and v0.20.0.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.quantity import parse_quantity
from kservegen.core.resource import Origin
from kservegen.kserve.controllers.made import STORED, ReconcileError, Traced, traced
from kservegen.kserve.controllers.merging import merge, without_empty
from kservegen.kserve.controllers.parts import (
    CONTAINER_FIELDS,
    POD_FIELDS,
    SourcedMap,
    append,
    env_list,
    pick,
    pod_containers,
)
from kservegen.kserve.controllers.predictor import RUNTIME_POD_FIELDS, assembled, merge_containers
from kservegen.kserve.controllers.runtime_choice import ChosenRuntime
from kservegen.kserve.controllers.settings import ControllerSettings
from kservegen.kserve.controllers.workloads import ComponentDraft, app_label
from kservegen.kserve.releases import Capabilities
from kservegen.kserve.workloads import WORKER_CONTAINER

_EXECUTOR: Final = "multinode/executor-backend"
_GPU_TYPES: Final = ("nvidia.com/gpu", "amd.com/gpu", "intel.com/gpu", "habana.ai/gaudi")
_GENERATION: Final = "isvc.generation"


class _Shape(Struct, frozen=True):
    nodes: int
    head: int
    worker: int


def worker_of(
    head: ComponentDraft, service: str, runtime: ChosenRuntime, capabilities: Capabilities, settings: ControllerSettings
) -> ComponentDraft:
    """Make the workers of a predictor; the head is changed in place. ReconcileError where the GPUs do not suffice."""
    stated = mapping(head.spec.get("workerSpec"))
    theirs = runtime.spec.get("workerSpec")
    if not isinstance(theirs, dict):
        raise ReconcileError("worker", "Panic", "panic: the runtime has no workerSpec")
    pipeline, tensor = (_size(name, stated, theirs) for name in ("pipelineParallelSize", "tensorParallelSize"))
    pod = _worker_pod(head.path, stated, theirs, runtime, capabilities)
    types = (*_GPU_TYPES, *settings.texts("multiNode", "customGPUResourceTypeList"))
    own, others = (_requested(item, types) for item in (head.pod.value, pod.value))
    knows = capabilities.worker_services
    if knows and mapping(runtime.spec.get("annotations")).get(_EXECUTOR) == "mp":
        shape = _Shape(pipeline, tensor, tensor)
    else:
        shape = _shape(pipeline * tensor, own, others)
    sizes = {"PIPELINE_PARALLEL_SIZE": str(pipeline), "TENSOR_PARALLEL_SIZE": str(tensor)}
    generation = "1"
    _tell_head(head, service, shape, sizes)
    name = text(head.spec.get("name"))
    workers = f"{service}-{name}-workers-{generation}" if name else f"{service}-workers-{generation}"
    found = {"ISVC_NAME": service, "HEAD_SVC": f"{service}-head-{generation}"}
    counts = {"RAY_NODE_COUNT": str(shape.nodes), "REQUEST_GPU_COUNT": str(shape.worker)}
    _tell(pod.value, {**counts, **sizes, **found, "WORKER_SVC": workers} if knows else {**counts, **found})
    for spec, count in ((head.pod.value, shape.head), (pod.value, shape.worker)):
        _give_gpus(spec, count, types)
    head.labels.put(_GENERATION, generation)
    annotations, labels = SourcedMap(), SourcedMap()
    words = runtime.words("workerSpec")
    annotations.lay(mapping(theirs.get("annotations")), (*words, "annotations"))
    labels.lay(mapping(theirs.get("labels")), (*words, "labels"))
    annotations.merge(head.own_annotations)
    labels.merge(head.own_labels)
    labels.put(_GENERATION, generation)
    labels.put("app", app_label(f"{head.name}-worker"))
    return ComponentDraft(
        role=head.role,
        name=f"{service}-predictor-worker",
        namespace=head.namespace,
        spec={**head.spec, "minReplicas": shape.nodes - 1},
        path=head.path,
        annotations=annotations,
        labels=labels,
        pod=pod,
        selector=f"{head.name}-worker",
    )


def _size(name: str, stated: JsonObject, theirs: JsonObject) -> int:
    for source in (stated, theirs):
        value = integer(source.get(name))
        if value is not None:
            return value
    return 1


def _worker_pod(
    path: Path, stated: JsonObject, theirs: JsonObject, runtime: ChosenRuntime, capabilities: Capabilities
) -> Traced:
    listed = sequence(theirs.get("containers"))
    at = next((i for i, item in enumerate(listed) if mapping(item).get("name") == WORKER_CONTAINER), None)
    if at is None:
        message = f"failed to get workerSpec container {WORKER_CONTAINER} in ServingRuntime {runtime.name}"
        raise ReconcileError("worker", "InvalidGPUAllocation", message)
    base = traced(mapping(listed[at]), runtime.words("workerSpec", "containers", at))
    own = mapping(next(iter(sequence(stated.get("containers"))), {}))
    words = (STORED, *path, "workerSpec")
    overlay = traced(without_empty(pick(own, CONTAINER_FIELDS)), (*words, "containers", 0))
    container = merge_containers(base, overlay, capabilities)
    pod = merge(
        traced(pick(theirs, RUNTIME_POD_FIELDS), runtime.words("workerSpec")),
        traced(without_empty(pick(stated, POD_FIELDS - {"containers"})), words),
    )
    return assembled(pod, [container])


def _requested(pod: JsonObject, types: tuple[str, ...]) -> int:
    """Count the GPUs that the first container requests; limits alone count nothing."""
    containers = pod_containers(pod)
    requests = mapping(mapping(containers[0].get("resources")).get("requests")) if containers else {}
    return sum(_count(requests.get(name)) for name in types)


def _count(value: object) -> int:
    quantity = parse_quantity(str(value)) if value is not None else None
    return 0 if quantity is None else int(quantity.value)


def _shape(total: int, head: int, worker: int) -> _Shape:
    """Spread GPUs over nodes as Ray is to find them."""
    if worker > 0:
        nodes = -(-total // worker)
        front = head or total - worker * (nodes - 1)
        if front >= total:
            return _Shape(1, total, 0)
        if nodes == 1:
            return _Shape(1, total, 0)
        shape = _Shape(nodes, front, worker)
    elif head > 0:
        shape = _Shape(1 + max(total - head, 0), head, 1)
    else:
        shape = _Shape(total, 1, 1)
    if shape.head + shape.worker * (shape.nodes - 1) < total:
        message = f"the total required number of GPUs is {total}, the nodes have fewer"
        raise ReconcileError("worker", "InvalidGPUAllocation", message)
    return shape


def _tell_head(head: ComponentDraft, service: str, shape: _Shape, sizes: dict[str, str]) -> None:
    counts = {"RAY_NODE_COUNT": str(shape.nodes), "REQUEST_GPU_COUNT": str(shape.head)}
    named = {**sizes, **counts, "MODEL_NAME": service}
    uri = text(mapping(head.spec.get("model")).get("storageUri"))
    if uri.startswith(("pvc://", "oci://")):
        named["MODEL_DIR"] = "/mnt/models"
    _tell(head.pod.value, named)


def _tell(pod: JsonObject, variables: dict[str, str]) -> None:
    containers = pod_containers(pod)
    if containers:
        append(containers[0], "env", *env_list(variables))


def _give_gpus(pod: JsonObject, count: int, types: tuple[str, ...]) -> None:
    """Overwrite the GPUs of the first container with what was worked out."""
    container = pod_containers(pod)[0]
    resources = mapping(container.get("resources"))
    sides = [mapping(resources.get(side)) for side in ("limits", "requests")]
    kind = next((name for name in types for side in sides if _count(side.get(name))), _GPU_TYPES[0])
    limits, requests = ({**side, kind: str(count)} for side in sides)
    container["resources"] = {**resources, "limits": limits, "requests": requests}


def node_services(
    component: ComponentDraft, worker: ComponentDraft, capabilities: Capabilities
) -> list[tuple[JsonObject, list[Origin]]]:
    """Make the Services by which the nodes of a predictor find each other."""
    base, generation = component.name.removesuffix("-predictor"), text(component.labels.values.get(_GENERATION))
    made = []
    for role, ending, app in (("head", "head", component.name), ("worker", "workers", worker.selector)):
        if role == "worker" and not capabilities.worker_services:
            continue
        metadata = component.metadata
        labels: JsonObject = {**mapping(metadata["labels"]), "multinode/role": role}
        doc: JsonObject = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**metadata, "name": f"{base}-{ending}-{generation}", "labels": labels},
            "spec": {
                "clusterIP": "None",
                "publishNotReadyAddresses": True,
                "selector": {"app": app_label(app), _GENERATION: generation},
            },
        }
        made.append((doc, component.metadata_origins()))
    return made
