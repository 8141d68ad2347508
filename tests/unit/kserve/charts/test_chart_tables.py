"""The chart tables are well formed, agree with themselves, and equal upstream's values files."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TypedDict, is_typeddict

import pytest

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.charts.model import Charts, Key, KeyPath
from kservegen.kserve.charts.runtimes import FormatEntry, RuntimeEntry
from kservegen.kserve.charts.tables import ChartEntry, KeyEntry, KeySelection, Table
from kservegen.kserve.charts.valuetypes import mismatches, wanted
from kservegen.kserve.releases import Releases


class JsonSchema(TypedDict, total=False):
    """What upstream's schema uses of JSON Schema."""

    type: str
    enum: list[str]
    minimum: int
    properties: dict[str, JsonSchema]


FOLDER = Path(__file__).parents[4] / "schemas" / "charts"
RECORDS = FOLDER.parents[1] / "facts" / "releases"
TABLES = sorted(FOLDER.glob("*/*.json"))
VERSIONS = sorted(path.stem for path in RECORDS.glob("*.json"))


def leaves(node: JsonValue, keys: frozenset[KeyPath], path: KeyPath = ()) -> Iterator[tuple[KeyPath, JsonValue]]:
    """Walk a values file down to the keys that we know, or to the last map."""
    if path in keys or not isinstance(node, dict) or not node:
        yield path, node
        return
    for name, item in node.items():
        yield from leaves(item, keys, (*path, name))


def attributes(shape: type) -> set[str]:
    """Name the attributes of a TypedDict."""
    assert is_typeddict(shape)
    return set(shape.__annotations__)


def every_key(charts: Charts) -> Iterator[tuple[str, Key]]:
    return ((name, key) for name, chart in charts.by_name.items() for key in chart.keys.values())


def test_keys_and_defaults_are_upstreams(charts: Charts, upstream_values: Callable[[str, str], JsonObject]) -> None:
    for name, chart in charts.by_name.items():
        declared = {path: key.default for path, key in chart.keys.items() if key.declared}
        values = upstream_values(charts.version, name)
        theirs = dict(leaves(values, frozenset(declared))) if values else {}
        assert declared == theirs, name


def test_types_are_those_of_upstreams_schema(charts: Charts, upstream_file: Callable[[str, str], str]) -> None:
    schema = json.loads(upstream_file(charts.version, "kserve-llmisvc-resources.schema.json"))
    ours = charts.by_name["kserve-llmisvc-resources"]
    enforced = {path for path, key in ours.keys.items() if key.enforced}
    assert dict(_schema_types(schema, ours.keys)) == {
        path: _json_type(ours.keys[path]) for path in enforced | {("kserve", "version")}
    }


