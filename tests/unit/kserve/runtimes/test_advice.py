"""What is said of a request and its runtimes: how it came to one, what keeps the others, and what gets it served."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.support.platforms import reference, release

from kservegen.kserve.charts.runtimes import ModelFormat
from kservegen.kserve.runtimes.advice import almost, nearest, obstacle_reason, why_chosen, why_not
from kservegen.kserve.runtimes.runtime import ServingRuntime
from kservegen.kserve.runtimes.selection import Obstacle, Request, RuntimeSelection, select


def choose(request: Request, *own: ServingRuntime) -> RuntimeSelection:
    return select(request, (*own, *reference("v0.19.0").runtimes.values()), release())


def own(name: str, priority: int | None = None, **changes: object) -> ServingRuntime:
    """Make a runtime of the namespace for a format that no chart knows."""
    formats = (ModelFormat("own", "2.1", priority, auto_select=True),)
    return ServingRuntime(name=name, namespace="models", formats=formats, **changes)  # type: ignore[arg-type]


OWN = Request("own", namespace="models")
CHANGES = [
    (Request("sklearn", "1.3"), (), 'set version: "1" for kserve-sklearnserver'),
    (Request("sklearn", "0"), (), "set protocolVersion: v2 for kserve-mlserver"),
    (Request("tensorflow", "9", "grpc-v2"), (), "leave version out for kserve-tritonserver"),
    (Request("onnx", "5"), (), "leave version out and set protocolVersion: v2 for kserve-tritonserver"),
    (Request("SKLearn"), (), "write the format as sklearn for kserve-sklearnserver"),
    (Request("SKLearn", "9"), (), "write the format as sklearn and leave version out for kserve-sklearnserver"),
    (Request("sklearn", multi_node=True), (), "remove workerSpec for kserve-sklearnserver"),
    (OWN._replace(version="2"), (own("a"),), 'set version: "2.1" for a'),
    (OWN._replace(version="3"), (own("a"),), "leave version out for a"),
    (OWN, (own("a", protocols=("grpc-v1",)),), "set protocolVersion: grpc-v1 for a"),
    (OWN, (own("a", disabled=True),), None),
    (Request("nobody"), (), None),
]


@pytest.mark.parametrize(("request_", "runtimes", "expected"), CHANGES)
def test_the_smallest_change_that_gets_it_served(
    request_: Request, runtimes: tuple[ServingRuntime, ...], expected: str | None
) -> None:
    advice = nearest(choose(request_, *runtimes), lambda changed: choose(changed, *runtimes))
    assert (advice and f"{advice.change} for {advice.runtime.name}") == expected


ALMOST = [
    (own("a", disabled=True), "a would serve it, but is disabled"),
    (own("a", multi_model=True), "a is for many models at once, so it must be named: runtime: a"),
    (
        ServingRuntime(name="a", namespace="models", formats=(ModelFormat("own", "1"),)),
        "a serves it where it is named: runtime: a",
    ),
    (own("a", protocols=("v2",)), ""),
    (replace(own("a", disabled=True), formats=(ModelFormat("other", "1"),)), ""),
]


@pytest.mark.parametrize(("runtime", "expected"), ALMOST)
def test_a_runtime_that_one_thing_of_its_own_keeps_is_named(runtime: ServingRuntime, expected: str) -> None:
    assert almost(choose(OWN, runtime)) == expected


CHOSEN = [
    (OWN._replace(runtime="a"), (own("a"),), "the model names it"),
    (OWN, (), "no runtime serves own with protocol v1"),
    (OWN._replace(multi_node=True, version="2"), (), "no runtime serves own:2 with protocol v1 and workers"),
    (OWN, (own("a"),), "it serves own with protocol v1, as the only one"),
    (OWN, (own("a", 2), own("b", 1)), "it serves own with protocol v1, and goes before the others that would"),
    (
        OWN,
        (own("a", 1), own("b", 1), own("c", 1)),
        "it serves own with protocol v1; b, c would do as well, and the youngest of them is taken",
    ),
]


@pytest.mark.parametrize(("request_", "runtimes", "expected"), CHOSEN)
def test_how_a_request_came_to_its_runtime(
    request_: Request, runtimes: tuple[ServingRuntime, ...], expected: str
) -> None:
    assert why_chosen(choose(request_, *runtimes)) == expected


def test_what_keeps_the_others() -> None:
    fitting = (own("a", 2), own("b", 1), own("c"), replace(own("d", 2), namespace=""))
    kept = (own("e", disabled=True), replace(own("f"), formats=(ModelFormat("other", "1"),)))
    assert why_not(choose(OWN, *fitting, *kept)) == (
        ("b", "would do, with priority 1 against 2"),
        ("c", "would do, with priority none against 2"),
        ("d", "would do, but runtimes of the namespace go first"),
        ("e", "is disabled"),
    )


REASONS = {
    Obstacle.ABSENT: "is not there",
    Obstacle.DISABLED: "is disabled",
    Obstacle.PROTOCOL: "speaks v1, v2, not grpc-v2",
    Obstacle.FORMAT: "does not serve own",
    Obstacle.VERSION: "serves own 2.1, not 7",
    Obstacle.NOT_AUTOMATIC: "is chosen only where it is named (autoSelect is not true)",
    Obstacle.MULTI_MODEL: "is for many models at once (multiModel)",
    Obstacle.SINGLE_NODE: "has no workerSpec, the model has one",
    Obstacle.MULTI_NODE: "has a workerSpec, the model has none",
    Obstacle.NO_WORKER: "has no container worker-container among its workers",
    Obstacle.NO_CONTAINER: "has no container kserve-container",
}


@pytest.mark.parametrize("obstacle", Obstacle)
def test_each_obstacle_has_a_clause(obstacle: Obstacle) -> None:
    asked = choose(OWN._replace(version="7", protocol="grpc-v2"))
    assert obstacle_reason(own("a", protocols=("v1", "v2")), obstacle, asked) == REASONS[obstacle]


def test_a_runtime_without_a_version_says_so() -> None:
    unversioned = replace(own("a"), formats=(ModelFormat("own", ""),))
    assert obstacle_reason(unversioned, Obstacle.VERSION, choose(OWN._replace(version="7"))) == (
        "serves own without a version, not 7"
    )
