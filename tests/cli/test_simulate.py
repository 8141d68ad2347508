"""`kservegen simulate`: manifests and models, as text and as JSON, with the source of each field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result
from tests.support.git_repository import commit_files, git, new_repository
from tests.support.project import DEV, Project

from kservegen.cli import cli

ISVC = """apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: iris
  namespace: models
spec:
  predictor:
    model:
      modelFormat: {name: sklearn}
      storageUri: s3://bucket/iris
      args: [--own]
"""
UNREAD = "is not read whole by KServe: objects are made here without the rest"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["simulate", *arguments], catch_exceptions=False, standalone_mode=False)


REPORT = json.loads((Path(__file__).parents[2] / "schemas/kservegen/report.schema.json").read_text("utf-8"))


def documents(*arguments: str) -> list[dict[str, Any]]:
    report = json.loads(run(*arguments, "--output", "json").stdout)
    jsonschema.Draft7Validator(REPORT).validate(report)
    found: list[dict[str, Any]] = report["documents"]
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "iris.yaml").write_text(ISVC, encoding="utf-8")
    return tmp_path


def test_json_has_objects_pods_and_sources(folder: Path) -> None:
    (document,) = documents(str(folder))
    assert (document["admitted"], document["deployable"], document["outcome"]) == (True, True, None)
    kinds = [item["kind"] for item in document["objects"]]
    assert kinds == ["Service", "Deployment", "HorizontalPodAutoscaler"]
    assert [pod["of"] for pod in document["pods"]] == ["Deployment/iris-predictor"]
    source = document["from"]["/objects/1/spec/template/spec/containers/0/args/3"]
    assert source == f"{folder}/iris.yaml:11: spec.predictor.model.args[0]"
    runtime = document["from"]["/objects/1/spec/template/spec/containers/0/image"]
    assert runtime == "ClusterServingRuntime kserve-sklearnserver: spec.containers[0].image"


def test_text_says_where_fields_come_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    shown = run(".").stdout
    assert f"{'        - --own':<60} # from iris.yaml:11: spec.predictor.model.args[0]\n" in shown
    assert "# the pod of Deployment/iris-predictor, as the webhook leaves it\n" in shown


def test_text_says_where_the_controllers_stop(folder: Path) -> None:
    (folder / "iris.yaml").write_text(ISVC.replace("sklearn", "nope"), encoding="utf-8")
    assert run(str(folder)).stdout.endswith(
        "# stops at runtime: NoSupportingRuntime: No runtime found to support specified framework/version\n"
    )


def test_what_is_not_admitted_makes_nothing_and_says_why(folder: Path) -> None:
    (folder / "iris.yaml").write_text(ISVC.replace("predictor", "predictr"), encoding="utf-8")
    result = run(str(folder))
    assert result.return_value == 1
    head, *why = result.stdout.splitlines()
    assert head == f"# {folder}/iris.yaml: InferenceService models/iris: is not admitted"
    assert why[0].startswith(f"#   {folder}/iris.yaml:7:3: ")
    assert why[0].endswith("[schema/unknown-field]")
    report = json.loads(run(str(folder), "--output", "json").stdout)
    (document,) = report["documents"]
    assert (document["admitted"], document["deployable"], document["runs"], document["objects"]) == (False,) * 3 + ([],)
    assert report["findings"] == document["findings"]
    assert report["findings"][0]["rule"] == "schema/unknown-field"


def test_what_cannot_be_read_is_told_and_the_rest_is_made(folder: Path) -> None:
    (folder / "a.yaml").write_text("apiVersion: v1\nkind: [\n", encoding="utf-8")
    (folder / "b.yaml").symlink_to("b.yaml")
    shown = run(str(folder))
    assert shown.return_value == 1
    assert f"# {folder}/a.yaml: document 1: is not admitted\n" in shown.stdout
    assert f"# {folder}/iris.yaml: InferenceService models/iris: runs, as far as files tell\n" in shown.stdout


def test_documents_of_a_folder_are_admitted_together(folder: Path) -> None:
    text = """apiVersion: serving.kserve.io/v1alpha1
kind: ServingRuntime
metadata: {name: NAME, namespace: models}
spec:
  protocolVersions: [v1]
  supportedModelFormats: [{name: own, version: "1", autoSelect: true, priority: 1}]
  containers: [{name: kserve-container, image: "own:1"}]
