"""Flux's kustomize-controller syncs what is rendered: all of it, nothing twice, and it removes only what left Git."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.cluster import binaries
from tests.cluster.catalog import MODELS
from tests.cluster.conftest import absent
from tests.cluster.control_plane import Client, Json, wait_for
from tests.cluster.flux_sync import ENVIRONMENT, FluxSync, flux_sync, is_ready, kustomization_url
from tests.cluster.models import is_there, marks
from tests.cluster.objects import url

WORDS = f"environments/{ENVIRONMENT}.yaml"
NAMESPACE = "kserve-inference"
LAYER = f"{ENVIRONMENT}-models-{NAMESPACE}"
OWNER = "kustomize.toolkit.fluxcd.io/name"
SPARE = "spare"


@pytest.fixture(scope="module")
def synced(cluster: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FluxSync]:
    """Return an environment that Flux has synced for the first time: this repository's, with runtimes of its own."""
    try:
        binaries.built("kustomize-controller")
    except binaries.NotHereError as missing:
        absent(str(missing))
    with flux_sync(cluster, tmp_path_factory.mktemp("flux")) as sync:
        sync.catalog.edit(MODELS, add_runtimes)
        sync.catalog.publish()
        sync.stand_up()
        sync.update()
        yield sync
        sync.tear_down()


def add_runtimes(catalog: Json) -> None:
    catalog["runtimes"] = {
        "everywhere": {"kind": "ClusterServingRuntime", "spec": runtime()},
        "here": {"spec": runtime(), "environments": [ENVIRONMENT]},
    }


def runtime() -> Json:
    image = "registry.example.com/own@sha256:" + "0" * 64
    return {
        "supportedModelFormats": [{"name": "own", "version": "1"}],
        "containers": [{"name": "kserve-container", "image": image}],
    }


def owner(client: Client, doc: Json) -> str:
    labels: Json = client.call("GET", url(doc)).body["metadata"].get("labels", {})
    return str(labels.get(OWNER, ""))


def test_everything_is_synced_each_by_the_kustomization_of_its_layer(synced: FluxSync) -> None:
    found = {f"{doc['kind']}/{doc['metadata']['name']}": owner(synced.client, doc) for doc in synced.objects()}
    assert found["InferenceService/sklearn-iris"] == LAYER
    assert found["ClusterServingRuntime/everywhere"] == f"{ENVIRONMENT}-runtimes"
    assert found["ServingRuntime/here"] == f"{ENVIRONMENT}-runtimes-{NAMESPACE}"
    assert found[f"Namespace/{NAMESPACE}"] == f"{ENVIRONMENT}-cluster"
    assert all(name.startswith(ENVIRONMENT) for name in found.values()), found


def test_models_carry_the_names_of_their_kustomization_and_nothing_else_of_flux(synced: FluxSync) -> None:
    for doc in synced.objects("models"):
        metadata = synced.client.call("GET", url(doc)).body["metadata"]
        assert set(metadata["labels"]) - set(doc["metadata"].get("labels", {})) == {
            OWNER,
            "kustomize.toolkit.fluxcd.io/namespace",
        }
        assert not [key for key in metadata.get("annotations", {}) if "fluxcd.io" in key]


def test_the_models_were_looked_for_as_deployments(synced: FluxSync) -> None:
    live = synced.kustomization(LAYER)
    assert [item["name"] for item in live["spec"]["healthChecks"]] == ["qwen-model-predictor", "sklearn-iris-predictor"]
    (healthy,) = (item for item in live["status"]["conditions"] if item["type"] == "Healthy")
    assert healthy["status"] == "True"


def test_reconciling_once_more_writes_nothing(synced: FluxSync) -> None:
    before = marks(synced.client, synced.objects())
    for name in synced.kustomizations():
        synced.reconcile(name)
    assert marks(synced.client, synced.objects()) == before


def test_a_commit_touches_only_what_it_changes_and_a_model_that_leaves_it_is_pruned(synced: FluxSync) -> None:
    before = marks(synced.client, synced.objects())
    synced.catalog.add_models("passing")
    synced.update()
    (passing,) = (doc for doc in synced.objects("models") if doc["metadata"]["name"] == "passing")
    after = marks(synced.client, synced.objects())
    assert after.pop("InferenceService/passing").generation == 1
    assert after == before
    synced.catalog.edit(MODELS, lambda catalog: catalog["models"].pop("passing"))
    synced.update()
    assert not is_there(synced.client, passing)
    assert marks(synced.client, synced.objects()) == before


def test_a_namespace_that_leaves_git_stays(synced: FluxSync) -> None:
    synced.catalog.edit(WORDS, lambda words: words.update(namespaces={SPARE: {"labels": {"owner": "ml-platform"}}}))
    synced.update()
    spare = next(doc for doc in synced.objects("cluster") if doc["metadata"]["name"] == SPARE)
    assert is_there(synced.client, spare)
    synced.catalog.edit(WORDS, lambda words: words.pop("namespaces"))
    synced.update()
    assert is_there(synced.client, spare)


def test_models_outlive_their_kustomization_and_are_taken_up_again(synced: FluxSync) -> None:
    before = marks(synced.client, synced.objects())
    uid = synced.kustomization(LAYER)["metadata"]["uid"]
    synced.client.call("DELETE", kustomization_url(LAYER))
    wait_for(f"the end of {LAYER}", lambda: synced.kustomization(LAYER).get("metadata", {}).get("uid") != uid)
    assert marks(synced.client, synced.objects()) == before
    synced.reconcile(ENVIRONMENT)
    synced.wait(LAYER, "Ready", is_ready)
    assert marks(synced.client, synced.objects()) == before


def test_killed_before_and_after_models_are_applied_it_converges(synced: FluxSync) -> None:
    before = marks(synced.client, synced.objects())
    synced.catalog.add_models("late")
    commit = synced.publish()
    synced.wait(ENVIRONMENT, "Ready", lambda doc: is_ready(doc, commit), models_run=False)
    synced.kill()
    synced.start()
    late = next(doc for doc in synced.objects("models") if doc["metadata"]["name"] == "late")
    synced.wait(LAYER, "applied", lambda _: is_there(synced.client, late), models_run=False)
    synced.kill()
    assert not is_ready(synced.kustomization(LAYER), commit)  # no Deployment says yet that the model runs
    synced.start()
    synced.wait_ready(commit)
    after = marks(synced.client, synced.objects())
    assert after.pop("InferenceService/late").generation == 1
    assert after == before
