"""What is judged before processes part is what each of them would have to compile for itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.project import CLUSTER, Project

from kservegen.core.repository import Repository
from kservegen.evaluate import environments
from kservegen.evaluate.environment import Against
from kservegen.evaluate.environments import Judges, prepare_catalog
from kservegen.evaluate.judging import Judge
from kservegen.evaluate.project import open_project
from kservegen.evaluate.sharing import SharedResults

BOUND = "policies: {bindings: {memory-limit: {actions: [Deny]}, maxreplicas-set: {actions: [Audit]}}}\n"
# They differ in all that the policies read.
MODEL = "  m{0}: {{modelFormat: sklearn, storageUri: s3://m/{0}, maxReplicas: {0}, {1}}}\n"
LIMIT = "resources: {{limits: {{cpu: 1, memory: {0}Mi}}}}"


def test_policies_of_a_large_catalog_are_one_program_before_processes_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path)
    project.write("environments/dev.yaml", CLUSTER + BOUND)
    project.models("models:\n" + "".join(MODEL.format(n, LIMIT.format(n)) for n in range(1, 301)))
    opened = open_project(Repository(tmp_path))
    judge = Judge(opened.tools, SharedResults())
    prepared = prepare_catalog(opened.catalog, opened.choose(()), judge, Against())
    monkeypatch.setattr(environments, "count_jobs", lambda _: 2)
    monkeypatch.setattr(environments, "Workers", lambda *_: None)
    judges = Judges[None](lambda first, _: first)
    judges.start(prepared)
    assert judge.shared.policies is not None
    assert [fused.fusion is not None for fused in judge.shared.policies.fused.values()] == [True]
    judges.evaluate(prepared)
