"""Platforms that rules are tested on: a KServe version in, everything that its charts can install out."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from kservegen.kserve.platform import Platform, reference_platform
from kservegen.kserve.releases import Release, Releases

RELEASES = Releases([Path(__file__).parents[2] / "schemas"])


@cache
def reference(version: str) -> Platform:
    """Return the reference platform of a version."""
    return reference_platform(release(version))


def release(version: str = "v0.19.0") -> Release:
    """Return a release of the package."""
    return RELEASES.get(version)
