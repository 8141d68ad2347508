"""Reading records of releases: versions, bases, roots, what each must answer, and what is wrong with a record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import fields

from kservegen.checks.rules.discover import discover
from kservegen.core.errors import GeneratorError
from kservegen.kserve.releases import Capabilities, Releases, ReviewStatus
from kservegen.kserve.servers.images import server_in

ROOT = Path(__file__).parents[3]
PACKAGED = Releases([ROOT / "schemas"])
RECORD = json.loads((ROOT / "facts/releases/v0.19.0.json").read_text("utf-8"))
CHART = {"layer": 2, "release": "a", "values": {"a": {}}}
KEYS = {"x.y": {"type": "string", "default": "1", "about": "A."}, "x.z": {"type": "int", "default": 2, "about": "B."}}
PRESETS = {"apiVersion": "v1", "namespace": "kserve", "names": [], "images": {}}


def write(root: Path, version: str, charts: object, record: dict[str, object] | None = None, **tables: object) -> None:
    """Write a record of a release with these charts, and the tables of their values."""
    words = {
        "version": version,
        "status": "reviewed",
        "provenance": {"charts": "made up"},
        "capabilities": RECORD["capabilities"],
        "defects": RECORD["defects"],
        "charts": charts,
        "runtimes": {},
        "presets": PRESETS,
    }
    (root / "releases").mkdir(parents=True, exist_ok=True)
    document = {**words, **(record or {})}
    (root / "releases" / f"{version}.json").write_text(
        json.dumps({name: value for name, value in document.items() if value is not None}), encoding="utf-8"
    )
    (root / "charts" / version).mkdir(parents=True)
    for name, keys in tables.items():
        (root / "charts" / version / f"{name}.json").write_text(json.dumps({"keys": keys}), encoding="utf-8")


def test_versions_are_sorted_by_age(tmp_path: Path) -> None:
    for version in ("v0.20.0-rc1", "v0.9.0"):
        write(tmp_path, version, {})
    (tmp_path / "releases" / "README.md").write_text("no record", encoding="utf-8")
    assert Releases([tmp_path]).versions == (
        "v0.9.0",
        "v0.17.0",
        "v0.18.1",
        "v0.19.0",
        "v0.20.0-rc1",
        "v0.20.0",
        "v0.21.0",
    )


@pytest.mark.parametrize("version", ["v9.9.9", "latest", "", "..", "../v0.19.0", "v0.19.0/../v0.19.0"])
def test_an_unknown_version_is_refused_with_the_known_ones(version: str) -> None:
    with pytest.raises(GeneratorError, match=r"known: v0\.17\.0, v0\.18\.1, v0\.19\.0, v0\.20\.0, v0\.21\.0"):
        PACKAGED.get(version)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("0.20", "v0.20.0"),
        ("v0.20", "v0.20.0"),
        ("0.18.1", "v0.18.1"),
        ("v0.18", "v0.18.1"),
        ("v0.18.0", ""),
        ("1", ""),
    ],
)
def test_a_version_without_its_v_or_its_last_number_is_known(said: str, meant: str) -> None:
    """A patch release that is not known is another release, not a slip."""
    assert PACKAGED.meant(said) == (f"Did you mean {meant}?" if meant else "")


def test_a_version_states_what_differs_from_its_base(tmp_path: Path) -> None:
    write(tmp_path, "v1.0.0", {"a": CHART}, a=KEYS)
    write(
        tmp_path,
        "v1.1.0",
        {"b": {"layer": 1, "release": "b"}},
        {"base": "v1.0.0"},
        a={"x.y": {"default": "2"}, "x.z": None, "x.w": {"type": "bool", "default": True, "about": "C."}},
    )
    charts = Releases([tmp_path]).get("v1.1.0").charts
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
    write(tmp_path, "v1.0.0", {"a": {**CHART, "values": {"a": selection}}}, a=keys)
    chart = Releases([tmp_path]).get("v1.0.0").charts.by_name["a"]
    assert {key.dotted: key.live for key in chart.keys.values()} == live


def test_an_earlier_root_stands_over_a_later_one_and_may_build_on_it(tmp_path: Path) -> None:
    write(tmp_path / "ours", "v1.0.0", {"a": CHART}, a=KEYS)
    write(tmp_path / "ours", "v0.19.0", {})
    write(tmp_path / "theirs", "v1.1.0", {}, {"base": "v1.0.0"}, a={"x.y": {"default": "theirs"}})
    releases = Releases([tmp_path / "theirs", tmp_path / "ours"])
    assert releases.get("v1.1.0").charts.by_name["a"].keys["x", "y"].default == "theirs"
    assert releases.get("v0.19.0").charts.names == (), "a user's record stands over the package's"


def test_the_charts_of_a_version_default_to_its_images() -> None:
    for version in PACKAGED.versions:
        chart = PACKAGED.get(version).charts.by_name["kserve-resources"]
        assert chart.keys["kserve", "version"].default == version


def test_a_derived_release_goes_by_its_nearest(tmp_path: Path) -> None:
    derived: dict[str, object] = {
        "status": "derived",
        "nearest": "v0.20.0",
        "capabilities": {"service_schemes": ["s3://"]},
        "defects": {"multi-node-churn": "absent"},
        "runtimes": {},
        "presets": {},
    }
    write(tmp_path, "v0.99.0", {}, derived)
    nearest, release = PACKAGED.get("v0.20.0"), Releases([tmp_path, ROOT / "schemas"]).get("v0.99.0")
    assert release.status is ReviewStatus.DERIVED
    assert not release.is_reviewed
    assert release.capabilities.service_schemes == ("s3://",), "what it states itself comes first"
    assert release.capabilities.v2_formats == nearest.capabilities.v2_formats
    assert release.defects == nearest.defects - {"multi-node-churn"}
    assert release.charts.names == nearest.charts.names
    assert release.runtimes.runtimes.keys() == nearest.runtimes.runtimes.keys()


@pytest.mark.parametrize("status", ["preview", "derived"])
@pytest.mark.parametrize("nearest", [None, "v9.9.9", "v1.0.0", "v1.1.0"])
def test_a_release_that_is_not_reviewed_names_one_that_is(tmp_path: Path, status: str, nearest: str | None) -> None:
    write(tmp_path, "v1.0.0", {}, {"status": "preview", "nearest": "v0.20.0"})
    write(tmp_path, "v1.1.0", {}, {"status": status, "nearest": nearest})
    with pytest.raises(GeneratorError, match=r"nearest|not a reviewed release"):
        Releases([tmp_path]).get("v1.1.0")


@pytest.mark.parametrize("version", PACKAGED.versions)
def test_the_packages_records_state_where_each_part_comes_from(version: str) -> None:
    record = json.loads((ROOT / f"facts/releases/{version}.json").read_text("utf-8"))
    parts = {"schemas", "capabilities", "charts", "runtimes", "presets", "images", "defects"}
    assert parts <= set(record["provenance"]) <= parts | {"removedCRDs", "changes"}
    assert set(record["capabilities"]) == {each.name for each in fields(Capabilities)}
    assert set(record["defects"]) == {found.defect for found in discover().rules} - {""}


def test_what_is_in_an_image_is_said_alike() -> None:
    for version in PACKAGED.versions:
        record = json.loads((ROOT / f"facts/releases/{version}.json").read_text("utf-8"))
        for name, entry in record.get("images", {}).items():
            for tag, inside in entry["versions"].items():
                where = {"llm-d-cuda": "ghcr.io/llm-d", "huggingfaceserver": "kserve"}.get(name, "vllm")
                found = server_in(f"{where}/{name}:{tag}")
                assert tag == "*" or (found is not None and inside in {found.version, found.vllm}), (version, name, tag)


@pytest.mark.parametrize(
    ("image", "vllm"),
    [
        ("kserve/huggingfaceserver:v0.19.0-gpu", "0.20.0"),
        ("kserve/huggingfaceserver:v0.20.0", "0.24.0"),
        ("registry.redhat.io/rhaiis/vllm-cuda-rhel9:3.2.2", "0.10.1.1"),
        ("nvcr.io/nvidia/tritonserver:23.05-py3", ""),
        ("example.com/mine:1", ""),
    ],
)
def test_the_vllm_in_an_image(image: str, vllm: str) -> None:
    assert PACKAGED.server_version(image) == vllm
