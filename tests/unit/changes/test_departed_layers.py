"""A layer that leaves Git whole is told of: no engine removes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.project import DEV, Project

TWO = "{ns: {}, team: {}}"
MODEL = '{modelFormat: sklearn, storageUri: "s3://a/b"'


def environment(engine: str) -> str:
    words = f"{{engine: {engine}, repoURL: 'https://example.com/m.git'}}"
    return DEV.replace("{engine: none}", words).replace("{ns: {}}", TWO)


def found(project: Project, *, check: bool = False) -> list[str]:
    result = project.render(check=check, allow_removals=20, allow_left_behind=20)
    return [f"{d.location} {d.message} | {d.hint}" for d in result.diagnostics if d.rule == "gitops/left-behind"]


@pytest.fixture
def rendered(project: Project) -> Project:
    project.write("environments/dev.yaml", environment("argocd"))
    project.models(f"models:\n  a: {MODEL}}}\n  b: {MODEL}}}\n  c: {MODEL}, namespace: team}}\n")
    assert found(project) == []
    return project


@pytest.mark.parametrize(("engine", "kind"), [("argocd", "Application"), ("flux", "Kustomization")])
def test_the_last_model_of_a_namespace(engine: str, kind: str, rendered: Project) -> None:
    rendered.write("environments/dev.yaml", environment(engine))
    rendered.models(f"models:\n  a: {MODEL}}}\n  b: {MODEL}}}\n")
    message = "nothing of models-team is left to sync, so what it has synced stays in the cluster"
    hint = f"When this is merged, delete the {kind} dev-models-team, then what it has synced."
    said = f"environments/dev.yaml:5:22 {message} | {hint}"
    assert found(rendered, check=True) == [said]
    assert found(rendered) == [said]
    assert found(rendered) == [], "the files are gone: nothing tells of it any more"


def test_any_other_model_is_pruned(rendered: Project) -> None:
    rendered.models(f"models:\n  a: {MODEL}}}\n  c: {MODEL}, namespace: team}}\n")
    assert found(rendered) == []


def test_without_an_engine_nothing_is_synced(rendered: Project) -> None:
    rendered.write("environments/dev.yaml", environment("none"))
    rendered.models(f"models:\n  a: {MODEL}}}\n")
    assert found(rendered) == []


def test_a_chart_and_a_namespace_that_is_gone_as_well(project: Project, tmp_path: Path) -> None:
    project.write("environments/dev.yaml", environment("argocd"))
    project.models(
        f"models:\n  a: {MODEL}}}\n  chat: {{kind: LLMInferenceService, model: 'hf://a/b', namespace: team}}\n"
    )
    assert found(project) == []
    project.write("environments/dev.yaml", environment("argocd").replace(TWO, "{ns: {}}"))
    project.models(f"models:\n  a: {MODEL}}}\n")
    layers = [line.split(" nothing of ")[1].split(" is left")[0] for line in found(project)]
    assert sorted(layers) == ["kserve-llmisvc-resources", "models-team"]
    assert (tmp_path / "rendered/dev/models/ns").is_dir()
