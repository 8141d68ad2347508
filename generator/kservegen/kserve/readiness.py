"""An object of KServe's as a cluster holds it in; whether it is Ready, since when, and why not, out.

Ready of an InferenceService sums up PredictorReady and IngressReady, of an LLMInferenceService WorkloadsReady and
RouterReady, which sum up others in turn (pkg/apis/serving/v1beta1/inference_service_status.go,
pkg/apis/serving/v1alpha2/llm_inference_service_lifecycle.go). The controller's observedGeneration may run ahead of
the object's generation, and is behind it only before the controller has looked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from kservegen.core.document import integer, mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.kubernetes.conditions import conditions_by_type

STOP_ANNOTATION: Final = "serving.kserve.io/stop"
_READY: Final = "Ready"
# What is said beside Ready and takes no part in it.
_ADVISORY: Final = frozenset(
    {"CanaryPredictorReady", "GroupReady", "LatestDeploymentReady", "OciImageVolumeCompatible", _READY}
)
# What sums up others, with the words of the first that is not True.
_SUMS: Final = frozenset({"RouterReady", "WorkloadsReady"})
_STUCK: Final = frozenset({"BlockedByFailedLoad", "InvalidSpec"})


class ReadyReason(NamedTuple):
    """Why something is not Ready: a condition's type (or what else says it), its reason and message; blank for none."""

    type: str
    reason: str
    message: str


class Readiness(NamedTuple):
    """What an object says of itself. `ready` is None where its controller has not said, or does not know yet.

    `since` is when that last changed, None where it is not told. `is_observed` tells whether the controller has looked
    at the object as it is, `is_stopped` that it is not to run.
    """

    ready: bool | None
    since: datetime | None
    reasons: tuple[ReadyReason, ...]
    is_observed: bool
    is_stopped: bool


def readiness_of(doc: JsonObject) -> Readiness:
    """Read the status of an object, which may have any shape."""
    metadata, status = mapping(doc.get("metadata")), mapping(doc.get("status"))
    conditions = conditions_by_type(status)
    said = mapping(conditions.get(_READY))
    ready = {"True": True, "False": False}.get(text(said.get("status")))
    observed, generation = integer(status.get("observedGeneration")), integer(metadata.get("generation"))
    stop = text(mapping(metadata.get("annotations")).get(STOP_ANNOTATION))
    return Readiness(
        ready=ready,
        since=read_time(text(said.get("lastTransitionTime"))),
        reasons=() if ready else tuple(dict.fromkeys(_reasons(conditions, status))),
        is_observed=observed is None or generation is None or observed >= generation,
        is_stopped=stop.lower() == "true",
    )


def _reasons(conditions: dict[str, JsonObject], status: JsonObject) -> Iterator[ReadyReason]:
    """Yield what keeps an object from being Ready: conditions that are False, or else those that are not known."""
    told = [
        (text(item.get("status")), ReadyReason(name, text(item.get("reason")), text(item.get("message"))))
        for name, item in conditions.items()
        if name.endswith((_READY, "Combined", "Available")) and name not in _ADVISORY
    ]
    failed = [reason for state, reason in told if state == "False"]
    waiting = failed or [reason for state, reason in told if state == "Unknown"]
    waiting = [reason for reason in waiting if reason.type not in _SUMS] or waiting
    # Those without a word of their own only sum up, or wait for, the others.
    yield from [reason for reason in waiting if reason.reason or reason.message] or waiting
    own = mapping(conditions.get(_READY))
    if not told and (own.get("reason") or own.get("message")):
        yield ReadyReason(_READY, text(own.get("reason")), text(own.get("message")))
    if not conditions:
        yield ReadyReason("status", "", "its controller has written none")
    model = mapping(status.get("modelStatus"))
    failure = mapping(model.get("lastFailureInfo"))
    if text(model.get("transitionStatus")) in _STUCK and failure:
        yield ReadyReason("modelStatus", text(failure.get("reason")), text(failure.get("message")))


def read_time(said: str) -> datetime | None:
    """Read a time as Kubernetes writes it, with its zone; None for what is none."""
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
