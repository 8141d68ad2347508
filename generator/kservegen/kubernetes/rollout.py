"""How many pods a Deployment has while a new version comes up: its strategy and its replicas in, pods beside them out.

Source: MaxSurge and MaxUnavailable in pkg/controller/deployment/util/deployment_util.go of Kubernetes 1.34: of a share,
extra pods are rounded up, pods that may be missing are rounded down.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kservegen.core.document import integer, mapping
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.values import whole_number

_USUAL: Final = 25  # percent, which the API server fills in for either


class Rollout(NamedTuple):
    """Pods that come up beside the old ones, and old ones that may go before a new one is ready."""

    surge: int
    unavailable: int


def deployment_rollout(strategy: JsonObject, replicas: int) -> Rollout:
    """Say how a Deployment of so many replicas rolls; a Recreate takes all pods away before it makes new ones."""
    if strategy.get("type") == "Recreate":
        return Rollout(0, replicas)
    steps = mapping(strategy.get("rollingUpdate"))
    surge, unavailable = (_hundredths(steps.get(field), replicas) for field in ("maxSurge", "maxUnavailable"))
    return Rollout(-(-surge // 100), unavailable // 100)


def _hundredths(given: JsonValue, replicas: int) -> int:
    """Return a hundred times the pods that a number or a percentage of replicas stands for."""
    number = integer(given)
    if number is not None:
        return 100 * number
    percent = whole_number(given[:-1]) if isinstance(given, str) and given.endswith("%") else None
    return (_USUAL if percent is None else percent) * replicas
