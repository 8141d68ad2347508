"""What runs of a stored object: all that was made of it in, its pods by kind out, with how many there are of each.

How many there are says the workload, or else what scales it: a HorizontalPodAutoscaler, KEDA's ScaledObject, Knative's
annotations. Of a group of nodes (LeaderWorkerSet) each replica is one leader and its workers. A pod that the API server
or a webhook refuses is described by the template it would be made from.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from kservegen.core.document import integer, mapping, sequence, text, value_at
from kservegen.core.identity_cache import IdentityCache
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Origin
from kservegen.core.values import whole_number
from kservegen.kserve.controllers.made import Made, MadeObject, MadePod, inside
from kservegen.kserve.controllers.parts import pick
from kservegen.kserve.controllers.workloads import AUTOSCALER_CLASS
from kservegen.kserve.derived import child_name
from kservegen.kubernetes.rollout import deployment_rollout

_SCALING: Final = "autoscaling.knative.dev/"
_TEMPLATE: Final = ("spec", "template")
_GROUPED: Final = "LeaderWorkerSet"
_TEMPLATES: Final[dict[str, Path]] = {"Deployment": _TEMPLATE, _GROUPED: ("spec", "leaderWorkerTemplate")}
_SCALED_MOST: Final = 100  # KEDA's maxReplicaCount where none is stated
# queue-sidecar-cpu-request of ConfigMap config-deployment, as Knative has it.
_QUEUE_PROXY: Final[JsonObject] = {"name": "queue-proxy", "resources": {"requests": {"cpu": "25m"}}}
# What the scheduler reads of a pod, and of each container.
_PLACED: Final = frozenset(
    """
    affinity nodeName nodeSelector overhead resourceClaims resources tolerations topologySpreadConstraints
    """.split()
)
_COUNTED: Final = frozenset({"resources"})
_SCHEDULER: Final[Path] = ("spec", "router", "scheduler", "template")


class PodCount(Struct, frozen=True):
    """How many pods there are: at the least, at the most, and while a new version comes up.

    Then there are `surge` more, and `unavailable` old ones may go before a new one is ready. `unbounded` says that
    nothing sets a maximum, so that `maximum` is only what there is for certain.
    """

    minimum: int
    maximum: int
    surge: int = 0
    unavailable: int = 0
    unbounded: bool = False


class RunningWorkload(Struct, frozen=True, kw_only=True, eq=False):
    """Pods that are all alike.

    `role` is what they are to the object: predictor, transformer, explainer, canary, router, main, prefill, scheduler,
    and `predictor worker` and the like for those that a leader leads. `path` is where the object asks for them.
    `kind` and `name` are those of the workload, `pod` has metadata and spec; `nodes` is how many pods serve together.
    """

    role: str
    path: Path
    kind: str
    name: str
    count: PodCount
    pod: JsonObject
    origins: tuple[Origin, ...] = ()
    nodes: int = 1


class PodTemplate(Struct, frozen=True):
    """What the pods of a workload are made from, and what they are to the object.

    `template` is the part of the workload in which any difference replaces its pods; those of a group of nodes share
    one. `selector` is empty where the workload selects no pods by labels that it states.
    """

    role: str
    kind: str
    name: str
    template: JsonObject
    selector: JsonObject
    origins: tuple[Origin, ...]


def pod_templates(stored: JsonObject, made: Made) -> Iterator[PodTemplate]:
    """List the templates of an object's workloads that were made."""
    roles = _roles(stored)
    for item in made.objects:
        kind, name = text(item.doc.get("kind")), text(mapping(item.doc.get("metadata")).get("name"))
        role = roles.get(name)
        if role is None or (kind != "Service" and kind not in _TEMPLATES):
            continue
        path = _TEMPLATES.get(kind, _TEMPLATE)
        template = value_at(item.doc, path)
        if not isinstance(template, dict):
            continue  # Kubernetes' own Service
        selector = mapping(value_at(item.doc, ("spec", "selector")))
        parts = ("", " worker") if kind == _GROUPED else ("",)
        for part in parts:
            yield PodTemplate(role.name + part, kind, name, template, selector, tuple(inside(path, item.origins)))


