"""A real Argo CD syncs what is rendered, and does no more to the models than it has to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cluster import binaries
from tests.cluster.catalog import MODELS
from tests.cluster.conftest import absent, own_cluster
from tests.cluster.control_plane import Json, wait_for
from tests.cluster.gitops import NAMESPACE, GitOps, crds_of, gitops
from tests.cluster.models import is_there, live_models, mark

NEIGHBOURS = [f"neighbour-{number}" for number in range(6)]
SPARE = "spare"
LAYER = f"models-{NAMESPACE}"
HERE: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
CRD: Json = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "trainedmodels.serving.kserve.io"},
}


@contextmanager
def argo_cd(folder: Path) -> Iterator[GitOps]:
    """Start a cluster with an Argo CD for one environment, which has all of it to itself; nothing is synced yet."""
    with own_cluster(folder) as cluster:
        try:
            with gitops(cluster, folder) as started:
                started.catalog.add_models(*NEIGHBOURS)
                yield started
        except binaries.NotHereError as missing:
            absent(str(missing))


def test_an_environment_syncs_and_nothing_changes_it_after_that(tmp_path: Path) -> None:
    with argo_cd(tmp_path) as started:
        settles(started, "prod")


def test_an_application_set_and_charts_as_artefacts_sync_as_well(tmp_path: Path) -> None:
    with argo_cd(tmp_path) as started:
        started.catalog.gitops(argocd={"applicationSet": True, "chartSource": "oci"}, values="inline")
        settles(started, "staging")
        kinds = [doc["kind"] for doc in started.catalog.rendered("staging", "sync/applications")]
    assert "ApplicationSet" in kinds
    assert "Application" not in kinds


def settles(started: GitOps, environment: str) -> None:
    """See an environment through its first sync, a second one and a hard refresh."""
    commit = started.catalog.publish()
    started.stand_up(environment)
    started.wait_synced(environment, commit)
    before = started.marks(environment)
    names = [doc["metadata"]["name"] for doc in started.applications(environment)]
    started.argo.sync(*names)
    started.argo.refresh(*names, hard=True)
    started.wait_synced(environment, commit)
    assert started.marks(environment) == before


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitOps]:
    """Return a GitOps whose environment dev is synced."""
    spare = {SPARE: {"labels": {"owner": "ml-platform"}}}
    with argo_cd(tmp_path_factory.mktemp("dev")) as started:
        started.catalog.edit("environments/dev.yaml", lambda words: words.update(namespaces=spare))
        settles(started, "dev")
        yield started


def test_a_changed_model_changes_alone(dev: GitOps) -> None:
    before = dev.marks("dev")
    dev.catalog.edit(MODELS, lambda words: words["models"]["neighbour-0"].update(storageUri="s3://models/other"))
    dev.update("dev", LAYER)
    after = dev.marks("dev")
    changed = "InferenceService/neighbour-0"
    old, new = before.pop(changed), after.pop(changed)
    assert (new.uid, new.generation) == (old.uid, old.generation + 1)
    assert after == before


def test_a_removed_model_is_pruned_and_nothing_else(dev: GitOps) -> None:
    before = dev.marks("dev")
    dev.catalog.edit(MODELS, lambda words: words["models"].pop("neighbour-1"))
    dev.update("dev", LAYER)
    before.pop("InferenceService/neighbour-1")
    assert live_models(dev.client, NAMESPACE).keys() == {
        name.partition("/")[2] for name in before if "Service/" in name
    }
    assert dev.marks("dev") == before


def test_a_namespace_that_leaves_git_stays(dev: GitOps) -> None:
    before = dev.marks("dev")
    (dev.catalog.folder / f"rendered/dev/cluster/namespace-{NAMESPACE}.yaml").unlink()
    commit = dev.catalog.commit()
    dev.argo.refresh("dev-cluster")
    dev.argo.wait_for("dev-cluster", "the new commit", lambda app: app["status"]["sync"]["revision"] == commit)
    assert "PruneSkipped" in [item["status"] for item in dev.argo.sync("dev-cluster")]
    assert mark(dev.client, HERE) == before.pop(f"Namespace/{NAMESPACE}")
    assert dev.marks("dev") == before


def test_a_crd_that_leaves_its_chart_stays(dev: GitOps) -> None:
    before = mark(dev.client, CRD)
    dev.charts.add("kserve-crd", crds_of("kserve-crd", but="trainedmodels"))
    dev.argo.refresh("dev-kserve-crds", hard=True)
    resources = dev.argo.application("dev-kserve-crds")["status"]["resources"]
    assert CRD["metadata"]["name"] not in [item["name"] for item in resources if not item.get("requiresPruning")]
    dev.argo.sync("dev-kserve-crds")
    assert mark(dev.client, CRD) == before


def test_a_sync_that_is_cut_off_is_taken_up_again(dev: GitOps) -> None:
    before = dev.marks("dev")
    names = [f"many-{number}" for number in range(64)]
    dev.catalog.add_models(*names)
    dev.gate.admit_only(20)
    commit = dev.catalog.publish()
    dev.argo.ask_for_refresh(f"dev-{LAYER}")
    wait_for(
        "a part of the models",
        lambda: len(set(names) & live_models(dev.client, NAMESPACE).keys()) == 20,
        watch=lambda: live_models(dev.client, NAMESPACE).keys(),
    )
    dev.argo.kill_controller()
    dev.gate.open()
    part = {name: model["metadata"]["uid"] for name, model in live_models(dev.client, NAMESPACE).items()}
    assert len(part) < len(names)
    dev.argo.start_controller()
    dev.argo.wait_synced(f"dev-{LAYER}", commit)
    models = live_models(dev.client, NAMESPACE)
    assert {name: models[name]["metadata"]["uid"] for name in part} == part
    assert {models[name]["metadata"]["generation"] for name in names} == {1}
    after = dev.marks("dev")
    assert {name: after[name] for name in before} == before


def test_removing_applications_leaves_what_they_synced(dev: GitOps) -> None:
    before = dev.marks("dev")
    dev.argo.delete("dev", cascade=True)
    assert dev.marks("dev") == before
    for layer in ("kserve-crds", "cluster", LAYER):
        assert not dev.argo.application(f"dev-{layer}"), "removed with the one above it"
    commit = dev.catalog.publish()
    dev.stand_up("dev")
    dev.wait_synced("dev", commit)
    assert dev.marks("dev") == before, "adopted again, and changed by that"
    dev.argo.delete(f"dev-{LAYER}", cascade=False)
    for layer in ("kserve-crds", "cluster"):
        dev.argo.delete(f"dev-{layer}", cascade=True)
    assert all(is_there(dev.client, doc) for doc in (CRD, HERE))
    assert dev.marks("dev") == before
