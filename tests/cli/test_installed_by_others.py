"""KServe that others have installed: each example of the docs validates and renders, without a chart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.project import Project

from kservegen.core.diagnostics import Severity

DOCS = Path(__file__).parents[2] / "docs/adopt.md"
EXAMPLES = dict(
    re.findall(r"```yaml\n# environments/([a-z-]+)\.yaml: .*?\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
)
MODELS = """\
version: 1
defaults: {namespace: search, serviceAccountName: models}
models:
  ranker: {modelFormat: %s, storageUri: s3://models/ranker%s}
"""


@pytest.mark.parametrize("name", ["openshift-ai", "kubeflow", "kustomize"])
def test_an_installation_by_others_validates_and_renders(tmp_path: Path, name: str) -> None:
    project = Project(tmp_path)
    (tmp_path / "environments/dev.yaml").unlink()
    project.write(f"environments/{name}.yaml", EXAMPLES[name])
    own = name == "openshift-ai"
    project.write("models.yaml", MODELS % (("vLLM", ", runtime: vllm-cuda-runtime") if own else ("sklearn", "")))
    result = project.render()
    assert [(d.rule, d.message) for d in result.diagnostics if d.severity is not Severity.INFO] == []
    assert result.exit_code == 0
    files = {path.relative_to(tmp_path / "rendered").as_posix() for path in (tmp_path / "rendered").rglob("*.yaml")}
    assert f"{name}/models/search/inferenceservice-ranker.yaml" in files
    assert not any("/platform/" in path or "kserve" in path for path in files)
    charts = {each.name for each in result.assumptions if each.kind == "chart"}
    assert {"kserve-crd", "kserve-resources"} <= charts


def test_what_is_stated_of_an_installation_counts(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (tmp_path / "environments/dev.yaml").unlink()
    text = EXAMPLES["kustomize"].replace("install: none", "install: none, charts: {kserve-runtime-configs: false}")
    project.write("environments/kustomize.yaml", text)
    project.write("models.yaml", MODELS % ("sklearn", ""))
    assert any("kserve/no-runtime" in problem for problem in project.problems())
