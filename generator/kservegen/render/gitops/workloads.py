"""A model in; the workloads that run its pods out, as far as their names are certain.

An engine that waits for models looks at these instead of at the model: KServe writes the generation that its child was
observed at into the model's own status (kserve/kserve#6081), and who compares the two waits for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.kserve.derived import derived_of

_MODE: Final = "serving.kserve.io/deploymentMode"
_STOP: Final = "serving.kserve.io/stop"
_OLD_MODES: Final[Mapping[str, str]] = {"RawDeployment": "Standard", "Serverless": "Knative"}
# A LeaderWorkerSet has no status that a general health check understands.
_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "Deployment": ("apps/v1", "Deployment"),
    "Knative": ("serving.knative.dev/v1", "Service"),
}


class ModelWorkload(NamedTuple):
    """An object that is healthy once its pods are ready."""

    api_version: str
    kind: str
    namespace: str
    name: str


def model_workloads(resource: Resource, cluster_mode: str) -> Iterator[ModelWorkload]:
    """List the workloads of an object; none for what is stopped and for kinds without pods."""
    annotations = resource.annotations
    spec = resource.spec
    if text(annotations.get(_STOP)).lower() == "true" or _is_open(spec):
        return
    mode = text(annotations.get(_MODE)) or cluster_mode
    for derived in derived_of(resource.kind, resource.id.name, spec, _OLD_MODES.get(mode, mode)):
        kind = _KINDS.get(derived.pods)
        if kind and derived.role != "scheduler":  # there is none where the pool is somebody else's
            yield ModelWorkload(*kind, resource.id.namespace, derived.name)


def _is_open(spec: JsonObject) -> bool:
    """Tell whether names depend on more than the object: a base may bring a worker, a predictor its own name."""
    return bool(spec.get("baseRefs")) or "name" in mapping(spec.get("predictor"))
