"""KServe's schemas for kubeconform: as kservegen compacts them, and as they come out of CRDs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from bench.timing import ROOT
from bench.workload import VERSION
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue

COMPILED: Final = ROOT / "schemas" / "kserve" / VERSION
LAYOUT: Final = Path("{{.Group}}") / "{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"


def write_expanded(folder: Path) -> None:
    """Write KServe's schemas as they come out of its CRDs: every shape written out where it is used."""
    for path in sorted(COMPILED.glob("*/*.json")):
        target = folder / path.relative_to(COMPILED)
        target.parent.mkdir(parents=True, exist_ok=True)
        schema: JsonObject = json.loads(path.read_bytes())
        target.write_text(json.dumps(_expand(schema, mapping(schema["definitions"]))), "utf-8")


def _expand(value: JsonValue, definitions: JsonObject) -> JsonValue:
    if isinstance(value, list):
        return [_expand(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if isinstance(reference, str):
        return _expand(definitions[reference.rpartition("/")[2]], definitions)
    return {key: _expand(item, definitions) for key, item in value.items() if key != "definitions"}
