"""What Argo CD is given: every object of `sync/`, field by field, in each form that an environment can choose."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from tests.support.project import DEV, Project

from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject
from kservegen.evaluate.environment import evaluate
from kservegen.evaluate.project import open_project

GIT = "https://example.com/m.git"
IN_CLUSTER = "https://kubernetes.default.svc"
LLM = """\
models:
  iris: {modelFormat: sklearn, storageUri: s3://models/iris}
  chat: {kind: LLMInferenceService, model: hf://a/b, namespace: team}
runtimes:
  own: {kind: ClusterServingRuntime, supportedModelFormats: [{name: own}], image: own:1}
"""


def project(tmp_path: Path, words: str = "", models: str = "", name: str = "dev", **replaced: str) -> Project:
    made = Project(tmp_path)
    text = DEV.replace("{engine: none}", f"{{engine: argocd, repoURL: {GIT}{words}}}").replace(
        "{ns: {}}", "{ns: {}, team: {}}"
    )
    for old, new in replaced.items():
        text = text.replace(f"{old}: {{name: dev}}", f"{old}: {new}")
    if name != "dev":
        (made.root / "environments/dev.yaml").unlink()
    made.write(f"environments/{name}.yaml", text)
    if models:
        made.models(models)
    return made


def files(made: Project, name: str = "dev") -> dict[str, JsonObject]:
    """Return what is rendered below `sync/`, by file."""
    opened = open_project(made.repository)
    built = evaluate(opened.catalog, name, opened.tools).built
    assert built is not None
    return {r.file.removeprefix("sync/"): r.doc for r in built.resources if r.file.startswith("sync/")}


def spec(made: Project, file: str) -> JsonObject:
    return mapping(files(made)[file]["spec"])


def application(made: Project, name: str) -> JsonObject:
    return files(made)[f"applications/application-{name}.yaml"]


def test_what_a_person_applies_is_apart_from_what_is_synced(tmp_path: Path) -> None:
    assert sorted(files(project(tmp_path))) == [
        "application-dev.yaml",
        "applications/application-dev-cluster.yaml",
        "applications/application-dev-kserve-crds.yaml",
        "applications/application-dev-kserve-resources.yaml",
        "applications/application-dev-kserve-runtime-configs.yaml",
        "applications/application-dev-models-ns.yaml",
        "applications/appproject-dev-platform.yaml",
        "applications/appproject-dev.yaml",
        "appproject-dev-sync.yaml",
        "configmap-argocd-cm.yaml",
    ]


def test_the_whole_application_of_models(tmp_path: Path) -> None:
    assert application(project(tmp_path), "dev-models-ns") == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": "dev-models-ns",
            "namespace": "argocd",
            "annotations": {
                "argocd.argoproj.io/compare-options": "ServerSideDiff=true",
                "argocd.argoproj.io/sync-wave": "10",
            },
        },
        "spec": {
            "project": "dev",
            "destination": {"name": "dev", "namespace": "ns"},
            "source": {"repoURL": GIT, "targetRevision": "main", "path": "rendered/dev/models/ns"},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "retry": {
                    "limit": 10,
                    "backoff": {"duration": "10s", "factor": 2, "maxDuration": "3m"},
                    "refresh": True,
                },
                "syncOptions": ["PruneLast=true", "FailOnSharedResource=true"],
            },
        },
    }


def test_the_whole_root(tmp_path: Path) -> None:
    root = files(project(tmp_path))["application-dev.yaml"]
    assert root["metadata"] == {"name": "dev", "namespace": "argocd"}
    assert root["spec"] == {
        "project": "dev-sync",
        "destination": {"server": IN_CLUSTER, "namespace": "argocd"},
        "source": {"repoURL": GIT, "targetRevision": "main", "path": "rendered/dev/sync/applications"},
        "syncPolicy": {
            "automated": {"prune": False, "selfHeal": True},
            "retry": {
                "limit": 10,
                "backoff": {"duration": "10s", "factor": 2, "maxDuration": "3m"},
                "refresh": True,
            },
        },
        "info": [
            {
                "name": "Expected to be there already",
                "value": "cert-manager, gateway-api, Gateway/kserve/kserve-ingress-gateway, leaderworkerset",
            }
        ],
    }


def kinds(*names: str) -> list[JsonObject]:
    return [{"group": group, "kind": kind} for group, _, kind in (name.rpartition("/") for name in names)]


# What the models' project permits may grow; what is taken off it is never pruned again.
MODEL_KINDS = kinds(
    *(
        f"serving.kserve.io/{kind}"
        for kind in (
            "InferenceGraph",
            "InferenceService",
            "LLMInferenceService",
            "LLMInferenceServiceConfig",
            "LocalModelNamespaceCache",
            "ServingRuntime",
            "TrainedModel",
        )
    )
)
PLATFORM_KINDS = kinds(
    "Namespace",
    "admissionregistration.k8s.io/MutatingWebhookConfiguration",
    "admissionregistration.k8s.io/ValidatingAdmissionPolicy",
    "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding",
    "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
    "apiextensions.k8s.io/CustomResourceDefinition",
    "rbac.authorization.k8s.io/ClusterRole",
    "rbac.authorization.k8s.io/ClusterRoleBinding",
    "serving.kserve.io/ClusterServingRuntime",
    "serving.kserve.io/ClusterStorageContainer",
    "serving.kserve.io/LocalModelCache",
    "serving.kserve.io/LocalModelNodeGroup",
)


@pytest.mark.parametrize("models", ["models: {}\n", LLM])
def test_the_whole_projects(tmp_path: Path, models: str) -> None:
    """The same for every catalog: a namespace that is declared stays permitted when its last model leaves."""
    made = files(project(tmp_path, models=models))
    models_project = made["applications/appproject-dev.yaml"]
    assert models_project["metadata"] == {
        "name": "dev",
        "namespace": "argocd",
        "annotations": {"argocd.argoproj.io/sync-wave": "-30"},
    }
    assert without_words(models_project) == {
        "sourceRepos": [GIT],
        "destinations": [{"name": "dev", "namespace": n} for n in ("ns", "team")],
        "namespaceResourceWhitelist": MODEL_KINDS,
    }
    assert without_words(made["applications/appproject-dev-platform.yaml"]) == {
        "sourceRepos": [GIT, "ghcr.io/kserve/charts"],
        "destinations": [{"name": "dev", "namespace": "kserve"}],
        "clusterResourceWhitelist": PLATFORM_KINDS,
    }
    root = made["appproject-dev-sync.yaml"]
    assert root["metadata"] == {"name": "dev-sync", "namespace": "argocd"}
    assert without_words(root) == {
        "sourceRepos": [GIT],
        "destinations": [{"server": IN_CLUSTER, "namespace": "argocd"}],
        "namespaceResourceWhitelist": kinds(
            "argoproj.io/AppProject", "argoproj.io/Application", "argoproj.io/ApplicationSet"
        ),
    }


def without_words(doc: JsonObject) -> JsonObject:
    return {
        key: value for key, value in mapping(doc["spec"]).items() if key not in {"description", "orphanedResources"}
    }


def test_what_models_may_hold_beside_them_is_said(tmp_path: Path) -> None:
    said = "[{group: apps, kind: Deployment}, {group: serving.kserve.io, kind: TrainedModel}]"
    made = project(tmp_path, f", namespaceResourceWhitelist: {said}")
    assert made.problems() == []
    found = spec(made, "applications/appproject-dev.yaml")["namespaceResourceWhitelist"]
    assert found == [*MODEL_KINDS, *kinds("apps/Deployment")]
    made = project(tmp_path, ", namespaceResourceWhitelist: [{group: '*', kind: '*'}]")
    assert [problem.partition(" ")[2] for problem in made.problems()] == ["schema/pattern", "schema/pattern"]


QUOTA = "budgets: {team-memory: {namespace: team, memory: 8Gi, quota: true}}\n"


def test_each_layer_is_in_the_project_of_who_writes_it(tmp_path: Path) -> None:
    own = "  near: {namespace: ns, supportedModelFormats: [{name: near}], image: near:1}\n"
    made = project(tmp_path, models=LLM + own)
    path = made.root / "environments/dev.yaml"
    path.write_text(path.read_text() + QUOTA)
    found = {
        file.removeprefix("applications/application-dev-").removesuffix(".yaml"): mapping(doc["spec"])["project"]
        for file, doc in files(made).items()
        if file.startswith("applications/application-")
    }
    assert {name for name, said in found.items() if said == "dev"} == {"models-ns", "models-team", "runtimes-ns"}
    assert {name for name, said in found.items() if said == "dev-platform"} == {
        "cluster",
        "kserve-crds",
        "kserve-llmisvc-resources",
        "kserve-resources",
        "kserve-runtime-configs",
        "quotas-team",
        "runtimes",
    }
    destinations = sequence(spec(made, "applications/appproject-dev-platform.yaml")["destinations"])
    assert [mapping(item)["namespace"] for item in destinations] == ["kserve", "team"]


def test_a_project_that_exists_is_used_as_it_is(tmp_path: Path) -> None:
    made = files(project(tmp_path, ", project: ml"))
    assert not [file for file in made if "appproject" in file]
    projects = {mapping(doc["spec"])["project"] for doc in made.values() if doc["kind"] == "Application"}
    assert projects == {"ml"}


SERVER = "{name: dev, server: 'https://10.0.0.1'}"


@pytest.mark.parametrize(
    ("cluster", "expected"), [("{name: far}", {"name": "far"}), (SERVER, {"server": "https://10.0.0.1"})]
)
def test_the_cluster_is_the_environment_s(tmp_path: Path, cluster: str, expected: JsonObject) -> None:
    made = files(project(tmp_path, cluster=cluster))
    assert mapping(made["application-dev.yaml"]["spec"])["destination"] == {"server": IN_CLUSTER, "namespace": "argocd"}
    found = mapping(made["applications/application-dev-cluster.yaml"]["spec"])["destination"]
    assert found == {**expected, "namespace": "kserve"}
    destinations = mapping(made["applications/appproject-dev.yaml"]["spec"])["destinations"]
    assert destinations == [{**expected, "namespace": name} for name in ("ns", "team")]


VALUES: JsonObject = {"kserve": {"controller": {"deploymentMode": "Standard"}}}
GIT_VALUES: JsonObject = {"repoURL": GIT, "targetRevision": "main", "ref": "values"}
CHART_FORMS: dict[str, tuple[str, JsonObject]] = {
    "helm": (
        ", chartRepository: oci://mirror.example.com/k/",
        {"repoURL": "mirror.example.com/k", "chart": "kserve-resources"},
    ),
    "oci": (", argocd: {chartSource: oci}", {"repoURL": "oci://ghcr.io/kserve/charts/kserve-resources", "path": "."}),
}
VALUE_FORMS: dict[str, tuple[str, JsonObject]] = {
    "ref": ("", {"valueFiles": ["$values/rendered/dev/platform/values/kserve-resources.yaml"]}),
    "inline": (", values: inline", {"valuesObject": VALUES}),
}


@pytest.mark.parametrize(("chart", "values"), list(product(CHART_FORMS, VALUE_FORMS)))
def test_forms_of_charts_and_values(tmp_path: Path, chart: str, values: str) -> None:
    (chart_words, address), (value_words, helm) = CHART_FORMS[chart], VALUE_FORMS[values]
    made = project(tmp_path, chart_words + value_words)
    said = spec(made, "applications/application-dev-kserve-resources.yaml")
    source = {**address, "targetRevision": "v0.19.0", "helm": {"releaseName": "kserve-resources", **helm}}
    if values == "ref":
        assert said["sources"] == [source, GIT_VALUES]
    else:
        assert said["source"] == source
    assert source["repoURL"] in sequence(spec(made, "applications/appproject-dev-platform.yaml")["sourceRepos"])


def test_both_crd_charts_are_one_application(tmp_path: Path) -> None:
    said = spec(project(tmp_path, models=LLM), "applications/application-dev-kserve-crds.yaml")
    assert [mapping(source)["chart"] for source in sequence(said["sources"])] == ["kserve-crd", "kserve-llmisvc-crd"]
    policy = mapping(said["syncPolicy"])
    assert policy["automated"] == {"prune": False, "selfHeal": True}
    assert policy["syncOptions"] == ["CreateNamespace=true", "ServerSideApply=true", "Prune=false", "Delete=false"]


def test_crds_and_namespaces_are_protected(tmp_path: Path) -> None:
    made = project(tmp_path)
    cluster = mapping(spec(made, "applications/application-dev-cluster.yaml")["syncPolicy"])
    assert cluster["automated"] == {"prune": False, "selfHeal": True}
    assert cluster["syncOptions"] == ["Prune=false", "Delete=false"]
    # Argo CD 3.2 asks the object alone.
    namespace = mapping(made.built()["Namespace/ns"]["metadata"])
    assert namespace["annotations"] == {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}


def test_what_an_environment_says_of_a_namespace_stands(tmp_path: Path) -> None:
    made = Project(tmp_path)
    text = DEV.replace("{engine: none}", f"{{engine: argocd, repoURL: {GIT}}}")
    said = "{ns: {annotations: {argocd.argoproj.io/sync-options: Prune=confirm}}}"
    made.write("environments/dev.yaml", text.replace("{ns: {}}", said))
    metadata = mapping(made.built()["Namespace/ns"]["metadata"])
    assert metadata["annotations"] == {"argocd.argoproj.io/sync-options": "Prune=confirm"}


def test_without_an_engine_a_namespace_is_as_it_is_said(tmp_path: Path) -> None:
    assert Project(tmp_path).built()["Namespace/ns"]["metadata"] == {"name": "ns"}


VERSIONS = {"2.10": False, "3.1": False, "3.2": True, "v3.10.1": True}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_retry_is_refreshed_where_argo_cd_can(tmp_path: Path, version: str) -> None:
    made = files(project(tmp_path, f', argocd: {{version: "{version}"}}'))
    retries = [
        mapping(mapping(doc["spec"])["syncPolicy"])["retry"] for doc in made.values() if doc["kind"] == "Application"
    ]
    assert {mapping(retry).get("refresh", False) for retry in retries} == {VERSIONS[version]}


def test_nothing_cascades_and_nothing_is_ignored(tmp_path: Path) -> None:
    for file, doc in files(project(tmp_path, models=LLM)).items():
        assert "finalizers" not in mapping(doc["metadata"]), file
        assert "ignoreDifferences" not in mapping(doc.get("spec")), file


def test_waves_are_text(tmp_path: Path) -> None:
    made = files(project(tmp_path, models=LLM))
    waves = {
        file.removeprefix("applications/application-dev-"): mapping(mapping(doc["metadata"])["annotations"])[
            "argocd.argoproj.io/sync-wave"
        ]
        for file, doc in made.items()
        if file.startswith("applications/application-")
    }
    assert waves == {
        "kserve-crds.yaml": "-20",
        "kserve-llmisvc-resources.yaml": "-10",
        "kserve-resources.yaml": "-10",
        "kserve-runtime-configs.yaml": "-5",
        "cluster.yaml": "0",
        "runtimes.yaml": "5",
        "models-ns.yaml": "10",
        "models-team.yaml": "10",
    }


# How Argo CD's ApplicationSet controller makes an Application: the patch of an element laid over the template.
def generated(made: Project) -> dict[str, JsonObject]:
    said = spec(made, "applications/applicationset-dev.yaml")
    template = mapping(said["template"])
    out: dict[str, JsonObject] = {}
    for item in sequence(mapping(mapping(sequence(said["generators"])[0])["list"])["elements"]):
        element = mapping(item)
        assert mapping(template["spec"])["project"] == "{{ .project }}"
        patch = mapping(element["application"])
        out[str(element["name"])] = {
            "metadata": {"name": element["name"], **mapping(patch["metadata"])},
            "spec": {**mapping(template["spec"]), "project": element["project"], **mapping(patch["spec"])},
        }
    return out


def test_an_application_set_makes_the_same_applications(tmp_path: Path) -> None:
    plain = files(project(tmp_path / "plain", models=LLM))
    made = project(tmp_path / "set", ", argocd: {applicationSet: true}", LLM)
    expected = {
        str(metadata["name"]): {
            "metadata": {key: metadata[key] for key in ("name", "annotations")},
            "spec": mapping(doc["spec"]),
        }
        for file, doc in plain.items()
        if file.startswith("applications/application-")
        for metadata in (mapping(doc["metadata"]),)
    }
    assert generated(made) == expected
    assert sorted(files(made)) == [
        "application-dev.yaml",
        "applications/applicationset-dev.yaml",
        "applications/appproject-dev-platform.yaml",
        "applications/appproject-dev.yaml",
        "appproject-dev-sync.yaml",
        "configmap-argocd-cm.yaml",
    ]


def test_an_application_set_removes_nothing(tmp_path: Path) -> None:
    made = project(tmp_path, ", argocd: {applicationSet: true}")
    assert made.problems() == []
    said = spec(made, "applications/applicationset-dev.yaml")
    assert said["syncPolicy"] == {"preserveResourcesOnDeletion": True, "applicationsSync": "create-update"}
    assert (said["goTemplate"], said["templatePatch"]) == (True, "{{ toJson .application }}")


def test_health_checks_are_one_part_of_the_config_map(tmp_path: Path) -> None:
    doc = files(project(tmp_path, ", namespace: gitops"))["configmap-argocd-cm.yaml"]
    metadata = mapping(doc["metadata"])
    assert (metadata["name"], metadata["namespace"]) == ("argocd-cm", "gitops")
    assert sorted(mapping(doc["data"])) == [
        "resource.customizations.health.argoproj.io_Application",
        "resource.customizations.health.serving.kserve.io_InferenceService",
        "resource.customizations.health.serving.kserve.io_LLMInferenceService",
    ]


def test_the_project_that_everybody_uses_is_not_rewritten(tmp_path: Path) -> None:
    made = project(tmp_path, name="default")
    assert made.problems() == ["environments/default.yaml:6:1 gitops/default-project"]
    assert project(tmp_path, ", project: ml", name="default").problems() == []


def test_no_cluster(tmp_path: Path) -> None:
    assert project(tmp_path, cluster="{}").problems() == ["environments/dev.yaml:6:1 gitops/no-cluster"]
