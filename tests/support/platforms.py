"""Platforms that rules are tested on: a KServe version in, everything that its charts can install out."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from kservegen.kserve.charts.store import ChartStore
from kservegen.kserve.platform import Platform, reference_platform

STORE = ChartStore([Path(__file__).parents[2] / "schemas"])


@cache
def reference(version: str) -> Platform:
    """Return the reference platform of a version."""
    return reference_platform(STORE, version)
