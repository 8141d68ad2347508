"""What KServe's controllers call the objects that they make of an object: its kind, name and spec in, names out.

Sources: v1beta1 inferenceservice components and reconcilers, v1alpha1 inferencegraph/raw_ig.go, v1alpha2 llmisvc
(workload*.go, scheduler.go, router.go) at v0.19.0 and v0.20.0; knative.dev/pkg kmeta for names that are too long.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject

Pods: TypeAlias = Literal["", "DaemonSet", "Deployment", "LeaderWorkerSet", "Knative"]

# The ports that the Services of models listen on.
INFERENCE_PORT: Final = 80
LLM_PORT: Final = 8000
# Where the container behind INFERENCE_PORT listens, unless it says another port.
CONTAINER_PORT: Final = 8080


class Derived(NamedTuple):
    """One name and the kinds of the objects that have it. `pods` says what kind of workload runs under it, if any."""

    name: str
    kinds: tuple[str, ...]
    role: str
    pods: Pods = ""


def derived_of(kind: str, name: str, spec: JsonObject, mode: str) -> Iterator[Derived]:
    """List what is made of an object; `mode` is its deployment mode, Standard or Knative."""
    make = _MAKERS.get(kind)
    if make is not None:
        yield from make(name, spec, mode)


def service_of(kind: str, name: str, spec: JsonObject) -> tuple[str, int]:
    """Name the Service that takes the requests for an object, and its port."""
    if kind == "LLMInferenceService":
        return child_name(name, "-kserve-workload-svc"), LLM_PORT
    if kind == "InferenceGraph":
        return name, INFERENCE_PORT
    if kind == "TrainedModel":
        return f"{text(spec.get('inferenceService'))}-predictor", INFERENCE_PORT
    return f"{name}-{'transformer' if 'transformer' in spec else 'predictor'}", INFERENCE_PORT


def child_name(parent: str, ending: str) -> str:
    """Join a name and an ending as kmeta.ChildName does: what would be too long is cut, and told apart by a hash."""
    if len(parent) + len(ending) <= _LONGEST:
        return parent + ending
    from hashlib import md5  # noqa: PLC0415 - loads OpenSSL, for names that hardly anybody has

    if len(ending) >= _HEAD:
        digest = md5((parent + ending).encode(), usedforsecurity=False).hexdigest()
        name = (parent[:_HEAD] + digest + ending)[:_LONGEST]
    else:
        digest = md5(parent.encode(), usedforsecurity=False).hexdigest()
        name = parent[: _HEAD - len(ending)] + digest + ending
    return name.rstrip(_NO_NAME_ENDS_WITH)


_LONGEST: Final = 63
_HEAD: Final = _LONGEST - 32  # what a digest leaves
_NO_NAME_ENDS_WITH: Final = "-._"


def _inference_service(name: str, spec: JsonObject, mode: str) -> Iterator[Derived]:
    parts = [part for part in ("predictor", "transformer", "explainer") if part in spec]
    if mode == "Knative":
        for part in parts:
            yield Derived(f"{name}-{part}", ("Knative Service", "Service"), part, "Knative")
        yield Derived(name, ("VirtualService", "Service"), "ingress")
    if mode != "Standard":
        return
    for part in parts:
        kinds = ("Deployment", "Service", "HorizontalPodAutoscaler", "ScaledObject", "HTTPRoute")
        yield Derived(f"{name}-{part}", kinds, part, "Deployment")
    if "workerSpec" in mapping(spec.get("predictor")):
        yield Derived(f"{name}-predictor-worker", ("Deployment",), "worker", "Deployment")
    yield Derived(name, ("Service", "Ingress", "HTTPRoute", "VirtualService"), "ingress")


def _graph(name: str, _spec: JsonObject, mode: str) -> Iterator[Derived]:
    if mode == "Knative":
        yield Derived(name, ("Knative Service", "Service"), "router", "Knative")
    elif mode == "Standard":
        yield Derived(name, ("Deployment", "Service", "HorizontalPodAutoscaler"), "router", "Deployment")


def _llm(name: str, spec: JsonObject, _mode: str) -> Iterator[Derived]:
    yield from _llm_workload(name, spec, "", "main")
    prefill = spec.get("prefill")
    if isinstance(prefill, dict):
        yield from _llm_workload(name, prefill, "-prefill", "prefill")
    yield Derived(child_name(name, "-kserve-workload-svc"), ("Service",), "main")
    router = mapping(spec.get("router"))
    if "scheduler" in router:
        scheduler = child_name(name, "-kserve-router-scheduler")
        yield Derived(scheduler, ("Deployment",), "scheduler", "Deployment")
        yield Derived(child_name(name, "-epp-service"), ("Service",), "scheduler")
        yield Derived(child_name(name, "-inference-pool"), ("InferencePool",), "scheduler")
    if "route" in router:
        yield Derived(child_name(name, "-kserve-route"), ("HTTPRoute",), "route")


def _llm_workload(name: str, workload: JsonObject, ending: str, role: str) -> Iterator[Derived]:
    """Workers make a LeaderWorkerSet of a workload, and nothing else of it."""
    if workload.get("worker") is not None:
        yield Derived(child_name(name, f"-kserve-mn{ending}"), ("LeaderWorkerSet",), role, "LeaderWorkerSet")
    else:
        yield Derived(child_name(name, f"-kserve{ending}"), ("Deployment",), role, "Deployment")
    if "scaling" in workload:
        yield Derived(child_name(name, f"-kserve{ending}-hpa"), ("HorizontalPodAutoscaler",), role)
        yield Derived(child_name(name, f"-kserve{ending}-va"), ("VariantAutoscaling",), role)


def _cache(name: str, spec: JsonObject, _mode: str) -> Iterator[Derived]:
    for group in sequence(spec.get("nodeGroups")):
        yield Derived(f"{name}-{text(group)}", ("PersistentVolume", "PersistentVolumeClaim"), "cache")


def _chart(name: str, _spec: JsonObject, _mode: str) -> Iterator[Derived]:
    yield from _CHARTS.get(name, ())


# The workloads of KServe's charts, by chart.
_CHARTS: Final = {
    "kserve-resources": (Derived("kserve-controller-manager", ("Deployment",), "controller", "Deployment"),),
    "kserve-llmisvc-resources": (Derived("llmisvc-controller-manager", ("Deployment",), "controller", "Deployment"),),
    "kserve-localmodel-resources": (
        Derived("kserve-localmodel-controller-manager", ("Deployment",), "controller", "Deployment"),
        Derived("kserve-localmodelnode-agent", ("DaemonSet",), "node agent", "DaemonSet"),
    ),
}

_MAKERS: Final = {
    "Chart": _chart,
    "InferenceService": _inference_service,
    "InferenceGraph": _graph,
    "LLMInferenceService": _llm,
    "LocalModelCache": _cache,
    "LocalModelNamespaceCache": _cache,
}
