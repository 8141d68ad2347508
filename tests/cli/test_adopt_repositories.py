"""Whole repositories come in and stay equal: validated, planned without a restart, rendered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from tests.support.reports import checked_report
from tests.support.running import AUTHORIZATION_POLICY, KUBEFLOW, OPENSHIFT_AI, write_running
from tools.team_repository import write_team_repository

from kservegen.cli import cli
from kservegen.commands.render import RenderOptions, render
from kservegen.core.repository import Repository
from kservegen.render.output.ownership import OWNERSHIP_MARK


def run(root: Path, *words: str) -> dict[str, Any]:
    done = CliRunner().invoke(cli, [*words, "--root", str(root), "--output", "json"], standalone_mode=False)
    assert done.exception is None, done.output
    return checked_report(done.stdout)


def documents(*folders: Path) -> Iterator[dict[str, Any]]:
    for folder in folders:
        for path in sorted(folder.rglob("*.yaml")):
            for doc in yaml.safe_load_all(path.read_bytes()):
                yield from doc["items"] if doc["kind"] == "List" else [doc]


def identity(doc: dict[str, Any]) -> tuple[str, str, str]:
    metadata = doc["metadata"]
    return doc["kind"], metadata.get("namespace", ""), metadata["name"]


def as_it_runs(root: Path, environment: str, running: Path) -> set[tuple[str, str, str]]:
    """Write into rendered/ what runs, where the catalog has it; return which objects those are."""
    found = {identity(doc): doc for doc in documents(running)}
    held = set()
    for path in sorted((root / "rendered" / environment).rglob("*.yaml")):
        doc = yaml.safe_load(path.read_bytes())
        if isinstance(doc, dict) and "kind" in doc and identity(doc) in found:
            held.add(identity(doc))
            authored = {name: value for name, value in found[identity(doc)].items() if name != "status"}
            path.write_text(f"{OWNERSHIP_MARK}\n{yaml.safe_dump(authored)}", "utf-8")
    return held


def come_in(tmp_path: Path, running: dict[str, Path], version: str) -> dict[str, Any]:
    """Adopt, validate, render and plan; return the adoption."""
    root = tmp_path / "new"
    root.mkdir(exist_ok=True)
    sources = [f"{name}={path}" for name, path in running.items()]
    adoption: dict[str, Any] = run(root, "adopt", *sources, "--kserve", version, "--write")["adoption"]
    assert (adoption["written"], adoption["keptAsManifests"], adoption["errors"]) == (True, [], [])
    assert [finding for finding in run(root, "validate")["findings"] if finding["severity"] == "error"] == []
    repository = Repository.find(root, search_parents=False)
    assert render(repository, RenderOptions(out=repository.output)).exit_code == 0
    for name, path in running.items():
        left_out = {item["object"] for item in adoption["leftOut"] if item["environment"] == name}
        wanted = {identity(doc) for doc in documents(path)}
        assert len(as_it_runs(root, name, path)) == len(wanted) - len(left_out)
    plan = run(root, "plan")
    assert plan["exitCode"] == 0
    for environment in plan["plan"]["changes"]["environments"]:
        assert (environment["restarts"], environment["scaled"], environment["refused"]) == ([], [], 0)
        assert environment["leftBehind"]["objects"] == []
    return adoption


def test_300_models_come_in_from_their_manifests(tmp_path: Path) -> None:
    write_team_repository(tmp_path / "teams", 300)
    before = Repository.find(tmp_path / "teams", search_parents=False)
    assert render(before, RenderOptions(out=before.output)).exit_code == 0
    running = {name: tmp_path / "teams/rendered" / name / "models" for name in ("dev", "staging", "prod-eu", "prod-us")}
    adoption = come_in(tmp_path, running, "v0.19.0")
    assert adoption["lines"]["catalog"] < 0.4 * adoption["lines"]["manifests"]


@pytest.mark.parametrize(
    ("text", "version", "left_out"),
    [
        (KUBEFLOW, "v0.17.0", []),
        (KUBEFLOW, "v0.20.0", []),
        (OPENSHIFT_AI, "v0.19.0", ["Secret ranking/models"]),
    ],
    ids=["kubeflow-then", "kubeflow-now", "openshift-ai"],
)
def test_what_a_platform_made_comes_in(tmp_path: Path, text: str, version: str, left_out: list[str]) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "crd.yaml").write_text(AUTHORIZATION_POLICY, "utf-8")
    (tmp_path / "new/models.yaml").write_text("version: 1\n", "utf-8")
    run(tmp_path / "new", "schemas", "add", str(tmp_path / "crd.yaml"), "--write")
    (tmp_path / "new/models.yaml").unlink()
    adoption = come_in(tmp_path, {"prod": write_running(tmp_path / "running", text)}, version)
    assert [item["object"] for item in adoption["leftOut"]] == left_out
    assert adoption["bySpecAlone"] == []
