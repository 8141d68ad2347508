"""Reading tables: versions, bases, roots, and what is wrong with a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kservegen.core.errors import GeneratorError
from kservegen.kserve.charts import ChartStore

CHART = {"layer": 2, "release": "a", "values": {"a": {}}}
KEYS = {"x.y": {"type": "string", "default": "1", "about": "A."}, "x.z": {"type": "int", "default": 2, "about": "B."}}


def write(root: Path, version: str, charts: object, **tables: object) -> None:
    folder = root / "charts" / version
    (folder / "values").mkdir(parents=True)
    (folder / "charts.json").write_text(json.dumps(charts), encoding="utf-8")
    for name, keys in tables.items():
        (folder / "values" / f"{name}.json").write_text(json.dumps({"keys": keys}), encoding="utf-8")


def test_versions_are_sorted_by_age(tmp_path: Path) -> None:
    for version in ("v0.20.0", "v0.9.0", "v0.20.0-rc1", "v0.19.0"):
        write(tmp_path, version, {"charts": {}})
    assert ChartStore([tmp_path]).versions == ("v0.9.0", "v0.19.0", "v0.20.0-rc1", "v0.20.0")


@pytest.mark.parametrize("version", ["v9.9.9", "latest", "", "..", "../v0.19.0", "v0.19.0/../v0.19.0"])
def test_an_unknown_version_is_refused_with_the_known_ones(store: ChartStore, version: str) -> None:
    with pytest.raises(GeneratorError, match=r"known: v0\.19\.0, v0\.20\.0"):
        store.load(version)


def test_a_version_states_what_differs_from_its_base(tmp_path: Path) -> None:
    write(tmp_path, "v1.0.0", {"charts": {"a": CHART}}, a=KEYS)
    write(
        tmp_path,
        "v1.1.0",
        {"base": "v1.0.0", "charts": {"b": {"layer": 1, "release": "b"}}},
        a={"x.y": {"default": "2"}, "x.z": None, "x.w": {"type": "bool", "default": True, "about": "C."}},
    )
    charts = ChartStore([tmp_path]).load("v1.1.0")
    assert charts.names == ("b", "a"), "charts come by layer"
    keys = charts.by_name["a"].keys
    assert {key.dotted: (key.type, key.default, key.about) for key in keys.values()} == {
        "x.y": ("string", "2", "A."),
        "x.w": ("bool", True, "C."),
    }
    assert charts.by_name["a"].branches == {(): ("x",), ("x",): ("y", "w")}


@pytest.mark.parametrize(
    ("selection", "live"),
    [
        ({}, {"x.y": True, "x.yy": True, "x.y-z.a": True}),
        ({"inert": ["x.y"]}, {"x.y": False, "x.yy": True, "x.y-z.a": True}),
        ({"live": ["x.y-z"]}, {"x.y": False, "x.yy": False, "x.y-z.a": True}),
        ({"only": ["x.y", "x.yy"], "live": ["x.y"]}, {"x.y": True, "x.yy": False}),
    ],
)
def test_a_chart_selects_keys_by_whole_names(
    tmp_path: Path, selection: dict[str, list[str]], live: dict[str, bool]
) -> None:
    keys = {name: {"type": "string", "about": "A."} for name in ("x.y", "x.yy", "x.y-z.a")}
    write(tmp_path, "v1.0.0", {"charts": {"a": {**CHART, "values": {"a": selection}}}}, a=keys)
    chart = ChartStore([tmp_path]).load("v1.0.0").by_name["a"]
    assert {key.dotted: key.live for key in chart.keys.values()} == live


def test_an_earlier_root_stands_over_a_later_one_and_may_build_on_it(tmp_path: Path) -> None:
    write(tmp_path / "ours", "v1.0.0", {"charts": {"a": CHART}}, a=KEYS)
    write(tmp_path / "theirs", "v1.1.0", {"base": "v1.0.0"}, a={"x.y": {"default": "theirs"}})
    store = ChartStore([tmp_path / "theirs", tmp_path / "ours"])
    assert store.versions == ("v1.0.0", "v1.1.0")
    assert store.load("v1.1.0").by_name["a"].keys["x", "y"].default == "theirs"


def test_a_folder_without_charts_has_no_versions(tmp_path: Path) -> None:
    store = ChartStore([tmp_path])
    assert store.versions == ()
    with pytest.raises(GeneratorError, match="known: none"):
        store.load("v0.19.0")


def test_tables_that_name_each_other_as_base_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "v1.0.0", {"base": "v1.1.0"})
    write(tmp_path, "v1.1.0", {"base": "v1.0.0"})
    with pytest.raises(GeneratorError, match=r"name each other as base: v1\.0\.0, v1\.1\.0"):
        ChartStore([tmp_path]).load("v1.0.0")


@pytest.mark.parametrize(
    ("charts", "keys", "message"),
    [
        ({}, KEYS, "malformed: KeyError"),
        ([], KEYS, "must be a JSON object"),
        ({"charts": {"a": {"release": "a"}}}, KEYS, "malformed: KeyError"),
        ({"charts": {"a": CHART}}, {"x": {"default": 1}}, "malformed: KeyError"),
        ({"charts": {"a": CHART}}, {"x": "text"}, "malformed"),
        ({"charts": {"a": {**CHART, "values": {"missing": {}}}}}, KEYS, "malformed: KeyError"),
    ],
)
def test_a_malformed_table_is_refused(tmp_path: Path, charts: object, keys: object, message: str) -> None:
    write(tmp_path, "v1.0.0", charts, a=keys)
    with pytest.raises(GeneratorError, match=message):
        ChartStore([tmp_path]).load("v1.0.0")


def test_broken_json_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "v1.0.0", {})
    (tmp_path / "charts" / "v1.0.0" / "charts.json").write_text("{", encoding="utf-8")
    with pytest.raises(GeneratorError, match="cannot read a chart table"):
        ChartStore([tmp_path]).load("v1.0.0")


def test_a_version_is_read_once(store: ChartStore) -> None:
    assert store.load("v0.20.0") is store.load("v0.20.0")
