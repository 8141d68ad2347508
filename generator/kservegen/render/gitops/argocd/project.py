"""The AppProjects of an environment: what its Applications may read, write to and create.

By who writes what they sync. The models' may hold KServe's own kinds in the namespaces of the catalog, and nothing of
the cluster; a team's, the same in its own. That of the objects beside them, where there are any, may hold the kinds
that commonly stand there, and of all others those that are rendered; each team has its own. The platform's may create
the cluster-scoped kinds that charts and output are made of. The root's may write Argo CD's own kinds where Argo CD
runs.

No other list of kinds follows from what is in the catalog: Argo CD forgets, and so never prunes, a live object of a
kind that its project does not permit (controller/state.go), and the last object of a kind leaves in the change that
prunes it. For the same reason the namespaces are all that the environment declares, not only those with something in
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from kservegen.catalog.sections import GROUP, KINDS
from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.render.gitops.argocd.applications import WAVE, document
from kservegen.render.gitops.argocd.settings import ArgoSettings
from kservegen.render.gitops.argocd.sources import chart_address
from kservegen.render.gitops.clusters import SERVER_IN_CLUSTER
from kservegen.render.gitops.common_kinds import COMMON_KINDS, rendered_kinds
from kservegen.render.gitops.layers import LayerPart, SyncLayer

# Before the first layer, so that no Application is without its project.
_WAVE: Final = "-30"

_RBAC: Final = "rbac.authorization.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"
_ARGO: Final = "argoproj.io"
# Cluster-scoped kinds of KServe's charts (that of LLMs brings CRDs of the Inference Extension along), of policies, and
# the Namespaces, which Argo CD creates for charts as well.
_PLATFORM_KINDS: Final = (
    ("", "Namespace"),
    (_ADMISSION, "MutatingWebhookConfiguration"),
    (_ADMISSION, "ValidatingAdmissionPolicy"),
    (_ADMISSION, "ValidatingAdmissionPolicyBinding"),
    (_ADMISSION, "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    (_RBAC, "ClusterRole"),
    (_RBAC, "ClusterRoleBinding"),
    *sorted((GROUP, info.kind) for info in KINDS.values() if not info.namespaced),
)
_MODEL_KINDS: Final = tuple(sorted((GROUP, info.kind) for info in KINDS.values() if info.namespaced))
_SYNC_KINDS: Final = tuple((_ARGO, kind) for kind in ("AppProject", "Application", "ApplicationSet"))


def build_models_projects(
    settings: ArgoSettings, layers: Iterable[SyncLayer], teams: Mapping[str, str]
) -> Iterator[JsonObject]:
    """Build the projects of models: that of the environment, and one of each team, which goes to its namespaces alone.

    `teams` names who holds each namespace that is declared, blank for the platform. No cluster-scoped kind is listed,
    and so none is permitted. Argo CD shows no live object of a kind that is not listed, so not the pods of a model, nor
    their logs: `namespaceResourceWhitelist` opens that, and lets those kinds be synced as well.
    """
    held = [*teams.items(), *((layer.namespace, layer.team) for layer in layers if layer.is_tenant)]
    for team in sorted({"", *(team for _, team in held)}):
        whose = f"Models of team {team} in" if team else "Models of"
        yield _project(
            settings,
            settings.team_project(team) if team else settings.models_project,
            f"{whose} environment {settings.environment}, and what they run on in their namespaces.",
            {
                "sourceRepos": [settings.repository.url],
                "destinations": _destinations(settings, (name for name, holder in held if holder == team)),
                "namespaceResourceWhitelist": _model_kinds(settings),
            },
        )


def _model_kinds(settings: ArgoSettings) -> JsonArray:
    own = _kinds(_MODEL_KINDS)
    return [*own, *(kind for kind in settings.more_kinds if kind not in own)]


def build_companions_projects(
    settings: ArgoSettings, layers: Iterable[SyncLayer], teams: Mapping[str, str]
) -> Iterator[JsonObject]:
    """Build the projects of what stands beside models: nothing of the cluster, and no kind that nobody renders.

    One where the platform's namespaces have any, one for each team that has some; `teams` as for models.
    """
    beside = [layer for layer in layers if layer.is_companions]
    for team in sorted({layer.team for layer in beside}):
        held = [layer for layer in beside if layer.team == team]
        kinds = sorted({*COMMON_KINDS, *rendered_kinds(held)})
        listed = [*_kinds(kinds), *(kind for kind in settings.more_kinds if kind not in _kinds(kinds))]
        declared = (name for name, holder in teams.items() if holder == team)
        whose = f"the models of team {team} in" if team else "the models of"
        yield _project(
            settings,
            settings.team_companions_project(team) if team else settings.companions_project,
            f"What stands beside {whose} environment {settings.environment}, in their namespaces.",
            {
                "sourceRepos": [settings.repository.url],
                "destinations": _destinations(settings, {*declared, *_namespaces(held)}),
                "namespaceResourceWhitelist": listed,
            },
        )


def build_platform_project(settings: ArgoSettings, layers: Iterable[SyncLayer]) -> JsonObject:
    """Build the project of charts, Namespaces, policies, quotas and runtimes for the whole cluster.

    Namespaced kinds are not listed: that would hide the pods of KServe's controllers.
    """
    platform = [layer for layer in layers if not layer.is_tenant and not layer.is_companions]
    cluster = rendered_kinds(layer for layer in platform if layer.part is LayerPart.CLUSTER)
    charts = [chart_address(settings, chart.name) for layer in platform for chart in layer.charts]
    return _project(
        settings,
        settings.platform_project,
        f"What models of environment {settings.environment} stand on: KServe, Namespaces, policies, quotas.",
        {
            "sourceRepos": [*dict.fromkeys((settings.repository.url, *charts))],
            "destinations": _destinations(settings, _namespaces(platform)),
            "clusterResourceWhitelist": _kinds((*_PLATFORM_KINDS, *sorted(cluster - {*_PLATFORM_KINDS}))),
        },
    )


def build_root_project(settings: ArgoSettings) -> JsonObject:
    """Build the project of the root Application, which a person applies with it.

    What it may write can give more rights: who may merge to `sync/applications/` is trusted with that.
    """
    destination: JsonObject = {"server": SERVER_IN_CLUSTER, "namespace": settings.namespace}
    spec: JsonObject = {
        "description": f"The Applications and projects of environment {settings.environment}.",
        "sourceRepos": [settings.repository.url],
        "destinations": [destination],
        "namespaceResourceWhitelist": _kinds(_SYNC_KINDS),
    }
    return document("AppProject", {"name": settings.root_project, "namespace": settings.namespace}, spec)


def _project(settings: ArgoSettings, name: str, description: str, spec: JsonObject) -> JsonObject:
    metadata: JsonObject = {"name": name, "namespace": settings.namespace, "annotations": {WAVE: _WAVE}}
    # Shown, without a warning: what was made in these namespaces beside Git.
    return document("AppProject", metadata, {"description": description, **spec, "orphanedResources": {"warn": False}})


def _destinations(settings: ArgoSettings, namespaces: Iterable[str]) -> JsonArray:
    return [{**settings.destination, "namespace": namespace} for namespace in sorted(set(namespaces))]


def _kinds(kinds: Iterable[tuple[str, str]]) -> JsonArray:
    return [{"group": group, "kind": kind} for group, kind in kinds]


def _namespaces(layers: Iterable[SyncLayer]) -> Iterator[str]:
    for layer in layers:
        yield layer.namespace
        yield from (resource.id.namespace for resource in layer.resources if resource.id.namespace)
