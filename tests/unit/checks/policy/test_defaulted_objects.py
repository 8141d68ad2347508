"""Policies judge what the cluster would store: KServe's defaults and the schema's are in, findings come home."""

from __future__ import annotations

import pytest
from tests.support.project import DEV, Project

POLICY = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: asks, annotations: {kservegen.io/path: %s}}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [serving.kserve.io], apiVersions: ['*'], operations: ['*'], resources: ['*']}]
  validations:
    - {expression: "%s", message: refused}
"""
CHAT = """\
models:
  chat:
    kind: LLMInferenceService
    model: hf://a/b
    scaling: {maxReplicas: 3, wva: {hpa: {}}}
"""
LEGACY = """\
models:
  iris:
    predictor:
      sklearn:
        storageUri: s3://models/iris
"""


@pytest.mark.parametrize(
    ("models", "path", "expression", "lines"),
    [
        (CHAT, "spec.scaling", "object.spec.scaling.minReplicas == 1", []),
        (CHAT, "spec.scaling.minReplicas", "object.spec.scaling.minReplicas == 2", [7]),
        (LEGACY, "spec.predictor.model", "has(object.spec.predictor.model)", []),
        (LEGACY, "spec.predictor.model.storageUri", "object.spec.predictor.model.storageUri == ''", [7]),
    ],
)
def test_a_policy_sees_what_is_stored(
    project: Project, models: str, path: str, expression: str, lines: list[int]
) -> None:
    project.models(models)
    project.write("policies/asks.yaml", POLICY % (path, expression))
    project.write("environments/dev.yaml", DEV + "policies: {bindings: {asks: {actions: [Deny]}}}\n")
    found = [d for d in project.validate().diagnostics if d.rule == "policy/asks"]
    assert [(d.location.file, d.location.line) for d in found] == [("models.yaml", line) for line in lines]
