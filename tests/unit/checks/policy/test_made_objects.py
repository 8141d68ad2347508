"""Policies judge what KServe makes of an object, and point at the field of the object that it comes from."""

from __future__ import annotations

import pytest
from tests.support.project import DEV, Project

POLICY = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: asks, annotations: {kservegen.io/path: '%s'}}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: ['%s'], apiVersions: ['*'], operations: [CREATE], resources: [%s]}]
  validations:
    - {expression: "%s", message: refused}
"""
MODELS = """\
models:
  iris:
    modelFormat: sklearn
    storageUri: s3://models/iris
    predictor: {hostNetwork: true}
"""
HOST = "!object.spec.?hostNetwork.orValue(false)"
RUNTIME = "ClusterServingRuntime kserve-sklearnserver: spec.containers[0].image"
TEMPLATE = "!object.spec.template.spec.?hostNetwork.orValue(false)"


@pytest.mark.parametrize(
    ("path", "group", "kind", "expression", "found"),
    [
        ("spec.hostNetwork", "", "pods", HOST, [(7, "refused, in the pod of Deployment/iris-predictor")]),
        (
            "spec.template.spec.hostNetwork",
            "apps",
            "deployments",
            TEMPLATE,
            [(7, "refused, in Deployment/iris-predictor")],
        ),
        ("spec.hostNetwork", "", "pods", "object.spec.containers.size() > 0", []),
        ("spec.hostNetwork", "batch", "jobs", "false", []),
        (
            "spec.containers[0].image",
            "",
            "pods",
            "object.spec.containers.all(c, c.image.startsWith('registry.example/'))",
            [(4, f"refused, in the pod of Deployment/iris-predictor (comes from {RUNTIME})")],
        ),
    ],
)
def test_a_policy_sees_what_is_made(
    project: Project, path: str, group: str, kind: str, expression: str, found: list[tuple[int, str]]
) -> None:
    project.models(MODELS)
    project.write("policies/asks.yaml", POLICY % (path, group, kind, expression))
    project.write("environments/dev.yaml", DEV + "policies: {bindings: {asks: {actions: [Deny]}}}\n")
    seen = [d for d in project.validate().diagnostics if d.rule == "policy/asks"]
    assert [(d.location.line, d.message) for d in seen] == found
