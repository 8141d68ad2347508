"""An environment's charts and folders in; the layers that a GitOps engine syncs one after the other out.

Nothing here knows an engine. A writer (`argocd`, ...) turns each layer into objects of its own, in any order: what a
layer waits for stands in `needs`. Names of layers and their folders are a contract: see the decision records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from kservegen.core.resource import Resource
from kservegen.render.objects.platform import RUNTIME_CONFIGS, ChartUse, Platform

# The CRD charts write this namespace literally into conversion webhooks and certificates.
PLATFORM_NAMESPACE: Final = "kserve"


class Part(StrEnum):
    """What a layer is about. Those with charts come from KServe's chart repository, the others from folders of Git."""

    CRDS = "crds"
    CONTROLLERS = "controllers"
    RUNTIME_CONFIGS = "runtime-configs"
    CLUSTER = "cluster"
    POLICIES = "policies"
    QUOTAS = "quotas"
    RUNTIMES = "runtimes"
    MODELS = "models"


# The place of each part among the others; free numbers are left between them.
ORDER: Final[Mapping[Part, int]] = {
    Part.CRDS: -20,
    Part.CONTROLLERS: -10,
    Part.RUNTIME_CONFIGS: -5,
    Part.CLUSTER: 0,
    Part.POLICIES: 2,
    Part.QUOTAS: 2,
    Part.RUNTIMES: 5,
    Part.MODELS: 10,
}
# What must be there before a part is of use; where one is absent, what that one needs takes its place.
_AFTER: Final[Mapping[Part, tuple[Part, ...]]] = {
    Part.CRDS: (),
    Part.CONTROLLERS: (Part.CRDS,),
    Part.RUNTIME_CONFIGS: (Part.CONTROLLERS,),
    Part.CLUSTER: (Part.CONTROLLERS,),
    Part.POLICIES: (Part.CLUSTER,),
    Part.QUOTAS: (Part.CLUSTER,),
    Part.RUNTIMES: (Part.CLUSTER,),
    Part.MODELS: (Part.RUNTIME_CONFIGS, Part.POLICIES, Part.QUOTAS, Part.RUNTIMES),
}
# With one of these models may vanish, or what runs them: an engine creates and updates it, only a person removes it.
_KEPT: Final = frozenset({Part.CRDS, Part.CONTROLLERS, Part.RUNTIME_CONFIGS, Part.CLUSTER})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """What is synced together: charts, or the objects of one folder (not of the folders below it).

    `namespace` is where namespaced objects that name none would go; `needs` are names of layers of the same
    environment; `folder` is relative to the environment's folder, and `resources` are what it holds.
    """

    part: Part
    name: str
    namespace: str
    charts: tuple[ChartUse, ...] = ()
    folder: str = ""
    resources: tuple[Resource, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def order(self) -> int:
        """The layer's place: lower ones come first, equal ones do not depend on each other."""
        return ORDER[self.part]

    @property
    def may_prune(self) -> bool:
        """Whether the engine may remove what Git no longer has."""
        return self.part not in _KEPT

    @property
    def is_models(self) -> bool:
        """Whether the layer holds models, whose objects are not to be touched without need."""
        return self.part is Part.MODELS

    @property
    def is_shared(self) -> bool:
        """Whether the layer belongs to no namespace of its own."""
        return "/" not in self.folder


def plan_layers(platform: Platform, resources: Iterable[Resource]) -> tuple[Layer, ...]:
    """Return the layers that have something to sync, in order."""
    layers = sorted([*_chart_layers(platform), *_folder_layers(resources)], key=lambda layer: (layer.order, layer.name))
    return tuple(replace(layer, needs=tuple(_needs(layer, layers))) for layer in layers)


def _chart_layers(platform: Platform) -> Iterator[Layer]:
    """One layer for all CRD charts, as two of them carry the same CRD; one for each other chart."""
    crds = tuple(chart for chart in platform.charts if "-crd" in chart.name)
    if crds:
        yield Layer(part=Part.CRDS, name="kserve-crds", namespace=PLATFORM_NAMESPACE, charts=crds)
    for chart in platform.charts:
        if chart not in crds:
            part = Part.RUNTIME_CONFIGS if chart.name == RUNTIME_CONFIGS else Part.CONTROLLERS
            yield Layer(part=part, name=chart.name, namespace=PLATFORM_NAMESPACE, charts=(chart,))


def _folder_layers(resources: Iterable[Resource]) -> Iterator[Layer]:
    folders: dict[str, list[Resource]] = {}
    for resource in resources:
        folders.setdefault(resource.file.rpartition("/")[0], []).append(resource)
    for folder, held in folders.items():
        top, _, namespace = folder.partition("/")
        yield Layer(
            part=Part(top),
            name=f"{top}-{namespace}" if namespace else top,
            namespace=namespace or PLATFORM_NAMESPACE,
            folder=folder,
            resources=tuple(held),
        )


def _needs(layer: Layer, layers: Iterable[Layer]) -> Iterator[str]:
    """Yield the layers to wait for; another namespace's layer is none: one team does not hold up the next."""
    near = [other for other in layers if other.is_shared or other.namespace == layer.namespace]
    wanted = _present(_AFTER[layer.part], frozenset(other.part for other in near))
    yield from (other.name for other in near if other.part in wanted)


def _present(parts: Iterable[Part], known: frozenset[Part]) -> frozenset[Part]:
    found: set[Part] = set()
    for part in parts:
        found |= {part} if part in known else _present(_AFTER[part], known)
    return frozenset(found)
