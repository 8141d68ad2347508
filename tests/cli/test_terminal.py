"""What people read in a terminal: narrow, usual and wide, with long names, in colour and without; nothing is cut."""

from __future__ import annotations

import re
import sys
from typing import Protocol

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.support.committed import ARGO, committed
from tests.support.git_repository import commit_files
from tests.support.project import Project

from kservegen.cli import cli
from kservegen.cli.failures import run_cli

LONG = "a-model-whose-name-is-sixty-characters-long-which-is-allowed"
TEAM = "a-team-whose-name-is-long-too"
MODELS = """\
models:
  {name}:
    kind: LLMInferenceService
    model: hf://Qwen/Qwen2.5-7B-Instruct
    owner: {team}
    accelerator: {{type: l4, count: 1}}
    replicas: {replicas}
    args: {{max-model-len: 8192}}
    resources: {{requests: {{cpu: "4", memory: 24Gi}}, limits: {{cpu: "8", memory: 32Gi}}}}
  iris: {{modelFormat: sklearn, storageUri: s3://models/iris{suffix}, owner: {team}}}
"""
WORDS = """\
budgets:
  a-budget-with-a-long-name-for-gpus: {accelerator: l4, limit: 4}
  everything: {cpu: 100, memory: 400Gi}
"""
COMMANDS = (
    "budget",
    "gpu",
    f"explain {LONG} --env dev",
    "plan --base HEAD",
    "diff dev prod",
    "upgrade --to v0.20.0",
)


class Terminal(Protocol):
    """Runs a command in a terminal of a width; 0: in none."""

    def __call__(self, project: Project, command: str, width: int, **environment: str) -> str:
        """Return what it prints."""
        ...


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make a repository with long names, in which two environments are the same but for a word."""
    words = (
        ARGO.replace("nodeSelector: {gpu: L4}", "gpu: L4\n    pricePerHour: 0.8\n    nodeSelector: {gpu: L4}") + WORDS
    )
    before = MODELS.format(name=LONG, team=TEAM, replicas=1, suffix="")
    project = committed(tmp_path_factory.mktemp("terminal"), before, words)
    prod = words.replace("name: dev", "name: prod") + "models: {iris: {minReplicas: 2, maxReplicas: 4}}\n"
    project.write("environments/prod.yaml", prod)
    project.render()
    commit_files(project.root, {})
    project.models(MODELS.format(name=LONG, team=TEAM, replicas=3, suffix="-2"))
    return project


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Terminal:
    """Return what runs a command in a terminal of a width, without colours unless some are asked for."""

    def run(project: Project, command: str, width: int, **environment: str) -> str:
        for name in ("NO_COLOR", "FORCE_COLOR", "CI", "TERM"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: bool(width))
        assert run_cli(cli, [*command.split(), "--root", str(project.root)]) in {0, 1}
        out, err = capfd.readouterr()
        assert err == ""
        return out

    return run


@pytest.mark.parametrize("width", [60, 80, 140])
@pytest.mark.parametrize("command", COMMANDS)
def test_lines_are_no_wider_than_the_terminal(
    command: str, width: int, project: Project, terminal: Terminal, snapshot: SnapshotAssertion
) -> None:
    out = terminal(project, command, width, NO_COLOR="1")
    text = re.sub(r"against [0-9a-f]{12}", "against COMMIT", out)
    assert text == snapshot
    too_wide = [line for line in text.split("\n") if len(line) > width]
    # A name is never broken, nor what people copy.
    assert all(len(line.split()) <= 2 or "$ " in line or line.startswith(" " * 9) for line in too_wide), too_wide
    assert "gr…" not in text
    assert LONG in text or command.startswith(("budget", "diff"))


def test_what_is_found_is_broken_at_blanks(project: Project, terminal: Terminal) -> None:
    wide, narrow = (terminal(project, f"find {LONG}", width, NO_COLOR="1") for width in (0, 60))
    assert max(map(len, wide.splitlines())) > 60
    assert all(len(line) <= 60 or len(line.split()) <= 2 for line in narrow.splitlines())
    assert narrow.split() == wide.split()


@pytest.mark.parametrize("width", [0, 60])
def test_what_ends_a_command_is_broken_at_blanks(
    width: int, project: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Standard error may be the terminal where standard output is a file."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: bool(width))
    assert run_cli(cli, ["explain", "no-such-word", "--root", str(project.root)]) == 2
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == "kservegen: there is no rule and no word no-such-word"
    assert (max(map(len, lines[1:])) > 60) is (width == 0)


def test_findings_of_an_edit_are_broken_at_blanks(project: Project, terminal: Terminal) -> None:
    words = "set iris accelerator.type=l44 accelerator.count=1 --env dev --dry-run"
    wide, narrow = (terminal(project, words, width, NO_COLOR="1") for width in (0, 60))
    (line,) = (line for line in wide.splitlines() if "[catalog/unknown-accelerator]" in line)
    assert len(line) > 60
    assert line not in narrow


@pytest.mark.parametrize("command", ["budget", "gpu"])
def test_no_number_is_lost_in_a_narrow_terminal(command: str, project: Project, terminal: Terminal) -> None:
    wide, narrow = (terminal(project, command, width, NO_COLOR="1") for width in (0, 60))
    numbers = [set(re.findall(r"\d(?:[\d,.]*\d)?\w*", text)) for text in (wide, narrow)]
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("command", ["budget", "gpu"])
def test_what_is_the_same_is_told_once_and_figures_are_explained(
    command: str, project: Project, terminal: Terminal
) -> None:
    text = terminal(project, command, 140, NO_COLOR="1")
    if command == "gpu":
        assert text.count("on each L4") == 1
        assert f"{LONG} in dev, prod: Qwen/Qwen2.5-7B-Instruct" in text
        assert "parallel 1 x 1 x 1" in text
        assert "parallel: GPUs by tensor x pipeline x data parallelism" in text
        assert ("?: the version of vLLM is not known" in text) is bool(re.search(r"\d\?", text))
    else:
        assert "least, most, used: " in text
        assert "█ used" in text


@pytest.mark.parametrize(
    ("width", "environment", "coloured"),
    [
        (80, {"TERM": "xterm"}, True),
        (80, {"TERM": "dumb"}, False),
        (80, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (0, {"CI": "true"}, False),
        (0, {"CI": "true", "FORCE_COLOR": "1"}, True),
        (0, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (0, {"FORCE_COLOR": ""}, False),
    ],
)
@pytest.mark.parametrize("command", ["budget", "gpu", "plan --base HEAD", "diff dev prod", "validate"])
def test_colours_are_those_that_were_asked_for(
    command: str, width: int, environment: dict[str, str], coloured: bool, project: Project, terminal: Terminal
) -> None:
    text = terminal(project, command, width, **environment)
    assert bool(re.search("\x1b\\[[0-9;]+m", text)) is coloured
    assert "\\x1b" not in text


def test_a_pipe_has_no_end_of_lines(project: Project, terminal: Terminal) -> None:
    assert max(map(len, terminal(project, f"explain {LONG} --env dev", 0).split("\n"))) > 140
