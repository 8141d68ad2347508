"""The objects that make the environment's engine sync it, below `sync/`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.resource import Resource
from kservegen.render.gitops.layers import SyncLayer, plan_layers
from kservegen.render.objects.charts import PlannedCharts
from kservegen.render.objects.settings import promises_of

Writer: TypeAlias = Callable[[ResolvedEnvironment, tuple[SyncLayer, ...]], list[Resource]]


def _argocd() -> Writer:
    from kservegen.render.gitops.argocd.writer import write_argocd  # noqa: PLC0415 - few use both engines

    return write_argocd


def _flux() -> Writer:
    from kservegen.render.gitops.flux.writer import write_flux  # noqa: PLC0415 - as above

    return write_flux


# By `gitops.engine`; the word is also in the environment's schema.
WRITERS: Final[Mapping[str, Callable[[], Writer]]] = {"argocd": _argocd, "flux": _flux}


def build_sync(
    environment: ResolvedEnvironment, platform: PlannedCharts, resources: Iterable[Resource]
) -> list[Resource]:
    """Build what the engine of the environment, which has one, needs to sync its charts and `resources`.

    A chart among the prerequisites is there already: another environment of the cluster has it installed.
    """
    charts = platform.without(promises_of(environment))
    layers = plan_layers(charts, resources, environment.source.team_of)
    return WRITERS[environment.text("gitops", "engine")]()(environment, layers) if layers else []
