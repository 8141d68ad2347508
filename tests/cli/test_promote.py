"""`kservegen promote`: versions that one environment runs, brought to another."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result
from tests.support.project import DEV, Project

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "kservegen" / "report.schema.json").read_text("utf-8"))
MODELS = """\
version: 1
defaults: {namespace: ns}
models:
  iris: {modelFormat: sklearn, storageUri: hf://a/iris}
  other: {modelFormat: sklearn, storageUri: s3://dev/other/1}
  new: {modelFormat: sklearn, storageUri: s3://dev/new, environments: [dev]}   # not yet
"""
FROM = """\
images: [{name: kserve/sklearnserver, newTag: v2}]
models:
  iris: {minReplicas: 1, storageUri: hf://a/iris2, args: [--a]}
  other: {storageUri: s3://dev/other/2}
"""
TO = """\
images:
- name: kserve/sklearnserver
  newName: mirror.example.com/sklearnserver
  newTag: v1   # proven
models:
  iris: {minReplicas: 4}   # four
  other: {storageUri: s3://prod/other/1}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write("environments/dev.yaml", DEV + FROM)
    made.write("environments/prod.yaml", DEV.replace("name: dev", "name: prod") + TO)
    made.write("environments/dev.lock.yaml", f"version: 1\nmodels:\n  hf://a/iris2: {{revision: {'a' * 40}}}\n")
    made.write("models.yaml", MODELS)
    return made


def run(project: Project, *words: str) -> Result:
    words = ("promote", "dev", "prod", *words, "--yes", "--root", str(project.root))
    return CliRunner().invoke(cli, list(words), standalone_mode=False)


def text(project: Project, file: str = "environments/prod.yaml") -> str:
    return (project.root / file).read_text("utf-8")


def test_versions_come_over_and_nothing_else(project: Project) -> None:
    before = text(project)
    done = run(project)
    assert done.exception is None
    after = before.replace("newTag: v1 ", "newTag: v2 ").replace(
        "{minReplicas: 4}", "{minReplicas: 4, storageUri: hf://a/iris2}"
    )
    assert text(project) == after
    assert "a" * 40 in text(project, "environments/prod.lock.yaml")
    assert "other: storageUri stays s3://prod/other/1" in done.output
    assert "new runs in dev and not in prod" in done.output
    again = run(project)
    assert "nothing to change" in again.output
    assert text(project) == after


def test_one_model_alone(project: Project) -> None:
    before = text(project)
    assert run(project, "iris").exception is None
    assert text(project) == before.replace("{minReplicas: 4}", "{minReplicas: 4, storageUri: hf://a/iris2}")


def test_more_words_and_more_models_on_request(project: Project) -> None:
    assert run(project, "--field", "args", "--add").exception is None
    assert "args: [--a]" in text(project)
    assert text(project, "models.yaml") == MODELS.replace("environments: [dev]", "environments: [dev, prod]")


def test_the_json_report_follows_its_schema(project: Project) -> None:
    report = json.loads(run(project, "--output", "json").stdout)
    jsonschema.validate(report, SCHEMA)
    assert [f["file"] for f in report["edits"]["files"]] == ["environments/prod.yaml", "environments/prod.lock.yaml"]


def test_a_model_that_is_not_there(project: Project) -> None:
    done = CliRunner().invoke(
        cli, ["promote", "prod", "dev", "new", "--yes", "--root", str(project.root)], standalone_mode=False
    )
    assert isinstance(done.exception, GeneratorError)
    assert done.exception.message == "new does not live in prod"


LISTED = """\
models:
  own:
    predictor:
      containers:
      - {name: kserve-container, image: registry.example.com/server:1, args: [--a]}
      - {name: agent, image: registry.example.com/agent:1}
"""


def test_versions_in_lists_come_over_by_the_keys_of_their_items(project: Project) -> None:
    project.write("models.yaml", MODELS + LISTED.removeprefix("models:\n"))
    there = "- {name: agent, image: registry.example.com/agent:2}\n      - {name: kserve-container, args: [--b]}\n"
    project.write("environments/dev.yaml", f"{DEV}models:\n  own:\n    predictor:\n      containers:\n      {there}")
    project.write("environments/prod.yaml", DEV.replace("name: dev", "name: prod"))
    done = run(project, "own")
    assert done.exception is None
    assert "own: prod keeps its own predictor" in done.output
    assert text(project).removeprefix(DEV.replace("name: dev", "name: prod")) == (
        "models:\n  own:\n    predictor: {containers: [{name: agent, image: registry.example.com/agent:2}]}\n"
    )
    again = text(project)
    assert "nothing to change" in run(project, "own").output
    project.write(
        "environments/dev.yaml",
        f"{DEV}models:\n  own:\n    predictor:\n      containers:\n"
        "      - {name: agent, image: registry.example.com/agent:3}\n"
        "      - {name: kserve-container, image: elsewhere.example.com/server:1}\n",
    )
    done = run(project, "own")
    assert text(project) == again.replace("agent:2", "agent:3")
    assert "own: predictor.containers[0].image stays registry.example.com/server:1: dev has elsewhere" in done.output


MANIFEST = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: plain, namespace: ns}
spec:
  predictor:
    minReplicas: 1
    model:
      modelFormat: {name: sklearn}
      storageUri: hf://a/plain   # which one
"""


def test_a_model_that_is_a_file_in_each_environment(project: Project) -> None:
    project.write("manifests/dev/plain.yaml", MANIFEST.replace("hf://a/plain", "hf://a/plain-2").replace(": 1", ": 2"))
    project.write("manifests/prod/plain.yaml", MANIFEST)
    project.write("manifests/dev/only.yaml", MANIFEST.replace("name: plain", "name: only"))
    done = run(project)
    assert done.exception is None
    assert text(project, "manifests/prod/plain.yaml") == MANIFEST.replace("hf://a/plain", "hf://a/plain-2")
    only = "stands in manifests/dev/only.yaml and not in prod: copy the file"
    assert f"note: serving.kserve.io/InferenceService/ns/only {only}" in done.output


def test_a_file_of_several_documents_is_left_to_people(project: Project) -> None:
    project.write("manifests/dev/plain.yaml", MANIFEST.replace("hf://a/plain", "hf://a/plain-2"))
    both = f"{MANIFEST}---\n{MANIFEST.replace('name: plain', 'name: second')}"
    project.write("manifests/prod/plain.yaml", both)
    done = run(project)
    assert done.exception is None
    assert text(project, "manifests/prod/plain.yaml") == both
    assert "stays hf://a/plain: dev has hf://a/plain-2; edit manifests/prod/plain.yaml by hand" in done.output


def test_what_stays_is_said_once_for_all_that_are_alike(project: Project) -> None:
    project.write(
        "environments/dev.yaml",
        DEV.replace("version: v0.19.0,", "version: v0.20.0, values: {kserve-resources: {kserve: {version: x}}},")
        + "models: {iris: {minReplicas: 0, args: [--a]}, other: {minReplicas: 0, args: [--b]}}\n",
    )
    project.write("environments/prod.yaml", DEV.replace("name: dev", "name: prod"))
    done = run(project)
    assert "note: iris, other: prod keeps its own minReplicas, args" in done.output
    assert "note: prod keeps its own values of kserve-resources" in done.output
    project.write("environments/prod.yaml", DEV.replace("name: dev", "name: prod"))
    done = run(project, "iris", "--field", "args")
    assert "note: iris: prod keeps its own minReplicas" in done.output
    assert "note: KServe stays v0.19.0: dev has v0.20.0, and models were named" in done.output
