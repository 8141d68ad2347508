"""Kubernetes' strategic merge: the order of its lists, what an empty value says, where each field came from."""

from __future__ import annotations

import pytest

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.resource import trace
from kservegen.kserve.controllers.made import traced
from kservegen.kserve.controllers.merging import merge, without_empty


def _env(*names: str) -> list[JsonValue]:
    return [{"name": name, "value": name.lower()} for name in names]


@pytest.mark.parametrize(
    ("base", "overlay", "order"),
    [
        ("AB", "C", "CAB"),
        ("AB", "BC", "ABC"),
        ("AB", "CB", "CAB"),
        ("ABC", "CA", "BCA"),
        ("AB", "AB", "AB"),
        ("AB", "BA", "BA"),
        ("ABCD", "XCY", "XABCYD"),
    ],
)
def test_lists_with_a_key_keep_the_order_of_merge_slice(base: str, overlay: str, order: str) -> None:
    merged = merge(traced({"env": _env(*base)}, ("base",)), traced({"env": _env(*overlay)}, ("overlay",))).value
    assert merged == {"env": _env(*order)}


@pytest.mark.parametrize(
    ("base", "overlay", "merged"),
    [
        ({"image": "a"}, {"image": "b"}, {"image": "b"}),
        ({"command": ["a", "b"]}, {"command": ["c"]}, {"command": ["c"]}),
        (
            {"resources": {"limits": {"cpu": "1", "memory": "2Gi"}}},
            {"resources": {"limits": {"cpu": "2"}}},
            {"resources": {"limits": {"cpu": "2", "memory": "2Gi"}}},
        ),
        (
            {"readinessProbe": {"httpGet": {"path": "/"}}},
            {"readinessProbe": {"tcpSocket": {"port": 1}}},
            {"readinessProbe": {"httpGet": {"path": "/"}, "tcpSocket": {"port": 1}}},
        ),
        (
            {"securityContext": {"capabilities": {"drop": ["ALL"]}}},
            {"securityContext": {"capabilities": {"drop": ["NET_RAW"]}}},
            {"securityContext": {"capabilities": {"drop": ["NET_RAW"]}}},
        ),
        (
            {"ports": [{"containerPort": 8080, "name": "http"}]},
            {"ports": [{"containerPort": 8080, "protocol": "TCP"}, {"containerPort": 9000}]},
            {"ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}, {"containerPort": 9000}]},
        ),
        ({"env": [{"name": "A"}]}, {"env": [{"name": "B", "value": "1"}, {"name": "B", "value": "2"}]}, None),
        ({"tolerations": [{"key": "a"}]}, {"tolerations": [{"key": "b"}]}, {"tolerations": [{"key": "b"}]}),
    ],
)
def test_each_kind_of_field_has_its_law(base: JsonObject, overlay: JsonObject, merged: JsonObject | None) -> None:
    expected = {"env": [{"name": "B", "value": "2"}, {"name": "A"}]} if merged is None else merged
    assert merge(traced(base, ("base",)), traced(overlay, ("overlay",))).value == expected


def test_what_says_nothing_takes_nothing_away() -> None:
    overlay: JsonObject = {
        "image": "",
        "args": [],
        "stdin": False,
        "env": [{"name": "A", "value": ""}],
        "securityContext": {"privileged": False, "runAsUser": 0},
        "nodeSelector": {"a": ""},
    }
    assert without_empty(overlay) == {
        "env": [{"name": "A"}],
        "securityContext": {"privileged": False, "runAsUser": 0},
        "nodeSelector": {"a": ""},
    }


def test_every_field_knows_its_source() -> None:
    base = traced({"image": "a", "env": _env("A", "B"), "resources": {"limits": {"cpu": "1"}}}, ("runtime",))
    overlay = traced({"env": _env("B", "C"), "resources": {"limits": {"cpu": "2"}}}, ("model",))
    merged = merge(base, overlay)
    assert [trace(path, merged.origins) for path in _PATHS] == [
        ("runtime", "image"),
        ("runtime", "env", 0, "value"),
        ("model", "env", 0, "value"),
        ("model", "env", 1),
        ("model", "resources", "limits", "cpu"),
    ]


_PATHS: tuple[tuple[str | int, ...], ...] = (
    ("image",),
    ("env", 0, "value"),
    ("env", 1, "value"),
    ("env", 2),
    ("resources", "limits", "cpu"),
)
