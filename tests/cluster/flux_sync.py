"""A catalog whose environment dev Flux's real kustomize-controller syncs to the cluster of the suite.

What the other controllers would do is stood in for: sources and releases are reported ready (`artifacts`), and so are
the Deployments of models, which KServe's controller would create.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml
from tests.cluster import binaries
from tests.cluster.artifacts import Artifacts, report_ready, serving_artifacts
from tests.cluster.catalog import Catalog
from tests.cluster.control_plane import HOST, Client, Json, free_port, kubeconfig, listens, running, wait_for
from tests.cluster.models import live_models
from tests.cluster.objects import collection, make_namespace, url

ENVIRONMENT = "dev"
SYNC_NAMESPACE = "flux-system"
KUSTOMIZATION = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization"}
_KUSTOMIZATIONS: Json = {**KUSTOMIZATION, "metadata": {"namespace": SYNC_NAMESPACE}}
_OTHERS = ("HelmRelease", "OCIRepository")  # kinds whose controllers do not run here


class FluxSync:
    """The catalog, the controller, and the cluster."""

    def __init__(self, client: Client, catalog: Catalog, artifacts: Artifacts, folder: Path) -> None:
        self.client, self.catalog, self.artifacts, self.folder = client, catalog, artifacts, folder
        self._started = ExitStack()
        self._asked = 0

    def start(self) -> None:
        """Start the controller."""
        health = free_port()
        command = [
            str(binaries.built("kustomize-controller")),
            f"--health-addr={HOST}:{health}",
            "--metrics-addr=0",
            "--requeue-dependency=500ms",
            "--log-level=debug",
        ]
        words = {"KUBECONFIG": str(kubeconfig(self.folder, self.client)), "RUNTIME_NAMESPACE": SYNC_NAMESPACE}
        self.process = self._started.enter_context(
            running("kustomize-controller", command, self.folder, {**os.environ, **words})
        )
        wait_for("kustomize-controller", lambda: listens(health))

    def kill(self) -> None:
        """End the controller in the middle of whatever it does."""
        self.process.kill()
        self._started.close()

    def stop(self) -> None:
        """End the controller."""
        self._started.close()

    def stand_up(self) -> None:
        """Apply what a person applies: the objects that lie in sync/ itself."""
        for path in sorted((self.catalog.folder / "rendered" / ENVIRONMENT / "sync").glob("*.yaml")):
            doc = yaml.safe_load(path.read_bytes())
            done = self.client.call(
                "PATCH", url(doc), doc, fieldManager="person", fieldValidation="Strict", force="true"
            )
            assert done.accepted, done.message

    def publish(self) -> str:
        """Render, commit, and let the source say so; returns the commit."""
        return self.announce(self.catalog.publish())

    def announce(self, commit: str) -> str:
        """Let the source say that a commit is there; returns it."""
        (source,) = (doc for doc in self.catalog.rendered(ENVIRONMENT, "sync") if doc["kind"] == "GitRepository")
        self.artifacts.publish(self.client, source, self.catalog.folder, f"rendered/{ENVIRONMENT}", commit)
        return commit

    def kustomizations(self) -> list[str]:
        """Return the names of the rendered Kustomizations, the root first."""
        found = self.catalog.rendered(ENVIRONMENT, "sync")
        return sorted((doc["metadata"]["name"] for doc in found if doc["kind"] == "Kustomization"), key=len)

    def objects(self, folder: str = "") -> list[Json]:
        """Return the rendered objects that are not Flux's own."""
        docs = self.catalog.rendered(ENVIRONMENT, folder)
        return [doc for doc in docs if doc["metadata"].get("namespace") != SYNC_NAMESPACE]

    def kustomization(self, name: str) -> Json:
        """Return a Kustomization as it is on the cluster; empty where there is none."""
        answer = self.client.call("GET", kustomization_url(name))
        return answer.body if answer.accepted else {}

    def update(self, *, models_run: bool = True) -> str:
        """Publish, and wait until all Kustomizations are ready with it; returns the commit."""
        commit = self.publish()
        self.wait_ready(commit, models_run=models_run)
        return commit

    def wait_ready(self, commit: str, *, models_run: bool = True) -> None:
        """Wait until all rendered Kustomizations have applied a commit, and found healthy what they check."""
        for name in self.kustomizations():
            self.wait(name, "Ready", lambda doc: is_ready(doc, commit), models_run=models_run)

    def wait(self, name: str, what: str, check: Callable[[Json], bool], *, models_run: bool = True) -> None:
        """Wait until a Kustomization answers a check; meanwhile the other controllers do their part.

        It may wait for others, so that it is no use giving up while anything happens to any of them.
        """

        def answers() -> bool:
            self.stand_in(models_run=models_run)
            return check(self.kustomization(name))

        wait_for(f"{name} {what}", answers, watch=self._said)

    def _said(self) -> dict[str, object]:
        """Return what each Kustomization says of itself, without what changes with every try."""
        items = self.client.call("GET", collection(_KUSTOMIZATIONS)).body["items"]
        return {
            item["metadata"]["name"]: (
                item.get("status", {}).get("lastAppliedRevision"),
                [(c["type"], c["status"], c["message"]) for c in item.get("status", {}).get("conditions", ())],
            )
            for item in items
        }

    def stand_in(self, *, models_run: bool = True) -> None:
        """Do what helm-controller, source-controller and KServe's controller would do next."""
        for doc in self.catalog.rendered(ENVIRONMENT, "sync"):
            live = self.client.call("GET", url(doc)) if doc["kind"] in _OTHERS else None
            if live and live.accepted and not _is_reported(live.body):
                if namespace := doc["spec"].get("targetNamespace"):  # a release creates it
                    make_namespace(self.client, namespace)
                report_ready(self.client, doc)
        if models_run:
            named = {doc["metadata"].get("namespace", "") for doc in self.objects("models")}
            for namespace in sorted(named - {""}):
                run_models(self.client, namespace)

    def reconcile(self, name: str) -> None:
        """Have a Kustomization reconciled once more, and wait until that is done."""
        self._asked += 1
        asked = f"once more {self._asked}"
        annotation = {"reconcile.fluxcd.io/requestedAt": asked}
        doc = {**KUSTOMIZATION, "metadata": {"name": name, "annotations": annotation}}
        done = self.client.call("PATCH", kustomization_url(name), doc, fieldManager="asking", force="true")
        assert done.accepted, done.message
        self.wait(
            name, "reconciled", lambda doc: doc["status"].get("lastHandledReconcileAt") == asked and is_ready(doc)
        )