def running_workloads(stored: JsonObject, made: Made) -> Iterator[RunningWorkload]:
    """List the workloads of an object that were made."""
    roles = _roles(stored)
    pods = {pod.of: pod for pod in made.pods}
    scalers = list(_scalers(made))
    for item in made.objects:
        kind = text(item.doc.get("kind"))
        if kind != _GROUPED and item.label not in pods:
            continue
        role = roles.get(text(mapping(item.doc.get("metadata")).get("name")), _NO_ROLE)
        if kind == _GROUPED:
            yield from _group(item, pods, role, _bounds(item, scalers))
        else:
            spec = mapping(item.doc.get("spec"))
            if kind == "Deployment":
                stated = mapping(value_at(stored, role.path))
                count = _deployment(spec, _outside(item, stated) or _bounds(item, scalers))
                workload = _workload(item, pods[item.label], _TEMPLATE, role, count)
                yield replace(workload, nodes=_nodes(role, made))
            else:
                yield _with_proxy(_workload(item, pods[item.label], _TEMPLATE, role, _revision(spec)))


def _workload(item: MadeObject, pod: MadePod, template: Path, role: _Role, count: PodCount) -> RunningWorkload:
    refused = pod.pod is None
    return RunningWorkload(
        role=role.name,
        path=role.path,
        kind=text(item.doc.get("kind")),
        name=text(mapping(item.doc.get("metadata")).get("name")),
        count=count,
        pod=mapping(value_at(item.doc, template)) if pod.pod is None else pod.pod,
        origins=tuple(inside(template, item.origins)) if refused else pod.origins,
    )


def as_scheduled(workload: RunningWorkload) -> RunningWorkload:
    """Return a workload with no more of its pod than the scheduler reads."""
    metadata, spec = mapping(workload.pod.get("metadata")), mapping(workload.pod.get("spec"))
    kept = pick(spec, _PLACED)
    for field, words in (("containers", _COUNTED), ("initContainers", _COUNTED | {"restartPolicy"})):
        if field in spec:
            kept[field] = [pick(mapping(item), words) for item in sequence(spec[field])]
    return replace(
        workload,
        pod={"metadata": {"labels": mapping(metadata.get("labels"))}, "spec": kept},
        origins=_scheduled_origins.get((workload.origins,), partial(_of_scheduled, workload.origins)),
    )


# Objects that are made alike have them in common.
_scheduled_origins: Final = IdentityCache[tuple[Origin, ...]](16)


def _of_scheduled(origins: tuple[Origin, ...]) -> tuple[Origin, ...]:
    return tuple(origin for origin in origins if _is_scheduled(origin.built))


def _is_scheduled(built: Path) -> bool:
    field, _, part = (*built[1:4], "", "", "")[:3]
    return field in _PLACED or field == "" or (field == "containers" and part in ("", "resources"))


def _nodes(role: _Role, made: Made) -> int:
    """Say how many pods serve together: the head of a predictor and its workers, which have one Deployment."""
    if role.name != "predictor":
        return 1
    named = ((text(mapping(item.doc.get("metadata")).get("name")), item.doc) for item in made.objects)
    specs = (mapping(doc.get("spec")) for name, doc in named if name.endswith("-predictor-worker"))
    return 1 + sum(integer(spec.get("replicas")) or 0 for spec in specs if "template" in spec)


class _Role(Struct, frozen=True):
    """What pods are to an object, and where it asks for them."""

    name: str
    path: Path


_NO_ROLE: Final = _Role("", ("spec",))
_SIDES: Final = tuple(_Role(side, ("spec", side)) for side in ("predictor", "transformer", "explainer"))
_WORKER: Final = _Role("predictor worker", ("spec", "predictor", "workerSpec"))


class _Bounds(NamedTuple):
    least: int
    most: int
    unbounded: bool = False


class _Scaler(Struct, frozen=True):
    kind: str
    target: str
    bounds: _Bounds


def _scalers(made: Made) -> Iterator[_Scaler]:
    for item in made.objects:
        kind, spec = text(item.doc.get("kind")), mapping(item.doc.get("spec"))
        target = mapping(spec.get("scaleTargetRef"))
        if kind == "HorizontalPodAutoscaler":
            least, most = integer(spec.get("minReplicas")), integer(spec.get("maxReplicas"))
            yield _Scaler(text(target.get("kind")), text(target.get("name")), _ordered(least, most, 1))
        elif kind == "ScaledObject":
            least, most = integer(spec.get("minReplicaCount")), integer(spec.get("maxReplicaCount"))
            idle = integer(spec.get("idleReplicaCount"))
            least = 0 if least is None else least
            bounds = _ordered(least, most, _SCALED_MOST)
            bounds = bounds if idle is None else bounds._replace(least=min(least, idle))
            yield _Scaler(
                text(target.get("kind")) or "Deployment", text(target.get("name")), bounds._replace(least=least)
            )


def _ordered(least: int | None, most: int | None, usual: int) -> _Bounds:
    lower = 1 if least is None else least
    return _Bounds(lower, max(usual if most is None else most, lower))


