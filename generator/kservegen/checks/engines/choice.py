"""The engines that check the shape of objects: their contract, and one opened by the name that people give it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from kservegen.checks.engines.builtin import BuiltinEngine
from kservegen.core.diagnostics import Finding
from kservegen.core.resource import Resource
from kservegen.formats.jsonschema.store import SchemaStore


class ShapeEngine(Protocol):
    """Checks objects by their schemas. `batch` says how many at a time it is worth handing over."""

    batch: int

    def check(self, resources: Sequence[Resource], kserve_version: str) -> list[tuple[Finding, ...]]:
        """Say of each object what keeps it from being admitted."""
        ...


class EngineChoice(StrEnum):
    """What checks the shape of objects; all read the same schemas and come to the same verdicts."""

    BUILTIN = "builtin"
    JSONSCHEMA = "jsonschema"
    KUBECONFORM = "kubeconform"


def open_engine(engine: EngineChoice, schemas: SchemaStore) -> ShapeEngine:
    """Return an engine; GeneratorError where its program is not installed."""
    if engine is EngineChoice.JSONSCHEMA:
        from kservegen.checks.engines.jsonschema import JsonschemaEngine  # noqa: PLC0415 - 100 ms to import

        return JsonschemaEngine(schemas)
    if engine is EngineChoice.KUBECONFORM:
        from kservegen.checks.engines.kubeconform.engine import KubeconformEngine  # noqa: PLC0415 - brings subprocess

        return KubeconformEngine(schemas)
    return BuiltinEngine(schemas)
