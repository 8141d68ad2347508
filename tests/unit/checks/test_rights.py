"""A manifest that is listed is judged by what its engine may create: else a green change stops a folder's sync."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.project import DEV, Project

from kservegen.core.diagnostics import Diagnostic

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: x, namespace: NAMESPACE}
spec: {containers: [{name: c, image: "i:1"}]}
"""
ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\nrules: []\n"
RUNTIME = """\
apiVersion: serving.kserve.io/v1alpha1
kind: ServingRuntime
metadata: {name: x, namespace: NAMESPACE}
spec: {supportedModelFormats: [{name: a, version: "1"}], containers: [{name: kserve-container, image: "a/b:c"}]}
"""
PODS = ', namespaceResourceWhitelist: [{group: "", kind: Pod}]'
MODELS, CLUSTER = "models/ns/x.yaml", "cluster/x.yaml"
ARGOCD, FLUX, SET = "engine: argocd", "engine: flux", "engine: argocd, argocd: {applicationSet: true}"


def checked(tmp_path: Path, gitops: str, path: str, manifest: str) -> tuple[Diagnostic, ...]:
    project = Project(tmp_path)
    entry = f"unmanaged: {{x: {{path: {path}, reason: r, owner: team, expires: 2099-12-31}}}}\n"
    said = DEV.replace("engine: none", f"{gitops}, repoURL: https://example.com/m.git")
    project.write("environments/dev.yaml", said.replace("{ns: {}}", "{ns: {}, team: {}}") + entry)
    project.write(f"rendered/dev/{path}", manifest)
    return tuple(project.validate().diagnostics)


def found(tmp_path: Path, gitops: str, path: str, manifest: str) -> list[str]:
    diagnostics = checked(tmp_path, gitops, path, manifest)
    return [f"{d.location} {d.rule}" for d in diagnostics if d.rule == "gitops/not-permitted"]


@pytest.mark.parametrize("gitops", [ARGOCD, SET, FLUX, FLUX + ", flux: {serviceAccounts: namespace}"])
@pytest.mark.parametrize(
    ("more", "path", "manifest", "is_permitted"),
    [
        ("", MODELS, POD.replace("NAMESPACE", "ns"), False),
        (PODS, MODELS, POD.replace("NAMESPACE", "ns"), True),
        (PODS, MODELS, POD.replace("NAMESPACE", "elsewhere"), False),
        (PODS, CLUSTER, POD.replace("NAMESPACE", "elsewhere"), False),
        ("", MODELS, RUNTIME.replace("NAMESPACE", "ns"), True),
        ("", MODELS, ROLE, False),
        ("", MODELS, "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n", False),
        ("", CLUSTER, "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n", True),
    ],
)
def test_what_an_engine_may_not_create_is_found(
    tmp_path: Path, gitops: str, more: str, path: str, manifest: str, is_permitted: bool
) -> None:
    line = 2 if "\nkind" in manifest else 1
    problem = f"rendered/dev/{path}:{line}:7 gitops/not-permitted"
    assert found(tmp_path, gitops + more, path, manifest) == ([] if is_permitted else [problem])


@pytest.mark.parametrize(
    "gitops",
    [
        f"{ARGOCD}, project: ml",
        f"{FLUX}, flux: {{serviceAccountName: sync}}",
        f"{FLUX}, flux: {{kubeConfig: {{secretRef: {{name: far}}}}}}",
        "engine: none",
    ],
)
def test_rights_that_are_somebody_else_s_are_not_known(tmp_path: Path, gitops: str) -> None:
    assert found(tmp_path, gitops, MODELS, POD.replace("NAMESPACE", "ns")) == []


@pytest.mark.parametrize(("gitops", "is_permitted"), [(ARGOCD, True), (FLUX, False)])
def test_roles_come_with_charts_under_argo_cd_alone(tmp_path: Path, gitops: str, is_permitted: bool) -> None:
    """Flux applies charts as another account than folders; a project of Argo CD knows no difference."""
    assert (found(tmp_path, gitops, CLUSTER, ROLE) == []) is is_permitted


@pytest.mark.parametrize(
    ("more", "path", "manifest", "hint"),
    [
        (
            "",
            MODELS,
            POD.replace("NAMESPACE", "ns"),
            'Add {group: "", kind: Pod} to gitops.namespaceResourceWhitelist, or have the file synced from elsewhere.',
        ),
        (PODS, MODELS, POD.replace("NAMESPACE", "elsewhere"), "Have the file synced from elsewhere."),
        ("", MODELS, ROLE, "Have the file synced from elsewhere."),
        ("", CLUSTER, POD.replace("NAMESPACE", "ns"), "Have the file synced from elsewhere."),
    ],
)
def test_the_word_that_permits_a_kind_is_named(tmp_path: Path, more: str, path: str, manifest: str, hint: str) -> None:
    hints = [d.hint for d in checked(tmp_path, FLUX + more, path, manifest) if d.rule == "gitops/not-permitted"]
    assert hints == [hint]