def _schema_types(node: JsonSchema, keys: Collection[KeyPath], path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    if path in keys:
        yield path, (node["type"], tuple(node.get("enum", ())), node.get("minimum"))
        return
    for name, below in node.get("properties", {}).items():
        yield from _schema_types(below, keys, (*path, name))


def _json_type(key: Key) -> object:
    kinds = {"bool": "boolean", "int": "integer", "string": "string", "image": "string"}
    collection = "array" if key.type.startswith("list") else "object"
    return kinds.get(key.type, collection), key.allowed, key.minimum


def test_every_default_passes_its_own_check(charts: Charts) -> None:
    for name, key in every_key(charts):
        assert not list(mismatches(key, key.default)), (name, key.dotted)
        assert not key.allowed or key.default in key.allowed, (name, key.dotted)
        assert wanted(key), (name, key.dotted)


def test_keys_that_point_at_others_point_at_live_ones(charts: Charts) -> None:
    for name, key in every_key(charts):
        if key.tag is not None and key.live:
            assert charts.by_name[name].reads(key.tag), (name, key.dotted)
        if key.instead is not None:
            assert charts.by_name[key.instead.chart].reads(tuple(key.instead.key.split("."))), (name, key.dotted)


def test_an_inert_key_says_what_to_do(charts: Charts) -> None:
    for name, key in every_key(charts):
        if not key.live:
            assert key.inert or key.instead or charts.readers(key.path), (name, key.dotted)


def test_branches_that_are_printed_whole_are_branches(charts: Charts) -> None:
    for chart in charts.by_name.values():
        assert chart.printed_whole <= set(chart.branches), chart.name


def test_guesses_are_about_keys_that_do_not_exist(charts: Charts) -> None:
    for name, chart in charts.by_name.items():
        for wrong in (*chart.mistaken, *chart.absent):
            assert wrong not in chart.keys, (name, wrong)
            assert wrong not in chart.branches, (name, wrong)
    owners = [chart for chart in charts.by_name.values() if chart.mistaken]
    meant = {right for chart in owners for right in chart.mistaken.values()}
    known = {path for chart in owners for path in (*chart.keys, *chart.branches)}
    assert meant <= known


@pytest.mark.parametrize("path", TABLES, ids=lambda path: f"{path.parts[-2]}-{path.stem}")
def test_a_table_uses_no_attribute_that_nothing_reads(path: Path) -> None:
    table = json.loads(path.read_text(encoding="utf-8"))
    assert set(table) <= attributes(Table)
    assert {name for entry in table["keys"].values() for name in entry or {}} <= attributes(KeyEntry)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_other_tables_use_no_attribute_that_nothing_reads(version: str) -> None:
    charts = json.loads((RECORDS / f"{version}.json").read_text(encoding="utf-8"))["charts"].values()
    assert {name for entry in charts for name in entry} <= attributes(ChartEntry)
    selections = [chosen for entry in charts for chosen in entry.get("values", {}).values()]
    assert {name for chosen in selections for name in chosen} <= attributes(KeySelection)
    runtimes = json.loads((RECORDS / f"{version}.json").read_text(encoding="utf-8"))["runtimes"].values()
    assert {name for entry in runtimes for name in entry} <= attributes(RuntimeEntry)
    assert {name for entry in runtimes for item in entry["formats"] for name in item} <= attributes(FormatEntry)


def test_every_table_belongs_to_a_chart_and_selects_keys_that_exist() -> None:
    charts = json.loads((RECORDS / "v0.19.0.json").read_text(encoding="utf-8"))["charts"]
    used = {table for entry in charts.values() for table in entry.get("values", {})}
    assert used == {path.stem for path in TABLES}
    for name, entry in charts.items():
        for table, chosen in entry.get("values", {}).items():
            keys = json.loads((FOLDER / "v0.19.0" / f"{table}.json").read_text(encoding="utf-8"))["keys"]
            for prefix in (prefix for prefixes in chosen.values() for prefix in prefixes):
                assert any(f"{key}.".startswith(f"{prefix}.") for key in keys), (name, table, prefix)


def test_layers_come_in_order_and_needs_lie_below(charts: Charts) -> None:
    infos = [chart.info for chart in charts.by_name.values()]
    layer = {info.name: info.layer for info in infos}
    assert [info.layer for info in infos] == sorted(layer.values())
    for info in infos:
        for need in info.needs:
            assert all(layer.get(name, 0) <= info.layer for name in need.one_of), info.name
            assert need.when is None or charts.by_name[info.name].reads(need.when), info.name


@pytest.mark.parametrize(
    ("chart", "layer", "crd", "has_values"),
    [
        ("kserve-crd", 1, True, False),
        ("kserve-llmisvc-crd-minimal", 1, True, False),
        ("kserve-localmodel-crd", 1, True, False),
        ("kserve-resources", 2, False, True),
        ("kserve-llmisvc-resources", 2, False, True),
        ("kserve-localmodel-resources", 2, False, True),
        ("kserve-runtime-configs", 3, False, True),
    ],
)
def test_chart_info(charts: Charts, chart: str, layer: int, crd: bool, has_values: bool) -> None:
    info = charts.by_name[chart].info
    assert (info.layer, info.crd, info.has_values, info.release) == (layer, crd, has_values, chart)


def test_every_kind_of_a_crd_chart_that_needs_a_controller_has_one(charts: Charts) -> None:
    brought = {kind for chart in charts.by_name.values() for kind in chart.info.crds}
    controlled = {kind for chart in charts.by_name.values() for kind in chart.info.controls}
    assert brought - controlled == {"ClusterStorageContainer"}


@pytest.mark.parametrize(("version", "runtimes", "presets"), [("v0.19.0", 12, 8), ("v0.20.0", 14, 10)])
def test_runtimes_follow_the_values_table(releases: Releases, version: str, runtimes: int, presets: int) -> None:
    table = releases.get(version).runtimes
    chart = releases.get(version).charts.by_name["kserve-runtime-configs"]
    assert (len(table.runtimes), len(table.presets.names)) == (runtimes, presets)
    for name, runtime in table.runtimes.items():
        paths = (runtime.image_path, runtime.tag_path, runtime.disabled_path)
        assert all(path in chart.keys and chart.reads(path) for path in paths), name
    keys = {path[2] for path in chart.keys if path[:2] == ("kserve", "servingruntime") and path[-1] == "disabled"}
    assert keys == {runtime.values_key for runtime in table.runtimes.values()} | {"huggingfaceserver_multinode"}


@pytest.mark.parametrize(
    ("model_format", "version", "protocol", "expected"),
    [
        ("sklearn", "1", "v1", ["kserve-sklearnserver"]),
        ("sklearn", "1", "v2", ["kserve-mlserver", "kserve-sklearnserver"]),
        ("sklearn", "0", "v1", []),
        ("xgboost", "1", "v2", ["kserve-mlserver"]),
        ("lightgbm", "4", "v2", ["kserve-mlserver", "kserve-lgbserver"]),
        ("tensorflow", "2", "v1", ["kserve-tensorflow-serving"]),
        ("tensorflow", "2", "grpc-v2", ["kserve-tritonserver"]),
        ("pytorch", "1", "v2", ["kserve-torchserve"]),
        ("onnx", "1", "v1", []),
        ("huggingface", "1", "v1", ["kserve-huggingfaceserver-multinode", "kserve-huggingfaceserver"]),
    ],
)
def test_runtimes_rank_as_the_controller_ranks_them(
    releases: Releases, model_format: str, version: str, protocol: str, expected: list[str]
) -> None:
    ranked = [
        (-(item.priority or 0), runtime.name)
        for runtime in releases.get("v0.19.0").runtimes.runtimes.values()
        for item in runtime.formats
        if (item.name, item.version, item.auto_select) == (model_format, version, True)
        and protocol in runtime.protocols
    ]
    assert [name for _, name in sorted(ranked)] == expected
