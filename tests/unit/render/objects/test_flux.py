"""What Flux is given: sources, Kustomizations in order, releases of charts."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.support.project import DEV, Project

from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, JsonValue

IRIS = "models:\n  iris: {modelFormat: sklearn, storageUri: s3://models/iris}\n"
LLM = IRIS + "  chat: {kind: LLMInferenceService, model: hf://a/b, router: true}\n"
RUNTIME = "{supportedModelFormats: [{name: a, version: '1'}], containers: [{name: kserve-container, image: a/b:c}]}"
RUNTIMES = f"runtimes:\n  all: {{kind: ClusterServingRuntime, spec: {RUNTIME}}}\n  own: {{spec: {RUNTIME}}}\n"


def objects(tmp_path: Path, words: str = "", models: str = IRIS, engine: str = "flux") -> dict[str, JsonObject]:
    project = Project(tmp_path)
    gitops = f"gitops: {{engine: {engine}, repoURL: https://example.com/m.git{words}}}"
    project.write("environments/dev.yaml", DEV.replace("gitops: {engine: none}", gitops))
    project.models(models)
    return project.built()


def spec(found: dict[str, JsonObject], name: str) -> JsonObject:
    return mapping(found[name]["spec"])


def needs(found: dict[str, JsonObject], name: str) -> list[JsonValue]:
    return [mapping(item)["name"] for item in sequence(spec(found, name).get("dependsOn"))]


def test_layers_have_the_names_that_argo_cd_gives_them(tmp_path: Path) -> None:
    flux = objects(tmp_path / "flux", models=LLM)
    argocd = objects(tmp_path / "argocd", models=LLM, engine="argocd")
    names = {
        kind: {key.partition("/")[2] for key in found if key.startswith(f"{kind}/")}
        for kind, found in (("Kustomization", flux), ("Application", argocd))
    }
    assert "dev-models-ns" in names["Kustomization"]
    assert names["Kustomization"] - {"dev-access"} == names["Application"]


def test_the_source_and_the_root(tmp_path: Path) -> None:
    found = objects(tmp_path)
    assert found["GitRepository/dev"]["metadata"] == {"name": "dev", "namespace": "flux-system"}
    assert spec(found, "GitRepository/dev") == {
        "interval": "1m",
        "url": "https://example.com/m.git",
        "ref": {"branch": "main"},
    }
    root = spec(found, "Kustomization/dev")
    assert root["path"] == "./rendered/dev/sync/kustomizations"
    assert (root["prune"], root["deletionPolicy"], "dependsOn" in root) == (False, "Orphan", False)


@pytest.mark.parametrize(
    ("revision", "reference"),
    [
        ("release-1", {"branch": "release-1"}),
        ("refs/tags/v1.0.0", {"name": "refs/tags/v1.0.0"}),
        ("0123456789abcdef0123456789abcdef01234567", {"commit": "0123456789abcdef0123456789abcdef01234567"}),
    ],
)
def test_what_is_read_of_the_repository(revision: str, reference: JsonObject, tmp_path: Path) -> None:
    found = objects(tmp_path, f", targetRevision: '{revision}'")
    assert spec(found, "GitRepository/dev")["ref"] == reference


def test_models_are_pruned_and_watched_by_their_deployments(tmp_path: Path) -> None:
    found = objects(tmp_path, models=IRIS + "  idle: {modelFormat: sklearn, storageUri: s3://a/b, stop: true}\n")
    assert spec(found, "Kustomization/dev-models-ns") == {
        "interval": "10m",
        "retryInterval": "2m",
        "timeout": "10m",
        "sourceRef": {"kind": "GitRepository", "name": "dev"},
        "path": "./rendered/dev/models/ns",
        "prune": True,
        "wait": False,
        "force": False,
        "deletionPolicy": "Orphan",
        "serviceAccountName": "dev-models",
        "dependsOn": [{"name": "dev-kserve-runtime-configs"}, {"name": "dev-cluster"}, {"name": "dev-access"}],
        "healthChecks": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "iris-predictor", "namespace": "ns"}],
    }


def test_what_holds_models_up_is_neither_pruned_nor_removed(tmp_path: Path) -> None:
    found = objects(tmp_path, ", flux: {deletionPolicy: Delete}")
    removal = {
        name: (spec(found, f"Kustomization/{name}")["prune"], spec(found, f"Kustomization/{name}")["deletionPolicy"])
        for name in ("dev", "dev-kserve-crds", "dev-kserve-resources", "dev-cluster", "dev-models-ns")
    }
    assert removal.pop("dev-models-ns") == (True, "Delete")
    assert set(removal.values()) == {(False, "Orphan")}


def test_all_wait_for_the_root_and_then_for_what_they_need(tmp_path: Path) -> None:
    found = objects(tmp_path, models=LLM)
    assert needs(found, "Kustomization/dev-kserve-crds") == ["dev"]
    assert needs(found, "Kustomization/dev-kserve-resources") == ["dev-kserve-crds"]
    assert spec(found, "Kustomization/dev-kserve-resources")["wait"] is True
    assert needs(found, "HelmRelease/dev-kserve-crd") == []
    assert needs(found, "HelmRelease/dev-kserve-resources") == ["dev-kserve-crd", "dev-kserve-llmisvc-crd"]
    assert needs(found, "HelmRelease/dev-kserve-runtime-configs") == [
        "dev-kserve-llmisvc-resources",
        "dev-kserve-resources",
    ]


def test_a_chart(tmp_path: Path) -> None:
    found = objects(tmp_path, ", chartRepository: oci://mirror.example.com/kserve/")
    assert spec(found, "OCIRepository/dev-kserve-resources") == {
        "interval": "1h",
        "url": "oci://mirror.example.com/kserve/kserve-resources",
        "layerSelector": {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "operation": "copy"},
        "ref": {"tag": "v0.19.0"},
    }
    strategy = {"name": "RetryOnFailure", "retryInterval": "5m"}
    assert spec(found, "HelmRelease/dev-kserve-resources") == {
        "interval": "10m",
        "timeout": "10m",
        "releaseName": "kserve-resources",
        "targetNamespace": "kserve",
        "storageNamespace": "kserve",
        "chartRef": {"kind": "OCIRepository", "name": "dev-kserve-resources"},
        "install": {"createNamespace": False, "strategy": strategy},
        "upgrade": {"chartNameChangeStrategy": "InPlaceUpdate", "strategy": strategy},
        "driftDetection": {"mode": "warn"},
        "dependsOn": [{"name": "dev-kserve-crd"}],
        "serviceAccountName": "dev-controllers",
        "values": {"kserve": {"controller": {"deploymentMode": "Standard"}}},
    }


def test_one_of_two_charts_brings_the_crd_that_both_carry(tmp_path: Path) -> None:
    found = objects(tmp_path, models=LLM)
    assert patches(found, "kserve-crd") == [(None, {"annotations": {"helm.sh/resource-policy": "keep"}})]
    assert patches(found, "kserve-llmisvc-crd") == [
        ("clusterstoragecontainers.serving.kserve.io", None),
        (None, {"annotations": {"helm.sh/resource-policy": "keep"}}),
    ]
    assert needs(found, "HelmRelease/dev-kserve-llmisvc-crd") == ["dev-kserve-crd"]


def test_alone_the_chart_of_llms_brings_it(tmp_path: Path) -> None:
    found = objects(tmp_path, models="models:\n  chat: {kind: LLMInferenceService, model: hf://a/b, router: true}\n")
    assert patches(found, "kserve-llmisvc-crd") == [(None, {"annotations": {"helm.sh/resource-policy": "keep"}})]


def patches(found: dict[str, JsonObject], chart: str) -> list[tuple[JsonValue, JsonValue]]:
    """Return the name that each patch is for, and the metadata that it adds; None for a deletion."""
    (renderer,) = sequence(spec(found, f"HelmRelease/dev-{chart}")["postRenderers"])
    out: list[tuple[JsonValue, JsonValue]] = []
    for item in sequence(mapping(mapping(renderer)["kustomize"])["patches"]):
        patch = yaml.safe_load(str(mapping(item)["patch"]))
        metadata = {key: value for key, value in patch["metadata"].items() if key != "name"}
        out.append((mapping(mapping(item)["target"]).get("name"), None if "$patch" in patch else metadata))
    return out


def test_another_cluster(tmp_path: Path) -> None:
    secret = {"secretRef": {"name": "prod"}}
    found = objects(tmp_path, ", flux: {kubeConfig: {secretRef: {name: prod}}, serviceAccountName: sync}")
    remote = [key for key in found if spec_or_none(found[key]).get("kubeConfig") == secret]
    assert remote == [
        "Kustomization/dev-cluster",
        "Kustomization/dev-models-ns",
        "HelmRelease/dev-kserve-crd",
        "HelmRelease/dev-kserve-resources",
        "HelmRelease/dev-kserve-runtime-configs",
    ]
    accounts = {key for key in found if spec_or_none(found[key]).get("serviceAccountName") == "sync"}
    assert {key for key in found if key.startswith(("Kustomization", "HelmRelease"))} == accounts


def spec_or_none(doc: JsonObject) -> JsonObject:
    return mapping(doc.get("spec"))


def test_secrets_of_repository_and_registry(tmp_path: Path) -> None:
    found = objects(tmp_path, ", flux: {secretRef: {name: git}, chartSecretRef: {name: oci}}")
    assert spec(found, "GitRepository/dev")["secretRef"] == {"name": "git"}
    assert spec(found, "OCIRepository/dev-kserve-crd")["secretRef"] == {"name": "oci"}


def test_a_layer_reads_nothing_of_the_layers_in_folders_below_it(tmp_path: Path) -> None:
    found = objects(tmp_path, models=IRIS + RUNTIMES)
    (patch,) = sequence(spec(found, "Kustomization/dev-runtimes")["patches"])
    assert mapping(patch)["target"] == {
        "group": "serving.kserve.io",
        "version": "v1alpha1",
        "kind": "ServingRuntime",
    }
    assert yaml.safe_load(str(mapping(patch)["patch"]))["$patch"] == "delete"
    assert "patches" not in spec(found, "Kustomization/dev-runtimes-ns")
