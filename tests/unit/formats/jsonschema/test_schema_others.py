"""The kinds that are not KServe's: what kservegen writes of them is admitted, and mistakes in them are found."""

from __future__ import annotations

import pytest
from tests.unit.formats.jsonschema.schema_samples import STORE, changed, without

from kservegen.core.jsontypes import JsonObject, JsonValue, Path

NAMESPACE: JsonObject = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "models", "labels": {"a": "b"}}}
QUOTA: JsonObject = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "gpus", "namespace": "models"},
    "spec": {"hard": {"requests.nvidia.com/gpu": "4", "memory": 1.5}},
}
APPLICATION: JsonObject = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "models", "namespace": "argocd", "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
    "spec": {
        "project": "models",
        "source": {"repoURL": "https://example.com/models.git", "path": "rendered/prod", "targetRevision": "main"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "models"},
        "syncPolicy": {"automated": {"prune": True}, "syncOptions": ["ServerSideApply=true"]},
        "ignoreDifferences": [{"group": "apps", "kind": "Deployment", "jqPathExpressions": [".spec.replicas"]}],
    },
}
PROJECT: JsonObject = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AppProject",
    "metadata": {"name": "models"},
    "spec": {
        "sourceRepos": ["https://example.com/models.git"],
        "destinations": [{"server": "https://kubernetes.default.svc", "namespace": "models"}],
        "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
    },
}
KUSTOMIZATION: JsonObject = {
    "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
    "kind": "Kustomization",
    "metadata": {"name": "models", "namespace": "flux-system"},
    "spec": {
        "interval": "10m",
        "path": "./rendered/prod/models",
        "prune": True,
        "sourceRef": {"kind": "GitRepository", "name": "models"},
    },
}
RELEASE: JsonObject = {
    "apiVersion": "helm.toolkit.fluxcd.io/v2",
    "kind": "HelmRelease",
    "metadata": {"name": "kserve-crd", "namespace": "flux-system"},
    "spec": {"interval": "10m", "chartRef": {"kind": "OCIRepository", "name": "kserve-crd"}, "values": {"a": [1]}},
}
GIT: JsonObject = {
    "apiVersion": "source.toolkit.fluxcd.io/v1",
    "kind": "GitRepository",
    "metadata": {"name": "models", "namespace": "flux-system"},
    "spec": {"interval": "1m", "url": "ssh://git@example.com/models.git"},
}
OCI: JsonObject = {
    "apiVersion": "source.toolkit.fluxcd.io/v1",
    "kind": "OCIRepository",
    "metadata": {"name": "kserve-crd", "namespace": "flux-system"},
    "spec": {"interval": "1h", "url": "oci://example.com/charts/kserve-crd", "ref": {"tag": "v0.19.0"}},
}
POLICY: JsonObject = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicy",
    "metadata": {"name": "gpu-whole"},
    "spec": {
        "matchConstraints": {
            "resourceRules": [
                {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["inferenceservices"]}
            ]
        },
        "validations": [{"expression": "true", "message": "never"}],
    },
}
GOOD = {
    "namespace": NAMESPACE,
    "namespace with nulls": changed(NAMESPACE, ("spec",), None),
    "quota": QUOTA,
    "application": APPLICATION,
    "application with a status": changed(APPLICATION, ("status",), {"sync": {"status": "Synced"}}),
    "project": PROJECT,
    "policy": POLICY,
    "kustomization": KUSTOMIZATION,
    "release": RELEASE,
    "git": GIT,
    "oci": OCI,
}


def rules(document: JsonObject) -> list[tuple[str, Path]]:
    validator = STORE.validator(str(document["apiVersion"]), str(document["kind"]), kserve_version="v0.19.0")
    return [(finding.rule, finding.path) for finding in validator.check(document)]


@pytest.mark.parametrize("name", GOOD)
def test_good_objects(name: str) -> None:
    assert rules(GOOD[name]) == []


BAD: dict[str, tuple[JsonObject, Path, JsonValue, str]] = {
    "namespace label": (NAMESPACE, ("metadata", "labels", "a"), True, "schema/wrong-type"),
    "namespace field": (NAMESPACE, ("spec",), {"finalizer": []}, "schema/unknown-field"),
    "quota": (QUOTA, ("spec", "hard", "memory"), "1GB", "schema/pattern"),
    "application field": (APPLICATION, ("spec", "syncPolicies"), {}, "schema/unknown-field"),
    "application prune": (APPLICATION, ("spec", "syncPolicy", "automated", "prune"), "true", "schema/wrong-type"),
    "project": (PROJECT, ("spec", "sourceRepos"), "*", "schema/wrong-type"),
    "policy": (POLICY, ("spec", "validation"), [], "schema/unknown-field"),
    "kustomization field": (KUSTOMIZATION, ("spec", "retryinterval"), "2m", "schema/unknown-field"),
    "kustomization interval": (KUSTOMIZATION, ("spec", "interval"), "ten minutes", "schema/pattern"),
    "release": (RELEASE, ("spec", "driftDetection"), {"mode": "warned"}, "schema/not-allowed"),
    "git": (GIT, ("spec", "url"), "git@example.com:models.git", "schema/pattern"),
    "oci": (OCI, ("spec", "layerSelector"), {"operation": "move"}, "schema/not-allowed"),
}


@pytest.mark.parametrize("name", BAD)
def test_mistakes(name: str) -> None:
    document, path, value, rule = BAD[name]
    (found,) = rules(changed(document, path, value))
    assert found[0] == rule
    assert found[1][: len(path)] == path


def test_an_application_needs_a_spec() -> None:
    assert rules(without(APPLICATION, ("spec",))) == [("schema/missing-field", ())]
