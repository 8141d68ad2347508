"""What the scheduler counts for a pod, case by case as its own helper does."""

from __future__ import annotations

from fractions import Fraction

import pytest

from kservegen.checks.demand.requests import merged_requests, pod_requests
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
    counted = pod_requests({"initContainers": inits, **more}, containers=containers)
    assert counted.get("cpu") == (None if cpu is None else Fraction(cpu))


def test_what_a_webhook_adds_is_counted() -> None:
    counted = pod_requests({}, containers=[requests("50m"), requests("10m")], init=[requests("100m")])
    assert counted == {"cpu": Fraction(1, 10)}


def test_a_model_over_its_runtime() -> None:
    runtime: JsonObject = {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}}
    over: JsonObject = {"limits": {"memory": "6Gi", "nvidia.com/gpu": "1"}}
    assert merged_requests(runtime, over) == {
        "requests": {"cpu": "1", "memory": "2Gi"},
        "limits": {"cpu": "1", "memory": "6Gi", "nvidia.com/gpu": "1"},
    }
    assert merged_requests(None, over) == {"requests": {}, "limits": {"memory": "6Gi", "nvidia.com/gpu": "1"}}
