"""What Argo CD is given: sources, values, names."""

from __future__ import annotations

from pathlib import Path

from tests.support.project import DEV, Project

from kservegen.document import mapping
from kservegen.jsontypes import JsonObject


def application(tmp_path: Path, name: str, words: str = "") -> JsonObject:
    project = Project(tmp_path)
    gitops = f"gitops: {{engine: argocd, repoURL: https://example.com/m.git{words}}}"
    project.write("environments/dev.yaml", DEV.replace("gitops: {engine: none}", gitops))
    return mapping(project.built()[f"Application/{name}"]["spec"])


def test_values_are_read_from_git(tmp_path: Path) -> None:
    assert application(tmp_path, "dev-kserve-resources")["sources"] == [
        {
            "repoURL": "ghcr.io/kserve/charts",
            "chart": "kserve-resources",
            "targetRevision": "v0.19.0",
            "helm": {
                "releaseName": "kserve-resources",
                "valueFiles": ["$values/rendered/dev/platform/values/kserve-resources.yaml"],
            },
        },
        {"repoURL": "https://example.com/m.git", "targetRevision": "main", "ref": "values"},
    ]


def test_values_inline_from_a_mirror(tmp_path: Path) -> None:
    words = ", values: inline, chartRepository: oci://mirror.example.com/kserve/"
    assert application(tmp_path, "dev-kserve-resources", words)["source"] == {
        "repoURL": "mirror.example.com/kserve",
        "chart": "kserve-resources",
        "targetRevision": "v0.19.0",
        "helm": {
            "releaseName": "kserve-resources",
            "valuesObject": {"kserve": {"controller": {"deploymentMode": "Standard"}}},
        },
    }
