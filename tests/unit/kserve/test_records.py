"""What is wrong with a user's record or table: its content in, a sentence out, with file, place and what is allowed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from kservegen.core.errors import GeneratorError
from kservegen.formats.jsonschema.validate import Validator
from kservegen.kserve.releases import Capabilities, Releases

ROOT = Path(__file__).parents[3]
NEW = "v0.99.0"
NAME = f"schemas/releases/{NEW}.json"
DERIVED = {"version": NEW, "status": "derived", "nearest": "v0.20.0", "provenance": {"schemas": "made up"}}
RECORD = json.loads((ROOT / "facts/releases/v0.20.0.json").read_text("utf-8"))
ANSWERS, DEFECTS = RECORD["capabilities"], RECORD["defects"]
REVIEWED = {**DERIVED, "status": "reviewed", "base": "v0.20.0", "capabilities": ANSWERS, "defects": DEFECTS}
SCHEMA = json.loads((ROOT / "schemas/kservegen/release.schema.json").read_text("utf-8"))
TABLES = json.loads((ROOT / "schemas/kservegen/chart-values.schema.json").read_text("utf-8"))
CHART = {"layer": 2, "release": "own", "values": {"own": {}}}


def told(root: Path, content: bytes, table: bytes | None = None) -> str:
    """Return what is said of a record with that content, beside a table of chart values called own."""
    file = root / NAME
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    if table is not None:
        folder = root / "schemas/charts" / NEW
        folder.mkdir(parents=True)
        (folder / "own.json").write_bytes(table)
    with pytest.raises(GeneratorError) as caught:
        Releases([root / "schemas", ROOT / "schemas"]).get(NEW)
    return f"{caught.value}|{caught.value.hint}"


TEXTS: dict[str, tuple[bytes, str]] = {
    "deep": (b"[" * 100_000, "nested too deep"),
    "deep enough for Python": (b"[" * 900 + b"]" * 900, "nested too deep"),
    "empty": (b" \n", "the file is empty; allowed: a JSON object|Write the record, or remove the file."),
    "no JSON": (b"{\n 'a': 1}", "line 2: the file is not JSON: expecting property name"),
    "cut off": (b'{"version": "v0', "line 1: the file is not JSON: unterminated string"),
    "twice": (b'{"version": 1,\n "version": 2}', "line 2: version: the key version stands twice in one map"),
    "more": (b"{} {}", 'more text follows the JSON: "{}"'),
    "a list": (b"[]", "line 1: must be a map, not a list"),
    "UTF-16": (json.dumps(DERIVED).encode("utf-16"), "the file is not UTF-8; seen: UTF-16|Save the file as UTF-8."),
    "Latin-1": (b'{"a": "\xe9"}', "the file is not UTF-8"),
    "large": (b" " * 5 * 1024 * 1024 + b"{}", "the file is too large; allowed: at most 5 MiB"),
    "not a number": (b'{"version": NaN}', "a number that JSON does not have"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_record_that_cannot_be_read_says_why(tmp_path: Path, case: str) -> None:
    content, sentence = TEXTS[case]
    said = told(tmp_path, content)
    assert said.startswith(f"{NAME}: ")
    assert sentence in said


# What is changed in a good record, and the sentence that says what is wrong with it.
WRONG: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (DERIVED, {"presets": {"images": 3}}, "presets.images: must be a map, not a whole number"),
    (DERIVED, {"presets": {"images": {"main": 5}}}, "presets.images.main: must be a string, not a whole number"),
    (DERIVED, {"presets": None}, "presets: must be a map, not null"),
    (DERIVED, {"capabilities": {"canary": "no"}}, "capabilities.canary: must be true or false, not a string"),
    (DERIVED, {"capabilities": {"v2_formats": "x"}}, "capabilities.v2_formats: must be a list, not a string"),
    (DERIVED, {"capabilities": {"canaries": True}}, 'unknown field "canaries"'),
    (DERIVED, {"images": [1]}, "images: must be a map, not a list"),
    (DERIVED, {"images": {"a": {"server": "vllm", "versions": 5}}}, "images.a.versions: must be a map"),
    (DERIVED, {"images": {"a": {"server": "vllm", "versions": {"1": "x"}}}}, '"x" is not a version such as 0.19.1'),
    (DERIVED, {"changes": {}}, "changes: must be a list, not a map"),
    (DERIVED, {"changes": [{"kinds": "InferenceService", "text": "a"}]}, "changes[0].kinds: must be a list"),
    (DERIVED, {"changes": [{"kinds": ["InferenceService"], "text": 5}]}, "changes[0].text: must be a string"),
    (DERIVED, {"defects": {"multi-node-churns": "present"}}, 'unknown field "multi-node-churns"'),
    (DERIVED, {"defects": {"multi-node-churn": True}}, "defects.multi-node-churn: true is not one of the values"),
    (DERIVED, {"provenance": [1]}, "provenance: must be a map, not a list"),
    (DERIVED, {"provenance": None}, "provenance: must be a map, not null"),
    (DERIVED, {"charts": None}, "charts: must be a map, not null"),
    (DERIVED, {"charts": {"kserve-crd": {}}}, "charts.kserve-crd: has 0 entries, at least 1 are needed"),
    (DERIVED, {"charts": {"kserve-crd": None}}, "charts.kserve-crd: is removed, and the chart"),
    (DERIVED, {"charts": {"own": {"release": "own"}}}, 'charts.own: the field "layer" is missing'),
    (DERIVED, {"charts": {"own": CHART}}, "charts.own.values.own: there is no such table|Add schemas/charts/v0.99.0/"),
    (DERIVED, {"runtimes": {"own": {"values": "own"}}}, 'runtimes.own: the field "formats" is missing'),
    (DERIVED, {"runtimes": {"own": {"resources": {"limits": {}}}}}, 'the field "requests" is missing'),
    (DERIVED, {"status": ""}, "allowed: reviewed, preview, derived"),
    (DERIVED, {"version": "v0.21.1"}, "version: must be v0.99.0, as the file is called"),
    (
        DERIVED,
        {"base": "v9.9.9"},
        "base: there is no record of v9.9.9; allowed: v0.17.0, v0.18.1, v0.19.0, v0.20.0, v0.21.0",
    ),
    (DERIVED, {"base": NEW}, "records name each other as base: v0.99.0"),
    (
        DERIVED,
        {"nearest": "v9.9.9"},
        "nearest: v9.9.9 is not a reviewed release; allowed: v0.17.0, v0.18.1, v0.19.0, v0.20.0",
    ),
    (DERIVED, {"defect": []}, 'defect: unknown field "defect"; allowed: defects, $schema, version'),
    (
        REVIEWED,
        {"base": ..., "nearest": ...},
        "base: is missing, and charts, runtimes, presets are not all stated|Write base:",
    ),
    (REVIEWED, {"capabilities": {**ANSWERS, "canary": ...}}, "canary`. It is: spec.canary of an InferenceService"),
    (REVIEWED, {"defects": {**DEFECTS, "multi-node-churn": ...}}, 'defects: the field "multi-node-churn" is missing'),
    (REVIEWED, {"status": "preview", "nearest": ...}, 'the field "nearest" is missing'),
]


def without_dots(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_dots(item) for key, item in value.items() if item is not ...}
    return value


@pytest.mark.parametrize(("good", "change", "sentence"), WRONG)
def test_a_record_of_the_wrong_form_says_where(
    tmp_path: Path, good: dict[str, Any], change: dict[str, Any], sentence: str
) -> None:
    said = told(tmp_path, json.dumps(without_dots({**good, **change}), indent=1).encode())
    assert said.startswith(f"{NAME}: ")
    assert sentence in said
    assert not re.search(r"Error|NoneType|object at", said)


KEYS = {"x.y": {"type": "string", "about": "A."}}


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (b"[" * 100_000, "nested too deep"),
        ({"keys": {"x": {"default": 1}}}, 'keys.x: the field "type" is missing'),
        ({"keys": {"x": "text"}}, "keys.x: must be a map, not a string"),
        (
            {"keys": {"x.y": {**KEYS["x.y"], "pattern": "("}}},
            '"(" is not a regular expression: error parsing regexp: missing closing )',
        ),
        (
            {"keys": {"x.y": {**KEYS["x.y"], "pattern": "^(?!v)"}}},
            '"^(?!v)" is not a regular expression',
        ),
        ({"keys": {"x.y": {**KEYS["x.y"], "type": "text"}}}, "allowed: bool, switch, string"),
        ({"about": "A."}, 'the field "keys" is missing'),
    ],
)
def test_a_table_of_chart_values_says_where_it_is_wrong(tmp_path: Path, table: Any, sentence: str) -> None:  # noqa: ANN401
    content = table if isinstance(table, bytes) else json.dumps(table).encode()
    said = told(tmp_path, json.dumps({**DERIVED, "charts": {"own": CHART}}).encode(), content)
    assert said.startswith(f"schemas/charts/{NEW}/own.json: ")
    assert sentence in said


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    said = told(tmp_path, json.dumps({**DERIVED, "images": [1], "changes": {}}, indent=1).encode())
    assert said.startswith(f"{NAME}: 2 mistakes\n  line ")
    assert "images: must be a map" in said
    assert "changes: must be a list" in said


@pytest.mark.parametrize(
    ("pattern", "schema"), [("facts/releases/*.json", SCHEMA), ("schemas/charts/*/*.json", TABLES)]
)
def test_what_travels_with_the_package_is_held_to_the_same_schema(pattern: str, schema: dict[str, Any]) -> None:
    files = sorted(ROOT.glob(pattern))
    assert files
    for file in files:
        assert Validator(schema).check(json.loads(file.read_text("utf-8"))) == (), file


def test_the_schema_lists_the_capabilities_that_code_asks_for() -> None:
    hints = get_type_hints(Capabilities, include_extras=True)
    stated = SCHEMA["properties"]["capabilities"]["properties"]
    assert {name: node["description"] for name, node in stated.items()} == {
        name: hint.__metadata__[0] for name, hint in hints.items()
    }
    assert SCHEMA["allOf"][0]["then"]["properties"]["capabilities"]["required"] == list(hints)


def test_contributing_has_a_row_for_every_section() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("| section | what |")[2].partition("\n\n")[0]
    sections = [
        name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.partition("|")[2].partition("|")[0])
    ]
    assert sorted(sections) == sorted(SCHEMA["properties"].keys() - {"$schema"})
