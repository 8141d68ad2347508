"""Flux's kustomize-controller syncs what is rendered: all of it, nothing twice, and it removes only what left Git."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.cluster import binaries
from tests.cluster.catalog import MODELS
from tests.cluster.conftest import CRDS, absent, read_crds
from tests.cluster.control_plane import Client, Json, wait_for
from tests.cluster.flux_sync import (
    ENVIRONMENT,
    KUSTOMIZATION,
    SYNC_NAMESPACE,
    FluxSync,
    flux_sync,
    is_ready,
    kustomization_url,
)
from tests.cluster.models import is_there, marks
from tests.cluster.objects import collection, make_namespace, url
from tests.support.project import DEV, Project

WORDS = f"environments/{ENVIRONMENT}.yaml"
NAMESPACE = "kserve-inference"
LAYER = f"{ENVIRONMENT}-models-{NAMESPACE}"
OWNER = "kustomize.toolkit.fluxcd.io/name"
SPARE = "spare"
# An environment with every word that is Flux's own, and with both charts that carry one of the CRDs.
WORDY = """{engine: flux, repoURL: https://example.com/m.git, targetRevision: refs/tags/v1, flux: {
  secretRef: {name: git}, chartSecretRef: {name: oci}, kubeConfig: {secretRef: {name: prod, key: value}},
  serviceAccountName: sync, timeout: 30m, deletionPolicy: MirrorPrune,
  driftDetection: {mode: enabled, ignore: [{paths: [/spec/replicas], target: {kind: Deployment}}]}}}"""
MODELS_OF_BOTH = """
models:
  iris: {modelFormat: sklearn, storageUri: s3://models/iris}
  chat: {kind: LLMInferenceService, model: hf://a/b, router: true}
"""


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


def test_the_last_model_of_its_kind_is_pruned(synced: FluxSync) -> None:
    """What an account may delete does not follow from the catalog."""
    before = marks(synced.client, synced.objects())
    # Stopped, so that nobody waits for a Deployment of it.
    graph: Json = {
        "annotations": {"serving.kserve.io/stop": "true"},
        "nodes": {"root": {"routerType": "Sequence", "steps": [{"serviceName": "sklearn-iris"}]}},
    }
    synced.catalog.edit(MODELS, lambda catalog: catalog.update(graphs={"chain": graph}))
    synced.update()
    chain = next(doc for doc in synced.objects("models") if doc["kind"] == "InferenceGraph")
    assert is_there(synced.client, chain)
    synced.catalog.edit(MODELS, lambda catalog: catalog.pop("graphs"))
    synced.update()
    assert not is_there(synced.client, chain)
    assert marks(synced.client, synced.objects()) == before


# Who may do what where: an account, a verb, an API group, a resource, a namespace, and whether it may.
REVIEWS = [
    ("models", "create", "serving.kserve.io", "inferenceservices", NAMESPACE, True),
    ("models", "delete", "serving.kserve.io", "trainedmodels", NAMESPACE, True),
    ("models", "patch", "serving.kserve.io", "servingruntimes", NAMESPACE, True),
    ("models", "list", "", "pods", NAMESPACE, True),
    ("models", "create", "serving.kserve.io", "inferenceservices", "default", False),
    ("models", "create", "serving.kserve.io", "inferenceservices", "kserve", False),
    ("models", "create", "serving.kserve.io", "clusterservingruntimes", "", False),
    ("models", "create", "rbac.authorization.k8s.io", "clusterrolebindings", "", False),
    ("models", "create", "rbac.authorization.k8s.io", "rolebindings", NAMESPACE, False),
    ("models", "get", "", "secrets", NAMESPACE, False),
    ("models", "create", "", "pods", NAMESPACE, False),
    ("models", "patch", "", "namespaces", "", False),
    ("cluster", "patch", "", "namespaces", "", True),
    ("cluster", "delete", "", "namespaces", "", False),
    ("cluster", "create", "rbac.authorization.k8s.io", "clusterrolebindings", "", False),
    ("policies", "delete", "admissionregistration.k8s.io", "validatingadmissionpolicies", "", True),
    ("policies", "create", "admissionregistration.k8s.io", "mutatingwebhookconfigurations", "", False),
    ("policies", "get", "", "secrets", "kserve", False),
    ("runtimes", "delete", "serving.kserve.io", "clusterservingruntimes", "", True),
    ("runtimes", "create", "serving.kserve.io", "inferenceservices", NAMESPACE, False),
    ("charts", "create", "helm.toolkit.fluxcd.io", "helmreleases", SYNC_NAMESPACE, True),
    ("charts", "create", "kustomize.toolkit.fluxcd.io", "kustomizations", SYNC_NAMESPACE, False),
    ("crds", "update", "apiextensions.k8s.io", "customresourcedefinitions", "", True),
    ("crds", "create", "rbac.authorization.k8s.io", "clusterrolebindings", "", False),
    ("crds", "create", "", "secrets", "kserve", True),
    ("controllers", "create", "rbac.authorization.k8s.io", "clusterrolebindings", "", True),
    ("controllers", "get", "", "secrets", NAMESPACE, False),
    ("access", "create", "rbac.authorization.k8s.io", "rolebindings", NAMESPACE, True),
    ("access", "bind", "rbac.authorization.k8s.io", "clusterroles", "", False),
    ("access", "create", "rbac.authorization.k8s.io", "clusterrolebindings", "", False),
]


@pytest.mark.parametrize("review", REVIEWS, ids=lambda review: " ".join(map(str, review)))
def test_an_account_may_do_what_its_layer_needs(synced: FluxSync, review: tuple[str, str, str, str, str, bool]) -> None:
    account, verb, group, resource, namespace, expected = review
    attributes = {"verb": verb, "group": group, "resource": resource, "namespace": namespace}
    user = f"system:serviceaccount:{SYNC_NAMESPACE}:{ENVIRONMENT}-{account}"
    body: Json = {"spec": {"user": user, "resourceAttributes": attributes}}
    answer = synced.client.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body)
    assert answer.accepted, answer.message
    assert answer.body["status"]["allowed"] is expected


FORBIDDEN: tuple[Json, ...] = (
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "everything"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": NAMESPACE}],
    },
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "smuggled", "namespace": NAMESPACE}},
    {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "smuggled", "namespace": "default"},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://models/iris"}}},
    },
)


@pytest.mark.parametrize("doc", FORBIDDEN, ids=lambda doc: str(doc["kind"]))
def test_a_folder_of_models_brings_nothing_but_models(synced: FluxSync, doc: Json) -> None:
    before = marks(synced.client, synced.objects())
    smuggled = synced.catalog.folder / f"rendered/{ENVIRONMENT}/models/{NAMESPACE}/smuggled.yaml"
    smuggled.write_text(json.dumps(doc), "utf-8")
    synced.announce(synced.catalog.commit())
    synced.wait(LAYER, "refused", lambda live: "is forbidden" in refusal(live))
    assert not is_there(synced.client, doc)
    smuggled.unlink()
    synced.update()
    assert marks(synced.client, synced.objects()) == before


def refusal(doc: Json) -> str:
    conditions = doc.get("status", {}).get("conditions", ())
    return next(
        (str(item["message"]) for item in conditions if item["type"] == "Ready" and item["status"] == "False"), ""
    )


def test_accounts_come_to_an_environment_that_had_none(synced: FluxSync) -> None:
    """As 0.1 wrote it: everything is applied with the rights of Flux itself."""
    before = marks(synced.client, synced.objects())
    folder = synced.catalog.folder / f"rendered/{ENVIRONMENT}/sync"
    for path in [*folder.glob("kustomizations/*.yaml"), *folder.glob("charts/*/helmrelease-*.yaml")]:
        text = path.read_text("utf-8")
        doc = yaml.safe_load(text)
        del doc["spec"]["serviceAccountName"]
        needs = doc["spec"].get("dependsOn", [])
        doc["spec"]["dependsOn"] = [need for need in needs if need["name"] != f"{ENVIRONMENT}-access"]
        # Without its first line a file would not be taken for a rendered one.
        path.write_text(text.partition("\n")[0] + "\n" + yaml.safe_dump(doc), "utf-8")
    synced.wait_ready(synced.announce(synced.catalog.commit()))
    assert "serviceAccountName" not in synced.kustomization(LAYER)["spec"]
    synced.update()
    assert synced.kustomization(LAYER)["spec"]["serviceAccountName"] == f"{ENVIRONMENT}-models"
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


def wordy(folder: Path) -> dict[str, Json]:
    project = Project(folder)
    project.write("environments/dev.yaml", DEV.replace("{engine: none}", WORDY))
    project.models(MODELS_OF_BOTH)
    return {key: doc for key, doc in project.built().items() if "fluxcd.io" in str(doc["apiVersion"])}


def test_every_word_is_accepted_strictly(cluster: Client, tmp_path: Path) -> None:
    make_namespace(cluster, SYNC_NAMESPACE)
    found = wordy(tmp_path)
    assert {key.partition("/")[0] for key in found} == {
        "GitRepository",
        "HelmRelease",
        "Kustomization",
        "OCIRepository",
    }
    for key, doc in found.items():
        named = {**doc, "metadata": {**doc["metadata"], "name": f"wordy-{doc['metadata']['name']}"}}
        answer = cluster.call("POST", collection(doc), named, dryRun="All", fieldValidation="Strict")
        assert (answer.accepted, answer.warnings) == (True, ()), f"{key}: {answer.message}"
    wrong = {**found["Kustomization/dev"], "metadata": {"name": "wrong", "namespace": SYNC_NAMESPACE}}
    wrong["spec"] = {**wrong["spec"], "healthCheck": []}
    assert not cluster.call("POST", collection(wrong), wrong, dryRun="All", fieldValidation="Strict").accepted


def test_the_patches_of_a_release_keep_crds_and_drop_the_one_that_another_brings(
    synced: FluxSync, tmp_path: Path
) -> None:
    """Helm-controller has the same kustomize in it; here the patches stand in a Kustomization."""
    release = wordy(tmp_path / "project")["HelmRelease/dev-kserve-llmisvc-crd"]
    both = {"trainedmodels.serving.kserve.io", "clusterstoragecontainers.serving.kserve.io"}
    crds = {crd["metadata"]["name"]: crd for crd in read_crds(CRDS) if crd["metadata"]["name"] in both}
    (tmp_path / "source" / "crds").mkdir(parents=True)
    for name, crd in crds.items():
        (tmp_path / "source" / "crds" / f"{name}.yaml").write_text(json.dumps(crd), "utf-8")
    named = {"name": "crds", "namespace": SYNC_NAMESPACE}
    source = {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": named,
        "spec": {"interval": "1h", "url": "https://example.com/crds.git"},
    }
    spec = {
        "interval": "1h",
        "path": "./crds",
        "prune": False,
        "sourceRef": {"kind": "GitRepository", "name": "crds"},
        "patches": release["spec"]["postRenderers"][0]["kustomize"]["patches"],
    }
    for doc in (source, {**KUSTOMIZATION, "metadata": named, "spec": spec}):
        assert synced.client.call("POST", collection(doc), doc).accepted
    synced.artifacts.publish(synced.client, source, tmp_path / "source", "crds", "0" * 40)
    synced.wait("crds", "Ready", is_ready)
    live = {name: synced.client.call("GET", url(crd)).body["metadata"] for name, crd in crds.items()}
    kept = live["trainedmodels.serving.kserve.io"]
    assert (kept["labels"][OWNER], kept["annotations"]["helm.sh/resource-policy"]) == ("crds", "keep")
    assert OWNER not in live["clusterstoragecontainers.serving.kserve.io"].get("labels", {})
    synced.client.call("DELETE", kustomization_url("crds"))
    wait_for("the end of crds", lambda: not synced.kustomization("crds"))
    synced.client.call("DELETE", url(source))
