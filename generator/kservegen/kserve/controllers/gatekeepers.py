"""Webhooks of other projects that judge what KServe writes: a made object in, what they refuse in it out.

A cluster may run without them - those that the records of `simulate` come from do - so what is made is shown as the API
server alone takes it, and a rule asks here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.problem import Problem
from kservegen.kubernetes.fields import BrokenLaw
from kservegen.kubernetes.knative_services import validate_knative_service


class WebhookRefusal(NamedTuple):
    """Whose webhook refuses an object, and what in it; the path is one of the made object."""

    who: str
    problem: Problem


def webhook_refusals(made: JsonObject) -> Iterator[WebhookRefusal]:
    """Say what the webhook of a made object's own project refuses in it; nothing for kinds of no such project."""
    who, validate = _LAWS.get((text(made.get("apiVersion")), text(made.get("kind"))), ("", None))
    if validate is not None:
        yield from (WebhookRefusal(who, broken.problem) for broken in validate(made))


# Triggers that read what the pods themselves use: without a pod they never fire.
_OF_PODS: Final = frozenset({"cpu", "memory"})


def _scaled_object(doc: JsonObject) -> Iterator[BrokenLaw]:
    """Check that something triggers while no pod runs.

    Source: verifyCPUMemoryScalers in apis/keda/v1alpha1/scaledobject_webhook.go of kedacore/keda v2.17. Whether the
    containers request what is measured depends on the namespace's LimitRanges, too.
    """
    spec = mapping(doc.get("spec"))
    triggers = sequence(spec.get("triggers"))
    if triggers and not spec.get("minReplicaCount") and all(mapping(item).get("type") in _OF_PODS for item in triggers):
        message = "triggers of cpu and memory alone never start a first pod: scale to zero does not work with them"
        yield BrokenLaw("scaled-object", Problem(("spec", "minReplicaCount"), message, "0", "1 and more"))


_LAWS: Final[dict[tuple[str, str], tuple[str, Callable[[JsonObject], Iterator[BrokenLaw]]]]] = {
    ("keda.sh/v1alpha1", "ScaledObject"): ("KEDA", _scaled_object),
    ("serving.knative.dev/v1", "Service"): ("Knative", validate_knative_service),
}
