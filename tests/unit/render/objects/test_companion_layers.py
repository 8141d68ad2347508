"""Where objects beside models are rendered, what waits for them, who may sync them, and what stays in the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.project import CLUSTER, IRIS, Project

from kservegen.checks.rights import check_rights
from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject
from kservegen.evaluate.environment import evaluate
from kservegen.evaluate.project import open_project
from kservegen.kubernetes.metadata import CLUSTER_SCOPED
from kservegen.render.gitops.common_kinds import COMMON_KINDS
from kservegen.render.objects.environment import BuiltEnvironment

OBJECTS = """\
extraManifests:
  ConfigMap/ns/settings: {data: {a: b}}
  ServiceAccount/ns/reader: {}
  PersistentVolumeClaim/ns/weights: {spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}}
  rbac.authorization.k8s.io/Role/ns/reader: {rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]}
  rbac.authorization.k8s.io/RoleBinding/ns/reader:
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
    subjects: [{kind: ServiceAccount, name: reader, namespace: ns}]
  rbac.authorization.k8s.io/RoleBinding/ns/viewer:
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects: [{kind: ServiceAccount, name: reader, namespace: ns}]
  rbac.authorization.k8s.io/ClusterRole/system:metrics: {rules: []}
  scheduling.k8s.io/PriorityClass/high: {value: 10}
  keda.sh/ScaledObject/other/web:
    spec:
      scaleTargetRef: {name: web}
      triggers: [{type: prometheus, metadata: {serverAddress: "http://p:9090", query: up, threshold: "1"}}]
  apps/Deployment/other/web:
    spec:
      selector: {matchLabels: {app: web}}
      template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}
