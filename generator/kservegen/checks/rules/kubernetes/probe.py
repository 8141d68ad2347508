"""A container's probes in; findings out where the API server refuses their handlers or their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, bounded
from kservegen.checks.rules.kubernetes._handlers import handler
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import integer
from kservegen.core.jsontypes import JsonValue
from kservegen.core.problem import Problem

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/probe",
    title="A probe asks in no way, in two ways, or by impossible numbers",
    why="A probe has exactly one of exec, httpGet, tcpSocket and grpc; liveness and startup probes take one success, "
    "and a readiness probe ends no container. The object is admitted, its Deployment is refused.",
    fix="Keep one handler with a port between 1 and 65535, and correct the number that is pointed at.",
    bad="livenessProbe: {httpGet: {path: /healthz, port: 8080}, tcpSocket: {port: 8080}}",
    good="livenessProbe: {httpGet: {path: /healthz, port: 8080}}",
    upstream=SOURCE,
)

_NUMBERS: Final = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_GRACE: Final = "terminationGracePeriodSeconds"


def _judge(value: JsonValue, place: Place) -> Iterator[Problem]:
    if not isinstance(value, dict) or _is_forbidden(place):
        return
    path, kind = place.path, place.path[-1]
    yield from handler(value, path, overlaid=place.overlaid)
    for field in _NUMBERS:
        yield from bounded(value, field, path, 0)
    if kind == "readinessProbe":
        if value.get(_GRACE) is not None:
            yield Problem((*path, _GRACE), f"{_GRACE} must not be set for readinessProbes", str(value[_GRACE]))
        return
    yield from bounded(value, _GRACE, path, 1)
    successes = integer(value.get("successThreshold"))
    if successes is not None and successes > 1:
        yield Problem((*path, "successThreshold"), f"successThreshold of a {kind} must be 1", str(successes), "1")


def _is_forbidden(place: Place) -> bool:
    """Whether it is an init container that ends: another rule says that it has no probes."""
    return place.at is not None and place.at.init and place.container.get("restartPolicy") != "Always"


_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
RULE: Final = Rule(meta=META, kinds=KINDS, container=dict.fromkeys(_PROBES, _judge))
