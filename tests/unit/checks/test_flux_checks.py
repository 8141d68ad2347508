"""Words that Flux cannot obey are findings, each at its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.project import DEV, Project

GITOPS = "gitops: {engine: none}"
URL = "repoURL: https://example.com/m.git"
LINE = 6
NAMESPACE = "n" * 55

CASES: dict[str, tuple[str, list[str]]] = {
    "all well": (f"{{engine: flux, {URL}}}", []),
    "no repository": ("{engine: flux}", ["18 gitops/no-repository"]),
    "the short form of ssh": (
        "{engine: flux, repoURL: 'git@example.com:org/m.git'}",
        ["33 gitops/repository-url"],
    ),
    "a default branch": (f"{{engine: flux, {URL}, targetRevision: HEAD}}", ["76 gitops/revision"]),
    "a range of versions": (f"{{engine: flux, {URL}, targetRevision: 1.*}}", ["76 gitops/revision"]),
    "values in a file": (f"{{engine: flux, {URL}, values: ref}}", ["68 gitops/values-by-reference"]),
    "drift that is ignored everywhere": (
        f"{{engine: flux, {URL}, flux: {{driftDetection: {{ignore: [{{paths: [/spec]}}]}}}}}}",
        ["93 schema/missing-field"],
    ),
    "two ways to another cluster": (
        f"{{engine: flux, {URL}, flux: {{kubeConfig: {{secretRef: {{name: a}}, configMapRef: {{name: b}}}}}}}}",
        ["79 schema/cel-rule"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_words(name: str, tmp_path: Path) -> None:
    words, expected = CASES[name]
    project = Project(tmp_path)
    project.write("environments/dev.yaml", DEV.replace(GITOPS, f"gitops: {words}"))
    assert project.problems() == [f"environments/dev.yaml:{LINE}:{item}" for item in expected]


def test_a_kubeconfig_and_the_cluster_that_flux_runs_in(tmp_path: Path) -> None:
    project = Project(tmp_path)
    words = f"gitops: {{engine: flux, {URL}, flux: {{kubeConfig: {{secretRef: {{name: a}}}}}}}}"
    text = DEV.replace(GITOPS, words)
    project.write("environments/dev.yaml", text)
    assert project.problems() == []
    own = text.replace("{name: dev}", "{name: dev, server: https://kubernetes.default.svc}")
    project.write("environments/dev.yaml", own)
    assert project.problems() == ["environments/dev.yaml:6:67 gitops/two-clusters"]


def test_a_namespace_whose_kustomization_would_have_too_long_a_name(tmp_path: Path) -> None:
    project = Project(tmp_path)
    text = DEV.replace(GITOPS, f"gitops: {{engine: flux, {URL}}}").replace("{ns: {}}", f"{{{NAMESPACE}: {{}}}}")
    project.write("environments/dev.yaml", text)
    project.write(
        "models.yaml",
        f"version: 1\ndefaults: {{namespace: {NAMESPACE}}}\n"
        "models:\n  iris: {modelFormat: sklearn, storageUri: s3://models/iris}\n",
    )
    assert "environments/dev.yaml:6:18 gitops/name-too-long" in project.problems()
