"""The containers of made pods that serve models."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from kservegen.checks.rules._cached import cached
from kservegen.checks.rules._made import MadeView, Place, pods_made
from kservegen.checks.rules.base import Context, Resource
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.kserve.controllers.made import STORED, MadePod, source_of

_CONTAINERS: Final = frozenset({"kserve-container", "main", "worker-container"})
_COMPONENT: Final = "component"  # of InferenceServices, and then of LLM services, which have schedulers beside
_LLM_COMPONENT: Final = "app.kubernetes.io/component"
_LLM_WORKLOADS: Final = "llminferenceservice-workload"


class ServingContainer(Struct, frozen=True):
    """The container of a made pod that serves the model; `path` is its place in the pod."""

    view: MadeView
    pod: MadePod
    spec: JsonObject
    container: JsonObject
    path: Path

    def where(self, *path: str | int) -> Place:
        """Return the place of a field of the container."""
        return self.view.where(self.pod.origins, (*self.path, *path))

    def states(self, *path: str | int) -> bool:
        """Whether the object itself states a field of the container."""
        return source_of((*self.path, *path), self.pod.origins)[:1] == (STORED,)


@cached
def serving_containers(resource: Resource, context: Context) -> tuple[ServingContainer, ...]:
    """List the containers that serve the models of an object, of its workers too."""
    found = []
    for view, made in pods_made(resource, context):
        pod = mapping(made.pod)
        labels, spec = mapping(mapping(pod.get("metadata")).get("labels")), mapping(pod.get("spec"))
        if labels.get(_COMPONENT) != "predictor" and not text(labels.get(_LLM_COMPONENT)).startswith(_LLM_WORKLOADS):
            continue
        for index, item in enumerate(map(mapping, sequence(spec.get("containers")))):
            if text(item.get("name")) in _CONTAINERS:
                found.append(ServingContainer(view, made, spec, item, ("spec", "containers", index)))
    return tuple(found)


def is_mounted(container: JsonObject, path: str) -> bool:
    """Whether a volume of a container is mounted at a path, above it or below it."""
    mounts = (text(mapping(item).get("mountPath")).rstrip("/") for item in sequence(container.get("volumeMounts")))
    return any(f"{path}/".startswith(f"{mount}/") or mount.startswith(f"{path}/") for mount in mounts)
