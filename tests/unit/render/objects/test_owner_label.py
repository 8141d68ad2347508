"""The label that names an owner: on namespaces of one owner, at the line that asks for it, and on nothing else."""

from __future__ import annotations

import pytest
import yaml
from tests.support.project import DEV, Project

MODEL = "modelFormat: sklearn, storageUri: s3://b/m"
MODELS = f"""\
version: 1
models:
  one/a: {{{MODEL}, owner: growth}}
  one/b: {{{MODEL}, owner: growth}}
  two/a: {{{MODEL}, owner: growth}}
  two/b: {{{MODEL}, owner: search}}
  part/a: {{{MODEL}, owner: growth}}
  part/b: {{{MODEL}}}
  own/a: {{{MODEL}, owner: growth}}
  shared/a: {{{MODEL}, owner: growth}}
  graphed/a: {{{MODEL}, owner: growth}}
runtimes:
  shared/r: {{supportedModelFormats: [{{name: x}}], containers: [{{name: kserve-container, image: 'a:1'}}]}}
graphs:
  graphed/g: {{owner: search, nodes: {{root: {{routerType: Sequence, steps: [{{serviceName: a}}]}}}}}}
"""
NAMES = "{one: {}, two: {}, part: {}, shared: {}, graphed: {}, empty: {}, own: {labels: {team: mine, x: z}}}"
ENVIRONMENT = DEV.replace("namespaces: {ns: {}}", f"namespaces: {NAMES}")


@pytest.fixture
def owned(project: Project) -> Project:
    project.write("models.yaml", MODELS)
    return project


def rendered(project: Project, words: str) -> dict[str, str]:
    project.write("environments/dev.yaml", ENVIRONMENT + words)
    assert project.render().exit_code == 0
    folder = project.root / "rendered/dev"
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*.yaml")}


def test_a_namespace_of_one_owner_names_it(owned: Project) -> None:
    before, after = rendered(owned, ""), rendered(owned, "ownerLabel: team\n")
    labels = {
        name: yaml.safe_load(text)["metadata"].get("labels") for name, text in after.items() if "/namespace-" in name
    }
    assert labels == {
        "cluster/namespace-one.yaml": {"team": "growth"},
        "cluster/namespace-two.yaml": None,
        "cluster/namespace-part.yaml": None,
        "cluster/namespace-shared.yaml": {"team": "growth"},
        "cluster/namespace-graphed.yaml": None,
        "cluster/namespace-empty.yaml": None,
        "cluster/namespace-own.yaml": {"team": "mine", "x": "z"},
    }
    changed = {name for name, text in after.items() if before[name] != text}
    assert changed == {"cluster/namespace-one.yaml", "cluster/namespace-shared.yaml"}, "no model is another"
    assert before.keys() == after.keys()


@pytest.mark.parametrize("words", ["ownerLabel: 'not a key'\n", "ownerLabel: team\n"])
def test_what_is_no_label_is_told_where_it_is_asked_for(words: str, owned: Project) -> None:
    if "not a key" not in words:
        owned.write("models.yaml", MODELS.replace("growth", "'of growth!'"))
    owned.write("environments/dev.yaml", ENVIRONMENT + words)
    errors = [d for d in owned.validate().diagnostics if d.severity.value == "error"]
    line = (ENVIRONMENT + words).count("\n")
    assert errors
    assert {(d.rule, d.location.file, d.location.line) for d in errors} == {
        ("kubernetes/label", "environments/dev.yaml", line)
    }
