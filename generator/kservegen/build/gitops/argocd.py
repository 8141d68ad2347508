"""The Argo CD Applications that sync an environment: one per layer, in waves, with prune where it is safe.

Names and paths of Applications are a contract: Argo CD's tracking id holds the Application's name, KServe copies it
to the pods, and so moving a model to another Application restarts it. Evidence for each choice stands in
`docs/decisions/0005-argo-cd-layers.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kservegen.build.gitops.layers import Layer, Part
from kservegen.build.gitops.repository import Repository
from kservegen.build.platform import ChartUse
from kservegen.build.resource import Origin, Resource, ResourceId
from kservegen.jsontypes import JsonArray, JsonObject
from kservegen.resolve import ResolvedEnvironment

SERVER_IN_CLUSTER: Final = "https://kubernetes.default.svc"

# Webhooks refuse every write while their Service has no endpoints, so a first sync must be allowed to try again.
_RETRY: Final[JsonObject] = {"limit": 10, "backoff": {"duration": "10s", "factor": 2, "maxDuration": "3m"}}

_CHART_OPTIONS: Final = ("CreateNamespace=true", "FailOnSharedResource=true")
_FOLDER_OPTIONS: Final = ("PruneLast=true", "FailOnSharedResource=true")
_OPTIONS: Final[Mapping[Part, tuple[str, ...]]] = {
    Part.CRDS: ("CreateNamespace=true", "ServerSideApply=true", "Prune=false", "Delete=false"),
    Part.CONTROLLERS: _CHART_OPTIONS,
    Part.RUNTIME_CONFIGS: _CHART_OPTIONS,
    Part.CLUSTER: ("Prune=false",),
    Part.POLICIES: _FOLDER_OPTIONS,
    Part.QUOTAS: _FOLDER_OPTIONS,
    Part.RUNTIMES: _FOLDER_OPTIONS,
    Part.MODELS: _FOLDER_OPTIONS,
}


def build_applications(environment: ResolvedEnvironment, layers: tuple[Layer, ...]) -> list[Resource]:
    """Build the root Application and one for each layer."""
    repository = Repository.of(environment)
    return [_root(environment, repository), *(_application(environment, repository, layer) for layer in layers)]


def _application(environment: ResolvedEnvironment, repository: Repository, layer: Layer) -> Resource:
    metadata: JsonObject = {
        "name": f"{environment.name}-{layer.name}",
        "namespace": _control_namespace(environment),
        "annotations": _annotations(layer),
    }
    sources = _sources(repository, layer)
    spec: JsonObject = {
        "project": environment.text("gitops", "project", default="default"),
        "destination": {**_destination(environment), "namespace": layer.namespace},
        **({"sources": sources} if len(sources) > 1 else {"source": sources[0]}),
        "syncPolicy": {
            "automated": {"prune": layer.may_prune, "selfHeal": True},
            "retry": _RETRY,
            "syncOptions": list(_OPTIONS[layer.part]),
        },
    }
    return _resource(metadata, spec, "sync/applications")


def _annotations(layer: Layer) -> JsonObject:
    wave: JsonObject = {"argocd.argoproj.io/sync-wave": str(layer.order)}
    return {"argocd.argoproj.io/compare-options": "ServerSideDiff=true", **wave} if layer.is_models else wave


def _sources(repository: Repository, layer: Layer) -> JsonArray:
    if not layer.charts:
        return [{**_git(repository), "path": f"{repository.folder}/{layer.folder}"}]
    charts: JsonArray = [_chart(repository, chart) for chart in layer.charts]
    if layer.part is Part.CRDS or repository.inline_values:
        return charts
    return [*charts, {**_git(repository), "ref": "values"}]


def _chart(repository: Repository, chart: ChartUse) -> JsonObject:
    helm: JsonObject = {"releaseName": chart.name}
    if chart.values and repository.inline_values:
        helm["valuesObject"] = chart.values
    elif chart.values:
        helm["valueFiles"] = [f"$values/{repository.values_file(chart.name)}"]
    return {"repoURL": repository.charts, "chart": chart.name, "targetRevision": chart.version, "helm": helm}


def _git(repository: Repository) -> JsonObject:
    return {"repoURL": repository.url, "targetRevision": repository.revision}


def _root(environment: ResolvedEnvironment, repository: Repository) -> Resource:
    """Build the Application of Applications: applied once by hand, it keeps the others as Git has them."""
    metadata: JsonObject = {"name": environment.name, "namespace": _control_namespace(environment)}
    spec: JsonObject = {
        "project": environment.text("gitops", "project", default="default"),
        # Applications live where Argo CD runs, which need not be the cluster they sync to.
        "destination": {"server": SERVER_IN_CLUSTER, "namespace": _control_namespace(environment)},
        "source": {**_git(repository), "path": f"{repository.folder}/sync/applications"},
        "syncPolicy": {"automated": {"prune": False, "selfHeal": True}, "retry": _RETRY},
    }
    return _resource(metadata, spec, "sync")


def _control_namespace(environment: ResolvedEnvironment) -> str:
    return environment.text("gitops", "namespace", default="argocd")


def _destination(environment: ResolvedEnvironment) -> JsonObject:
    server = environment.text("cluster", "server")
    return {"server": server} if server else {"name": environment.text("cluster", "name")}


def _resource(metadata: JsonObject, spec: JsonObject, folder: str) -> Resource:
    name = str(metadata["name"])
    return Resource(
        id=ResourceId("Application", str(metadata["namespace"]), name),
        api_version="argoproj.io/v1alpha1",
        doc={"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec},
        file=f"{folder}/application-{name}.yaml",
        subject=name,
        origins=(Origin((), ("gitops",)), Origin(("spec", "destination"), ("cluster",))),
    )
