"""A catalog, the Argo CD that syncs it, and the cluster that it is synced to.

The charts are stand-ins with KServe's real CRDs (`chart_registry`), and models are reported ready by the suite: no
controller of KServe runs here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from tests.cluster.argo_cd import ArgoCd, argo_cd
from tests.cluster.catalog import Catalog
from tests.cluster.chart_registry import Charts, serving_charts
from tests.cluster.conftest import CRDS, KSERVE_VERSION, Cluster, read_crds
from tests.cluster.control_plane import Json
from tests.cluster.git_server import serving_git
from tests.cluster.models import Mark, collect_garbage, marks, report_ready
from tests.cluster.objects import url

NAMESPACE = "kserve-inference"
# Which CRDs a chart brings: those whose names start so. Two charts bring one of them, as KServe's do.
_CRD_CHARTS = {
    "kserve-crd": ("clusters", "inference", "serving", "trained"),
    "kserve-llmisvc-crd": ("llm", "clusterstoragecontainers"),
    "kserve-localmodel-crd": ("localmodel",),
}
_OTHER_CHARTS = (
    "kserve-resources",
    "kserve-llmisvc-resources",
    "kserve-localmodel-resources",
    "kserve-runtime-configs",
)
# What Argo CD removes here in the foreground: it waits until a garbage collector has looked for dependents.
_COLLECTED: tuple[Json, ...] = (
    {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"namespace": NAMESPACE}},
    {"apiVersion": "serving.kserve.io/v1alpha1", "kind": "InferenceGraph", "metadata": {"namespace": NAMESPACE}},
    {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd"}},
    {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"namespace": "argocd"}},
)


class GitOps:
    """A catalog, the Argo CD that syncs it, and the cluster that it is synced to."""

    def __init__(self, cluster: Cluster, argo: ArgoCd, catalog: Catalog, charts: Charts) -> None:
        self.client, self.gate, self.argo, self.catalog, self.charts = *cluster, argo, catalog, charts
        argo.meanwhile = self._play_the_others

    def stand_up(self, environment: str) -> None:
        """Apply what a person applies: the objects that lie in sync/ itself."""
        for path in sorted((self.catalog.folder / "rendered" / environment / "sync").glob("*.yaml")):
            doc = yaml.safe_load(path.read_bytes())
            done = self.client.call(
                "PATCH", url(doc), doc, fieldManager="person", fieldValidation="Strict", force="true"
            )
            assert done.accepted, done.message

    def applications(self, environment: str) -> list[Json]:
        """Return the Applications of an environment, those of an ApplicationSet included; the root first."""
        docs = self.catalog.rendered(environment, "sync")
        found = [doc for doc in docs if doc["kind"] == "Application"]
        for doc in docs:
            if doc["kind"] == "ApplicationSet":
                (generator,) = doc["spec"]["generators"]
                elements = generator["list"]["elements"]
                found += [{**item["application"], "metadata": {"name": item["name"]}} for item in elements]
        return sorted(found, key=lambda doc: len(doc["metadata"]["name"]))

    def objects(self, environment: str) -> list[Json]:
        """Return the objects of an environment's folders: all that is not Argo CD's own."""
        docs = self.catalog.rendered(environment)
        return [doc for doc in docs if doc["metadata"].get("namespace") != "argocd"]

    def marks(self, environment: str) -> dict[str, Mark]:
        """Return the marks of these objects as they are on the cluster."""
        return marks(self.client, self.objects(environment))

    def wait_synced(self, environment: str, commit: str) -> None:
        """Wait until all Applications are synced to a commit and healthy; meanwhile others do their part."""
        for doc in self.applications(environment):
            name = doc["metadata"]["name"]
            self.argo.wait_for(name, "Healthy", _is_healthy)
            self.argo.wait_synced(name, commit if "repoURL: git:" in yaml.safe_dump(doc) else "")

    def _play_the_others(self) -> None:
        """Do what KServe's controller and the garbage collector would do by now."""
        report_ready(self.client, NAMESPACE)
        for kind in _COLLECTED:
            collect_garbage(self.client, kind)

    def update(self, environment: str, layer: str) -> str:
        """Publish the catalog and wait until one Application has taken it up; returns the commit."""
        commit = self.catalog.publish()
        self.argo.refresh(f"{environment}-{layer}")
        self.argo.wait_synced(f"{environment}-{layer}", commit)
        return commit


def _is_healthy(app: Json) -> bool:
    return bool(app.get("status", {}).get("health", {}).get("status") == "Healthy")


@contextmanager
def gitops(cluster: Cluster, folder: Path) -> Iterator[GitOps]:
    """Start Argo CD beside a repository with this project's catalog, and a registry with charts."""
    catalog, charts = Catalog(folder / "repositories" / "models"), Charts(KSERVE_VERSION)
    for chart in _OTHER_CHARTS:
        charts.add(chart)
    for chart in _CRD_CHARTS:
        charts.add(chart, crds_of(chart))
    with (
        serving_git(folder / "repositories", folder) as repositories,
        serving_charts(charts, folder) as registry,
        argo_cd(folder, cluster.client, registry.authority) as argo,
    ):
        words = {"engine": "argocd", "repoURL": f"{repositories}/models", "chartRepository": registry.address}
        catalog.gitops(**words)
        yield GitOps(cluster, argo, catalog, charts)


def crds_of(chart: str, *, but: str = "") -> dict[str, str]:
    """Return KServe's CRDs that a chart brings, except one; labelled, so that there is something to sync."""
    found = {crd["metadata"]["name"].partition(".")[0]: crd for crd in read_crds(CRDS)}
    brought = (name for name in found if name.startswith(_CRD_CHARTS[chart]) and name != but)
    return {f"{name}.yaml": json.dumps(_labelled(found[name])) for name in brought}


def _labelled(crd: Json) -> Json:
    return {**crd, "metadata": {**crd["metadata"], "labels": {"app.kubernetes.io/part-of": "kserve"}}}
