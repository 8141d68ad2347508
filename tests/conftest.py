"""Fixtures that tests of all kinds use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.support.examples import examples
from tests.support.project import Project

# No example is judged by how long it takes, to make or to try: machines are noisy, and tests are never timed.
settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=examples(100)
)
settings.load_profile("untimed")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make a repository with one environment and one model."""
    return Project(tmp_path)
