"""Where pods are described inside KServe's kinds: an object in, its pod specs and containers with their paths out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

from kservegen.build.resource import Resource
from kservegen.document import mapping, sequence
from kservegen.jsontypes import JsonObject, Path

Role: TypeAlias = Literal[
    "predictor",
    "transformer",
    "explainer",
    "worker",
    "main",
    "prefill",
    "prefill-worker",
    "scheduler",
    "runtime",
    "storage",
    "graph",
]

# The predictor's old-style fields, in the order in which KServe's defaulter looks for them.
FRAMEWORKS: Final = (
    "sklearn",
    "tensorflow",
    "xgboost",
    "pytorch",
    "triton",
    "onnx",
    "huggingface",
    "pmml",
    "lightgbm",
    "paddle",
)

SERVING_CONTAINER: Final = "kserve-container"
WORKER_CONTAINER: Final = "worker-container"
LLM_CONTAINER: Final = "main"


class ContainerAt(NamedTuple):
    """One container of an object; `serving` marks the one that the compact words of a catalog go to."""

    path: Path
    role: Role
    container: JsonObject
    serving: bool
    init: bool = False


class PodSpecAt(NamedTuple):
    """A map that holds PodSpec's fields; what only KServe knows (`model`, `minReplicas`, ...) stands among them."""

    path: Path
    role: Role
    spec: JsonObject


def containers(resource: Resource) -> tuple[ContainerAt, ...]:
    """List the containers of an object, init containers included; empty for kinds without pods."""
    find = _CONTAINERS.get(resource.kind)
    return tuple(find(mapping(resource.doc.get("spec")))) if find else ()


def pod_specs(resource: Resource) -> tuple[PodSpecAt, ...]:
    """List the pod specs of an object; empty for kinds without pods."""
    find = _POD_SPECS.get(resource.kind)
    return tuple(find(mapping(resource.doc.get("spec")))) if find else ()


def _service_pods(spec: JsonObject) -> Iterator[PodSpecAt]:
    predictor = spec.get("predictor")
    if isinstance(predictor, dict):
        yield from _predictor_pods(("spec", "predictor"), predictor)
    transformer = spec.get("transformer")
    if isinstance(transformer, dict):
        yield PodSpecAt(("spec", "transformer"), "transformer", transformer)
    explainer = spec.get("explainer")
    if isinstance(explainer, dict):
        yield PodSpecAt(("spec", "explainer"), "explainer", explainer)
    canaries = spec.get("canary")
    if isinstance(canaries, list):
        for index, canary in enumerate(canaries):
            predictor = mapping(canary).get("predictor")
            if isinstance(predictor, dict):
                yield from _predictor_pods(("spec", "canary", index, "predictor"), predictor)


def _predictor_pods(path: Path, predictor: JsonObject) -> Iterator[PodSpecAt]:
    yield PodSpecAt(path, "predictor", predictor)
    worker = predictor.get("workerSpec")
    if isinstance(worker, dict):
        yield PodSpecAt((*path, "workerSpec"), "worker", worker)


def _llm_pods(spec: JsonObject) -> Iterator[PodSpecAt]:
    for path, role in _LLM_PODS:
        found: object = spec
        for key in path[1:]:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, dict):
            yield PodSpecAt(path, role, found)


_LLM_PODS: Final[tuple[tuple[tuple[str, ...], Role], ...]] = (
    (("spec", "template"), "main"),
    (("spec", "worker"), "worker"),
    (("spec", "prefill", "template"), "prefill"),
    (("spec", "prefill", "worker"), "prefill-worker"),
    (("spec", "router", "scheduler", "template"), "scheduler"),
)


def _runtime_pods(spec: JsonObject) -> Iterator[PodSpecAt]:
    yield PodSpecAt(("spec",), "runtime", spec)
    worker = spec.get("workerSpec")
    if isinstance(worker, dict):
        yield PodSpecAt(("spec", "workerSpec"), "worker", worker)


def _graph_pods(spec: JsonObject) -> Iterator[PodSpecAt]:
    yield PodSpecAt(("spec",), "graph", spec)


