"""What errors alone are asked of, held against what is found of all."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.project import CLUSTER, Project

from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.evaluate.repository import EvaluationOptions, evaluate_repository

MODELS = """\
models:
  iris: {modelFormat: sklearn, storageUri: s3://models/iris, minReplicas: 1, image: "a:latest"}
  wine: {modelFormat: sklearn, storageUri: ftp://models/wine}
"""
ENVIRONMENTS = {
    "audited": "{maxreplicas-set: {actions: [Audit]}, no-latest-image: {actions: [Audit]}}",
    "warned": "{maxreplicas-set: {actions: [Warn, Audit]}, no-latest-image: {actions: [Audit]}}",
    "denied": "{maxreplicas-set: {actions: [Audit, Deny]}, no-latest-image: {actions: [Warn]}}",
    "weighed": "{maxreplicas-set: {actions: [Audit]}}}\nseverities: {policy/maxreplicas-set: error",
    "waived": "{maxreplicas-set: {actions: [Deny]}}}\nwaivers: {w: {rule: policy/maxreplicas-set, model: iris, "
    "reason: known, owner: a, expires: 2099-01-01}",
}


@pytest.mark.parametrize("words", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_errors_are_those_of_all_findings(words: str, tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("environments/dev.yaml", f"{CLUSTER}policies: {{bindings: {words}}}\n")
    project.models(MODELS)
    alone, among_all = (_found(project, errors_only=errors_only) for errors_only in (True, False))
    assert alone
    assert [d for d in alone if d.severity is Severity.ERROR] == [d for d in among_all if d.severity is Severity.ERROR]


def test_policies_that_find_no_errors_are_not_asked(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("environments/dev.yaml", f"{CLUSTER}policies: {{bindings: {ENVIRONMENTS['audited']}}}\n")
    project.models(MODELS)
    alone, among_all = ({d.rule for d in _found(project, errors_only=errors_only)} for errors_only in (True, False))
    assert among_all - alone == {"policy/maxreplicas-set", "policy/no-latest-image"}


def _found(project: Project, *, errors_only: bool) -> list[Diagnostic]:
    options = EvaluationOptions(names=(), out=project.repository.output, before={} if errors_only else None)
    return list(evaluate_repository(project.repository, options).diagnostics)
