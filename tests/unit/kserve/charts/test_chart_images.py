"""Every image that a chart's values can change is found, with the keys that change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.charts.model import Charts, default_images
from kservegen.kserve.charts.values import check_values
from kservegen.kserve.releases import Releases


def test_an_image_key_has_its_tag_key_and_repository(charts: Charts) -> None:
    images = {image.repository: image for image in default_images(charts, "kserve-resources")}
    assert images["kserve/agent"].image == ("kserve", "agent", "image")
    assert images["kserve/agent"].tag == ("kserve", "agent", "tag")
    assert images["kserve/art-explainer"].tag == ("kserve", "servingruntime", "art", "defaultVersion")
    assert images["kserve/storage-initializer"].tag == ("kserve", "localmodel", "defaultJobTag")
    assert images["quay.io/brancz/kube-rbac-proxy:v0.18.0"].tag is None


@pytest.mark.parametrize(
    ("version", "chart", "count"),
    [
        ("v0.19.0", "kserve-resources", 7),
        ("v0.19.0", "kserve-llmisvc-resources", 6),
        ("v0.19.0", "kserve-localmodel-resources", 2),
        ("v0.19.0", "kserve-runtime-configs", 11),
        ("v0.20.0", "kserve-runtime-configs", 13),
        ("v0.20.0", "kserve-crd", 0),
        ("v0.20.0", "kserve", 0),
    ],
)
def test_only_live_keys_count(releases: Releases, version: str, chart: str, count: int) -> None:
    assert len(default_images(releases.get(version).charts, chart)) == count


def test_overriding_all_of_them_gives_no_finding(charts: Charts) -> None:
    for name in charts.names:
        values: JsonObject = {}
        for image in default_images(charts, name):
            _put(values, image.image, "registry.example.com:5000/x")
            if image.tag is not None:
                _put(values, image.tag, "v1")
        assert check_values(charts, name, values) == (), name


def test_none_is_missed(charts: Charts, upstream_values: Callable[[str, str], JsonObject]) -> None:
    """Whatever upstream calls an image, and the chart reads, is in the list."""
    for name, chart in charts.by_name.items():
        named = {path for path in _image_paths(upstream_values(charts.version, name)) if chart.keys[path].live}
        assert {image.image for image in default_images(charts, name)} == named, name


def _image_paths(node: JsonValue, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, below in node.items() if isinstance(node, dict) else ():
        if isinstance(below, str) and name.lower().endswith("image"):
            yield (*path, name)
        yield from _image_paths(below, (*path, name))


def _put(values: JsonObject, path: tuple[str, ...], value: JsonValue) -> None:
    for name in path[:-1]:
        below = values.setdefault(name, {})
        assert isinstance(below, dict)
        values = below
    values[path[-1]] = value
