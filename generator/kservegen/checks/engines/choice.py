"""The engines that judge the shape of objects, by the names that people give them."""

from __future__ import annotations

from enum import StrEnum

from kservegen.checks.engines.base import ShapeEngine
from kservegen.checks.engines.builtin import BuiltinEngine
from kservegen.formats.jsonschema.store import SchemaStore


class Engine(StrEnum):
    """What judges the shape of objects; both read the same schemas and come to the same verdicts."""

    BUILTIN = "builtin"
    KUBECONFORM = "kubeconform"


def open_engine(engine: Engine, schemas: SchemaStore) -> ShapeEngine:
    """Return an engine; GeneratorError where its program is not installed."""
    if engine is Engine.BUILTIN:
        return BuiltinEngine(schemas)
    from kservegen.checks.engines.kubeconform.engine import KubeconformEngine  # noqa: PLC0415 - brings subprocess and tempfile

    return KubeconformEngine(schemas)
