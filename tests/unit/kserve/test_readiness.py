"""What objects of KServe's and their pods say of themselves: Ready or not, since when, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.readiness import readiness_of
from kservegen.kubernetes.pod_state import pod_trouble

WORDS = ("conditions", "type", "status", "reason", "modelStatus", "state", "waiting", "annotations", "phase", "Ready")
# name -> (conditions as type: (status, reason, message), whether Ready, the reasons)
SAID: dict[str, tuple[dict[str, tuple[str, str, str]], bool | None, list[str]]] = {
    "ready": ({"PredictorReady": ("True", "", ""), "Ready": ("True", "", "")}, True, []),
    "what sums up says nothing more": (
        {
            "PredictorReady": ("False", "MinimumReplicasUnavailable", "no pod"),
            "IngressReady": ("False", "", ""),
            "Ready": ("False", "MinimumReplicasUnavailable", "no pod"),
        },
        False,
        ["PredictorReady/MinimumReplicasUnavailable/no pod"],
    ),
    "false comes before unknown": (
        {
            "MainWorkloadReady": ("Unknown", "Progressing", ""),
            "HTTPRoutesReady": ("False", "RefsInvalid", "no Gateway"),
            "Ready": ("Unknown", "", ""),
        },
        None,
        ["HTTPRoutesReady/RefsInvalid/no Gateway"],
    ),
    "unknown where nothing failed": (
        {"MainWorkloadReady": ("Unknown", "Progressing", ""), "Ready": ("Unknown", "", "")},
        None,
        ["MainWorkloadReady/Progressing/"],
    ),
    "what sums up with the words of another": (
        {
            "MainWorkloadReady": ("False", "MinimumReplicasUnavailable", "no pod"),
            "Ready": ("False", "MinimumReplicasUnavailable", "no pod"),
            "WorkloadsReady": ("False", "MinimumReplicasUnavailable", "no pod"),
        },
        False,
        ["MainWorkloadReady/MinimumReplicasUnavailable/no pod"],
    ),
    "a sum alone": ({"RouterReady": ("Unknown", "", ""), "Ready": ("Unknown", "", "")}, None, ["RouterReady//"]),
    "no part of Ready": (
        {"CanaryPredictorReady": ("False", "X", ""), "Stopped": ("False", "", ""), "Ready": ("True", "", "")},
        True,
        [],
    ),
    "presets": (
        {"PresetsCombined": ("False", "CombineBaseError", "no base"), "Ready": ("Unknown", "", "")},
        None,
        ["PresetsCombined/CombineBaseError/no base"],
    ),
    "Ready alone": ({"Ready": ("False", "Odd", "words")}, False, ["Ready/Odd/words"]),
    "Ready alone, with no word": ({"Ready": ("False", "", "")}, False, []),
}


def status(conditions: dict[str, tuple[str, str, str]], **more: object) -> dict[str, Any]:
    listed = [{"type": t, "status": s, "reason": r, "message": m} for t, (s, r, m) in conditions.items()]
    return {"metadata": {"generation": 2}, "status": {"conditions": listed, **more}}


@pytest.mark.parametrize("name", SAID)
def test_conditions(name: str) -> None:
    conditions, ready, reasons = SAID[name]
    found = readiness_of(status(conditions))
    assert (found.ready, ["/".join(reason) for reason in found.reasons]) == (ready, reasons)


def test_a_model_that_cannot_be_loaded_says_why() -> None:
    failure = {"reason": "ModelLoadFailed", "message": "no such file"}
    model = {"transitionStatus": "BlockedByFailedLoad", "lastFailureInfo": failure}
    found = readiness_of(status({"PredictorReady": ("False", "x", "")}, modelStatus=model))
    assert found.reasons[-1] == ("modelStatus", "ModelLoadFailed", "no such file")
    model["transitionStatus"] = "UpToDate"  # an old failure
    found = readiness_of(status({"PredictorReady": ("False", "x", "")}, modelStatus=model))
    assert [reason.type for reason in found.reasons] == ["PredictorReady"]


@pytest.mark.parametrize(("observed", "looked"), [(1, False), (2, True), (3, True), (None, True), ("2", True)])
def test_generations(observed: object, looked: bool) -> None:
    assert readiness_of(status({"Ready": ("True", "", "")}, observedGeneration=observed)).is_observed is looked


@pytest.mark.parametrize(
    ("said", "when"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02", None),
        ("soon", None),
        (None, None),
    ],
)
def test_since(said: object, when: datetime | None) -> None:
    condition: Any = {"type": "Ready", "status": "True", "lastTransitionTime": said}
    assert readiness_of({"status": {"conditions": [condition, "odd", None]}}).since == when


def container(**state: object) -> dict[str, Any]:
    return {"containerStatuses": [{"name": "main", "state": state}]}


# name -> (status, reason and message; None where nothing is wrong)
PODS: dict[str, tuple[dict[str, Any], tuple[str, str] | None]] = {
    "well": ({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}, None),
    "done": ({"phase": "Succeeded", "conditions": [{"type": "Ready", "status": "False"}]}, None),
    "evicted": ({"phase": "Failed", "reason": "Evicted", "message": "low on memory"}, ("Evicted", "low on memory")),
    "no node": (
        {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3"}]},
        ("Unschedulable", "0/3"),
    ),
    "no image": (
        container(waiting={"reason": "ImagePullBackOff", "message": "Back-off pulling image"}),
        ("ImagePullBackOff", "main: Back-off pulling image"),
    ),
    "begins": (container(waiting={"reason": "PodInitializing"}), None),
    "ended": (
        container(terminated={"exitCode": 1, "reason": "Error"}),
        ("Error", "main: ended with exit code 1, Error"),
    ),
    "an init container first": (
        {
            "initContainerStatuses": [
                {"name": "storage-initializer", "state": {"terminated": {"exitCode": 1, "message": "404 Not Found\n"}}}
            ],
            **container(waiting={"reason": "PodInitializing"}),
        },
        ("Error", "storage-initializer: ended with exit code 1, 404 Not Found"),
    ),
    "runs and does not answer": (
        {
            **container(running={}),
            "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "main"}],
        },
        ("ContainersNotReady", "main"),
    ),
    "of no shape": ({"containerStatuses": [3, {"state": "x"}], "conditions": "no"}, None),
}


@pytest.mark.parametrize("name", PODS)
def test_pods(name: str) -> None:
    said, trouble = PODS[name]
    found = pod_trouble({"metadata": {"name": "p"}, "status": said})
    assert (found[1:] if found is not None else None) == trouble


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=4), inner),
    max_leaves=12,
)


@given(anything)
def test_no_shape_of_a_status_breaks_anything(said: JsonValue) -> None:
    docs: tuple[JsonObject, ...] = (
        {"status": said, "metadata": said},
        {"status": {"conditions": said, "containerStatuses": said}},
    )
    for doc in docs:
        assert readiness_of(doc).ready in (None, True, False)
        pod_trouble(doc)
