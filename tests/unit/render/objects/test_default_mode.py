"""The deployment mode of an environment: what is built, installed, derived and checked where no model says one."""

from __future__ import annotations

import pytest
import yaml
from tests.support.project import DEV, Project

from kservegen.core.document import child, mapping

MODE = "serving.kserve.io/deploymentMode"
MODES = ["Standard", "Knative"]  # in ModelMesh, KServe itself makes nothing
CATALOG = """\
models:
  iris: {modelFormat: sklearn, storageUri: s3://models/iris}
  own: {modelFormat: sklearn, storageUri: s3://models/own, deploymentMode: Standard}
  forced:
    modelFormat: sklearn
    storageUri: s3://models/forced
    annotations: {serving.kserve.io/deploymentMode: Knative}
  chat: {kind: LLMInferenceService, model: hf://acme/chat, image: "own:1", resources: {limits: {cpu: "1", memory: 1Gi}}}
graphs:
  graph: {nodes: {root: {routerType: Sequence, steps: [{serviceName: iris}]}}}
"""


def in_mode(project: Project, mode: str, models: str = CATALOG) -> Project:
    dev = DEV.replace("deploymentMode: Standard", f"deploymentMode: {mode}").replace("v0.19.0", "v0.20.0")
    project.write(
        "environments/dev.yaml", dev.replace("leaderworkerset]", "leaderworkerset, knative-serving, istio, modelmesh]")
    )
    project.models(models)
    return project


@pytest.mark.parametrize("mode", MODES)
def test_objects_say_the_mode_of_their_environment_unless_they_have_one(mode: str, project: Project) -> None:
    built = in_mode(project, mode).built()
    assert {name: mapping(child(child(doc, "metadata"), "annotations")).get(MODE) for name, doc in built.items()} == {
        "Namespace/ns": None,
        "LLMInferenceService/chat": None,  # the kind has no modes
        "InferenceService/iris": mode,
        "InferenceService/own": "Standard",
        "InferenceService/forced": "Knative",
        "InferenceGraph/graph": mode,
    }


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_that_a_release_cannot_be_asked_for_is_left_to_the_cluster(mode: str, project: Project) -> None:
    in_mode(project, mode, "models:\n  iris: {modelFormat: sklearn, storageUri: s3://models/iris}\n")
    environment = (project.root / "environments/dev.yaml").read_text("utf-8")
    project.write("environments/dev.yaml", environment.replace("v0.20.0", "v0.19.0"))
    iris = project.built()["InferenceService/iris"]
    assert mapping(child(child(iris, "metadata"), "annotations")).get(MODE) == (mode if mode == "Standard" else None)
    assert "defect/mode-annotation" not in {d.rule for d in project.validate().diagnostics}


@pytest.mark.parametrize("mode", MODES)
def test_the_chart_is_told_the_mode(mode: str, project: Project) -> None:
    in_mode(project, mode).render()
    values = yaml.safe_load((project.root / "rendered/dev/platform/values/kserve-resources.yaml").read_text("utf-8"))
    assert values["kserve"]["controller"]["deploymentMode"] == mode


# Words of a model; what is found of it where it runs in Standard mode, and where it runs as a Knative Service.
CHECKED: dict[str, tuple[list[str], list[str]]] = {
    "scaleMetric: cpu": ([], ["kserve/knative-scaling"]),
    "scaleMetric: rps": (["kserve/idle-scaling"], []),
}


@pytest.mark.parametrize("said", [False, True])
@pytest.mark.parametrize("words", CHECKED)
def test_checks_go_by_the_mode_whoever_says_it(words: str, said: bool, project: Project) -> None:
    for mode, other, expected in zip(("Standard", "Knative"), ("Knative", "Standard"), CHECKED[words], strict=True):
        own = f", deploymentMode: {mode}" if said else ""
        models = f"models:\n  iris: {{modelFormat: sklearn, storageUri: s3://models/iris, {words}{own}}}\n"
        found = in_mode(project, other if said else mode, models).validate().diagnostics
        assert [d.rule for d in found] == expected, mode


@pytest.mark.parametrize(("mode", "missing"), [("Standard", []), ("Knative", ["kserve/prerequisite"])])
def test_what_the_mode_needs_has_to_be_promised(mode: str, missing: list[str], project: Project) -> None:
    project.write("environments/dev.yaml", DEV.replace("deploymentMode: Standard", f"deploymentMode: {mode}"))
    assert [d.rule for d in project.validate().diagnostics] == missing


def test_a_mode_that_does_not_exist_is_one_finding(project: Project) -> None:
    found = in_mode(project, "Serverles").validate().diagnostics
    assert [f"{d.location} {d.rule}" for d in found] == ["environments/dev.yaml:3:44 schema/not-allowed"]
