"""What is asked of objects that an edit leaves alone: what the edit can do to them, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.support.project import CLUSTER

from kservegen.catalog.resolve import resolve_environment
from kservegen.core.diagnostics import Severity
from kservegen.core.repository import Repository
from kservegen.evaluate.project import open_project
from kservegen.evaluate.repository import EvaluationOptions, evaluate_repository

# No edit is of `wine` and `rose`. From the start, `rose` has an error of its own, and one of a policy.
MODELS = """\
version: 1
defaults: {namespace: ns, resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 1, memory: 1Gi}}}
models:
  iris: {modelFormat: sklearn, storageUri: hf://org/iris, minReplicas: 1, maxReplicas: 1}
  wine: {modelFormat: own, runtime: own, storageUri: hf://org/wine, maxReplicas: 1}
  rose: {modelFormat: sklearn, storageUri: hf://org/rose, minReplicas: 1, labels: {"a b": "c"}}
runtimes:
  own:
    supportedModelFormats: [{name: own, version: "1", autoSelect: true}]
    containers: [{name: kserve-container, image: "example.com/own:1", args: ["--port=8080"]}]
"""
DEV = f"""\
{CLUSTER}budgets: {{all: {{cpu: 6}}}}
policies:
  bindings:
    maxreplicas-set: {{actions: [Deny]}}
    licence-allowed: {{actions: [Deny], params: {{allowed: [mit]}}}}
"""
LOCK = """\
version: 1
models:
  hf://org/iris: {license: mit}
  hf://org/wine: {license: mit}
  hf://org/rose: {license: mit}
"""
SOURCES = {"models.yaml": MODELS, "environments/dev.yaml": DEV, "environments/dev.lock.yaml": LOCK}
EDITS = {
    "nothing else": ("models.yaml", "minReplicas: 1, maxReplicas: 1", "minReplicas: 2, maxReplicas: 2"),
    "itself": ("models.yaml", "minReplicas: 1, max", 'annotations: {"a b": "c"}, max'),
    "a policy of its own": ("models.yaml", "minReplicas: 1, maxReplicas: 1", "minReplicas: 1"),
    "a sum with others": ("models.yaml", "minReplicas: 1, maxReplicas: 1", "minReplicas: 9, maxReplicas: 9"),
    "a runtime that another names": ("models.yaml", "  own:\n    supported", "  other:\n    supported"),
    "what a runtime serves": ("models.yaml", "name: own, version", "name: other, version"),
    "the pod of another": (
        "models.yaml",
        'args: ["--port=8080"]',
        "ports: [{containerPort: 8080, name: a}, {containerPort: 8081, name: a}]",
    ),
    "what the environment asks": ("environments/dev.yaml", "gitops:", "severities: {kubernetes/label: error}\ngitops:"),
    "a policy of all": ("environments/dev.yaml", "allowed: [mit]", "allowed: [apache-2.0]"),
    "the lock": ("environments/dev.lock.yaml", "hf://org/wine: {license: mit}", "hf://org/wine: {license: other}"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_errors_that_an_edit_brings_are_found_wherever_they_are(edit: tuple[str, str, str], tmp_path: Path) -> None:
    now = _edited(*edit)
    brought = _errors(tmp_path, now) - _errors(tmp_path, SOURCES)
    assert brought <= _errors(tmp_path, now, SOURCES)
    assert bool(brought) == (edit not in {EDITS["nothing else"], EDITS["what the environment asks"]})


def test_of_what_an_edit_leaves_alone_its_own_errors_are_not_looked_for(tmp_path: Path) -> None:
    standing = {("kubernetes/label", "rose"), ("policy/maxreplicas-set", "rose")}
    assert _errors(tmp_path, SOURCES) == standing
    assert _errors(tmp_path, _edited(*EDITS["nothing else"]), SOURCES) == set()
    assert _errors(tmp_path, _edited(*EDITS["itself"]), SOURCES) == {("kubernetes/annotation", "iris")}
    # Where the environment itself says something else, nothing stands as it stood.
    assert standing <= _errors(tmp_path, _edited(*EDITS["what the environment asks"]), SOURCES)


def _edited(file: str, old: str, new: str) -> dict[str, str]:
    assert old in SOURCES[file]
    return {**SOURCES, file: SOURCES[file].replace(old, new)}


def _errors(root: Path, now: Mapping[str, str], before: Mapping[str, str] | None = None) -> set[tuple[str, str]]:
    """Find errors, by rule and entry: all, or as far as an edit of files that were others `before` may bring them."""
    known = None
    if before is not None:
        catalog = open_project(_repository(root, before)).catalog
        known = {name: resolve_environment(catalog, name)[0] for name in catalog.environments}
    options = EvaluationOptions(names=(), out=root / "rendered", before=known)
    found = evaluate_repository(_repository(root, now), options).diagnostics
    return {(d.rule, entry) for d in found if d.severity is Severity.ERROR for entry in d.entries or ("",)}


def _repository(root: Path, files: Mapping[str, str]) -> Repository:
    return Repository(root, {name: text.encode() for name, text in files.items()})
