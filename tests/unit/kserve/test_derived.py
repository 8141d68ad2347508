"""What KServe calls the objects that it makes, held against names that its controllers gave."""

from __future__ import annotations

import pytest

from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.derived import child_name, derived_of, service_of

N, P = "n", "p"
# As KServe v0.19.0's controller named them (conformance/controller.jsonl).
SEEN = [
    (N * 40, "-kserve-router-scheduler", "nnnnnnnb95780628aaca15fd5630654b3b45d4f-kserve-router-scheduler"),
    (N * 40, "-kserve", f"{N * 40}-kserve"),
    (N * 52, "-kserve-router-scheduler", "nnnnnnnbc3e580b84040f80b5cc958bbb82b2a7-kserve-router-scheduler"),
    (P * 57, "-kserve", "ppppppppppppppppppppppppa7406e7aecbe085d4156ab0507c53e16-kserve"),
    (P * 57, "-kserve-prefill", "ppppppppppppppppa7406e7aecbe085d4156ab0507c53e16-kserve-prefill"),
    (P * 58, "-kserve-router-scheduler", "ppppppp35164bf5fe7bbd88a38504bccd2f2833-kserve-router-scheduler"),
]


@pytest.mark.parametrize(("parent", "ending", "name"), SEEN)
def test_names_that_are_too_long_are_hashed(parent: str, ending: str, name: str) -> None:
    assert child_name(parent, ending) == name


MODEL: JsonObject = {"model": {}}
MADE: list[tuple[str, JsonObject, str, dict[str, str]]] = [
    ("InferenceService", {"predictor": MODEL}, "Standard", {"m-predictor": "Deployment"}),
    ("InferenceService", {"predictor": MODEL}, "Knative", {"m-predictor": "Knative"}),
    ("InferenceService", {"predictor": MODEL}, "ModelMesh", {}),
    (
        "InferenceService",
        {"predictor": {**MODEL, "workerSpec": {}}, "transformer": {}},
        "Standard",
        {"m-predictor": "Deployment", "m-transformer": "Deployment", "m-predictor-worker": "Deployment"},
    ),
    ("InferenceGraph", {}, "Standard", {"m": "Deployment"}),
    (
        "LLMInferenceService",
        {"prefill": {"worker": {}}, "router": {"scheduler": {}}},
        "Standard",
        {
            "m-kserve": "Deployment",
            "m-kserve-mn-prefill": "LeaderWorkerSet",
            "m-kserve-router-scheduler": "Deployment",
        },
    ),
    ("LLMInferenceService", {"worker": {}}, "Standard", {"m-kserve-mn": "LeaderWorkerSet"}),
    ("TrainedModel", {}, "Standard", {}),
]


@pytest.mark.parametrize(("kind", "spec", "mode", "workloads"), MADE)
def test_workloads_by_kind_and_mode(kind: str, spec: JsonObject, mode: str, workloads: dict[str, str]) -> None:
    assert {made.name: made.pods for made in derived_of(kind, "m", spec, mode) if made.pods} == workloads


@pytest.mark.parametrize(
    ("kind", "spec", "service"),
    [
        ("InferenceService", {"predictor": MODEL}, ("m-predictor", 80)),
        ("InferenceService", {"predictor": MODEL, "transformer": {}}, ("m-transformer", 80)),
        ("LLMInferenceService", {}, ("m-kserve-workload-svc", 8000)),
        ("InferenceGraph", {}, ("m", 80)),
        ("TrainedModel", {"inferenceService": "host"}, ("host-predictor", 80)),
    ],
)
def test_requests_go_to_one_service(kind: str, spec: JsonObject, service: tuple[str, int]) -> None:
    assert service_of(kind, "m", spec) == service
