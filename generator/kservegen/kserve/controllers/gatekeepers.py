"""Webhooks of other projects that judge what KServe writes: a made object in, what they refuse in it out.

A cluster may run without them - those that the records of `simulate` come from do - so what is made is shown as the API
server alone takes it, and a rule asks here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from kservegen.core.document import text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.problem import Problem
from kservegen.kubernetes.fields import BrokenLaw
from kservegen.kubernetes.knative_services import knative_bounds, validate_knative_service
from kservegen.kubernetes.scaled_objects import validate_scaled_object
from kservegen.kubernetes.worker_sets import validate_worker_set


class WebhookRefusal(NamedTuple):
    """Whose webhook refuses an object, and what in it; the path is one of the made object."""

    who: str
    problem: Problem


def webhook_refusals(made: JsonObject) -> Iterator[WebhookRefusal]:
    """Say what the webhook of a made object's own project refuses in it; nothing for kinds of no such project."""
    who, validate = _LAWS.get((text(made.get("apiVersion")), text(made.get("kind"))), ("", None))
    if validate is not None:
        yield from (WebhookRefusal(who, broken.problem) for broken in validate(made))


def _knative_service(service: JsonObject) -> Iterator[BrokenLaw]:
    yield from validate_knative_service(service)
    yield from knative_bounds(service)


_LAWS: Final[dict[tuple[str, str], tuple[str, Callable[[JsonObject], Iterator[BrokenLaw]]]]] = {
    ("keda.sh/v1alpha1", "ScaledObject"): ("KEDA", validate_scaled_object),
    ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet"): ("LeaderWorkerSet's webhook", validate_worker_set),
    ("serving.knative.dev/v1", "Service"): ("Knative", _knative_service),
}