"""


def _built(root: Path, engine: str, more: str = "", objects: str = OBJECTS) -> BuiltEnvironment:
    project = Project(root)
    git = f"gitops: {{engine: {engine}, repoURL: 'https://example.com/org/models.git', targetRevision: main{more}}}\n"
    words = CLUSTER.replace("gitops: {engine: none}\n", git).replace(
        "namespaces: {ns: {}}", "namespaces: {ns: {}, other: {}}"
    )
    project.write(
        "environments/dev.yaml", words.replace("{name: dev}", "{name: dev, server: 'https://kubernetes.default.svc'}")
    )
    project.write("models.yaml", IRIS + objects)
    opened = open_project(project.repository)
    evaluation = evaluate(opened.catalog, "dev", opened.tools)
    assert not [d for d in (*opened.diagnostics, *evaluation.diagnostics) if d.severity == "error"]
    assert evaluation.built is not None
    return evaluation.built


@pytest.fixture(params=["argocd", "flux"])
def built(request: pytest.FixtureRequest, tmp_path: Path) -> BuiltEnvironment:
    return _built(tmp_path, request.param)


def test_files_say_namespace_kind_and_name_once(built: BuiltEnvironment) -> None:
    files = {entry.resource.file for entry in built.entries if entry.entry.is_companion}
    assert files == {
        "cluster/clusterrole-system%3Ametrics.yaml",
        "cluster/priorityclass-high.yaml",
        "companions/ns/configmap-settings.yaml",
        "companions/ns/persistentvolumeclaim-weights.yaml",
        "companions/ns/role-reader.yaml",
        "companions/ns/rolebinding-reader.yaml",
        "companions/ns/rolebinding-viewer.yaml",
        "companions/ns/serviceaccount-reader.yaml",
        "companions/other/deployment-web.yaml",
        "companions/other/scaledobject.keda.sh_web.yaml",
    }


def test_the_engine_may_sync_everything_that_is_rendered(built: BuiltEnvironment) -> None:
    for entry in built.entries:
        assert list(check_rights(built, entry.resource.file, entry.resource)) == []


def test_a_kind_that_is_not_rendered_is_not_permitted(tmp_path: Path, built: BuiltEnvironment) -> None:
    del built
    for engine in ("argocd", "flux"):
        full = _built(tmp_path, engine)
        less = _built(tmp_path, engine, objects=OBJECTS[: OBJECTS.index("  apps/Deployment")])
        (web,) = [e.resource for e in full.entries if e.resource.kind == "Deployment"]
        assert [found.rule for found in check_rights(less, web.file, web)] == ["gitops/not-permitted"]


def test_what_gives_rights_or_runs_code_is_in_no_table() -> None:
    assert {kind for _, kind in COMMON_KINDS}.isdisjoint(
        {"Role", "RoleBinding", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "ReplicaSet"}
    )
    assert {kind for _, kind in COMMON_KINDS}.isdisjoint(CLUSTER_SCOPED)


def _by_kind(built: BuiltEnvironment, kind: str) -> dict[str, JsonObject]:
    return {resource.id.name: resource.doc for resource in built.own if resource.kind == kind}


def test_argo_cd_syncs_them_before_the_models_in_a_project_of_their_own(tmp_path: Path) -> None:
    built = _built(tmp_path, "argocd")
    applications = _by_kind(built, "Application")
    waves = {
        name: int(str(mapping(mapping(doc["metadata"]).get("annotations")).get("argocd.argoproj.io/sync-wave", 0)))
        for name, doc in applications.items()
    }
    assert waves["dev-cluster"] < waves["dev-companions-ns"] < waves["dev-models-ns"]
    assert {"dev-companions-ns", "dev-companions-other"} <= applications.keys()
    spec = mapping(applications["dev-companions-ns"]["spec"])
    assert spec["project"] == "dev-companions"
    assert mapping(mapping(spec["syncPolicy"])["automated"])["prune"] is True
    project = mapping(_by_kind(built, "AppProject")["dev-companions"]["spec"])
    assert "clusterResourceWhitelist" not in project
    models = mapping(_by_kind(built, "AppProject")["dev"]["spec"])
    assert {mapping(kind)["group"] for kind in sequence(models["namespaceResourceWhitelist"])} == {"serving.kserve.io"}
    cluster = sequence(mapping(_by_kind(built, "AppProject")["dev-platform"]["spec"])["clusterResourceWhitelist"])
    assert {"group": "scheduling.k8s.io", "kind": "PriorityClass"} in cluster


def test_flux_lets_the_models_of_a_namespace_wait_for_what_stands_beside_them(tmp_path: Path) -> None:
    built = _built(tmp_path, "flux")
    kustomizations = {name: mapping(doc["spec"]) for name, doc in _by_kind(built, "Kustomization").items()}

    def needs(name: str) -> set[object]:
        return {mapping(need)["name"] for need in sequence(kustomizations[name]["dependsOn"])}

    assert "dev-companions-ns" in needs("dev-models-ns")
    assert "dev-companions-other" not in needs("dev-models-ns")
    assert "dev-cluster" in needs("dev-companions-ns")
    assert kustomizations["dev-companions-ns"]["prune"] is True
    assert kustomizations["dev-cluster"]["prune"] is False


_Rule = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def _rules(built: BuiltEnvironment, role: str) -> Iterator[_Rule]:
    for rule in map(mapping, sequence(_by_kind(built, "ClusterRole")[role]["rules"])):
        yield tuple(rule["resources"]), tuple(rule["verbs"]), tuple(sequence(rule.get("resourceNames")))  # type: ignore[arg-type]


def test_flux_may_give_the_rights_that_are_rendered_and_no_others(tmp_path: Path) -> None:
    built = _built(tmp_path, "flux")
    write = ("get", "create", "patch", "delete")
    assert list(_rules(built, "dev-companions-roles.rbac.authorization.k8s.io")) == [
        (("roles",), write, ()),
    ]
    assert list(_rules(built, "dev-companions-roles.rbac.authorization.k8s.io-ns")) == [
        (("roles",), ("escalate",), ("reader",)),
    ]
    assert list(_rules(built, "dev-companions-rolebindings.rbac.authorization.k8s.io")) == [
        (("rolebindings",), write, ()),
    ]
    assert list(_rules(built, "dev-companions-rolebindings.rbac.authorization.k8s.io-ns")) == [
        (("clusterroles",), ("bind",), ("view",)),
        (("roles",), ("bind",), ("reader",)),
    ]
    assert (("clusterroles",), ("escalate",), ("system:metrics",)) in list(_rules(built, "dev-cluster"))
    bindings = {
        resource.file
        for resource in built.own
        if resource.kind == "RoleBinding" and "companions-deploy" in resource.file
    }
    assert bindings == {"sync/access/other/rolebinding-dev-companions-deployments.apps.yaml"}


def test_an_account_for_each_namespace_stays_in_its_namespace(tmp_path: Path) -> None:
    built = _built(tmp_path, "flux", more=", flux: {serviceAccounts: namespace}")
    kustomizations = _by_kind(built, "Kustomization")
    assert mapping(kustomizations["dev-companions-ns"]["spec"])["serviceAccountName"] == "dev-companions-ns"
    for entry in built.entries:
        assert list(check_rights(built, entry.resource.file, entry.resource)) == []
    bound = {
        (resource.id.namespace, mapping(subject)["name"])
        for resource in built.own
        if resource.kind == "RoleBinding" and resource.id.name.startswith("dev-companions")
        for subject in sequence(resource.doc["subjects"])
    }
    assert bound == {("ns", "dev-companions-ns"), ("other", "dev-companions-other")}


@pytest.mark.parametrize(
    ("engine", "annotations"),
    [
        ("argocd", {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}),
        ("flux", {"kustomize.toolkit.fluxcd.io/prune": "disabled"}),
        ("none", None),
    ],
)
def test_a_claim_stays_when_it_leaves_git(tmp_path: Path, engine: str, annotations: JsonObject | None) -> None:
    built = _built(tmp_path, engine)
    docs = {entry.resource.kind: entry.resource.doc for entry in built.entries}
    assert mapping(docs["PersistentVolumeClaim"]["metadata"]).get("annotations") == annotations
    assert "annotations" not in mapping(docs["ConfigMap"]["metadata"])


def test_who_says_otherwise_of_a_claim_is_heard(tmp_path: Path) -> None:
    own = "metadata: {annotations: {argocd.argoproj.io/sync-options: Prune=true}}, "
    objects = OBJECTS.replace("weights: {", "weights: {" + own)
    built = _built(tmp_path, "argocd", objects=objects)
    (claim,) = [entry.resource for entry in built.entries if entry.resource.kind == "PersistentVolumeClaim"]
    assert claim.annotations == {"argocd.argoproj.io/sync-options": "Prune=true"}


def test_nothing_of_it_is_rendered_where_there_is_none(tmp_path: Path) -> None:
    for engine in ("argocd", "flux"):
        built = _built(tmp_path, engine, objects="")
        assert not [resource.file for resource in built.own if "companions" in resource.file]


OTHERS = """\
  rbac.authorization.k8s.io/Role/other/writer: {rules: [{apiGroups: [""], resources: [pods], verbs: [delete]}]}
  rbac.authorization.k8s.io/RoleBinding/other/admin:
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
    subjects: [{kind: User, name: ada}]
"""


def test_what_one_namespace_may_give_no_other_may(tmp_path: Path) -> None:
    built = _built(tmp_path, "flux", objects=OBJECTS + OTHERS)
    giving: dict[str, set[tuple[str, str]]] = {}
    for binding in (resource.doc for resource in built.own if resource.kind == "RoleBinding"):
        role, namespace = (
            str(mapping(binding[word])[of]) for word, of in (("roleRef", "name"), ("metadata", "namespace"))
        )
        for _, verbs, names in _rules(built, role) if "-companions" in role else ():
            if not {"bind", "escalate"}.isdisjoint(verbs):
                giving.setdefault(namespace, set()).update((verbs[0], name) for name in names)
    assert giving == {
        "ns": {("escalate", "reader"), ("bind", "reader"), ("bind", "view")},
        "other": {("escalate", "writer"), ("bind", "cluster-admin")},
    }
    everywhere = [resource.id.name for resource in built.own if resource.kind == "ClusterRoleBinding"]
    assert not [name for name in everywhere if "companions" in name]
