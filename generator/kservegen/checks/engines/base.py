"""The contract of an engine: objects in, findings on the shape of each out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kservegen.core.diagnostics import Finding
from kservegen.core.resource import Resource


class ShapeEngine(Protocol):
    """Judges objects by their schemas. `batch` says how many at a time it is worth handing over."""

    batch: int

    def check(self, resources: Sequence[Resource], kserve_version: str) -> list[tuple[Finding, ...]]:
        """Say of each object what keeps it from being admitted."""
        ...
