"""An environment's charts and folders in; the layers that a GitOps engine syncs one after the other out.

Nothing here knows an engine. A writer (`argocd`, ...) turns each layer into objects of its own, in any order: what a
layer waits for stands in `needs`. Names of layers and their folders are a contract: see the decision records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from kservegen.core.resource import Resource
from kservegen.render.objects.charts import RUNTIME_CONFIGS, ChartUse, PlannedCharts


class LayerPart(StrEnum):
    """What a layer is about. Those with charts come from KServe's chart repository, the others from folders of Git."""

    CRDS = "crds"
    CONTROLLERS = "controllers"
    RUNTIME_CONFIGS = "runtime-configs"
    CLUSTER = "cluster"
    POLICIES = "policies"
    QUOTAS = "quotas"
    RUNTIMES = "runtimes"
    COMPANIONS = "companions"
    MODELS = "models"


# The place of each part among the others; free numbers are left between them.
LAYER_ORDER: Final[Mapping[LayerPart, int]] = {
    LayerPart.CRDS: -20,
    LayerPart.CONTROLLERS: -10,
    LayerPart.RUNTIME_CONFIGS: -5,
    LayerPart.CLUSTER: 0,
    LayerPart.POLICIES: 2,
    LayerPart.QUOTAS: 2,
    LayerPart.RUNTIMES: 5,
    LayerPart.COMPANIONS: 7,
    LayerPart.MODELS: 10,
}
# What must be there before a part is of use; where one is absent, what that one needs takes its place.
_AFTER: Final[Mapping[LayerPart, tuple[LayerPart, ...]]] = {
    LayerPart.CRDS: (),
    LayerPart.CONTROLLERS: (LayerPart.CRDS,),
    LayerPart.RUNTIME_CONFIGS: (LayerPart.CONTROLLERS,),
    LayerPart.CLUSTER: (LayerPart.CONTROLLERS,),
    LayerPart.POLICIES: (LayerPart.CLUSTER,),
    LayerPart.QUOTAS: (LayerPart.CLUSTER,),
    LayerPart.RUNTIMES: (LayerPart.CLUSTER,),
    LayerPart.COMPANIONS: (LayerPart.POLICIES, LayerPart.QUOTAS),
    LayerPart.MODELS: (LayerPart.RUNTIME_CONFIGS, LayerPart.RUNTIMES, LayerPart.COMPANIONS),
}
# With one of these models may vanish, or what runs them: an engine creates and updates it, only a person removes it.
_KEPT: Final = frozenset({LayerPart.CRDS, LayerPart.CONTROLLERS, LayerPart.RUNTIME_CONFIGS, LayerPart.CLUSTER})

_TENANT: Final = frozenset({LayerPart.RUNTIMES, LayerPart.MODELS})


class SyncLayer(Struct, frozen=True, kw_only=True, eq=False):
    """What is synced together: charts, or the objects of one folder (not of the folders below it).

    `namespace` is where namespaced objects that name none would go; `needs` are names of layers of the same
    environment; `folder` is relative to the environment's folder, and `resources` are what it holds. `team` holds the
    namespace; blank where that is the platform.
    """

    part: LayerPart
    name: str
    namespace: str
    charts: tuple[ChartUse, ...] = ()
    folder: str = ""
    resources: tuple[Resource, ...] = ()
    needs: tuple[str, ...] = ()
    team: str = ""

    @property
    def order(self) -> int:
        """The layer's place: lower ones come first, equal ones do not depend on each other."""
        return LAYER_ORDER[self.part]

    @property
    def may_prune(self) -> bool:
        """Whether the engine may remove what Git no longer has."""
        return self.part not in _KEPT

    @property
    def is_models(self) -> bool:
        """Whether the layer holds models, whose objects are not to be touched without need."""
        return self.part is LayerPart.MODELS

    @property
    def is_tenant(self) -> bool:
        """Whether the layer holds what owners of models write for one namespace: all else is the platform's."""
        return self.part in _TENANT and not self.is_shared

    @property
    def is_companions(self) -> bool:
        """Whether the layer holds objects of many kinds that stand beside the models of a namespace."""
        return self.part is LayerPart.COMPANIONS

    @property
    def is_shared(self) -> bool:
        """Whether the layer belongs to no namespace of its own."""
        return "/" not in self.folder


def plan_layers(
    platform: PlannedCharts, resources: Iterable[Resource], team_of: Callable[[str], str] = lambda _: ""
) -> tuple[SyncLayer, ...]:
    """Return the layers that have something to sync, in order; `team_of` names who holds a namespace."""
    folders = (replace(layer, team=team_of(layer.namespace)) for layer in _folder_layers(resources, platform.namespace))
    layers = sorted([*_chart_layers(platform), *folders], key=lambda layer: (layer.order, layer.name))
    return tuple(replace(layer, needs=tuple(_needs(layer, layers))) for layer in layers)


def _chart_layers(platform: PlannedCharts) -> Iterator[SyncLayer]:
    """One layer for all CRD charts, as two of them carry the same CRD; one for each other chart."""
    crds = tuple(chart for chart in platform.charts if "-crd" in chart.name)
    if crds:
        yield SyncLayer(part=LayerPart.CRDS, name="kserve-crds", namespace=platform.namespace, charts=crds)
    for chart in platform.charts:
        if chart not in crds:
            part = LayerPart.RUNTIME_CONFIGS if chart.name == RUNTIME_CONFIGS else LayerPart.CONTROLLERS
            yield SyncLayer(part=part, name=chart.name, namespace=platform.namespace, charts=(chart,))


def _folder_layers(resources: Iterable[Resource], kserve: str) -> Iterator[SyncLayer]:
    folders: dict[str, list[Resource]] = {}
    for resource in resources:
        folders.setdefault(resource.file.rpartition("/")[0], []).append(resource)
    for folder, held in folders.items():
        top, _, namespace = folder.partition("/")
        yield SyncLayer(
            part=LayerPart(top),
            name=f"{top}-{namespace}" if namespace else top,
            namespace=namespace or kserve,
            folder=folder,
            resources=tuple(held),
        )


def _needs(layer: SyncLayer, layers: Iterable[SyncLayer]) -> Iterator[str]:
    """Yield the layers to wait for; another namespace's layer is none: one team does not hold up the next."""
    near = [other for other in layers if other.is_shared or other.namespace == layer.namespace]
    wanted = _present(_AFTER[layer.part], frozenset(other.part for other in near))
    yield from (other.name for other in near if other.part in wanted)


def _present(parts: Iterable[LayerPart], known: frozenset[LayerPart]) -> frozenset[LayerPart]:
    found: set[LayerPart] = set()
    for part in parts:
        found |= {part} if part in known else _present(_AFTER[part], known)
    return frozenset(found)
