"""`kservegen simulate`: manifests and models, as text and as JSON, with the source of each field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.support.project import Project

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


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["simulate", *arguments], catch_exceptions=False, standalone_mode=False)


def documents(*arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(*arguments, "--output", "json").stdout)["documents"]
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


def test_text_says_where_fields_come_from(folder: Path) -> None:
    shown = run(str(folder)).stdout
    assert f"- --own {'':48} # from {folder}/iris.yaml:11: spec.predictor.model.args[0]\n" in shown.replace(
        "        -", "-"
    )
    assert "# the pod of Deployment/iris-predictor, as the webhook leaves it\n" in shown


def test_text_says_where_the_controllers_stop(folder: Path) -> None:
    (folder / "iris.yaml").write_text(ISVC.replace("sklearn", "nope"), encoding="utf-8")
    assert run(str(folder)).stdout.endswith(
        "# stops at runtime: NoSupportingRuntime: No runtime found to support specified framework/version\n"
    )


def test_what_is_not_admitted_makes_nothing_and_fails(folder: Path) -> None:
    (folder / "iris.yaml").write_text(ISVC.replace("predictor", "predictr"), encoding="utf-8")
    result = run(str(folder))
    assert result.return_value == 1
    assert result.stdout == f"# {folder}/iris.yaml: InferenceService models/iris: not admitted\n"
    (document,) = documents(str(folder))
    assert (document["admitted"], document["deployable"], document["objects"]) == (False, False, [])


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
    assert shown.startswith("# InferenceService kserve-inference/sklearn-iris in dev\n---\n")
    assert "# from models.yaml:" in shown
    report = json.loads(run("sklearn-iris", "--env", "dev", "--root", EXAMPLE, "--output", "json").stdout)
    (entry,) = report["simulated"]
    assert (entry["environment"], entry["name"], entry["deployable"]) == ("dev", "sklearn-iris", True)


def test_nothing_is_made_of_a_model_that_is_not_admitted(tmp_path: Path) -> None:
    Project(tmp_path).models(
        "models: {iris: {modelFormat: sklearn, storageUri: 's3://b/m', minReplicas: 3, maxReplicas: 1}}"
    )
    result = run("iris", "--env", "dev", "--root", str(tmp_path))
    assert (result.return_value, result.stdout) == (1, "# InferenceService ns/iris in dev: not admitted\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nope", "--env", "dev"), "there is no nope in dev"),
        (("no/such/path",), "there is no such file or folder"),
        (("x", "--env", "dev", "--kserve-version", "v0.19.0"), "--env states the version and the mode"),
    ],
)
def test_mistakes_are_told(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(Exception, match=message):
        run(*arguments, "--root", EXAMPLE)