def _bounds(item: MadeObject, scalers: list[_Scaler]) -> _Bounds:
    own = text(item.doc.get("kind")), text(mapping(item.doc.get("metadata")).get("name"))
    found = next((scaler.bounds for scaler in scalers if (scaler.kind, scaler.target) == own), None)
    if found is not None:
        return found
    replicas = integer(mapping(item.doc.get("spec")).get("replicas"))
    return _Bounds(1, 1) if replicas is None else _Bounds(replicas, replicas)


def _with_proxy(workload: RunningWorkload) -> RunningWorkload:
    """Put Knative's own container beside the others."""
    spec = mapping(workload.pod.get("spec"))
    containers = [*sequence(spec.get("containers")), _QUEUE_PROXY]
    return replace(workload, pod={**workload.pod, "spec": {**spec, "containers": containers}})


def _outside(item: MadeObject, stated: JsonObject) -> _Bounds | None:
    """Return what the object states, where something that KServe does not make scales the Deployment."""
    annotations = mapping(mapping(item.doc.get("metadata")).get("annotations"))
    if annotations.get(AUTOSCALER_CLASS) != "external":
        return None
    least, most = integer(stated.get("minReplicas")), integer(stated.get("maxReplicas"))
    return _ordered(least, most, 1)._replace(unbounded=not most)


def _deployment(spec: JsonObject, bounds: _Bounds) -> PodCount:
    rollout = deployment_rollout(mapping(spec.get("strategy")), bounds.most)
    return PodCount(bounds.least, bounds.most, *rollout, bounds.unbounded)


def _revision(spec: JsonObject) -> PodCount:
    """Count the pods of a Knative Service: a new revision starts before the old one goes; a canary keeps both."""
    annotations = mapping(value_at(spec, ("template", "metadata", "annotations")))
    least, most, initial = (
        whole_number(text(annotations.get(_SCALING + key))) for key in ("min-scale", "max-scale", "initial-scale")
    )
    started = max(least or 0, 1 if initial is None else initial)
    maximum = max(most or 0, started)
    both = len(sequence(spec.get("traffic"))) > 1
    return PodCount(least or 0, maximum, maximum if both else started, unbounded=not most)


def _group(item: MadeObject, pods: dict[str, MadePod], role: _Role, bounds: _Bounds) -> Iterator[RunningWorkload]:
    """List the leaders and the workers of a LeaderWorkerSet, which rolls group by group in place."""
    group = mapping(value_at(item.doc, ("spec", "leaderWorkerTemplate")))
    size = integer(group.get("size")) or 1
    leaders = 1 if "leaderTemplate" in group else 0
    for field, part, each in (("leaderTemplate", "", leaders), ("workerTemplate", "worker", size - leaders)):
        pod = pods.get(f"{item.label}/{field}")
        if pod is not None and each:
            own = _Role(f"{role.name} {part}".strip(), (*role.path[:-1], part or "template"))
            count = PodCount(bounds.least * each, bounds.most * each)
            yield replace(_workload(item, pod, ("spec", "leaderWorkerTemplate", field), own, count), nodes=size)


def _roles(stored: JsonObject) -> dict[str, _Role]:
    """Say what the workloads are to an object, by their names."""
    kind, spec = text(stored.get("kind")), mapping(stored.get("spec"))
    name = text(mapping(stored.get("metadata")).get("name"))
    if kind == "LLMInferenceService":
        return _llm_roles(name)
    if kind == "InferenceGraph":
        return {name: _Role("router", ("spec",))}
    stable = text(mapping(spec.get("predictor")).get("name"))
    found: dict[str, _Role] = {}
    for index, entry in enumerate(sequence(spec.get("canary"))):
        own = text(mapping(mapping(entry).get("predictor")).get("name")) or stable
        found[f"{name}-{own}-predictor"] = _Role("canary", ("spec", "canary", index, "predictor"))
    found.update({f"{name}-{side.name}": side for side in _SIDES})
    found[f"{name}-{stable}-predictor" if stable else f"{name}-predictor"] = _SIDES[0]
    found[f"{name}-predictor-worker"] = _WORKER
    return found


def _llm_roles(name: str) -> dict[str, _Role]:
    found = {child_name(name, "-kserve-router-scheduler"): _Role("scheduler", _SCHEDULER)}
    for ending, role, path in (("", "main", ("spec",)), ("-prefill", "prefill", ("spec", "prefill"))):
        for workload in ("-kserve", "-kserve-mn"):
            found[child_name(name, workload + ending)] = _Role(role, (*path, "template"))
    return found
