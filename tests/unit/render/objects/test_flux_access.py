"""Who Flux applies a layer as, and what those accounts may do: roles as data, bindings where they are needed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.project import DEV, Project

from kservegen.catalog.sections import KINDS
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject

MODELS = """\
models:
  iris: {modelFormat: sklearn, storageUri: s3://models/iris}
  chat: {kind: LLMInferenceService, model: hf://a/b, namespace: team, resources: {limits: {nvidia.com/gpu: 1}}}
"""
RUNTIME = "{supportedModelFormats: [{name: a, version: '1'}], containers: [{name: kserve-container, image: a/b:c}]}"
TEAM_RUNTIME = f"runtimes:\n  own: {{namespace: team, spec: {RUNTIME}}}\n"
QUOTA = "budgets: {team-memory: {namespace: team, memory: 8Gi, quota: true}}\n"


def project(tmp_path: Path, words: str = "", models: str = MODELS, more: str = "") -> Project:
    made = Project(tmp_path)
    gitops = f"gitops: {{engine: flux, repoURL: https://example.com/m.git{words}}}"
    text = DEV.replace("gitops: {engine: none}", gitops).replace("{ns: {}}", "{ns: {}, team: {}}")
    made.write("environments/dev.yaml", text + more)
    made.models(models)
    return made


def accounts(found: dict[str, JsonObject]) -> dict[str, str]:
    """Return who Kustomizations and HelmReleases are applied as."""
    docs = {key: mapping(doc.get("spec")) for key, doc in found.items() if key.startswith(("Kustomiz", "HelmRel"))}
    return {key: text(spec.get("serviceAccountName")) for key, spec in docs.items()}


def test_each_layer_has_its_account(tmp_path: Path) -> None:
    made = project(tmp_path, models=MODELS + TEAM_RUNTIME, more=QUOTA)
    assert made.problems() == []
    found = made.built()
    assert accounts(found) == {
        "Kustomization/dev": "",  # Flux's own: it writes the roles
        "Kustomization/dev-access": "dev-access",
        "Kustomization/dev-kserve-crds": "dev-charts",
        "Kustomization/dev-kserve-resources": "dev-charts",
        "Kustomization/dev-kserve-llmisvc-resources": "dev-charts",
        "Kustomization/dev-kserve-runtime-configs": "dev-charts",
        "Kustomization/dev-cluster": "dev-cluster",
        "Kustomization/dev-quotas-team": "dev-quotas",
        "Kustomization/dev-runtimes-team": "dev-models",
        "Kustomization/dev-models-ns": "dev-models",
        "Kustomization/dev-models-team": "dev-models",
        "HelmRelease/dev-kserve-crd": "dev-crds",
        "HelmRelease/dev-kserve-llmisvc-crd": "dev-crds",
        "HelmRelease/dev-kserve-resources": "dev-controllers",
        "HelmRelease/dev-kserve-llmisvc-resources": "dev-controllers",
        "HelmRelease/dev-kserve-runtime-configs": "dev-runtime-configs",
    }
    rendered = {key.partition("/")[2] for key in found if key.startswith("ServiceAccount/")}
    assert rendered == set(accounts(found).values()) - {""}


def test_bindings_wait_for_the_namespaces_that_they_are_in(tmp_path: Path) -> None:
    made = project(tmp_path, models=MODELS + TEAM_RUNTIME, more=QUOTA)
    layer = mapping(made.built()["Kustomization/dev-access"]["spec"])
    assert (layer["path"], layer["prune"]) == ("./rendered/dev/sync/access", False)
    assert layer["dependsOn"] == [{"name": "dev-cluster"}]
    needing = {
        key.removeprefix("Kustomization/dev-")
        for key, doc in made.built().items()
        if {"name": "dev-access"} in sequence(mapping(doc.get("spec")).get("dependsOn"))
    }
    assert needing == {"models-ns", "models-team", "runtimes-team", "quotas-team"}
    assert made.render().exit_code == 0
    sync = made.root / "rendered/dev/sync"
    held = {path.relative_to(sync).as_posix() for path in (sync / "access").rglob("*.yaml")}
    assert held == {
        "access/ns/rolebinding-dev-models.yaml",
        "access/team/rolebinding-dev-models.yaml",
        "access/team/rolebinding-dev-quotas.yaml",
    }
    by_root = {path.name for path in (sync / "kustomizations/access").glob("rolebinding-*")}
    assert by_root == {
        "rolebinding-dev-charts.yaml",
        "rolebinding-dev-controllers-release.yaml",
        "rolebinding-dev-crds-release.yaml",
        "rolebinding-dev-runtime-configs-release.yaml",
    }
    rules = sequence(made.built()["ClusterRole/dev-access"]["rules"])
    assert [mapping(rule).get("resourceNames") for rule in rules] == [None, ["dev-models", "dev-quotas"]]


def test_by_namespace_nobody_writes_to_the_next_one(tmp_path: Path) -> None:
    made = project(tmp_path, ", flux: {serviceAccounts: namespace}", MODELS + TEAM_RUNTIME)
    found = accounts(made.built())
    assert found["Kustomization/dev-models-ns"] == "dev-models-ns"
    assert found["Kustomization/dev-models-team"] == found["Kustomization/dev-runtimes-team"] == "dev-models-team"
    assert made.render().exit_code == 0
    for namespace in ("ns", "team"):
        binding = (made.root / f"rendered/dev/sync/access/{namespace}/rolebinding-dev-models.yaml").read_text()
        assert f"name: dev-models-{namespace}\n" in binding


def rules(found: dict[str, JsonObject], role: str) -> dict[str, list[object]]:
    """Return the verbs of a role by `group/resource`."""
    out: dict[str, list[object]] = {}
    for rule in map(mapping, sequence(found[f"ClusterRole/{role}"]["rules"])):
        (group,) = sequence(rule["apiGroups"])
        out.update({f"{group}/{resource}": [*sequence(rule["verbs"])] for resource in sequence(rule["resources"])})
    return out


PRUNE = ["get", "create", "patch", "delete"]


@pytest.mark.parametrize("models", [MODELS, "models:\n  iris: {modelFormat: sklearn, storageUri: s3://a/b}\n"])
def test_the_role_of_models_is_the_same_for_every_catalog(tmp_path: Path, models: str) -> None:
    found = rules(project(tmp_path, models=models).built(), "dev-models")
    written = {key for key, verbs in found.items() if verbs == PRUNE}
    assert written == {f"serving.kserve.io/{info.kind.lower()}s" for info in KINDS.values() if info.namespaced}
    assert {key: verbs for key, verbs in found.items() if key not in written} == {
        "apps/deployments": ["get"],
        "apps/replicasets": ["list"],
        "/pods": ["list"],
        "serving.knative.dev/services": ["get"],
    }


def test_what_models_may_hold_beside_them_may_be_written(tmp_path: Path) -> None:
    said = ', namespaceResourceWhitelist: [{group: networking.k8s.io, kind: NetworkPolicy}, {group: "", kind: Secret}]'
    found = rules(project(tmp_path, said).built(), "dev-models")
    assert found["networking.k8s.io/networkpolicies"] == found["/secrets"] == PRUNE


def test_only_the_releases_of_controllers_give_rights(tmp_path: Path) -> None:
    found = project(tmp_path, models=MODELS + TEAM_RUNTIME, more=QUOTA).built()
    roles = [key.partition("/")[2] for key in found if key.startswith("ClusterRole/")]
    giving = {name for name in roles if any("escalate" in verbs for verbs in rules(found, name).values())}
    assert giving == {"dev-controllers", "dev-controllers-release"}
    anything = {name for name in roles if any("*" in key for key in rules(found, name))}
    assert anything == set()


def test_what_is_never_pruned_is_not_deleted(tmp_path: Path) -> None:
    found = project(tmp_path).built()
    assert all("delete" not in verbs for role in ("dev-cluster", "dev-charts") for verbs in rules(found, role).values())


def test_the_platform_may_write_the_kinds_of_its_folders(tmp_path: Path) -> None:
    shared = f"runtimes:\n  own: {{kind: ClusterServingRuntime, spec: {RUNTIME}}}\n"
    found = project(tmp_path, models=MODELS + shared).built()
    kinds = [info for info in KINDS.values() if not info.namespaced]
    for folder, role in (("cluster", "dev-cluster"), ("runtimes", "dev-runtimes")):
        wanted = {f"serving.kserve.io/{info.kind.lower()}s" for info in kinds if info.folder == folder}
        assert wanted == rules(found, role).keys() - {"/namespaces"}


NAMESPACE = {"kustomize.toolkit.fluxcd.io/prune": "disabled", "kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"}


def test_the_root_brings_the_namespace_of_the_charts(tmp_path: Path) -> None:
    assert project(tmp_path).built()["Namespace/kserve"]["metadata"] == {"name": "kserve", "annotations": NAMESPACE}
    promised = DEV.partition("prerequisites:")[2].partition("]")[0]
    made = project(tmp_path)
    path = made.root / "environments/dev.yaml"
    charts = "kserve-crd, kserve-resources, kserve-runtime-configs, kserve-llmisvc-crd, kserve-llmisvc-resources"
    path.write_text(path.read_text().replace(promised, f"{promised}, {charts}"))
    found = made.built()
    assert "Namespace/kserve" not in found
    assert {key.partition("/")[2] for key in found if key.startswith("ServiceAccount/")} == {
        "dev-access",
        "dev-cluster",
        "dev-models",
    }


def test_a_namespace_that_is_declared_keeps_its_labels(tmp_path: Path) -> None:
    made = project(tmp_path)
    path = made.root / "environments/dev.yaml"
    path.write_text(path.read_text().replace("team: {}", "team: {}, kserve: {labels: {a: b}}"))
    assert made.problems() == []
    assert made.render().exit_code == 0
    assert "a: b" in (made.root / "rendered/dev/cluster/namespace-kserve.yaml").read_text()
    assert "IfNotPresent" in (made.root / "rendered/dev/sync/kustomizations/access/namespace-kserve.yaml").read_text()
    assert made.render(check=True).exit_code == 0


@pytest.mark.parametrize("words", ["serviceAccountName: sync", "kubeConfig: {secretRef: {name: far}}"])
def test_where_the_rights_come_from_elsewhere_none_are_rendered(tmp_path: Path, words: str) -> None:
    found = project(tmp_path, f", flux: {{{words}}}").built()
    assert not [key for key in found if key.startswith(("ServiceAccount", "ClusterRole", "RoleBinding"))]
    assert "Kustomization/dev-access" not in found
    assert "Namespace/kserve" not in found
    assert set(accounts(found).values()) == {"sync" if "sync" in words else ""}


POLICY = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: named, annotations: {kservegen.io/title: t, kservegen.io/why: W., kservegen.io/remediation: R.}}
spec:
  paramKind: {apiVersion: v1, kind: ConfigMap}
  matchConstraints:
    resourceRules:
      - {apiGroups: [serving.kserve.io], apiVersions: [v1beta1], operations: [CREATE], resources: [inferenceservices]}
  validations: [{expression: "true"}]
"""


@pytest.mark.parametrize("namespace", ["kserve", "team"])
def test_who_writes_a_policy_may_read_its_parameters(tmp_path: Path, namespace: str) -> None:
    made = project(tmp_path, more=f"policies: {{namespace: {namespace}, bindings: {{named: {{actions: [Deny]}}}}}}\n")
    made.write("policies/named.yaml", POLICY)
    found = made.built()
    assert rules(found, "dev-policies")["/configmaps"] == ["get"]
    held = rules(found, "dev-policies-parameters")
    assert held["/configmaps"] == PRUNE
    assert held["*/*"] == ["get"]
    assert mapping(found["RoleBinding/dev-policies-parameters"]["metadata"])["namespace"] == namespace
    needs = sequence(mapping(found["Kustomization/dev-policies"]["spec"])["dependsOn"])
    assert ({"name": "dev-access"} in needs) == (namespace == "team")
