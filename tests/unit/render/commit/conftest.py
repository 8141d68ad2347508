"""Clones that nothing of the machine's configuration reaches."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.clone import Clone
from tests.support.git_repository import git, new_repository


@pytest.fixture(autouse=True)
def _own_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Return a repository with a committed catalog, and nothing rendered."""
    return Clone(new_repository(tmp_path / "clone"))


@pytest.fixture
def hub(tmp_path: Path, clone: Clone) -> Path:
    """Return a bare repository that the clone has pushed its catalog to, as origin."""
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "hub.git")
    clone.git("remote", "add", "origin", str(tmp_path / "hub.git"))
    clone.git("push", "--quiet", "origin", "main")
    return tmp_path / "hub.git"
