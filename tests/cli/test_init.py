"""A new repository is whole: whatever engine it is for, its first render is clean."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from kservegen.catalog.engines import ENGINE_NAMES
from kservegen.cli import cli
from kservegen.cli.failures import run_cli
from kservegen.commands.init import RENDERERS

TOOL = ["--tool", f"git+https://git.example.com/org/kservegen@{'c0ffee42' * 5}"]
ROOTS = {"argocd": ["application-dev.yaml"], "flux": ["gitrepository-dev.yaml", "kustomization-dev.yaml"], "none": []}


@pytest.mark.parametrize("engine", ENGINE_NAMES)
def test_a_new_repository_renders_for_every_engine(engine: str, tmp_path: Path) -> None:
    assert (
        run_cli(cli, ["init", str(tmp_path), "--engine", engine, "--repo-url", "https://example.com/models.git"]) == 0
    )
    assert run_cli(cli, ["render", "--root", str(tmp_path)]) == 0
    sync = tmp_path / "rendered" / "dev" / "sync"
    assert sorted(path.name for path in sync.glob("*-dev.yaml")) == ROOTS[engine]


def test_without_a_terminal_nothing_is_asked_and_nothing_is_written_over(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], snapshot: SnapshotAssertion
) -> None:
    assert run_cli(cli, ["init", str(tmp_path), *TOOL]) == 0
    assert "engine: argocd" in (tmp_path / "environments/defaults.yaml").read_text("utf-8")
    capfd.readouterr()
    assert run_cli(cli, ["init", str(tmp_path), *TOOL]) == 2
    assert capfd.readouterr().err.replace(str(tmp_path), "DIR") == snapshot


@pytest.mark.parametrize("renderer", RENDERERS)
def test_no_placeholder_is_left(renderer: str, tmp_path: Path) -> None:
    words = ["--engine", "argocd", "--repo-url", "https://example.com/models.git", "--rendered-by", renderer, *TOOL]
    assert run_cli(cli, ["init", str(tmp_path), *words]) == 0
    for path in tmp_path.rglob("*"):
        if path.is_file() and "schemas" not in path.parts:
            text = path.read_text("utf-8")
            assert not re.search(r"\$\$|\$\{(?!\{)|# (begin|end) carried", text), path
            if path.suffix == ".yaml":
                schema = text.partition("$schema=")[2].partition("\n")[0]
                assert (path.parent / schema).is_file(), "editors find the schema"


def test_a_new_repository_refuses_what_owns_a_node(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_cli(cli, ["init", str(tmp_path), *TOOL]) == 0
    with (tmp_path / "models.yaml").open("a", encoding="utf-8") as models:
        models.write(_OWNS_A_NODE)
    capfd.readouterr()
    assert run_cli(cli, ["validate", "--root", str(tmp_path)]) == 1
    rules = set(re.findall(r"error: .* \[(.*)\]", capfd.readouterr().out))
    assert rules == {
        "catalog/plain-secret",  # and no word of policy/no-plain-secrets at the same place
        "kserve/reconcile",  # the runtime's container forbids what privileged needs
        "kubernetes/pod-security",  # and no policy/no-privileged, no-host-path: it says the same of the same words
        *(f"policy/no-{name}" for name in ("host-namespaces", "latest-image")),
    }


_OWNS_A_NODE = """
  evil:
    modelFormat: sklearn
    storageUri: s3://models/evil
    env: [{name: HF_TOKEN, value: hf_Zq3kXvB7nLw9RtY2mCs5JpD8gHfA1eQ4uo}]
    securityContext: {privileged: true}
    hostPID: true
    volumes: [{name: node, hostPath: {path: /}}]
    containers: [{name: side, image: side}]
"""


def test_a_new_repository_has_a_cluster_for_each_environment(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Production's address is told to be an example until somebody knows it; nothing else is."""
    assert run_cli(cli, ["init", str(tmp_path), *TOOL]) == 0
    for words in ([], ["dev"], ["prod"]):
        capfd.readouterr()
        assert run_cli(cli, ["validate", "--root", str(tmp_path), *words]) == 0
        found = re.findall(r"^(\S+): (?:info|warning): .* \[(.*)\]$", capfd.readouterr().out, re.MULTILINE)
        assert found == ([] if "dev" in words else [("environments/prod.yaml:5:31", "gitops/placeholder")])
