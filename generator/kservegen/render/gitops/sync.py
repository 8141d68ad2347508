"""The objects that make the environment's engine sync it, below `sync/`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.resource import Resource
from kservegen.render.gitops.argocd.writer import write_argocd
from kservegen.render.gitops.flux.writer import write_flux
from kservegen.render.gitops.layers import SyncLayer, plan_layers
from kservegen.render.objects.charts import PlannedCharts
from kservegen.render.objects.settings import promises_of

Writer: TypeAlias = Callable[[ResolvedEnvironment, tuple[SyncLayer, ...]], list[Resource]]

# By `gitops.engine`; the word is also in the environment's schema.
WRITERS: Final[Mapping[str, Writer]] = {"argocd": write_argocd, "flux": write_flux}


def build_sync(
    environment: ResolvedEnvironment, platform: PlannedCharts, resources: Iterable[Resource]
) -> list[Resource]:
    """Build what the engine of the environment needs to sync its charts and `resources`; nothing without an engine.

    A chart among the prerequisites is there already: another environment of the cluster has it installed.
    """
    write = WRITERS.get(environment.text("gitops", "engine"))
    charts = platform.without(promises_of(environment))
    layers = plan_layers(charts, resources, environment.source.team_of) if write else ()
    return write(environment, layers) if write and layers else []
