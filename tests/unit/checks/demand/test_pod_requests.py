"""What the scheduler counts for a pod, case by case as its own helper does."""

from __future__ import annotations

from fractions import Fraction

import pytest

from kservegen.checks.demand.requests import pod_requests
from kservegen.core.jsontypes import JsonObject, JsonValue


def requests(cpu: str) -> JsonObject:
    return {"requests": {"cpu": cpu}}


def init(cpu: str, *, sidecar: bool = False) -> JsonObject:
    container: JsonObject = {"name": "i", "resources": requests(cpu)}
    return {**container, "restartPolicy": "Always"} if sidecar else container


@pytest.mark.parametrize(
    ("containers", "inits", "more", "cpu"),
    [
        ([requests("1"), requests("500m")], [], {}, "3/2"),
        ([{"limits": {"cpu": "2"}}], [], {}, "2"),
        ([{"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}], [], {}, "1"),
        ([requests("1")], [init("3"), init("2")], {}, "3"),
        ([requests("4")], [init("3")], {}, "4"),
        ([requests("1")], [init("1", sidecar=True)], {}, "2"),
        ([requests("1")], [init("1", sidecar=True), init("3")], {}, "4"),
        ([requests("1")], [init("3"), init("1", sidecar=True)], {}, "3"),
        ([requests("1")], [], {"overhead": {"cpu": "250m"}}, "5/4"),
        ([requests("1"), requests("1")], [], {"resources": requests("3")}, "3"),
        ([requests("nonsense")], [], {}, None),
        ([], [], {}, None),
    ],
)
def test_what_is_counted(
    containers: list[JsonValue], inits: list[JsonValue], more: JsonObject, cpu: str | None
) -> None:
    listed: list[JsonValue] = [{"name": "c", "resources": resources} for resources in containers]
    counted = pod_requests({"containers": listed, "initContainers": inits, **more})
    assert counted.get("cpu") == (None if cpu is None else Fraction(cpu))


def test_what_a_namespace_gives_is_counted() -> None:
    pod: JsonObject = {"containers": [{"name": "a"}, {"name": "b", "resources": requests("10m")}]}
    assert pod_requests(pod, {"cpu": Fraction(1, 10)}) == {"cpu": Fraction(11, 100)}
