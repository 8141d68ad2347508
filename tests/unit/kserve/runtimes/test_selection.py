"""Which runtime serves a model: the chart's runtimes against the table of what KServe chooses among them."""

from __future__ import annotations

import pytest
from tests.support.platforms import reference, release

from kservegen.kserve.charts.runtimes import ModelFormat
from kservegen.kserve.runtimes.runtime import ServingRuntime, of_document
from kservegen.kserve.runtimes.selection import Obstacle, Request, select

PROTOCOLS = ("v1", "v2", "grpc-v1", "grpc-v2")
# format and version, then the short names of the runtimes for each protocol, blank where none serves.
CHOSEN = [
    ("sklearn", None, "sklearnserver mlserver - -"),
    ("sklearn", "1", "sklearnserver mlserver - -"),
    ("sklearn", "0", "- mlserver - -"),
    ("sklearn", "1.3", "- - - -"),
    ("xgboost", None, "xgbserver mlserver - -"),
    ("xgboost", "2", "xgbserver mlserver - -"),
    ("xgboost", "1", "- mlserver - -"),
    ("lightgbm", "4", "lgbserver mlserver - -"),
    ("lightgbm", "3", "- mlserver - -"),
    ("mlflow", None, "- mlserver - -"),
    ("tensorflow", "1", "tensorflow-serving tritonserver tensorflow-serving tritonserver"),
    ("tensorflow", None, "tensorflow-serving tritonserver tensorflow-serving tritonserver"),
    ("pytorch", "1", "torchserve torchserve - torchserve"),
    ("onnx", None, "- tritonserver - tritonserver"),
    ("tensorrt", "8", "- tritonserver - tritonserver"),
    ("triton", "2", "- tritonserver - tritonserver"),
    ("paddle", "2", "paddleserver paddleserver - -"),
    ("pmml", "3", "pmmlserver pmmlserver - -"),
    ("huggingface", None, "huggingfaceserver huggingfaceserver - -"),
    ("SKLearn", None, "- - - -"),
    ("vLLM", None, "- - - -"),
]


def choose(request: Request, *own: ServingRuntime, version: str = "v0.19.0") -> str:
    selection = select(request, (*own, *reference(version).runtimes.values()), release(version))
    return selection.chosen.name.removeprefix("kserve-") if selection.chosen else "-"


@pytest.mark.parametrize(("name", "version", "expected"), CHOSEN)
@pytest.mark.parametrize("kserve_version", ["v0.19.0", "v0.20.0"])
def test_the_charts_runtimes(name: str, version: str | None, expected: str, kserve_version: str) -> None:
    if name == "vLLM" and kserve_version == "v0.20.0":
        expected = "vllmserver vllmserver vllmserver vllmserver"
    found = [choose(Request(name, version, protocol), version=kserve_version) for protocol in PROTOCOLS]
    assert found == expected.split()


@pytest.mark.parametrize(
    ("request_", "version", "expected"),
    [
        (Request("sklearn"), "v0.19.0", "sklearnserver"),
        (Request("onnx"), "v0.19.0", "-"),
        (Request("triton"), "v0.19.0", "tritonserver"),
        (Request("vLLM"), "v0.20.0", "vllmserver"),
        (Request("huggingface", multi_node=True), "v0.19.0", "huggingfaceserver-multinode"),
        (Request("sklearn", multi_node=True), "v0.19.0", "-"),
        (Request("sklearn", ""), "v0.19.0", "-"),
    ],
)
def test_without_a_protocol(request_: Request, version: str, expected: str) -> None:
    assert choose(request_, version=version) == expected


def runtime(name: str, priority: int | None = None, namespace: str = "models", **changes: object) -> ServingRuntime:
    formats = (ModelFormat("sklearn", "1", priority, auto_select=True),)
    return ServingRuntime(name=name, namespace=namespace, formats=formats, **changes)  # type: ignore[arg-type]


ASKED = Request("sklearn", namespace="models")


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ((runtime("a"),), "a"),  # the namespace's goes before the cluster's, without a priority too
        ((runtime("a", namespace="elsewhere"),), "sklearnserver"),
        ((runtime("a"), runtime("b", 1)), "b"),
        ((runtime("a", 1), runtime("b", 2)), "b"),
        ((runtime("a", disabled=True),), "sklearnserver"),
        ((runtime("a", multi_model=True),), "sklearnserver"),
        ((runtime("a", protocols=("v2",)),), "sklearnserver"),
        ((runtime("a", workers=("worker-container",)),), "sklearnserver"),
        ((runtime("a", containers=("main",)),), "-"),  # chosen, then found to be useless
        ((runtime("a", 9, namespace=""),), "a"),
    ],
)
def test_own_runtimes(own: tuple[ServingRuntime, ...], expected: str) -> None:
    assert choose(ASKED, *own) == expected


def test_equals_are_told() -> None:
    selection = select(ASKED, (runtime("b", 1), runtime("a", 1), runtime("c")), release())
    assert selection.chosen is not None
    assert selection.chosen.name == "a"
    assert [other.name for other in selection.contested] == ["b"]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (ASKED._replace(runtime="nope"), Obstacle.ABSENT),
        (ASKED._replace(runtime=""), Obstacle.ABSENT),
        (ASKED._replace(runtime="kserve-mlserver"), None),
        (ASKED._replace(runtime="kserve-mlserver", protocol="v1"), Obstacle.PROTOCOL),
        (ASKED._replace(runtime="kserve-mlserver", protocol=""), None),
        (ASKED._replace(runtime="kserve-predictiveserver"), None),
        (ASKED._replace(runtime="kserve-xgbserver"), Obstacle.FORMAT),
        (ASKED._replace(runtime="kserve-sklearnserver", version="1.3"), Obstacle.VERSION),
        (ASKED._replace(runtime="kserve-sklearnserver", multi_node=True), Obstacle.SINGLE_NODE),
        (Request("huggingface", runtime="kserve-huggingfaceserver-multinode"), None),
    ],
)
def test_a_named_runtime(request_: Request, expected: Obstacle | None) -> None:
    selection = select(request_, reference("v0.19.0").runtimes.values(), release())
    assert selection.obstacle is expected
    assert (selection.chosen is None) == (expected is not None)


def test_a_runtime_is_read_from_its_object() -> None:
    doc = {
        "metadata": {"name": "own"},
        "spec": {
            "supportedModelFormats": [{"name": "x", "version": "1", "priority": 2, "autoSelect": True}, {"name": "y"}],
            "protocolVersions": ["v2"],
            "multiModel": True,
            "disabled": True,
            "containers": [{"name": "kserve-container", "resources": {"limits": {"cpu": 2}}}],
            "workerSpec": {"containers": [{"name": "worker-container"}]},
        },
    }
    assert of_document(doc, namespace="models") == ServingRuntime(  # type: ignore[arg-type]
        name="own",
        namespace="models",
        formats=(ModelFormat("x", "1", 2, auto_select=True), ModelFormat("y", "")),
        protocols=("v2",),
        disabled=True,
        multi_model=True,
        containers=("kserve-container",),
        workers=("worker-container",),
        amounts={"requests": {}, "limits": {"cpu": 2}},
    )