def kustomization_url(name: str) -> str:
    """Return the URL of a Kustomization."""
    return url({**KUSTOMIZATION, "metadata": {"name": name, "namespace": SYNC_NAMESPACE}})


def is_ready(doc: Json, commit: str = "") -> bool:
    """Whether a Kustomization is ready as it is now written, and with a commit if one is given."""
    status = doc.get("status", {})
    return _is_reported(doc) and status.get("lastAppliedRevision", "").endswith(commit)


def _is_reported(doc: Json) -> bool:
    status = doc.get("status", {})
    ready = any(item["type"] == "Ready" and item["status"] == "True" for item in status.get("conditions", ()))
    return ready and status.get("observedGeneration") == doc["metadata"]["generation"]


def run_models(client: Client, namespace: str) -> None:
    """Have a ready Deployment for each InferenceService of a namespace, and none for those that are gone."""
    base = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    wanted = {f"{name}-predictor" for name in live_models(client, namespace)}
    there = {item["metadata"]["name"] for item in client.call("GET", base).body["items"]}
    for name in there - wanted:
        client.call("DELETE", f"{base}/{name}")
    for name in wanted - there:
        done = client.call("POST", base, _deployment(name))
        assert done.accepted, done.message
        body = {**done.body, "status": _RUNNING}
        done = client.call("PUT", f"{base}/{name}/status", body)
        assert done.accepted, done.message


_RUNNING = {
    "observedGeneration": 1,
    "replicas": 1,
    "updatedReplicas": 1,
    "readyReplicas": 1,
    "availableReplicas": 1,
    "conditions": [
        {"type": "Available", "status": "True"},
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
    ],
}


def _deployment(name: str) -> Json:
    labels = {"app": name}
    container = {
        "name": "kserve-container",
        "image": "registry.example.com/model@sha256:" + "0" * 64,
        "resources": {"limits": {"memory": "1Gi"}, "requests": {"memory": "1Gi"}},
    }
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod},
    }


@contextmanager
def flux_sync(client: Client, folder: Path) -> Iterator[FluxSync]:
    """Start Flux beside this project's catalog."""
    catalog = Catalog(folder / "models")
    make_namespace(client, SYNC_NAMESPACE)
    with serving_artifacts() as artifacts:
        sync = FluxSync(client, catalog, artifacts, folder)
        sync.start()
        try:
            yield sync
        finally:
            sync.stop()
