"""Reports: what holds one against the published schema, what of the schema was shown, and a finding as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema

from kservegen.core.diagnostics import Diagnostic, Finding

ROOT = Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas/kservegen/report.schema.json").read_text("utf-8"))


def checked_report(text: str) -> dict[str, Any]:
    """Read a report; it must follow the schema."""
    document: dict[str, Any] = json.loads(text)
    jsonschema.validate(document, SCHEMA)
    return document


def properties(schema: dict[str, Any] = SCHEMA, path: str = "") -> Iterator[str]:
    """Yield every property of the schema by its path, those of a definition by the path that names it."""
    for at, inner in _inside(schema, path):
        yield at
        yield from properties(inner, at)
    if not path:
        for name, inner in SCHEMA["definitions"].items():
            yield from properties(inner, name)


def shown(value: Any, schema: dict[str, Any] = SCHEMA, path: str = "") -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield the properties of the schema that a report has, as `properties` writes them."""
    if "$ref" in schema:
        path = schema["$ref"].rpartition("/")[2]
        yield from shown(value, SCHEMA["definitions"][path], path)
    for choice in schema.get("anyOf", []) if value is not None else []:
        yield from shown(value, choice, path)
    for item in value if isinstance(value, list) and "items" in schema else []:
        yield from shown(item, schema["items"], path)
    for name, inner in schema.get("properties", {}).items():
        if isinstance(value, dict) and name in value:
            yield f"{path}/{name}"
            yield from shown(value[name], inner, f"{path}/{name}")


def _inside(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for choice in schema.get("anyOf", []):
        yield from _inside(choice, path)
    if "items" in schema:
        yield from _inside(schema["items"], path)
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}/{name}", inner


def text_of(finding: Finding | Diagnostic) -> str:
    """Write what a person reads of a finding, beside its place."""
    words = {"seen": finding.seen, "allowed": finding.allowed, "fix": finding.hint}
    return "\n  ".join([finding.message, *(f"{word}: {text}" for word, text in words.items() if text)])
