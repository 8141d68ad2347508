"""A layer in; the sources that Argo CD reads it from out.

A chart in an OCI registry has two forms. The older is a Helm repository: `chart`, and an address without a scheme. The
newer is an artefact like any other: the scheme, the chart's name in the address, no `chart`. They must not be mixed.
"""

from __future__ import annotations

from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.render.gitops.argocd.settings import ArgoSettings
from kservegen.render.gitops.layers import LayerPart, SyncLayer
from kservegen.render.gitops.repository import OutputRepository
from kservegen.render.objects.charts import ChartUse


def build_sources(settings: ArgoSettings, layer: SyncLayer) -> JsonObject:
    """Build `source`, or `sources` where there are several."""
    sources = _sources(settings, layer)
    return {"sources": sources} if len(sources) > 1 else {"source": sources[0]}


def folder_source(repository: OutputRepository, folder: str) -> JsonObject:
    """Build the source that is a folder of the environment in Git."""
    return {**_git(repository), "path": f"{repository.folder}/{folder}"}


def chart_address(settings: ArgoSettings, chart: str) -> str:
    """Return the address of a chart in the form that the environment chose."""
    repository = settings.repository.charts
    return f"oci://{repository}/{chart}" if settings.native_oci else repository


def _sources(settings: ArgoSettings, layer: SyncLayer) -> JsonArray:
    repository = settings.repository
    if not layer.charts:
        return [folder_source(repository, layer.folder)]
    charts: JsonArray = [_chart(settings, chart) for chart in layer.charts]
    if layer.part is LayerPart.CRDS or repository.inline_values:
        return charts
    return [*charts, {**_git(repository), "ref": "values"}]


def _chart(settings: ArgoSettings, chart: ChartUse) -> JsonObject:
    helm: JsonObject = {"releaseName": chart.release}
    if chart.values and settings.repository.inline_values:
        helm["valuesObject"] = chart.values
    elif chart.values:
        helm["valueFiles"] = [f"$values/{settings.repository.values_file(chart.name)}"]
    return {
        "repoURL": chart_address(settings, chart.name),
        **({"path": "."} if settings.native_oci else {"chart": chart.name}),
        "targetRevision": chart.version,
        "helm": helm,
    }


def _git(repository: OutputRepository) -> JsonObject:
    return {"repoURL": repository.url, "targetRevision": repository.revision}
