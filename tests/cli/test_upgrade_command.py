"""`kservegen upgrade`: what another version refuses and changes, the way over from before the charts were split."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from syrupy.assertion import SnapshotAssertion
from tests.support.project import Project
from tests.support.reports import checked_report

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

ROOT = Path(__file__).parents[2]
LLM = """\
models:
  chat: {kind: LLMInferenceService, model: hf://acme/chat, resources: {limits: {cpu: "1", memory: 1Gi}}}
"""
DROPPED = {"keys": {"kserve.controller.gateway.domain": None}}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def upgrade(project: Project, *words: str) -> Result:
    return CliRunner().invoke(
        cli, ["upgrade", "--root", str(project.root), *words], catch_exceptions=False, standalone_mode=False
    )


def sync_by(project: Project, engine: str) -> None:
    """Let an engine sync the environment."""
    words = f"{{engine: {engine}, repoURL: https://example.com/r.git}}"
    dev = (project.root / "environments/dev.yaml").read_text("utf-8").replace("{engine: none}", words)
    project.write("environments/dev.yaml", dev)


def report(project: Project, *words: str) -> dict[str, object]:
    result = upgrade(project, "--output", "json", *words)
    document = checked_report(result.stdout)
    assert document["exitCode"] == result.return_value
    return dict(document["upgrade"], findings=document["findings"])


def environment(said: dict[str, object], name: str = "dev") -> dict[str, object]:
    environments = said["environments"]
    assert isinstance(environments, list)
    return next(item for item in environments if item["environment"] == name)


def texts(said: dict[str, object], topic: str) -> list[str]:
    notes = environment(said)["notes"]
    assert isinstance(notes, list)
    return [note["text"] for note in notes if note["topic"] == topic]


def titles(said: dict[str, object]) -> list[str]:
    steps = environment(said)["steps"]
    assert isinstance(steps, list)
    return [step["title"] for step in steps]


def test_what_a_version_brings_without_an_edit(project: Project) -> None:
    said = report(project, "--to", "v0.20.0")
    assert "runtime kserve-vllmserver comes" in texts(said, "runtimes")
    images = environment(said)["images"]
    assert isinstance(images, list)
    assert "kserve/sklearnserver:v0.20.0" in images
    assert "tensorflow/serving:2.6.2" not in images, "the same at both versions"
    assert texts(said, "crds") == [], "only the LLM chart drops some"


def test_steps_that_differ_in_the_environment_alone_are_told_once(project: Project) -> None:
    dev = (project.root / "environments/dev.yaml").read_text("utf-8")
    project.write("environments/eu.yaml", dev.replace("name: dev", "name: eu"))
    told = upgrade(project, "--to", "v0.20.0").output
    assert told.count("  in this order\n") == 1
    assert "  in this order: the steps of dev, with eu in its place\n" in told
    assert upgrade(project, "--to", "v0.20.0", "--all").output.count("  in this order\n") == 2


def test_models_whose_server_has_another_image_restart(project: Project) -> None:
    project.models(
        """\
        models:
          iris: {modelFormat: sklearn, storageUri: s3://models/iris, minReplicas: 2, maxReplicas: 2}
          onnx: {modelFormat: onnx, protocolVersion: v2, storageUri: s3://models/onnx}
        """
    )
    restarts = environment(report(project, "--to", "v0.20.0"))["restarts"]
    assert isinstance(restarts, list)
    (restart,) = [restart for restart in restarts if restart["certain"]]
    assert (restart["subject"], restart["pods"]) == ("InferenceService ns/iris", 2), "triton's image is the same"
    assert "kserve-sklearnserver" in restart["why"]


@pytest.mark.parametrize(("engine", "loses"), [("none", True), ("argocd", False)])
def test_crds_that_a_chart_drops(engine: str, project: Project, *, loses: bool) -> None:
    sync_by(project, engine)
    project.models(LLM)
    said = report(project, "--to", "v0.20.0")
    notes = environment(said)["notes"]
    assert isinstance(notes, list)
    (note,) = [note for note in notes if note["topic"] == "crds"]
    assert note["loses"] is loses, "Argo CD prunes no chart"
    assert "inferencepoolimports.inference.networking.x-k8s.io" in note["subjects"]
    assert titles(said)[0] == "Save the objects of the CRDs that go"


def test_crds_that_are_not_the_charts_are_left_out(project: Project) -> None:
    project.models(LLM)
    dev = (project.root / "environments/dev.yaml").read_text("utf-8")
    values = (
        "kserve: {version: v0.19.0, values: {kserve-llmisvc-resources: {kserve: {llmisvc: {createGIECRDs: false}}}},"
    )
    dev = dev.replace("kserve: {version: v0.19.0,", values)
    project.write(
        "environments/dev.yaml", dev.replace("leaderworkerset]", "leaderworkerset, gateway-api-inference-extension]")
    )
    assert texts(report(project, "--to", "v0.20.0"), "crds") == []


@pytest.fixture
def later(project: Project) -> Project:
    """Return a project whose own schemas know a version in which a chart value is gone."""
    schemas = project.root / "schemas"
    shutil.copytree(ROOT / "schemas/kserve/v0.20.0", schemas / "kserve/v0.99.0")
    record = {"version": "v0.99.0", "status": "derived", "nearest": "v0.20.0", "provenance": {"charts": "made up"}}
    project.write("schemas/releases/v0.99.0.json", json.dumps(record))
    for table in ("shared", "ingress", "kserve-resources"):
        project.write(f"schemas/charts/v0.99.0/{table}.json", json.dumps(DROPPED))
    dev = (project.root / "environments/dev.yaml").read_text("utf-8")
    values = "values: {kserve-resources: {kserve: {controller: {gateway: {domain: example.org}}}}}"
    project.write(
        "environments/dev.yaml", dev.replace("deploymentMode: Standard", f"deploymentMode: Standard, {values}")
    )
    return project


def test_what_only_the_new_version_refuses_comes_with_its_line(later: Project) -> None:
    assert later.problems() == []
    before = later.root.joinpath("environments/dev.yaml").read_text("utf-8")
    result = upgrade(later, "--to", "v0.99.0", "--write")
    assert result.return_value == 1
    assert result.stdout.startswith("dev: v0.19.0 to v0.99.0: 1 error stands in the way")
    assert "environments/dev.yaml:3:" in result.stdout
    assert later.root.joinpath("environments/dev.yaml").read_text("utf-8") == before, "nothing is written over an error"


def test_notes_of_every_version_on_the_way_are_told(later: Project) -> None:
    later.models(LLM)
    assert len(texts(report(later, "--to", "v0.99.0"), "crds")) == 1, "v0.20.0 drops some, and v0.99.0 comes after it"


def test_defaults_that_another_version_stores_are_told(later: Project) -> None:
    file = later.root / "schemas/kserve/v0.99.0/serving.kserve.io/inferenceservice_v1beta1.json"
    schema = json.loads(file.read_text("utf-8"))
    for name in ("PredictorSpec", "PredictorSpec.patched"):
        schema["definitions"][name]["properties"]["timeout"]["default"] = 60
    file.write_text(json.dumps(schema), "utf-8")
    assert texts(report(later, "--to", "v0.99.0"), "defaults") == [
        "InferenceService ns/iris is stored with other defaults: spec.predictor.timeout"
    ]


def test_no_way_back(project: Project) -> None:
    assert upgrade(project, "--to", "v0.20.0", "--write").return_value == 0
    with pytest.raises(GeneratorError, match="later than"):
        upgrade(project, "--to", "v0.19.0")


def test_values_and_images_that_stay_behind_are_named_with_their_lines(project: Project) -> None:
    project.write(
        "environments/dev.yaml",
        """\
        version: 1
        cluster: {name: dev}
        kserve:
          version: v0.19.0
          values:
            kserve-resources: {kserve: {controller: {tag: v0.19.0}}}
        prerequisites: [cert-manager]
        namespaces: {ns: {}}
        images: [{name: kserve/router, newTag: v0.19.0}]
        """,
    )
    said = report(project, "--to", "v0.20.0")
    notes = environment(said)["notes"]
    assert isinstance(notes, list)
    behind = [(note["topic"], note["file"], note["line"]) for note in notes if "line" in note]
    assert behind == [("values", "environments/dev.yaml", 6), ("images", "environments/dev.yaml", 9)]


OLD = """\
kserve:
  version: v0.15.2
  controller:
    deploymentMode: RawDeployment
    gateway: {domain: models.example.org, bogus: 1}
  servingruntime: {sklearnserver: {tag: v0.15.2}, tritonserver: {tag: 24.01-py3}}
"""


def test_an_installation_of_the_one_chart_is_moved_over_in_order(project: Project) -> None:
    (project.root / "old.yaml").write_text(OLD, "utf-8")
    said = report(project, "--to", "v0.20.0", "--from", "v0.15.2", "--values", str(project.root / "old.yaml"))
    order = titles(said)
    wanted = [
        "Keep every CRD and runtime through the move",
        "Give them to their new releases",
        "Upgrade kserve-crd",
        "Upgrade kserve-runtime-configs",
        "Upgrade kserve-resources",
        "Let the new release have the runtimes",
    ]
    assert [title for title in order if title in wanted] == wanted
    steps = environment(said)["steps"]
    assert isinstance(steps, list)
    (controller,) = [step for step in steps if step["title"] == "Upgrade kserve-resources"]
    assert controller["commands"][0].startswith("helm upgrade --install kserve oci://"), "under the old release's name"
    assert environment(said)["values"] == {
        "kserve-resources": {"kserve": {"controller": {"gateway": {"domain": "models.example.org"}}}},
        "kserve-runtime-configs": {"kserve": {"servingruntime": {"tritonserver": {"tag": "24.01-py3"}}}},
    }
    assert environment(said)["pinnedValues"] == [
        {
            "key": "kserve.servingruntime.tritonserver.tag",
            "about": "stays at 24.01-py3, whatever the version of the chart",
        }
    ]
    assert environment(said)["lostValues"] == [
        {"key": "kserve.version", "about": "follows kserve.version of the environment"},
        {
            "key": "kserve.controller.deploymentMode",
            "about": "write kserve.deploymentMode: Standard in the environment's file",
        },
        {"key": "kserve.controller.gateway.bogus", "about": "no chart reads it"},
        {"key": "kserve.servingruntime.sklearnserver.tag", "about": "left out: it would hold an image at v0.15.2"},
    ]


# From where, and by what the environment is synced.
WAYS = [(before, engine) for before in ("v0.15.2", "v0.16.0", "v0.19.0") for engine in ("none", "argocd", "flux")]


@pytest.mark.parametrize(("before", "engine"), WAYS)
def test_every_step_with_its_reason_and_commands(
    before: str, engine: str, project: Project, snapshot: SnapshotAssertion
) -> None:
    sync_by(project, engine)
    if engine != "flux":
        project.models(LLM + "  iris: {modelFormat: sklearn, storageUri: s3://models/iris}\n")
    way = () if before == "v0.19.0" else ("--from", before)
    assert environment(report(project, "--to", "v0.20.0", *way))["steps"] == snapshot


def test_values_that_are_carried_over_are_free_of_findings(project: Project) -> None:
    (project.root / "old.yaml").write_text(OLD, "utf-8")
    said = report(project, "--to", "v0.20.0", "--from", "v0.15.2", "--values", str(project.root / "old.yaml"))
    dev = yaml.safe_load((project.root / "environments/dev.yaml").read_bytes())
    dev["kserve"]["values"] = environment(said)["values"]
    project.write("environments/dev.yaml", yaml.safe_dump(dev))
    assert project.problems() == []


def test_the_version_is_set_where_it_stands_comments_kept(project: Project) -> None:
    dev = project.root / "environments/dev.yaml"
    dev.write_text(dev.read_text("utf-8") + "# the end\n", "utf-8")
    before = dev.read_text("utf-8")
    assert upgrade(project, "--to", "v0.20.0", "--write").return_value == 0
    assert dev.read_text("utf-8") == before.replace("v0.19.0", "v0.20.0")
    assert "runs v0.20.0 already" in upgrade(project, "--to", "v0.20.0").stdout


def test_what_follows_a_section_stays_with_what_it_is_about(project: Project) -> None:
    project.write(
        "environments/dev.yaml",
        """\
        version: 1
        cluster: {name: dev}
        kserve:
          version: v0.19.0
          deploymentMode: Standard

        # About what is promised.
        prerequisites: [cert-manager]
        namespaces: {ns: {}}
        """,
    )
    assert upgrade(project, "--to", "v0.20.0", "--from", "v0.16.0", "--write").return_value == 0
    lines = (project.root / "environments/dev.yaml").read_text("utf-8").splitlines()
    assert lines[lines.index("# About what is promised.") + 1] == "prerequisites: [cert-manager]"
    assert lines[3] == "  version: v0.20.0"
    assert "  releaseNames: {kserve-resources: kserve}" in lines[:7]


def test_environments_that_were_not_asked_about_keep_their_version(project: Project) -> None:
    dev = (project.root / "environments/dev.yaml").read_text("utf-8").replace("version: v0.19.0, ", "")
    project.write("environments/defaults.yaml", "version: 1\nkserve: {version: v0.19.0}\n")
    project.write("environments/dev.yaml", dev)
    project.write("environments/prod.yaml", dev.replace("name: dev", "name: prod"))
    assert upgrade(project, "dev", "--to", "v0.20.0", "--write").return_value == 0
    assert "v0.19.0" in (project.root / "environments/defaults.yaml").read_text("utf-8")
    assert "version: v0.20.0" in (project.root / "environments/dev.yaml").read_text("utf-8")
    assert upgrade(project, "--to", "v0.20.0", "--write").return_value == 0
    assert "v0.20.0" in (project.root / "environments/defaults.yaml").read_text("utf-8")


def test_errors_of_today_come_first_and_nothing_is_said_beyond_them(project: Project) -> None:
    project.models("models: {iris: {modelFormat: sklearn, storageUri: 's3://m', minReplica: 1}}")
    result = upgrade(project, "--to", "v0.20.0")
    assert result.return_value == 1
    assert "models.yaml:3:" in result.stdout
    assert "before they are mended" in result.stdout
    assert "in this order" not in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "0.20.0"), "Did you mean v0.20.0?"),
        (("--to", "v9.9.9"), "Known: v0.17.0, v0.18.1, v0.19.0, v0.20.0, v0.21.0."),
        (("--to", "v0.20.0", "--from", "new"), "Write it as v0.16.0."),
        (("--to", "v0.20.0", "--from", "v0.18.0"), "any version before v0.17.0"),
        (("--to", "v0.19.0", "--from", "v0.20.0"), "dev runs v0.20.0, which is later than v0.19.0"),
        (("--to", "v0.20.0", "--values", "nowhere.yaml"), "cannot be read"),
        (("nowhere", "--to", "v0.20.0"), "there is no environment nowhere"),
    ],
)
def test_what_cannot_be_asked(words: tuple[str, ...], said: str, project: Project) -> None:
    with pytest.raises(GeneratorError) as refused:
        upgrade(project, *words)
    assert said in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize("content", [b"- a\n", b"a: [\n", b"\xff", b"a: 1\na: 2\n"])
def test_values_that_are_none(content: bytes, project: Project) -> None:
    (project.root / "old.yaml").write_bytes(content)
    with pytest.raises(GeneratorError, match=r"old\.yaml"):
        upgrade(project, "--to", "v0.20.0", "--values", str(project.root / "old.yaml"))


@pytest.mark.parametrize("engine", ["argocd", "flux"])
def test_the_release_of_the_old_chart_goes_on_under_its_name(engine: str, project: Project) -> None:
    sync_by(project, engine)
    assert upgrade(project, "--to", "v0.20.0", "--from", "v0.16.0", "--write").return_value == 0
    dev = (project.root / "environments/dev.yaml").read_text("utf-8")
    assert yaml.safe_load(dev)["kserve"]["releaseNames"] == {"kserve-resources": "kserve"}
    assert project.problems() == []
    project.render()
    releases = {
        line.strip()
        for file in (project.root / "rendered/dev/sync").rglob("*.yaml")
        for line in file.read_text("utf-8").splitlines()
        if line.strip().startswith("releaseName:")
    }
    assert {"releaseName: kserve", "releaseName: kserve-crd"} <= releases
    assert "releaseName: kserve-resources" not in releases
    assert "rendered/dev/sync" in (project.root / "rendered/dev/README.md").read_text("utf-8")