"""
    for name in "ab":
        (folder / f"{name}.yaml").write_text(text.replace("NAME", name), encoding="utf-8")
    assert {d["name"]: d["admitted"] for d in documents(str(folder))} == {"a": False, "b": False, "iris": True}


def test_kinds_without_a_schema_stand_beside_the_others(folder: Path) -> None:
    model = ISVC.replace("  predictor:", "  predictor:\n    serviceAccountName: reader")
    (folder / "iris.yaml").write_text(model, encoding="utf-8")
    metadata = {"name": "reader", "namespace": "models"}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "secrets": [{"name": "reader"}]}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"AWS_SECRET_ACCESS_KEY": "eA=="}}
    (folder / "account.json").write_text(json.dumps(account), encoding="utf-8")
    (folder / "secret.json").write_text(json.dumps(secret), encoding="utf-8")
    made = {document["kind"]: document for document in documents(str(folder))}
    (initializer,) = made["InferenceService"]["pods"][0]["pod"]["spec"]["initContainers"]
    assert "AWS_SECRET_ACCESS_KEY" in {item["name"] for item in initializer["env"]}


def test_what_no_file_tells_is_left_open(folder: Path) -> None:
    model = ISVC.replace(
        "storageUri: s3://bucket/iris", "storage: {key: mine, path: iris, parameters: {type: s3, bucket: b}}"
    )
    (folder / "iris.yaml").write_text(model, encoding="utf-8")
    (document,) = documents(str(folder))
    assert (document["deployable"], document["runs"]) == (True, None)
    head, *_ = run(str(folder)).stdout.splitlines()
    assert head.endswith("InferenceService models/iris: runs if what its pods lack is there")


def test_many_documents_come_out_as_few_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = ISVC + "---\n" + ISVC.replace("name: iris", "name: other")
    (folder / "iris.yaml").write_text(twice, encoding="utf-8")
    few = run(str(folder), "--output", "json").stdout
    monkeypatch.setattr("kservegen.evaluate.shelf._KEPT", 0)
    monkeypatch.setattr("kservegen.cli.simulate._IN_MEMORY", 1)
    assert run(str(folder), "--output", "json").stdout == few


def test_a_config_map_among_the_manifests_is_kserves_own(folder: Path) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "inferenceservice-config", "namespace": "kserve"},
        "data": {"ingress": json.dumps({"ingressDomain": "d.example"})},
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    made = next(document for document in documents(str(folder)) if document["name"] == "iris")
    assert made["objects"][-1]["spec"]["rules"][0]["host"] == "iris-models.d.example"


def test_what_kserve_cannot_read_of_its_config_map_is_said(folder: Path) -> None:
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: inferenceservice-config, namespace: kserve}\n"
    (folder / "a.yaml").write_text(config + "data: {deploy: '{\"a\": 1,}'}\n", "utf-8")
    (folder / "iris.yaml").write_text(ISVC, "utf-8")
    out = run(str(folder))
    head, fault, *_ = out.stdout.splitlines()
    assert head.endswith("ConfigMap kserve/inferenceservice-config: " + UNREAD)
    assert "a.yaml:4:16: deploy is no JSON" in fault
    assert "InferenceService models/iris: runs" in out.stdout
    assert out.return_value == 1
    report = json.loads(run(str(folder), "--output", "json").stdout)
    assert (report["exitCode"], [found["rule"] for found in report["findings"]]) == (1, ["kserve/config-data"])
    (folder / "a.yaml").write_text(config + "data: {deploy: '{\"a\": 1}'}\n", "utf-8")
    assert UNREAD not in run(str(folder)).stdout


def test_folders_are_clusters_of_their_own(folder: Path) -> None:
    for name, image in (("a", "own:a"), ("b", "own:b")):
        runtime = {
            "apiVersion": "serving.kserve.io/v1alpha1",
            "kind": "ServingRuntime",
            "metadata": {"name": "own", "namespace": "models"},
            "spec": {
                "supportedModelFormats": [{"name": "own", "autoSelect": True}],
                "containers": [{"name": "kserve-container", "image": image}],
            },
        }
        (folder / name).mkdir()
        (folder / name / "runtime.json").write_text(json.dumps(runtime), encoding="utf-8")
        (folder / name / "iris.yaml").write_text(ISVC.replace("sklearn", "own"), encoding="utf-8")
    (folder / "iris.yaml").unlink()
    made = [document for document in documents(str(folder)) if document["name"] == "iris"]
    images = [pod["pod"]["spec"]["containers"][0]["image"] for document in made for pod in document["pods"]]
    assert images == ["own:a", "own:b"]


def test_kinds_that_nothing_is_made_of_say_so(folder: Path) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "models"}}
    (folder / "iris.yaml").write_text(json.dumps(secret), encoding="utf-8")
    (document,) = documents(str(folder))
    assert (document["kind"], document["deployable"], document["objects"]) == ("Secret", None, [])
    assert run(str(folder)).stdout == ""


EXAMPLE = str(Path(__file__).parents[2])


def test_a_model_is_followed_in_its_environment() -> None:
    shown = run("sklearn-iris", "--env", "dev", "--root", EXAMPLE).stdout
    head = "# models.yaml: InferenceService kserve-inference/sklearn-iris in dev: runs, as far as files tell\n---\n"
    assert shown.startswith(head)
    assert "# from models.yaml:" in shown
    (entry,) = documents("sklearn-iris", "--env", "dev", "--root", EXAMPLE)
    assert (entry["environment"], entry["name"], entry["deployable"]) == ("dev", "sklearn-iris", True)


def test_secrets_are_not_shown(folder: Path) -> None:
    key = "AKIA2E0A8F3B244C9986"
    variables = {"AWS_ACCESS_KEY_ID": key, "API_TOKEN": "geheim1", "A": "b"}
    env = json.dumps([{"name": name, "value": value} for name, value in variables.items()])
    args = f"args: [--own, --token=geheim2]\n      env: {env}"
    (folder / "iris.yaml").write_text(ISVC.replace("args: [--own]", args), encoding="utf-8")
    for shown in (run(str(folder)).stdout, run(str(folder), "--output", "json").stdout):
        assert not {word for word in (key, "geheim1", "geheim2") if word in shown}
    (document,) = documents(str(folder))
    container = document["pods"][0]["pod"]["spec"]["containers"][0]
    values = {item["name"]: item["value"] for item in container["env"]}
    assert {name: values[name] for name in variables} == dict.fromkeys(variables, "(hidden)") | {"A": "b"}


def test_a_long_line_has_its_source_above(folder: Path) -> None:
    (folder / "iris.yaml").write_text(ISVC.replace("--own", f"--own={'x' * 90}"), encoding="utf-8")
    lines = run(str(folder)).stdout.splitlines()
    source = f"        # from {folder}/iris.yaml:11: spec.predictor.model.args[0]"
    assert lines[lines.index(source) + 1] == f"        - --own={'x' * 90}"


def test_a_script_is_shown_flag_by_flag() -> None:
    shown = run("chat", "--env", "prod", "--root", EXAMPLE).stdout
    assert "        - script: |-\n            exec vllm serve /mnt/models\n              --served-model-name " in shown


def test_nothing_is_made_of_a_model_that_is_not_admitted(tmp_path: Path) -> None:
    Project(tmp_path).models(
        "models: {iris: {modelFormat: sklearn, storageUri: 's3://b/m', minReplicas: 3, maxReplicas: 1}}"
    )
    result = run("iris", "--env", "dev", "--root", str(tmp_path))
    head, why = result.stdout.splitlines()
    assert (result.return_value, head) == (1, "# models.yaml: InferenceService ns/iris in dev: is not admitted")
    assert why.startswith("#   models.yaml:3:92: 'MinReplicas' cannot be greater than MaxReplicas")


@pytest.fixture
def changed(tmp_path: Path) -> Project:
    """Return a repository with two environments, a change that is not committed, and manifests beside the catalog."""
    project = Project(tmp_path)
    project.write("environments/prod.yaml", DEV.replace("name: dev", "name: prod"))
    project.write("k8s/iris.yaml", ISVC)
    project.write("k8s/same.yaml", ISVC.replace("name: iris", "name: same"))
    new_repository(tmp_path)
    commit_files(tmp_path, {})
    project.models(
        "models: {iris: {modelFormat: sklearn, storageUri: s3://models/iris, args: [--own]},"
        " fresh: {modelFormat: xgboost, storageUri: s3://models/x}}"
    )
    project.write(
        "environments/prod.yaml",
        DEV.replace("name: dev", "name: prod") + "models: {iris: {minReplicas: 2}, fresh: null}\n",
    )
    return project


def test_a_model_differs_between_environments(changed: Project) -> None:
    root = ("--root", str(changed.root))
    shown = run("iris", "fresh", "--env", "prod", "--against", "dev", *root)
    assert shown.return_value == 0
    assert shown.stdout.startswith(
        "models.yaml: InferenceService ns/iris in prod: runs, as far as files tell\n"
        "  ~ HorizontalPodAutoscaler/iris-predictor\n      spec.minReplicas:\n        - 1\n"
        "        + 2  # from environments/prod.yaml:12: spec.predictor.minReplicas\n"
    )
    assert "InferenceService ns/fresh in dev: runs, as far as files tell -> is not there\n" in shown.stdout
    assert shown.stdout.endswith("2 objects differ from dev\n")
    iris, fresh = documents("iris", "fresh", "--env", "prod", "--against", "dev", *root)
    assert (iris["environment"], iris["before"]["environment"]) == ("prod", "dev")
    (scaler,) = iris["changes"]
    field = scaler["fields"][0]
    assert (scaler["object"], field["path"]) == ("HorizontalPodAutoscaler/iris-predictor", "spec.minReplicas")
    assert (field["old"], field["new"]) == (1, 2)
    assert field["newFrom"] == "environments/prod.yaml:12: spec.predictor.minReplicas"
    assert (fresh["admitted"], {change["change"] for change in fresh["changes"]}) == (None, {"removed"})


def test_a_model_differs_from_a_commit(changed: Project) -> None:
    root = ("--root", str(changed.root))
    iris, fresh = documents("iris", "fresh", "--env", "dev", "--base", "HEAD", *root)
    (deployment,) = iris["changes"]
    (field,) = deployment["fields"]
    assert field["path"] == "spec.template.spec.containers[kserve-container].args[3]"
    assert (field["new"], field["newFrom"]) == ("--own", "models.yaml:3: spec.predictor.model.args[0]")
    assert (fresh["before"], {change["change"] for change in fresh["changes"]}) == (None, {"added"})
    commit_files(changed.root, {})
    same = run("iris", "--env", "dev", "--base", "HEAD", *root)
    assert (same.return_value, same.stdout) == (0, "nothing differs from the base HEAD\n")


def test_manifests_differ_from_a_commit(changed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(changed.root)
    git(changed.root, "mv", "k8s/iris.yaml", "k8s/renamed.yaml")
    changed.write("k8s/renamed.yaml", ISVC.replace("sklearn", "nope"))
    (changed.root / "k8s/same.yaml").unlink()
    iris, gone = documents("k8s", "--base", "HEAD")
    assert (iris["file"], iris["runs"], iris["outcome"]["step"]) == ("k8s/renamed.yaml", False, "runtime")
    assert (iris["before"]["runs"], iris["before"]["outcome"]) == (True, None)
    assert ("changed", "pod") not in {(change["change"], *change) for change in iris["changes"]}
    assert (gone["file"], gone["name"], gone["admitted"]) == ("k8s/same.yaml", "same", None)
    shown = run("k8s", "--base", "HEAD").stdout
    assert "iris: runs, as far as files tell -> stops at runtime\n  now: stops at runtime: NoSupporting" in shown
    assert "  - Deployment/iris-predictor\n" in shown


def test_manifests_come_to_an_environment(changed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(changed.root)
    changed.write(
        "models/runtimes.yaml",
        """\
        version: 1
        runtimes:
          own:
            kind: ClusterServingRuntime
            supportedModelFormats: [{name: own, autoSelect: true}]
            containers: [{name: kserve-container, image: "example.com/own:1"}]
            environments: [dev]
        """,
    )
    changed.write("k8s/iris.yaml", ISVC.replace("sklearn", "own"))
    made = {d["name"]: d for d in documents("k8s", "--env", "dev")}
    (pod,) = made["iris"]["pods"]
    assert (made["iris"]["environment"], pod["pod"]["spec"]["containers"][0]["image"]) == ("dev", "example.com/own:1")
    compared = documents("k8s", "--env", "prod", "--against", "dev")
    assert [(d["name"], d["runs"], d["before"]["runs"]) for d in compared] == [("iris", False, True)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nope", "--env", "dev"), "there is no nope in dev"),
        (("no/such/path",), "there is no such file or folder"),
        (("nope", "--env", "dev", "--against", "prod"), "there is no nope in dev"),
        (("x", "--env", "dev", "--kserve-version", "v0.19.0"), "--env states the version and the mode"),
        (("x", "--against", "dev"), "--against compares with --env"),
        (("x", "--env", "dev", "--against", "prod", "--base", "HEAD"), "choose one"),
    ],
)
def test_mistakes_are_told(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(Exception, match=message):
        run(*arguments, "--root", EXAMPLE)
