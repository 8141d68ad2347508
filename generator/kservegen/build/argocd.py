"""The Argo CD Applications that sync an environment: one per layer, in waves, with prune where it is safe.

Names and paths of Applications are a contract: Argo CD's tracking id holds the Application's name, KServe copies it
to the pods, and so moving a model to another Application restarts it. Evidence for each choice stands in
`docs/decisions/0005-argo-cd-layers.md`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kservegen.build.platform import Platform
from kservegen.build.resource import Origin, Resource, ResourceId
from kservegen.jsontypes import JsonArray, JsonObject
from kservegen.resolve import ResolvedEnvironment

CHART_REPOSITORY = "ghcr.io/kserve/charts"  # without oci://, as Argo CD's Helm sources want it
PLATFORM_NAMESPACE = "kserve"  # the CRD charts write it literally into conversion webhooks and certificates
SERVER_IN_CLUSTER = "https://kubernetes.default.svc"

# Webhooks refuse every write while their Service has no endpoints, so a first sync must be allowed to try again.
_RETRY: JsonObject = {"limit": 10, "backoff": {"duration": "10s", "factor": 2, "maxDuration": "3m"}}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Layer:
    name: str
    wave: int
    sources: JsonArray
    namespace: str
    prune: bool
    options: tuple[str, ...]
    compare: str = ""


def build_applications(
    environment: ResolvedEnvironment, platform: Platform, resources: Iterable[Resource]
) -> list[Resource]:
    """Build the root Application and one for each layer that has something to sync."""
    if environment.text("gitops", "engine") != "argocd":
        return []
    layers = [*_chart_layers(environment, platform), *_folder_layers(environment, resources)]
    if not layers:
        return []
    return [_root(environment), *(_application(environment, layer) for layer in layers)]


def _chart_layers(environment: ResolvedEnvironment, platform: Platform) -> list[_Layer]:
    """One Application for all CRD charts (two of them carry the same CRD), one for each other chart."""
    crds = [chart.name for chart in platform.charts if "-crd" in chart.name]
    layers = []
    if crds:
        layers.append(
            _Layer(
                name="kserve-crds",
                wave=-20,
                sources=[_chart(environment, platform, name, values=False) for name in crds],
                namespace=PLATFORM_NAMESPACE,
                prune=False,
                options=("CreateNamespace=true", "ServerSideApply=true", "Prune=false", "Delete=false"),
            )
        )
    for chart in platform.charts:
        if chart.name in crds:
            continue
        layers.append(
            _Layer(
                name=chart.name,
                wave=-5 if chart.name == "kserve-runtime-configs" else -10,
                sources=[_chart(environment, platform, chart.name, values=True), _values_source(environment)],
                namespace=PLATFORM_NAMESPACE,
                prune=False,
                options=("CreateNamespace=true", "FailOnSharedResource=true"),
            )
        )
    return layers


def _chart(environment: ResolvedEnvironment, platform: Platform, name: str, *, values: bool) -> JsonObject:
    helm: JsonObject = {"releaseName": name}
    if values:
        helm["valueFiles"] = [f"$values/{_folder(environment)}/platform/values/{name}.yaml"]
    return {"repoURL": CHART_REPOSITORY, "chart": name, "targetRevision": platform.version, "helm": helm}


def _values_source(environment: ResolvedEnvironment) -> JsonObject:
    return {**_repository(environment), "ref": "values"}


def _repository(environment: ResolvedEnvironment) -> JsonObject:
    return {
        "repoURL": environment.text("gitops", "repoURL"),
        "targetRevision": environment.text("gitops", "targetRevision", default="main"),
    }


def _folder(environment: ResolvedEnvironment) -> str:
    return f"{environment.text('gitops', 'path', default='rendered').strip('/')}/{environment.name}"


def _folder_layers(environment: ResolvedEnvironment, resources: Iterable[Resource]) -> list[_Layer]:
    folders = sorted({resource.file.rpartition("/")[0] for resource in resources})
    layers = []
    for folder in folders:
        top, _, namespace = folder.partition("/")
        models = top == "models"
        layers.append(
            _Layer(
                name=f"{top}-{namespace}" if namespace else top,
                wave={"cluster": 0, "policies": 2, "quotas": 2, "runtimes": 5}.get(top, 10),
                sources=[{**_repository(environment), "path": f"{_folder(environment)}/{folder}"}],
                namespace=namespace or PLATFORM_NAMESPACE,
                prune=top != "cluster",
                options=("PruneLast=true", "FailOnSharedResource=true") if top != "cluster" else ("Prune=false",),
                compare="ServerSideDiff=true" if models else "",
            )
        )
    return layers


def _application(environment: ResolvedEnvironment, layer: _Layer) -> Resource:
    metadata: JsonObject = {
        "name": f"{environment.name}-{layer.name}",
        "namespace": _control_namespace(environment),
        "annotations": {"argocd.argoproj.io/sync-wave": str(layer.wave)},
    }
    if layer.compare:
        metadata["annotations"] = {
            "argocd.argoproj.io/compare-options": layer.compare,
            "argocd.argoproj.io/sync-wave": str(layer.wave),
        }
    several = len(layer.sources) > 1
    spec: JsonObject = {
        "project": environment.text("gitops", "project", default="default"),
        "destination": {**_destination(environment), "namespace": layer.namespace},
        **({"sources": layer.sources} if several else {"source": layer.sources[0]}),
        "syncPolicy": {
            "automated": {"prune": layer.prune, "selfHeal": True},
            "retry": _RETRY,
            "syncOptions": list(layer.options),
        },
    }
    return _resource(metadata, spec, "sync/applications")


def _root(environment: ResolvedEnvironment) -> Resource:
    """Build the Application of Applications: applied once by hand, it keeps the others as Git has them."""
    metadata: JsonObject = {"name": environment.name, "namespace": _control_namespace(environment)}
    spec: JsonObject = {
        "project": environment.text("gitops", "project", default="default"),
        # Applications live where Argo CD runs, which need not be the cluster they sync to.
        "destination": {"server": SERVER_IN_CLUSTER, "namespace": _control_namespace(environment)},
        "source": {**_repository(environment), "path": f"{_folder(environment)}/sync/applications"},
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
