"""What is found of made objects, in environments that share an entry and do not install KServe alike."""

from __future__ import annotations

from tests.support.project import DEV, Project

MODELS = "models:\n  iris: {modelFormat: sklearn, storageUri: s3://models/iris, namespace: ns}\n"
TEMPLATE = "kserve: {controller: {gateway: {domainTemplate: '{{ .Name }}.{{ .Nope }}'}}}"


def test_a_finding_of_one_environment_is_not_taken_for_another(project: Project) -> None:
    project.models(MODELS)
    for name in ("a", "b", "c"):
        values = f", values: {{kserve-resources: {{{TEMPLATE}}}}}" if name == "b" else ""
        dev = DEV.replace("name: dev", f"name: {name}").replace("Standard}", f"Standard{values}}}")
        project.write(f"environments/{name}.yaml", dev)
    (project.root / "environments/dev.yaml").unlink(missing_ok=True)
    found = project.validate().diagnostics
    assert {d.environments for d in found if d.rule == "kserve/reconcile"} == {("b",)}
