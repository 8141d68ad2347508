"""What people and programs see of the command line: snapshots of whole runs, exit codes, reports by their schema."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from syrupy.assertion import SnapshotAssertion
from tests.support.project import DEV, Project

from kservegen.cli import COMMANDS, cli
from kservegen.cli.failures import run_cli

ROOT = Path(__file__).parents[2]
REPORT = json.loads((ROOT / "schemas" / "kservegen" / "report.schema.json").read_text("utf-8"))


class Terminal:
    """Runs the command line in process and keeps what it printed."""

    def __init__(self, project: Project, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        self.project, self.capture = project, capfdbinary

    def __call__(self, *words: str) -> tuple[int, str, str]:
        """Run with --root set; return exit code, standard output and standard error, the folder's name left out."""
        code = run_cli(cli, [*words, "--root", str(self.project.root)])
        captured = self.capture.readouterr()
        out, err = (text.decode().replace(str(self.project.root), "ROOT") for text in (captured.out, captured.err))
        return code, out, err


@pytest.fixture
def terminal(project: Project, capfdbinary: pytest.CaptureFixture[bytes]) -> Terminal:
    """Return a terminal in front of a small repository."""
    return Terminal(project, capfdbinary)


def test_render_from_first_to_drift(terminal: Terminal, snapshot: SnapshotAssertion) -> None:
    assert terminal("render") == snapshot(name="first time")
    assert terminal("render") == snapshot(name="nothing to do")
    assert terminal("render", "--check") == snapshot(name="check, clean")
    terminal.project.models("models:\n  iris: {modelFormat: sklearn, storageUri: s3://models/iris, minReplicas: 2}\n")
    assert terminal("render", "--check") == snapshot(name="check, drift")
    assert terminal("render", "dev") == snapshot(name="one environment")


def test_findings_in_each_form(terminal: Terminal, snapshot: SnapshotAssertion) -> None:
    terminal.project.models(
        "models:\n  iris:\n    modelFormat: sklearn\n    storageUri: s3://b/c\n    minReplica: 2\n"
        "  bert: {modelFormat: huggingface, storageUri: hf://a/b, minReplicas: 3, maxReplicas: 2}\n"
    )
    for output in ("text", "json", "github"):
        assert terminal("validate", "--output", output) == snapshot(name=output)


def test_warnings_fail_where_that_is_asked_for(terminal: Terminal) -> None:
    terminal.project.write("environments/dev.yaml", DEV + "images: [{name: nobody/this, newName: x/y}]\n")
    assert terminal("validate")[0] == 0
    assert terminal("validate", "--fail-on", "warning")[0] == 1


BUDGETED = (
    DEV.replace("resource: nvidia.com/gpu", "resource: nvidia.com/gpu\n    pricePerHour: 0.71")
    + "budgets:\n  all-l4: {accelerator: l4, limit: 4}\n  fraud: {owner: fraud, memory: 8Gi}\n"
)
BUDGETED_MODELS = """\
models:
  chat:
    kind: LLMInferenceService
    model: hf://org/chat
    owner: search
    accelerator: {type: l4, count: 1}
    replicas: %d
    resources: {requests: {memory: 24Gi}, limits: {memory: 32Gi}}
  iris: {modelFormat: sklearn, storageUri: s3://b/m, owner: fraud, maxReplicas: 3}
"""


def test_budget(terminal: Terminal, snapshot: SnapshotAssertion) -> None:
    project = terminal.project
    project.write("environments/dev.yaml", BUDGETED)
    project.models(BUDGETED_MODELS % 2)
    assert terminal("budget") == snapshot(name="nothing rendered yet")
    assert terminal("render")[0] == 0
    project.models(BUDGETED_MODELS % 5)
    assert terminal("budget", "dev") == snapshot(name="three more")
    assert terminal("budget", "--output", "csv") == snapshot(name="csv")
    code, out, _ = terminal("budget", "--output", "json")
    report = json.loads(out)
    jsonschema.validate(report, REPORT)
    assert code == report["exitCode"] == 1
    (row,) = report["budget"][0]["accelerators"]
    assert (row["before"], row["maximum"], row["rollout"]) == (2, 5, 7)


