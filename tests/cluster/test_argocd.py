"""A real Argo CD syncs what is rendered, and does no more to the models than it has to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from tests.cluster import binaries
from tests.cluster.catalog import MODELS
from tests.cluster.conftest import absent, own_cluster
from tests.cluster.control_plane import Json, wait_for
from tests.cluster.gitops import NAMESPACE, GitOps, crds_of, gitops
from tests.cluster.models import is_there, live_models, mark, marks

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


def test_an_environment_of_one_wide_project_gets_the_narrow_ones(tmp_path: Path) -> None:
    """As 0.1 wrote it: one project for all that is rendered, and the root in `default`."""
    with argo_cd(tmp_path) as started:
        settles(started, "dev", change=widen)
        before = started.marks("dev")
        commit = started.catalog.publish()
        started.wait_synced("dev", commit)
        projects = {doc["metadata"]["name"]: live_project(started, doc) for doc in started.applications("dev")}
        assert projects.pop("dev") == "default", "until a person applies the root anew"
        assert projects.pop(f"dev-{LAYER}") == "dev"
        assert set(projects.values()) == {"dev-platform"}
        started.stand_up("dev")
        started.argo.refresh("dev")
        started.wait_synced("dev", commit)
        assert live_project(started, {"metadata": {"name": "dev"}}) == "dev-sync"
        assert started.marks("dev") == before


def live_project(started: GitOps, doc: Json) -> str:
    return str(started.argo.application(doc["metadata"]["name"])["spec"]["project"])


def widen(started: GitOps) -> None:
    """Write the projects of what is rendered for dev as they were before there were several."""
    sync = started.catalog.folder / "rendered/dev/sync"
    (sync / "appproject-dev-sync.yaml").unlink()
    (sync / "applications/appproject-dev-platform.yaml").unlink()
    for path in sync.rglob("*.yaml"):
        text = path.read_text("utf-8")
        doc = yaml.safe_load(text)
        if doc["kind"] == "Application":
            doc["spec"]["project"] = "default" if doc["metadata"]["name"] == "dev" else "dev"
        elif doc["kind"] == "AppProject":
            doc["spec"].pop("namespaceResourceWhitelist")
            doc["spec"].update(
                sourceRepos=["*"],
                destinations=[{"server": "*", "namespace": "*"}],
                clusterResourceWhitelist=[{"group": "*", "kind": "*"}],
            )
        # Without its first line a file would not be taken for a rendered one.
        path.write_text(text.partition("\n")[0] + "\n" + yaml.safe_dump(doc), "utf-8")


def settles(started: GitOps, environment: str, change: Callable[[GitOps], None] = lambda _: None) -> None:
    """See an environment through its first sync, a second one and a hard refresh; `change` is for its files."""
    started.catalog.publish()
    change(started)
    commit = started.catalog.commit()
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


def test_the_last_model_of_its_kind_is_pruned(dev: GitOps) -> None:
    """What a project permits does not follow from the catalog: a live object of another kind is never pruned."""
    before = dev.marks("dev")
    graph: Json = {"nodes": {"root": {"routerType": "Sequence", "steps": [{"serviceName": "sklearn-iris"}]}}}
    dev.catalog.edit(MODELS, lambda words: words.update(graphs={"chain": graph}))
    dev.update("dev", LAYER)
    chain = next(doc for doc in dev.objects("dev") if doc["kind"] == "InferenceGraph")
    assert is_there(dev.client, chain)
    dev.catalog.edit(MODELS, lambda words: words.pop("graphs"))
    dev.update("dev", LAYER)
    assert not is_there(dev.client, chain)
    assert dev.marks("dev") == before


# What somebody might merge into a folder of models: for the whole cluster, of another kind, in another namespace.
FORBIDDEN: dict[str, Json] = {
    "resource rbac.authorization.k8s.io:ClusterRoleBinding is not permitted in project dev": {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "everything"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": NAMESPACE}],
    },
    "resource rbac.authorization.k8s.io:RoleBinding is not permitted in project dev": {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "everything", "namespace": NAMESPACE},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": NAMESPACE}],
    },
    "resource :ConfigMap is not permitted in project dev": {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "elsewhere", "namespace": NAMESPACE},
    },
    "namespace kserve is not permitted in project 'dev'": {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "elsewhere", "namespace": "kserve"},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://models/iris"}}},
    },
}


def test_a_folder_of_models_brings_nothing_but_models(dev: GitOps) -> None:
    objects = dev.objects("dev")
    before = marks(dev.client, objects)
    folder = dev.catalog.folder / f"rendered/dev/models/{NAMESPACE}"
    for number, doc in enumerate(FORBIDDEN.values()):
        (folder / f"smuggled-{number}.yaml").write_text(yaml.safe_dump(doc), "utf-8")
    dev.catalog.commit()
    dev.argo.ask_for_refresh(f"dev-{LAYER}")
    dev.argo.wait_for(f"dev-{LAYER}", "its refusal", lambda app: refusals(app) == set(FORBIDDEN))
    assert not [message for message, doc in FORBIDDEN.items() if is_there(dev.client, doc)]
    assert marks(dev.client, objects) == before
    for path in folder.glob("smuggled-*"):
        path.unlink()
    dev.update("dev", LAYER)
    assert marks(dev.client, objects) == before


def refusals(app: Json) -> set[str]:
    result = app["status"].get("operationState", {}).get("syncResult", {})
    return {item["message"] for item in result.get("resources", []) if item.get("status") == "SyncFailed"}


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
