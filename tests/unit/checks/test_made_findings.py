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


def test_an_account_that_one_environment_shows_says_nothing_of_another(project: Project) -> None:
    """What its Secrets hold is known where its file is; where it is only promised, it may have a token."""
    project.models(
        "models:\n  llama: {modelFormat: huggingface, storageUri: 'hf://meta-llama/Llama-3.1-8B-Instruct', "
        "serviceAccountName: reader}\n"
    )
    promised = DEV.replace("prerequisites: [", "prerequisites: [ServiceAccount/ns/reader, ")
    shown = "unmanaged: {sa: {path: sa.yaml, reason: by hand, owner: me, expires: 2099-01-01}}\n"
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: reader, namespace: ns}\n"
    for name in ("a", "b", "c"):
        text = promised.replace("name: dev", f"name: {name}") + (shown if name == "b" else "")
        project.write(f"environments/{name}.yaml", text)
    project.write("rendered/b/sa.yaml", account)
    (project.root / "environments/dev.yaml").unlink()
    found = project.validate().diagnostics
    assert {d.environments for d in found if d.rule == "kserve/hub-download"} == {("b",)}


def test_a_template_that_fails_for_all_is_told_once_where_it_stands(project: Project) -> None:
    project.models(MODELS + MODELS.splitlines()[1].replace("iris:", "tulip:") + "\n")
    project.write(
        "environments/dev.yaml", DEV.replace("Standard}", f"Standard, values: {{kserve-resources: {{{TEMPLATE}}}}}}}")
    )
    (found,) = [item for item in project.validate().diagnostics if item.rule == "kserve/reconcile"]
    assert found.location.file == "environments/dev.yaml"
    assert "asks for .Nope, which is not there" in found.message
    assert [place.location.file for place in found.everywhere] == [
        "environments/dev.yaml",
        "models.yaml",
        "models.yaml",
    ]