def test_a_broken_catalog_is_not_summed_up(terminal: Terminal) -> None:
    terminal.project.models("models:\n  iris: {modelFormat: sklearn, storageUri: s3://b/m, minReplica: 2}\n")
    code, out, err = terminal("budget")
    assert (code, out) == (2, "")
    assert "models.yaml:4:54" in err


def test_removals_are_guarded(terminal: Terminal, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "false")
    names = [f"m{i}" for i in range(12)]
    terminal.project.models(
        "models:\n" + "".join(f"  {n}: {{modelFormat: sklearn, storageUri: s3://b/{n}}}\n" for n in names)
    )
    assert terminal("render")[0] == 0
    terminal.project.models("models: {}\n")
    code, out, _ = terminal("render")
    assert (code, out) == snapshot(name="never an empty render over a full one")
    assert len(list((terminal.project.root / "rendered").rglob("inferenceservice-*.yaml"))) == 12
    monkeypatch.setenv("CI", "true")
    code, _, err = terminal("render", "--allow-removals", "12")
    assert code == 2
    assert "merge a permit first" in err
    monkeypatch.delenv("CI")
    assert terminal("render", "--allow-removals", "12")[0] == 0
    assert list((terminal.project.root / "rendered").rglob("inferenceservice-*.yaml")) == []


EXPLAINED = (
    ("explain", "iris", "--env", "dev"),
    ("explain", "kserve/replicas"),
    ("explain", "ISVC-40"),
    ("explain", "policy/gpu-whole"),
)


@pytest.mark.parametrize("words", EXPLAINED, ids=" ".join)
def test_explain(words: tuple[str, ...], terminal: Terminal, snapshot: SnapshotAssertion) -> None:
    assert terminal(*words) == snapshot


SERVED = """\
models:
  twice: {modelFormat: sklearn, protocolVersion: v2, storageUri: s3://models/a}
  none: {modelFormat: onnx, storageUri: s3://models/b}
  named: {modelFormat: sklearn, runtime: kserve-predictiveserver, storageUri: s3://models/c}
  absent: {modelFormat: sklearn, runtime: nope, storageUri: s3://models/d}
  own: {modelFormat: mine, storageUri: s3://models/e}
  chat: {kind: LLMInferenceService, model: hf://owner/model, router: true}
runtimes:
  a:
    kind: ServingRuntime
    supportedModelFormats: [{name: mine, autoSelect: true}]
    containers: [{name: kserve-container, image: x}]
  b:
    kind: ServingRuntime
    supportedModelFormats: [{name: mine, autoSelect: true}]
    containers: [{name: kserve-container, image: x}]
"""


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize("model", ["twice", "none", "named", "absent", "own", "chat"])
def test_explain_names_what_serves(model: str, output: str, terminal: Terminal, snapshot: SnapshotAssertion) -> None:
    terminal.project.models(SERVED)
    _, said, _ = terminal("explain", model, "--env", "dev", "--output", output)
    if output == "text":
        assert said.split("\n\n")[0] == snapshot
    else:
        explanation = json.loads(said)["explanation"]
        assert {key: explanation[key] for key in ("serving", "presets")} == snapshot


OPERATIONAL = (
    ("render", "prdo"),
    ("explain", "kserve/replica"),
    ("explain", "irsi", "--env", "dev"),
    ("explain", "iris"),
    ("explain", "iris-predictor-7c9d8b5f6d-x2x9k", "--env", "dev"),
    ("explain", "iris", "--env", "dve"),
    ("validate", "--output", "yaml"),
)


