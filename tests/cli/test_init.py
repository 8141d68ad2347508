"""A new repository is whole: whatever engine it is for, its first render is clean."""

from __future__ import annotations

from pathlib import Path

import pytest

from kservegen.cli import cli
from kservegen.cli.failures import run
from kservegen.scaffold import ENGINES

ROOTS = {"argocd": ["application-dev.yaml"], "flux": ["gitrepository-dev.yaml", "kustomization-dev.yaml"], "none": []}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_new_repository_renders_for_every_engine(engine: str, tmp_path: Path) -> None:
    assert run(cli, ["init", str(tmp_path), "--engine", engine, "--repo-url", "https://example.com/models.git"]) == 0
    assert run(cli, ["render", "--root", str(tmp_path)]) == 0
    sync = tmp_path / "rendered" / "dev" / "sync"
    assert sorted(path.name for path in sync.glob("*-dev.yaml")) == ROOTS[engine]
