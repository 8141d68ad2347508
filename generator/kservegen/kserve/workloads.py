"""Where pods are described inside KServe's kinds: an object in, its pod specs and containers with their paths out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

from msgspec import Struct

from kservegen.catalog.field_mapping import OLD_FRAMEWORKS
from kservegen.core.document import mapping, sequence, value_at
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource

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

# The predictor's old-style fields.
FRAMEWORKS: Final = OLD_FRAMEWORKS

_ALONE: Final = frozenset({"transformer", "explainer", "graph", "storage"})
_MODEL_FIELDS: Final = frozenset({"model", *FRAMEWORKS})

SERVING_CONTAINER: Final = "kserve-container"
WORKER_CONTAINER: Final = "worker-container"
TRANSFORMER_CONTAINER: Final = "transformer-container"
LLM_CONTAINER: Final = "main"
# Finalizers that KServe's controllers write on their own kinds.
KSERVE_FINALIZERS: Final = frozenset(
    {
        "inferenceservice.finalizers",
        "localmodel.kserve.io/finalizer",
        "serving.kserve.io/llmisvc-finalizer",
        "trainedmodel.finalizer",
    }
)


class PodSpecAt(NamedTuple):
    """A map that holds PodSpec's fields; what only KServe knows (`model`, `minReplicas`, ...) stands among them."""

    path: Path
    role: Role
    spec: JsonObject

    @property
    def partial(self) -> bool:
        """Whether KServe merges it, by name, with a runtime's or a preset's: twins collapse, gaps are filled."""
        if self.role in _ALONE:
            return False
        return self.role != "predictor" or not _MODEL_FIELDS.isdisjoint(self.spec)


class ContainerAt(Struct, frozen=True):
    """One container of an object; `serving` marks the one that the compact words of a catalog go to."""

    path: Path
    role: Role
    container: JsonObject
    serving: bool
    pod: PodSpecAt
    init: bool = False


def containers(resource: Resource) -> tuple[ContainerAt, ...]:
    """List the containers of an object, init containers included; empty for kinds without pods."""
    if resource.id.kind == "ClusterStorageContainer":
        return _storage_container(mapping(resource.doc.get("spec")))
    return containers_in(pod_specs(resource))


def containers_in(pods: tuple[PodSpecAt, ...]) -> tuple[ContainerAt, ...]:
    """List the containers of pod specs, in their order."""
    found: list[ContainerAt] = []
    for pod in pods:
        if pod.role == "graph":
            found += _router(pod)
            continue
        single = _single(pod)
        found += single
        if "containers" in pod.spec or "initContainers" in pod.spec:
            found += _listed(pod, serving=None if single else _serving_container(pod))
    return tuple(found)


def pod_specs(resource: Resource) -> tuple[PodSpecAt, ...]:
    """List the pod specs of an object; empty for kinds without pods."""
    find = _POD_SPECS.get(resource.id.kind)
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
        found = value_at(spec, path[1:])
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


def _serving_container(pod: PodSpecAt) -> str | int:
    """Name the container that serves, or give its position where KServe renames whatever stands there."""
    if pod.role in _RENAMED_ROLES:
        return _renamed(pod)
    if pod.role == "runtime":
        return SERVING_CONTAINER
    return WORKER_CONTAINER if "workerSpec" in pod.path else LLM_CONTAINER


_RENAMED_ROLES: Final = frozenset({"predictor", "transformer", "explainer"})


def _single(pod: PodSpecAt) -> list[ContainerAt]:
    """List the containers that stand in a field of their own: `model`, an old framework field, `art`."""
    path, role, spec = pod
    field = _SINGLE.get(role)
    if field is None:
        return []
    value = spec.get(field)
    found = [ContainerAt((*path, field), role, value, True, pod)] if isinstance(value, dict) else []
    if role == "predictor" and not _FRAMEWORK_SET.isdisjoint(spec):
        old = ((name, spec.get(name)) for name in FRAMEWORKS)
        found += [ContainerAt((*path, name), role, value, True, pod) for name, value in old if isinstance(value, dict)]
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
                yield ContainerAt((*pod.path, field, index), pod.role, container, chosen, pod, init)


def _storage_container(spec: JsonObject) -> tuple[ContainerAt, ...]:
    container = spec.get("container")
    if not isinstance(container, dict):
        return ()
    # It belongs to pods that are not there yet.
    pod = PodSpecAt(("spec",), "storage", {})
    return (ContainerAt(("spec", "container"), "storage", container, True, pod, True),)


def _router(pod: PodSpecAt) -> tuple[ContainerAt, ...]:
    """Find a graph's `resources`: its router has no container in the object, they stand where a container's would."""
    return (ContainerAt(pod.path, "graph", pod.spec, True, pod),) if "resources" in pod.spec else ()


_POD_SPECS: Final[dict[str, Callable[[JsonObject], Iterator[PodSpecAt]]]] = {
    "InferenceService": _service_pods,
    "LLMInferenceService": _llm_pods,
    "LLMInferenceServiceConfig": _llm_pods,
    "ServingRuntime": _runtime_pods,
    "ClusterServingRuntime": _runtime_pods,
    "InferenceGraph": _graph_pods,
}
