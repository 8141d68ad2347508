"""The AppProject of an environment: its Applications may read, write to and create what it renders, and no more.

Namespaced kinds are not listed: Argo CD hides from its tree, and takes from its users, every live object of a kind that
the project does not permit, and that would be the Deployments and pods that KServe makes of a model. What keeps an
Application within its bounds are the namespaces, and the cluster-scoped kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.render.gitops.argocd.applications import WAVE, document
from kservegen.render.gitops.argocd.settings import ArgoSettings
from kservegen.render.gitops.argocd.sources import chart_address
from kservegen.render.gitops.layers import LayerPart, SyncLayer

# Before the first layer, so that no Application is without its project.
_WAVE: Final = "-30"

_RBAC: Final = "rbac.authorization.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"
_CRD: Final = ("apiextensions.k8s.io", "CustomResourceDefinition")
_NAMESPACE: Final = ("", "Namespace")
# Cluster-scoped kinds that the charts of a part install. The LLM chart brings CRDs of the Inference Extension along.
_CHART_KINDS: Final = {
    LayerPart.CRDS: (_CRD, _NAMESPACE),
    LayerPart.CONTROLLERS: (
        _CRD,
        _NAMESPACE,
        (_RBAC, "ClusterRole"),
        (_RBAC, "ClusterRoleBinding"),
        (_ADMISSION, "MutatingWebhookConfiguration"),
        (_ADMISSION, "ValidatingWebhookConfiguration"),
        ("serving.kserve.io", "ClusterStorageContainer"),
    ),
    LayerPart.RUNTIME_CONFIGS: (_NAMESPACE, ("serving.kserve.io", "ClusterServingRuntime")),
}


def build_project(settings: ArgoSettings, layers: tuple[SyncLayer, ...]) -> JsonObject:
    """Build the project, with just enough room for the layers."""
    namespaces = sorted({name for layer in layers for name in _namespaces(layer)})
    destinations: JsonArray = [{**settings.destination, "namespace": namespace} for namespace in namespaces]
    kinds: JsonArray = [{"group": group, "kind": kind} for group, kind in sorted(set(_cluster_kinds(layers)))]
    sources: JsonArray = [*dict.fromkeys(_sources(settings, layers))]
    return document(
        "AppProject",
        {"name": settings.project, "namespace": settings.namespace, "annotations": {WAVE: _WAVE}},
        {
            "description": f"What kservegen renders for environment {settings.environment}.",
            "sourceRepos": sources,
            "destinations": destinations,
            "clusterResourceWhitelist": kinds,
            # Shown, without a warning: what was made in these namespaces beside Git.
            "orphanedResources": {"warn": False},
        },
    )


def _namespaces(layer: SyncLayer) -> Iterator[str]:
    yield layer.namespace
    yield from (resource.id.namespace for resource in layer.resources if resource.id.namespace)


def _cluster_kinds(layers: Iterable[SyncLayer]) -> Iterator[tuple[str, str]]:
    for layer in layers:
        yield from _CHART_KINDS.get(layer.part, ())
        for resource in layer.resources:
            if not resource.id.namespace:
                yield resource.api_version.rpartition("/")[0], resource.kind


def _sources(settings: ArgoSettings, layers: Iterable[SyncLayer]) -> Iterator[str]:
    yield settings.repository.url
    for layer in layers:
        yield from (chart_address(settings, chart.name) for chart in layer.charts)
