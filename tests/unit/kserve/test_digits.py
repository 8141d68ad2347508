"""Python makes no integer of more than 4,300 digits; what Go cannot hold either is no number, or one too many."""

from __future__ import annotations

from typing import Final

import pytest
from tests.support.platforms import RELEASES

from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.controllers.knative import drop_initial_scale
from kservegen.kserve.controllers.llm.scheduler_config import SchedulerVersion, scheduler_version
from kservegen.kserve.llm_laws import LLM_LAWS
from kservegen.kubernetes.knative_annotations import revision_annotations

_NINES: Final = "9" * 5000
_ZEROS: Final = "0" * 5000
_STUCK: Final = "this would prevent any rolling update progress"
_SCALE: Final = "autoscaling.knative.dev/initial-scale"


@pytest.mark.parametrize(
    ("surge", "unavailable", "messages"),
    [
        (f"{_NINES}%", 1, ["must not be greater than 100%"]),
        (f"{_ZEROS}25%", 1, []),
        (f"{_ZEROS}101%", 1, ["must not be greater than 100%"]),
        (f"{_ZEROS}%", 0, [f"maxUnavailable and maxSurge cannot both be zero; {_STUCK}"]),
    ],
)
def test_a_rollout(surge: str, unavailable: int, messages: list[str]) -> None:
    doc: JsonObject = {"spec": {"rolloutStrategy": {"maxSurge": surge, "maxUnavailable": unavailable}}}
    capabilities = RELEASES.get(RELEASES.versions[-1]).capabilities
    assert [problem.message for problem in LLM_LAWS["llm-rollout"](doc, capabilities)] == messages


@pytest.mark.parametrize(("stated", "stays"), [("1", True), (f"{_ZEROS}1", True), (_NINES, False), ("1_0", False)])
def test_a_first_scale(stated: str, stays: bool) -> None:
    annotations: JsonObject = {_SCALE: stated}
    drop_initial_scale(annotations, zero_allowed=False)
    assert (_SCALE in annotations) is stays


@pytest.mark.parametrize(("written", "version"), [("v0.8.1", SchedulerVersion(0, 8, 1)), (f"v0.{_NINES}", None)])
def test_a_schedulers_version(written: str, version: SchedulerVersion | None) -> None:
    assert scheduler_version(written) == version


@pytest.mark.parametrize("name", ["min-scale", "initial-scale", "window", "scale-down-delay"])
@pytest.mark.parametrize("value", [_NINES, f"-{_NINES}", f"{_NINES}s", f"{_NINES}.{_NINES}h"])
def test_an_annotation_of_knative(name: str, value: str) -> None:
    assert len(list(revision_annotations({f"autoscaling.knative.dev/{name}": value}, ()))) == 1


def test_a_fraction_of_any_length() -> None:
    value = f"{_ZEROS}6.{_ZEROS}s"
    assert not list(revision_annotations({"autoscaling.knative.dev/window": value}, ()))
