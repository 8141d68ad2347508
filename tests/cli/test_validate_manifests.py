"""`kservegen validate` between environments and paths: which word means what, and what comes out in each form."""

from __future__ import annotations

import io
import json
from pathlib import Path

import jsonschema
import pytest
from syrupy.assertion import SnapshotAssertion
from tests.support.project import Project

from kservegen.cli import cli
from kservegen.cli.failures import run_cli

ROOT = Path(__file__).parents[2]
REPORT = json.loads((ROOT / "schemas" / "kservegen" / "report.schema.json").read_text("utf-8"))
MANIFEST = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: iris, namespace: ns}
spec:
  predictor:
    minReplica: 1
    model: {modelFormat: {name: sklearn}, storageUri: s3://models/iris, runtime: mine}
"""
UNKNOWN_KIND = "---\napiVersion: a.io/v1\nkind: Foo\nmetadata: {name: s}\n"


class Shell:
    """Runs `kservegen validate` in a folder; returns exit code, standard output and standard error."""

    def __init__(self, capture: pytest.CaptureFixture[bytes]) -> None:
        self.capture = capture

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = run_cli(cli, ["validate", *words])
        captured = self.capture.readouterr()
        return code, captured.out.decode(), captured.err.decode()


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Shell:
    """Return a shell in an empty folder that has no catalog."""
    monkeypatch.chdir(tmp_path)
    return Shell(capfdbinary)


def test_manifests_without_a_catalog_in_each_form(shell: Shell, snapshot: SnapshotAssertion) -> None:
    Path("a.yaml").write_text(MANIFEST + UNKNOWN_KIND, "utf-8")
    for output in ("text", "json", "github"):
        assert shell("a.yaml", "--output", output) == snapshot(name=output)


def test_a_clean_file(shell: Shell) -> None:
    Path("a.yaml").write_text(MANIFEST.replace("    minReplica: 1\n", "").replace(", runtime: mine", ""), "utf-8")
    code, out, _ = shell("a.yaml")
    assert code == 0
    assert out.startswith("validate: 1 document in 1 file · no problems")


def test_a_probe_of_a_preset_is_not_held_against_a_configuration_that_nobody_knows(shell: Shell) -> None:
    spec = """\
apiVersion: serving.kserve.io/v1alpha2
kind: LLMInferenceService
metadata: {name: chat, namespace: ns}
spec:
  model: {uri: hf://a/b}
  template:
    containers:
      - {name: main, readinessProbe: {httpGet: {path: PATH, port: 8000, scheme: HTTPS}}}
"""
    Path("a.yaml").write_text(spec.replace("PATH", "/health"), "utf-8")
    assert "kserve/probe-path" not in shell("a.yaml")[1]
    Path("a.yaml").write_text(spec.replace("PATH", "/healthz"), "utf-8")
    assert "kserve/probe-path" in shell("a.yaml")[1]


def test_words_of_knative_are_no_mistake_where_nobody_says_the_mode(shell: Shell) -> None:
    spoken = MANIFEST.replace("    minReplica: 1\n", "    containerConcurrency: 5\n").replace(", runtime: mine", "")
    Path("a.yaml").write_text(spoken, "utf-8")
    assert "kserve/idle-scaling" not in shell("a.yaml")[1]


def test_standard_input(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(MANIFEST.encode())))
    code, out, _ = shell("-")
    assert code == 1
    assert "<stdin>:6:5: error" in out
    assert "     6 |     minReplica: 1" in out


def test_the_report_keeps_its_schema(shell: Shell) -> None:
    Path("a.yaml").write_text(MANIFEST + UNKNOWN_KIND + "---\na: [\n", "utf-8")
    code, out, _ = shell(".", "--output", "json")
    report = json.loads(out)
    jsonschema.Draft7Validator(REPORT).validate(report)
    assert (code, report["exitCode"]) == (1, 1)
    verdicts = [(d["document"], d["kind"], d["admitted"], d["deployable"]) for d in report["documents"]]
    assert verdicts == [(1, "InferenceService", False, False), (2, "Foo", None, None), (3, "", False, False)]


def test_names_of_environments_go_before_paths(project: Project, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    project.write("dev/a.yaml", MANIFEST)
    assert "validate: dev · " in shell("dev")[1]
    assert "dev/a.yaml:6:5" in shell("./dev")[1]
    assert shell("dev", "./dev")[0] == 2


def test_an_environment_gives_its_runtimes(project: Project, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    project.write("a.yaml", MANIFEST.replace("    minReplica: 1\n", ""))
    code, out, _ = shell("a.yaml")
    assert (code, "[kserve/runtime-reference]" in out) == (1, True)
    project.write(
        "models/runtimes.yaml",
        """\
        version: 1
        runtimes:
          mine:
            kind: ClusterServingRuntime
            supportedModelFormats: [{name: sklearn, version: "1", autoSelect: true}]
            containers: [{name: kserve-container, image: "example.com/sklearn:1"}]
        """,
    )
    code, out, _ = shell("a.yaml", "--env", "dev")
    assert "[kserve/runtime-reference]" not in out
    assert "against dev" in out


REFUSED = (
    (("nope",), "there is no environment, file or folder"),
    (("a.yaml", "--kserve-version", "v0.1.0"), "Known: v0.17.0, v0.18.1, v0.19.0, v0.20.0, v0.21.0."),
    (("a.yaml", "--env", "dev"), "no models.yaml"),
    (("a.yaml", "--kserve-version", "v0.20.0", "--env", "dev"), "no models.yaml"),
    ((), "no models.yaml"),
    (("--deployment-mode", "Sometimes", "a.yaml"), "is not one of"),
    (("-", "--base", "HEAD"), "--base needs the path of a file or folder"),
    (("a.yaml", "--base", "HEAD"), "not in a git work tree"),
)


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_what_cannot_be_run(words: tuple[str, ...], said: str, shell: Shell) -> None:
    Path("a.yaml").write_text(MANIFEST, "utf-8")
    code, out, err = shell(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_a_name_that_is_nearly_an_environments(project: Project, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    code, _, err = shell("dve")
    assert code == 2
    assert "Did you mean dev? Environments: dev." in err
    assert shell("dev", "--kserve-version", "v0.19.0")[0] == 2
    assert "kservegen check --base REV" in shell("dev", "--base", "HEAD")[2]
    assert shell("models.yaml", "--env", "dev", "--kserve-version", "v0.19.0")[0] == 2


FOLDER = {
    "runtime.yaml": """\
apiVersion: serving.kserve.io/v1alpha1
kind: ServingRuntime
metadata: {name: mine, namespace: ns}
spec:
  supportedModelFormats: [{name: mine, autoSelect: true}]
  containers: [{name: kserve-container, image: r.example.com/x:1}]
""",
    "models.yaml": MANIFEST.replace("    minReplica: 1\n", "")
    + "---\n"
    + MANIFEST.replace("name: iris", "name: lost").replace("runtime: mine", "runtime: gone"),
    "twice.yaml": MANIFEST.replace("minReplica", "minReplicas"),
    "graph.yaml": """\
apiVersion: serving.kserve.io/v1alpha1
kind: InferenceGraph
metadata: {name: g, namespace: ns}
spec: {nodes: {root: {routerType: Sequence, steps: [{serviceName: iris}, {serviceName: irris}]}}}
""",
    "list.yaml": "apiVersion: v1\nkind: List\nitems:\n"
    + "".join(
        "- " + MANIFEST.replace("name: iris", f"name: {name}").replace("\n", "\n  ").rstrip(" ") for name in "ab"
    ),
    "unknown.yaml": UNKNOWN_KIND * 3,
}


def test_documents_on_disk_are_judged_as_those_in_memory(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FOLDER.items():
        Path(name).write_text(text, "utf-8")
    in_memory = shell(".", "--output", "json")
    monkeypatch.setattr("kservegen.evaluate.shelf._KEPT", 0)
    assert shell(".", "--output", "json") == in_memory
    found = {(f["file"], f["line"], f["rule"]) for f in json.loads(in_memory[1])["findings"]}
    assert {
        ("graph.yaml", 4, "kserve/graph-target"),
        ("twice.yaml", 3, "kubernetes/duplicate-object"),
        ("unknown.yaml", 3, "schema/not-found"),
        ("list.yaml", 9, "schema/unknown-field"),
        ("list.yaml", 16, "schema/unknown-field"),
    } <= found
    assert not any(rule == "kserve/runtime-reference" and line < 8 for _, line, rule in found)


LACKING = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: iris, namespace: ns, annotations: {serving.kserve.io/autoscalerClass: keda}}
spec:
  predictor:
    serviceAccountName: reader
    autoScaling:
      metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
    model:
      modelFormat: {name: sklearn}
      storageUri: s3://models/iris
      resources: {requests: {cpu: 100m}}
"""
ABSENT = [("info", "kserve/scaling-prerequisite"), ("info", "kubernetes/reference")]
NEAR = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: readers, namespace: ns}\n"


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        (LACKING, (), ABSENT),
        (LACKING, ("--assume", "keda"), ABSENT[1:]),
        (LACKING, ("--assume", "keda", "--assume", "ServiceAccount/n*/read*"), []),
        (LACKING + NEAR, ("--assume", "keda"), [("warning", "kubernetes/reference")]),
    ],
)
def test_what_is_absent_from_a_folder_is_a_remark(
    shell: Shell, text: str, words: tuple[str, ...], found: list[tuple[str, str]]
) -> None:
    Path("a.yaml").write_text(text, "utf-8")
    code, out, _ = shell("a.yaml", "--output", "json", *words)
    report = json.loads(out)
    told = sorted((f["severity"], f["rule"]) for f in report["findings"] if f["rule"] != "schema/not-found")
    assert (code, told) == (0, found)
    assert all(document["deployable"] is not False for document in report["documents"])


def test_what_is_assumed_has_a_name_that_is_known(shell: Shell) -> None:
    Path("a.yaml").write_text(LACKING, "utf-8")
    code, _, err = shell("a.yaml", "--assume", "kda")
    assert code == 2
    assert "Did you mean keda?" in err
