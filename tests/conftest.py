"""Fixtures that tests of all kinds use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from tests.support.project import Project

# No example is judged by how long it takes: machines are noisy, and tests are never timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make a repository with one environment and one model."""
    return Project(tmp_path)
