"""The Argo CD Applications that sync an environment: one per layer, in waves, with prune where it is safe.

Names and paths of Applications are a contract: Argo CD's tracking id holds the Application's name, KServe copies it
to the pods, and so moving a model to another Application restarts it. Evidence for each choice stands in
`docs/decisions/0005-argo-cd-layers.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kservegen.core.jsontypes import JsonObject
from kservegen.render.gitops.argocd.settings import REFRESHED_RETRY, ArgoSettings
from kservegen.render.gitops.argocd.sources import build_sources, folder_source
from kservegen.render.gitops.clusters import SERVER_IN_CLUSTER
from kservegen.render.gitops.layers import LayerPart, SyncLayer

APPLICATIONS_FOLDER: Final = "sync/applications"
WAVE: Final = "argocd.argoproj.io/sync-wave"

_CHART_OPTIONS: Final = ("CreateNamespace=true", "FailOnSharedResource=true")
_FOLDER_OPTIONS: Final = ("PruneLast=true", "FailOnSharedResource=true")
_OPTIONS: Final[Mapping[LayerPart, tuple[str, ...]]] = {
    # Too large for the annotation that client-side apply leaves on an object. No FailOnSharedResource: two charts of
    # this one Application carry the same CRD.
    LayerPart.CRDS: ("CreateNamespace=true", "ServerSideApply=true", "Prune=false", "Delete=false"),
    LayerPart.CONTROLLERS: _CHART_OPTIONS,
    LayerPart.RUNTIME_CONFIGS: _CHART_OPTIONS,
    LayerPart.CLUSTER: ("Prune=false", "Delete=false"),
    LayerPart.POLICIES: _FOLDER_OPTIONS,
    LayerPart.QUOTAS: _FOLDER_OPTIONS,
    LayerPart.RUNTIMES: _FOLDER_OPTIONS,
    LayerPart.COMPANIONS: _FOLDER_OPTIONS,
    LayerPart.MODELS: _FOLDER_OPTIONS,
}


def build_application(settings: ArgoSettings, layer: SyncLayer) -> JsonObject:
    """Build the Application of a layer, without a finalizer: removing an Application leaves what it synced."""
    metadata: JsonObject = {
        "name": f"{settings.environment}-{layer.name}",
        "namespace": settings.namespace,
        "annotations": _annotations(layer),
    }
    spec: JsonObject = {
        "project": settings.project_of(layer),
        "destination": {**settings.destination, "namespace": layer.namespace},
        **build_sources(settings, layer),
        "syncPolicy": {
            "automated": {"prune": layer.may_prune, "selfHeal": True},
            "retry": _retry(settings),
            "syncOptions": list(_OPTIONS[layer.part]),
        },
    }
    return document("Application", metadata, spec)


def build_root(settings: ArgoSettings, prerequisites: tuple[str, ...]) -> JsonObject:
    """Build the Application of Applications: applied once by hand, it keeps the others as Git has them.

    No `ServerSideApply` here: Argo CD would then pass over the waves of the children. No prune: an Application that is
    no longer wanted is removed by a person, who knows what runs below it.
    """
    metadata: JsonObject = {"name": settings.environment, "namespace": settings.namespace}
    spec: JsonObject = {
        "project": settings.root_project,
        # Applications live where Argo CD runs, which need not be the cluster they sync to.
        "destination": {"server": SERVER_IN_CLUSTER, "namespace": settings.namespace},
        "source": folder_source(settings.repository, APPLICATIONS_FOLDER),
        "syncPolicy": {"automated": {"prune": False, "selfHeal": True}, "retry": _retry(settings)},
    }
    if prerequisites:  # shown by Argo CD beside the Application
        spec["info"] = [{"name": "Expected to be there already", "value": ", ".join(prerequisites)}]
    return document("Application", metadata, spec)


def document(kind: str, metadata: JsonObject, spec: JsonObject) -> JsonObject:
    """Put an object of Argo CD's together."""
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def _annotations(layer: SyncLayer) -> JsonObject:
    wave: JsonObject = {WAVE: str(layer.order)}
    # What KServe's webhook adds is then no difference. Never with mutation webhooks included: that brings it back.
    return {"argocd.argoproj.io/compare-options": "ServerSideDiff=true", **wave} if layer.is_models else wave


def _retry(settings: ArgoSettings) -> JsonObject:
    """Webhooks refuse every write while their Service has no endpoints, so a first sync must be tried again.

    Ten times takes about 20 minutes. With `refresh` a fix that is pushed meanwhile is taken up by the next try.
    """
    retry: JsonObject = {"limit": 10, "backoff": {"duration": "10s", "factor": 2, "maxDuration": "3m"}}
    return {**retry, "refresh": True} if settings.version >= REFRESHED_RETRY else retry
