"""Inputs that once broke the tool, each with the findings that are right: nothing crashes, hangs or goes unsaid."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kservegen.cli import cli
from kservegen.cli.failures import run_cli

HERE = Path(__file__).parent

# Folder of a repository, or what `validate` is pointed at -> exit code, and every finding that is no mere information.
REPOSITORIES: dict[str, tuple[int, list[str]]] = {
    "env": (1, ["models.yaml:4:64 schema/wrong-type"]),
    "act": (1, ["environments/dev.yaml:7:47 policy/binding", "environments/dev.yaml:7:48 schema/not-allowed"]),
    "q99": (1, ["models.yaml:4:82 kubernetes/quantity-range", "models.yaml:4:82 yaml/ambiguous-scalar"]),
    "devcount": (1, ["models.yaml:4:88 kubernetes/quantity"]),
    "redos": (0, []),
    "redosd": (1, ["models.yaml:4:41 kserve/storage-uri"]),
    "gpu0": (1, ["environments/dev.lock.yaml:4:124 catalog/model-facts"]),
}
MANIFESTS: dict[str, tuple[int, list[str]]] = {
    "dup.yaml": (1, ["dup.yaml:4:14 yaml/duplicate-key"]),
    "nan0.yaml": (1, ["nan0.yaml:1:4 yaml/not-json"]),
    "folder-with-values": (
        1,
        [
            "folder-with-values/isvc.yaml:13:87 kserve/image-device",
            "folder-with-values/isvc.yaml:22:1 catalog/plain-secret",
            "folder-with-values/nan0.yaml:1:4 yaml/not-json",
            "folder-with-values/values.yaml:1:5 yaml/not-json",
        ],
    ),
    "lora2.yaml": (
        1,
        [
            "lora2.yaml:1:167 kserve/llm-merged",
            "lora2.yaml:1:173 kserve/llm-uri-syntax",
            "lora2.yaml:1:197 kserve/storage-uri",
        ],
    ),
    "redosuri.yaml": (1, ["redosuri.yaml:9:70 kserve/download"]),
}


class Report:
    """Runs the command line in JSON; returns the exit code, and findings as `file:line:column rule`."""

    def __init__(self, capture: pytest.CaptureFixture[bytes]) -> None:
        self._capture = capture

    def __call__(self, *words: str) -> tuple[int, list[str]]:
        code = run_cli(cli, [*words, "--output", "json"])
        findings = json.loads(self._capture.readouterr().out)["findings"]
        said = [item for item in findings if item["severity"] != "info"]
        return code, sorted(f"{item['file']}:{item['line']}:{item['column']} {item['rule']}" for item in said)


@pytest.fixture
def report(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Report:
    """Return a runner in the folder of the inputs."""
    monkeypatch.chdir(HERE)
    return Report(capfdbinary)


@pytest.mark.parametrize("name", REPOSITORIES)
def test_repository(name: str, report: Report) -> None:
    assert report("validate", "--root", name) == REPOSITORIES[name]


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifests(name: str, report: Report) -> None:
    assert report("validate", name) == MANIFESTS[name]


def test_facts_that_make_no_sense_are_not_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(HERE / "gpu0", tmp_path / "gpu0")
    lock = tmp_path / "gpu0" / "environments" / "dev.lock.yaml"
    lock.unlink()
    monkeypatch.chdir(tmp_path / "gpu0")
    assert run_cli(cli, ["lock", "c", "--env", "dev", "--from", str(HERE / "gpu0-model")]) == 2
    assert "hidden_size 8 cannot be cut into 16 heads" in capfd.readouterr().err
    assert not lock.exists()
