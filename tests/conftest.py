"""Fixtures that tests of all kinds use."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make a repository with one environment and one model."""
    return Project(tmp_path)
