"""An object in; its groups of like pods out: what one pod requests, and how many there are when.

Sources: KServe's controllers create one Deployment per component, a LeaderWorkerSet where pods span nodes; numbers
are those of the HorizontalPodAutoscaler, of Knative's revision or of the object itself (rules.md 9 of the project's
facts); what the webhook adds to pods has the sizes of the charts' inferenceservice-config.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

from kservegen.checks.demand.requests import Requests, merged_requests, pod_requests
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.resource import Resource
from kservegen.core.values import whole_number

# What the runtime that serves a predictor brings, as `resources` of its container; None where none is known.
RuntimeResources = Callable[[Resource, JsonObject], JsonValue]

_MODE: Final = "serving.kserve.io/deploymentMode"
_STOP: Final = "serving.kserve.io/stop"
# Fixed in the charts' ConfigMap, whatever the values say.
_INITIALIZER: Final[JsonObject] = {"requests": {"cpu": "100m", "memory": "100Mi"}}
_AGENT: Final[JsonObject] = {"requests": {"cpu": "100m", "memory": "100Mi"}}
_ROUTER: Final[JsonObject] = {"requests": {"cpu": "100m", "memory": "100Mi"}}
_QUEUE_PROXY: Final[JsonObject] = {"requests": {"cpu": "25m"}}
_MODELCAR: Final[JsonObject] = {"requests": {"cpu": "10m", "memory": "15Mi"}}
_QUARTER: Final = Fraction(1, 4)


class Count(NamedTuple):
    """How many pods there are: at the least, at the most, and while a new version comes up.

    Then there are `surge` more, and `unavailable` old ones may go before a new one is ready.
    """

    minimum: int
    maximum: int
    surge: int = 0
    unavailable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PodGroup:
    """Pods that are all alike. `path` is where the object describes them; `pod` holds placement words.

    `unbounded` says that no maximum is set, so that `count.maximum` is only the minimum.
    """

    role: str
    path: Path
    pod: JsonObject
    requests: Requests
    count: Count
    unbounded: bool = False


def pod_groups(
    resource: Resource, *, cluster_mode: str, runtime: RuntimeResources, defaults: Requests | None = None
) -> tuple[PodGroup, ...]:
    """List the pods that an object asks for; empty for kinds that bring none, and for what is stopped.

    `defaults` are what a LimitRange of its namespace gives to containers that request nothing.
    """
    find = _KINDS.get(resource.kind)
    if find is None:
        return ()
    annotations = mapping(mapping(resource.doc.get("metadata")).get("annotations"))
    if text(annotations.get(_STOP)).lower() == "true":
        return ()
    mode = text(annotations.get(_MODE)) or cluster_mode
    spec = mapping(resource.doc.get("spec"))
    return tuple(find(_Subject(resource, spec, mode == "Knative", runtime, defaults or {})))


class _Subject(NamedTuple):
    resource: Resource
    spec: JsonObject
    knative: bool
    runtime: RuntimeResources
    defaults: Requests


def _service(subject: _Subject) -> Iterator[PodGroup]:
    spec = subject.spec
    for name in ("predictor", "transformer", "explainer"):
        component = spec.get(name)
        if isinstance(component, dict):
            yield from _component(subject, name, ("spec", name), component)
    for index, canary in enumerate(sequence(spec.get("canary"))):
        component = mapping(canary).get("predictor")
        if isinstance(component, dict):
            yield from _component(subject, "canary", ("spec", "canary", index, "predictor"), component)


def _component(subject: _Subject, role: str, path: Path, component: JsonObject) -> Iterator[PodGroup]:
    worker = component.get("workerSpec")
    count, unbounded = _component_count(subject, component)
    requests = _component_requests(subject, component)
    yield PodGroup(role=role, path=path, pod=component, requests=requests, count=count, unbounded=unbounded)
    if isinstance(worker, dict):
        followers = (integer(worker.get("pipelineParallelSize")) or 2) - 1
        # Workers stay until all of the new ones are ready, whatever rolling update is asked for.
        surge = 0 if _recreates(component.get("deploymentStrategy")) else count.maximum
        yield PodGroup(
            role=f"{role} worker",
            path=(*path, "workerSpec"),
            pod=worker,
            requests=_listed_requests(subject, worker),
            count=Count(count.minimum * followers, count.maximum * followers, surge * followers),
        )


def _component_count(subject: _Subject, component: JsonObject) -> tuple[Count, bool]:
    least = integer(component.get("minReplicas"))
    least = 1 if least is None else least
    most = integer(component.get("maxReplicas")) or 0
    if subject.knative:
        started = max(least, 1)  # a revision starts with one pod, whatever it scales to later
        maximum = max(most, started)
        canary = integer(component.get("canaryTrafficPercent"))
        surge = maximum if canary is not None and 0 < canary < 100 else started
        return Count(least, maximum, surge), most == 0
    least = max(least, 1)  # an HorizontalPodAutoscaler has no zero
    maximum = max(most, least)
    strategy = component.get("deploymentStrategy")
    return Count(least, maximum, _surge(strategy, maximum), _unavailable(strategy, maximum)), False


def _recreates(strategy: JsonValue) -> bool:
    """Whether a Deployment takes all old pods away before it makes new ones."""
    return mapping(strategy).get("type") == "Recreate"


def _surge(strategy: JsonValue, replicas: int) -> int:
    """Return how many pods a Deployment adds while it rolls: a quarter, rounded up, unless it says otherwise."""
    if _recreates(strategy):
        return 0
    given = mapping(mapping(strategy).get("rollingUpdate")).get("maxSurge")
    if isinstance(given, int):
        return given
    if isinstance(given, str) and given.endswith("%") and (percent := whole_number(given[:-1])) is not None:
        return math.ceil(Fraction(percent, 100) * replicas)
    return math.ceil(_QUARTER * replicas)


def _unavailable(strategy: JsonValue, replicas: int) -> int:
    """Return how many old pods a Deployment may take away first: a quarter, rounded down, unless it says otherwise."""
    given = mapping(mapping(strategy).get("rollingUpdate")).get("maxUnavailable")
    if isinstance(given, int):
        return given
    if isinstance(given, str) and given.endswith("%") and (percent := whole_number(given[:-1])) is not None:
        return percent * replicas // 100
    return replicas // 4


def _component_requests(subject: _Subject, component: JsonObject) -> Requests:
    containers = [mapping(item).get("resources") for item in sequence(component.get("containers"))]
    model, art = component.get("model"), component.get("art")
    uri = text(mapping(model).get("storageUri")) or text(mapping(art).get("storageUri"))
    if isinstance(model, dict):
        containers.insert(0, merged_requests(subject.runtime(subject.resource, component), model.get("resources")))
    if isinstance(art, dict):
        containers.insert(0, art.get("resources"))
    if component.get("logger") or component.get("batcher"):
        containers.append(_AGENT)
    if subject.knative:
        containers.append(_QUEUE_PROXY)
    if uri.startswith("oci://"):
        containers.append(_MODELCAR)
    init = [_INITIALIZER] if _is_downloaded(uri) or component.get("storageUris") else []
    return pod_requests(component, containers=containers, init=init, defaults=subject.defaults)


def _is_downloaded(uri: str) -> bool:
    return bool(uri) and not uri.startswith(("pvc://", "oci://"))


def _listed_requests(subject: _Subject, pod: JsonObject, init: Sequence[JsonValue] = ()) -> Requests:
    listed = [mapping(item).get("resources") for item in sequence(pod.get("containers"))]
    listed = listed or [None]  # an LLM's preset and a runtime bring the one container that is not written
    return pod_requests(pod, containers=listed, init=init, defaults=subject.defaults)


def _llm(subject: _Subject) -> Iterator[PodGroup]:
    uri = text(mapping(subject.spec.get("model")).get("uri"))
    init: list[JsonValue] = [_INITIALIZER] if _is_downloaded(uri) else []
    yield from _workload(subject, "main", ("spec",), subject.spec, init)
    prefill = subject.spec.get("prefill")
    if isinstance(prefill, dict):
        yield from _workload(subject, "prefill", ("spec", "prefill"), prefill, init)
    scheduler = mapping(mapping(subject.spec.get("router")).get("scheduler"))
    template = scheduler.get("template")
    if isinstance(template, dict):
        replicas = integer(scheduler.get("replicas")) or 1
        count = Count(replicas, replicas, 0, replicas)  # its Deployment recreates
        path: Path = ("spec", "router", "scheduler", "template")
        yield PodGroup(
            role="scheduler", path=path, pod=template, requests=_listed_requests(subject, template), count=count
        )


def _workload(
    subject: _Subject, role: str, path: Path, workload: JsonObject, init: Sequence[JsonValue]
) -> Iterator[PodGroup]:
    worker = workload.get("worker")
    least, most = _llm_replicas(workload)
    template = mapping(workload.get("template"))
    spans = isinstance(worker, dict)
    # A LeaderWorkerSet rolls group by group in place; a Deployment brings a quarter more.
    count = Count(least, most, 0 if spans else _surge(None, most), 0 if spans else _unavailable(None, most))
    yield PodGroup(
        role=role,
        path=(*path, "template"),
        pod=template,
        requests=_listed_requests(subject, template, init),
        count=count,
    )
    if isinstance(worker, dict):
        followers = _group_size(mapping(workload.get("parallelism"))) - 1
        yield PodGroup(
            role=f"{role} worker",
            path=(*path, "worker"),
            pod=worker,
            requests=_listed_requests(subject, worker, init),
            count=Count(least * followers, most * followers),
        )


def _llm_replicas(workload: JsonObject) -> tuple[int, int]:
    scaling = workload.get("scaling")
    if isinstance(scaling, dict):
        least = integer(scaling.get("minReplicas"))
        least = 1 if least is None else least
        return least, max(integer(scaling.get("maxReplicas")) or 0, least)
    replicas = integer(workload.get("replicas"))
    replicas = 1 if replicas is None else replicas
    return replicas, replicas


def _group_size(parallelism: JsonObject) -> int:
    """Return how many pods one replica is made of: data over dataLocal, or pipeline."""
    data, local = integer(parallelism.get("data")), integer(parallelism.get("dataLocal"))
    if data and local:
        return max(data // local, 1)
    return max(integer(parallelism.get("pipeline")) or 1, 1)


def _graph(subject: _Subject) -> Iterator[PodGroup]:
    spec = subject.spec
    resources = spec.get("resources") or _ROUTER
    count, unbounded = _component_count(subject, spec)
    requests = pod_requests(spec, containers=[resources], defaults=subject.defaults)
    yield PodGroup(role="router", path=("spec",), pod=spec, requests=requests, count=count, unbounded=unbounded)


def _pod(subject: _Subject) -> Iterator[PodGroup]:
    yield _plain(subject, ("spec",), subject.spec, Count(1, 1))


def _of_kubernetes(subject: _Subject) -> Iterator[PodGroup]:
    """Count a workload that no KServe controller makes; only a Deployment brings new pods up beside the old."""
    wanted = integer(subject.spec.get("parallelism" if subject.resource.kind == "Job" else "replicas"))
    number = 1 if wanted is None else wanted
    strategy: JsonValue = {"type": "Recreate"}
    if subject.resource.kind == "Deployment":
        strategy = subject.spec.get("strategy")
    count = Count(number, number, _surge(strategy, number), _unavailable(strategy, number))
    pod = mapping(mapping(subject.spec.get("template")).get("spec"))
    yield _plain(subject, ("spec", "template", "spec"), pod, count)


def _plain(subject: _Subject, path: Path, pod: JsonObject, count: Count) -> PodGroup:
    role = subject.resource.kind.lower()
    return PodGroup(role=role, path=path, pod=pod, requests=_listed_requests(subject, pod), count=count)


_KINDS: Final[dict[str, Callable[[_Subject], Iterator[PodGroup]]]] = {
    "InferenceService": _service,
    "LLMInferenceService": _llm,
    "InferenceGraph": _graph,
    "Pod": _pod,
    **dict.fromkeys(("Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"), _of_kubernetes),
}
