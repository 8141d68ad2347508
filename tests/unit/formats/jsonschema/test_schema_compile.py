"""The compiled files: current, loadable by any draft-07 validator, compact; and the notation that they come from."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.unit.formats.jsonschema.schema_samples import REPOSITORY, SCHEMAS
from tools.schemas.notation import NotationError, parse_field, parse_shape, parse_words, write_shape, write_words
from tools.schemas.patches import braces, steps

FILES = sorted(path for name in ("kserve", "kubernetes", "argocd") for path in (SCHEMAS / name).rglob("*.json"))


def test_committed_files_are_current() -> None:
    command = [sys.executable, "-m", "tools.schemas.compile", "--check"]
    done = subprocess.run(command, cwd=REPOSITORY, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_any_draft_07_validator_can_load_it(path: Path) -> None:
    schema = json.loads(path.read_text("utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    missing = {ref for ref in _references(schema) if ref.removeprefix("#/definitions/") not in schema["definitions"]}
    assert not missing
    assert not any("description" in node for node in _nodes(schema))


def _nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for word in ("properties", "definitions"):
        for inner in schema.get(word, {}).values():
            yield from _nodes(inner)
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            yield from _nodes(schema[word])


def _references(node: Any) -> set[str]:  # noqa: ANN401 - any JSON value
    if isinstance(node, dict):
        found = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return found.union(*(_references(value) for value in node.values()))
    return set().union(*(_references(item) for item in node)) if isinstance(node, list) else set()


WORDS: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "core.Container": {"$ref": "core.Container"},
    "object": {"type": "object", "additionalProperties": False},
    "object open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "int32 min(0) max(5) default(1)": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 5, "default": 1},
    "string length(1..63) pattern('^a(b|c)$')": {
        "type": "string",
        "minLength": 1,
        "maxLength": 63,
        "pattern": "^a(b|c)$",
    },
    "string enum(a, '*', 'true')": {"type": "string", "enum": ["a", "*", "true"]},
    "map(string) atomic": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "x-kubernetes-map-type": "atomic",
    },
    "list(string length(1..)) set items(..3)": {
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "x-kubernetes-list-type": "set",
        "maxItems": 3,
    },
    "list(core.EnvVar) keys(name) merge(name)": {
        "type": "array",
        "items": {"$ref": "core.EnvVar"},
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        "x-kubernetes-patch-merge-key": "name",
    },
}


@pytest.mark.parametrize("words", WORDS)
def test_words_are_read_and_written(words: str) -> None:
    assert parse_words(words) == WORDS[words]
    assert parse_words(write_words(WORDS[words])) == WORDS[words]


@pytest.mark.parametrize("words", ["", "string maximum(3)", "string(3)", "string enum", "list(string", "string shiny"])
def test_words_that_mean_nothing_are_refused(words: str) -> None:
    with pytest.raises(NotationError):
        parse_words(words)


def test_a_field_with_rules_and_a_composed_default() -> None:
    field = {"is": "list(string)", "default": ["a"], "rules": [{"rule": "true", "message": "m"}]}
    schema = parse_field(field)
    assert schema["default"] == ["a"]
    assert schema["x-kubernetes-validations"] == [{"rule": "true", "message": "m"}]


def _nothing(name: str) -> dict[str, Any]:
    raise AssertionError(f"nothing is included, not even {name}")


def test_a_shape_includes_drops_and_frees() -> None:
    base = parse_shape({"a!": "string", "b!": "string", "c": "string"}, _nothing)
    shape = parse_shape(
        {"$include": ["Base"], "$drop": ["c"], "$free": ["a"], "$written": ["d"], "d": "int32"}, lambda _: base
    )
    assert list(shape["properties"]) == ["a", "b", "d"]
    assert shape["required"] == ["b", "d"]
    assert shape["x-kservegen-written"] == ["d"]
    assert shape["additionalProperties"] is False


def test_a_written_shape_reads_back() -> None:
    source = {"$is": "atomic", "a!": "string", "b": {"is": "list(core.X)", "rules": [{"rule": "r", "message": "m"}]}}
    shape = parse_shape(source, _nothing)
    assert write_shape(shape) == source


def test_paths_of_patches() -> None:
    assert list(braces("a.{b,c}.d[].{e,f}")) == ["a.b.d[].e", "a.b.d[].f", "a.c.d[].e", "a.c.d[].f"]
    assert steps("spec.rules[].path") == ["spec", "rules", "[]", "path"]