@pytest.mark.parametrize("words", OPERATIONAL, ids=" ".join)
def test_usage_and_operational_failures(
    words: tuple[str, ...], terminal: Terminal, snapshot: SnapshotAssertion
) -> None:
    code, out, err = terminal(*words)
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert err == snapshot


def test_a_misspelt_command(terminal: Terminal) -> None:
    code, out, err = terminal("valdate")
    assert (code, out) == (2, "")
    assert "No such command 'valdate'. Did you mean validate?" in err


def test_a_folder_without_a_catalog(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_cli(cli, ["render", "--root", str(tmp_path)]) == 2
    assert "kservegen init" in capfd.readouterr().err
    assert run_cli(cli, ["render", "--root", str(tmp_path / "nope")]) == 2
    assert "no such folder" in capfd.readouterr().err


def test_an_internal_error(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError("an example")

    monkeypatch.setattr("kservegen.commands.validate.validate", crash)
    code, out, err = terminal("validate")
    assert (code, out) == (3, "")
    assert "ZeroDivisionError" in err
    assert "Traceback" not in err
    assert "Traceback" in terminal("validate", "--debug")[2]


JSON_RUNS = (
    (0, ("validate",)),
    (1, ("render", "--check")),
    (2, ("render", "nope")),
    (0, ("explain", "iris", "--env", "dev")),
    (0, ("explain", "kserve/replicas")),
)


@pytest.mark.parametrize(("code", "words"), JSON_RUNS, ids=[" ".join(words) for _, words in JSON_RUNS])
def test_json_reports_keep_their_schema(code: int, words: tuple[str, ...], terminal: Terminal) -> None:
    seen, out, _ = terminal(*words, "--output", "json")
    report = json.loads(out)
    jsonschema.Draft7Validator(REPORT).validate(report)
    assert (seen, report["exitCode"]) == (code, code)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(command: str, snapshot: SnapshotAssertion) -> None:
    words = [command, "--help"] if command else ["--help"]
    done = CliRunner(env={"COLUMNS": "110"}).invoke(cli, words, prog_name="kservegen")
    assert done.exit_code == 0
    assert done.output == snapshot


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_cli(cli, ["completion", shell]) == 0
    assert "_KSERVEGEN_COMPLETE" in capfd.readouterr().out


def _process(*words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    where = {**os.environ, "PYTHONPATH": str(ROOT / "generator"), **environment}
    return subprocess.run([sys.executable, "-m", "kservegen", *words], env=where, capture_output=True, check=False)


def test_completing_an_environment(project: Project) -> None:
    words = f"kservegen render --root {project.root} d"
    done = _process(COMP_WORDS=words, COMP_CWORD="4", _KSERVEGEN_COMPLETE="bash_complete")
    assert b"plain,dev" in done.stdout


def test_a_plain_locale_and_a_catalog_that_is_not(project: Project) -> None:
    project.models("models:\n  iris: {modelFormat: sklearn, storageUri: s3://b/c, modell: größe}\n")
    done = _process("validate", "--root", str(project.root), LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 1
    assert "größe" in done.stdout.decode("utf-8")


def test_a_reader_that_goes_away(project: Project) -> None:
    command = f"{sys.executable} -m kservegen validate --root {project.root} --output json | head -c 1"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "generator")}
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, check=False)
    assert done.stderr == b""


def test_a_caller_that_closed_the_streams(project: Project) -> None:
    command = f"{sys.executable} -m kservegen validate --root {project.root} <&- >&- 2>&-"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "generator")}
    assert subprocess.run(["sh", "-c", command], env=environment, check=False).returncode == 0


def test_control_characters_of_a_file_do_not_reach_the_terminal(project: Project) -> None:
    project.models('models:\n  iris: {modelFormat: "\\u001b[31mred", storageUri: ftp://x}\n')
    assert b"\x1b" not in _process("validate", "--root", str(project.root)).stdout
