"""The HelmReleases that install the charts of an environment, each from an OCIRepository of its own.

Values stand in the HelmRelease itself: a release can read a values file of Git only through a ConfigMap, which it would
look at no sooner than at its next interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.core.resource import Resource
from kservegen.render.gitops.flux.words import FluxWords
from kservegen.render.gitops.layers import LayerPart, SyncLayer
from kservegen.render.gitops.repository import OutputRepository
from kservegen.render.objects.charts import CRD, LLM_CRD, ChartUse

HELM_API: Final = "helm.toolkit.fluxcd.io/v2"
SOURCE_API: Final = "source.toolkit.fluxcd.io/v1"

_CHART_LAYER: Final = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_CHART_INTERVAL: Final = "1h"
_INTERVAL: Final = "10m"
# A rollback restarts what an upgrade has started already: wait and try again instead.
_STRATEGY: Final[JsonObject] = {"name": "RetryOnFailure", "retryInterval": "5m"}

# Both charts carry the CRD of ClusterStorageContainer; in one cluster one release has to own it.
_SHARED_CRD: Final = "clusterstoragecontainers.serving.kserve.io"
_CARRIERS: Final = frozenset({CRD, LLM_CRD, f"{CRD}-minimal", f"{LLM_CRD}-minimal"})

_CRD_TARGET: Final[JsonObject] = {
    "group": "apiextensions.k8s.io",
    "version": "v1",
    "kind": "CustomResourceDefinition",
}
# The charts hold CRDs as templates: without this, removing a release removes every model.
_KEEP: Final[JsonObject] = {
    "target": _CRD_TARGET,
    "patch": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: any\n"
    "  annotations:\n    helm.sh/resource-policy: keep\n",
}
_DROP: Final[JsonObject] = {
    "target": {**_CRD_TARGET, "name": _SHARED_CRD},
    "patch": "$patch: delete\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n"
    f"  name: {_SHARED_CRD}\n",
}


def build_releases(words: FluxWords, repository: OutputRepository, layers: Iterable[SyncLayer]) -> Iterator[Resource]:
    """Build source and release of every chart, below `sync/charts/<layer>`."""
    by_name = {layer.name: layer for layer in layers}
    for layer in by_name.values():
        folder = f"sync/charts/{layer.name}"
        needed = [chart.name for need in layer.needs for chart in by_name[need].charts]
        for chart in layer.charts:
            yield _source(words, repository, chart, folder)
            yield _release(words, layer, chart, needed, folder)


def _source(words: FluxWords, repository: OutputRepository, chart: ChartUse, folder: str) -> Resource:
    spec: JsonObject = {
        "interval": _CHART_INTERVAL,
        "url": f"oci://{repository.charts}/{chart.name}",
        "layerSelector": {"mediaType": _CHART_LAYER, "operation": "copy"},
        "ref": {"tag": chart.version},
    }
    if words.chart_secret:
        spec["secretRef"] = words.chart_secret
    return words.resource("OCIRepository", SOURCE_API, words.name(chart.name), spec, folder)


def _release(words: FluxWords, layer: SyncLayer, chart: ChartUse, needed: list[str], folder: str) -> Resource:
    owner = _owner_of_shared_crd(layer) if layer.part is LayerPart.CRDS else ""
    drops = owner not in {"", chart.name} and chart.name in _CARRIERS
    needs = [*needed, *([owner] if drops else [])]
    spec: JsonObject = {
        "interval": _INTERVAL,
        "timeout": words.timeout,
        "releaseName": chart.release,
        "targetNamespace": layer.namespace,
        "storageNamespace": layer.namespace,
        "chartRef": {"kind": "OCIRepository", "name": words.name(chart.name)},
        # With an account of its own it may not, and the root has done so.
        "install": {"createNamespace": not words.has_accounts, "strategy": _STRATEGY},
        # Else a chart that was renamed between two versions is uninstalled before the new one comes.
        "upgrade": {"chartNameChangeStrategy": "InPlaceUpdate", "strategy": _STRATEGY},
        "driftDetection": words.drift_detection,
    }
    if needs:
        spec["dependsOn"] = [{"name": words.name(name)} for name in needs]
    if words.kube_config:
        spec["kubeConfig"] = words.kube_config
    if account := words.releaser_of(layer):
        spec["serviceAccountName"] = account
    if layer.part is LayerPart.CRDS:
        patches: JsonArray = [_DROP, _KEEP] if drops else [_KEEP]
        spec["postRenderers"] = [{"kustomize": {"patches": patches}}]
    if chart.values:
        spec["values"] = chart.values
    return words.resource("HelmRelease", HELM_API, words.name(chart.name), spec, folder)


def _owner_of_shared_crd(layer: SyncLayer) -> str:
    return next((chart.name for chart in layer.charts if chart.name in _CARRIERS), "")
