"""What is rendered takes what its own files say, however many of them are those that would be rendered now."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.project import CLUSTER, Project

from kservegen.checks.budget.ledger import Line
from kservegen.checks.manifests.documents import read_documents
from kservegen.evaluate.environment import Evaluation, evaluate, ledger_of
from kservegen.evaluate.existing_output import ledger_before
from kservegen.evaluate.project import open_project

MODELS = """\
defaults: {maxReplicas: 2}
models:
  ns/iris: {modelFormat: sklearn, storageUri: s3://b/iris, owner: a}
  ns/wine: {modelFormat: own, runtime: own, storageUri: s3://b/wine}
runtimes:
  ns/own:
    supportedModelFormats: [{name: own, version: "1"}]
    containers: [{name: kserve-container, image: "example.com/own:1", resources: {requests: {cpu: 2, memory: 1Gi}}}]
"""
# What is edited after a render, and the files to read for it: all of them where that decides what others take.
EDITS = {
    "nothing": ("", "", ()),
    "a model": ("storageUri: s3://b/iris", "storageUri: s3://b/iris, maxReplicas: 5", ("iris",)),
    "a model that was not there": ("models:", "models:\n  ns/rose: {modelFormat: sklearn, storageUri: s3://b/r}", ()),
    "a model that is gone": ("  ns/iris: {modelFormat: sklearn, storageUri: s3://b/iris, owner: a}\n", "", ("iris",)),
    "who owns a model": ("owner: a", "owner: b", ()),
    "a runtime": ("cpu: 2", "cpu: 4", ("iris", "own", "wine")),
}


@pytest.mark.parametrize(("old", "new", "read"), EDITS.values(), ids=EDITS)
def test_only_what_would_be_rendered_otherwise_is_read(
    old: str, new: str, read: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path)
    project.write("environments/dev.yaml", f"{CLUSTER}budgets: {{all: {{cpu: 100}}}}\n")
    project.write("models.yaml", f"version: 1\n{MODELS}")
    assert project.render().exit_code == 0
    project.write("models.yaml", f"version: 1\n{MODELS.replace(old, new)}")
    names: list[str] = []

    def noted(data: bytes, file: str, *, named: bool) -> object:
        names.append(Path(file).stem.rpartition("-")[2])
        return read_documents(data, file, named=named)

    opened = open_project(project.repository)
    evaluation = evaluate(opened.catalog, "dev", opened.tools)
    monkeypatch.setattr("kservegen.evaluate.existing_output.read_documents", noted)

    def before(evaluation: Evaluation, *today: Line) -> list[str]:
        assert evaluation.built is not None
        found = ledger_before(tmp_path / "rendered", evaluation.built, opened.tools, None, today)
        return sorted(map(repr, found or ()))

    quickly = before(evaluation, *ledger_of(evaluation))
    assert tuple(sorted(set(names))) == read
    assert quickly == before(evaluation)
    assert len(quickly) > 1