def _service_containers(spec: JsonObject) -> Iterator[ContainerAt]:
    for pod in _service_pods(spec):
        single = _single(pod)
        yield from single
        if "containers" in pod.spec or "initContainers" in pod.spec:
            yield from _listed(pod, serving=_service_container(pod, single))


def _service_container(pod: PodSpecAt, single: list[ContainerAt]) -> str | int | None:
    if pod.role == "worker":
        return WORKER_CONTAINER
    return None if single else _renamed(pod)


def _single(pod: PodSpecAt) -> list[ContainerAt]:
    """List the containers that stand in a field of their own: `model`, an old framework field, `art`."""
    path, role, spec = pod
    field = _SINGLE.get(role)
    if field is None:
        return []
    value = spec.get(field)
    found = [ContainerAt((*path, field), role, value, True)] if isinstance(value, dict) else []
    if role == "predictor" and not _FRAMEWORK_SET.isdisjoint(spec):
        old = ((name, spec.get(name)) for name in FRAMEWORKS)
        found += [ContainerAt((*path, name), role, value, True) for name, value in old if isinstance(value, dict)]
    return found


_SINGLE: Final[dict[Role, str]] = {"predictor": "model", "explainer": "art"}
_FRAMEWORK_SET: Final = frozenset(FRAMEWORKS)


def _renamed(pod: PodSpecAt) -> str | int:
    """Say which container KServe's defaulter makes the serving one: a name, or the first whatever its name."""
    listed = sequence(pod.spec.get("containers"))
    if pod.role != "predictor" or len(listed) == 1 or (listed and not mapping(listed[0]).get("name")):
        return 0
    return SERVING_CONTAINER


def _listed(pod: PodSpecAt, *, serving: str | int | None) -> Iterator[ContainerAt]:
    for field in ("containers", "initContainers"):
        items = pod.spec.get(field)
        if not isinstance(items, list):
            continue
        init = field == "initContainers"
        for index, container in enumerate(items):
            if isinstance(container, dict):
                chosen = not init and serving is not None and serving in (index, container.get("name"))
                yield ContainerAt((*pod.path, field, index), pod.role, container, chosen, init)


def _llm_containers(spec: JsonObject) -> Iterator[ContainerAt]:
    for pod in _llm_pods(spec):
        yield from _listed(pod, serving=LLM_CONTAINER)


def _runtime_containers(spec: JsonObject) -> Iterator[ContainerAt]:
    for pod in _runtime_pods(spec):
        yield from _listed(pod, serving=WORKER_CONTAINER if pod.role == "worker" else SERVING_CONTAINER)


def _storage_containers(spec: JsonObject) -> Iterator[ContainerAt]:
    container = spec.get("container")
    if isinstance(container, dict):
        yield ContainerAt(("spec", "container"), "storage", container, True, True)


def _graph_containers(spec: JsonObject) -> Iterator[ContainerAt]:
    """Find a graph's `resources`: its router has no container in the object, they stand where a container's would."""
    if "resources" in spec:
        yield ContainerAt(("spec",), "graph", spec, True)


_POD_SPECS: Final[dict[str, Callable[[JsonObject], Iterator[PodSpecAt]]]] = {
    "InferenceService": _service_pods,
    "LLMInferenceService": _llm_pods,
    "LLMInferenceServiceConfig": _llm_pods,
    "ServingRuntime": _runtime_pods,
    "ClusterServingRuntime": _runtime_pods,
    "InferenceGraph": _graph_pods,
}

_CONTAINERS: Final[dict[str, Callable[[JsonObject], Iterator[ContainerAt]]]] = {
    "InferenceService": _service_containers,
    "LLMInferenceService": _llm_containers,
    "LLMInferenceServiceConfig": _llm_containers,
    "ServingRuntime": _runtime_containers,
    "ClusterServingRuntime": _runtime_containers,
    "ClusterStorageContainer": _storage_containers,
    "InferenceGraph": _graph_containers,
}
