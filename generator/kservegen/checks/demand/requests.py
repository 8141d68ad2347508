"""What the scheduler counts for a pod: the pod's fields in, its requests out.

The law is `PodRequests` of k8s.io/component-helpers v0.34 (resource/helpers.go): the containers together, or the
largest moment of the init containers, whichever is more; a request that is not stated is the limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Final, TypeAlias

from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.quantity import parse_quantity

# Amounts by resource name; whole numbers of devices, cores, bytes.
Requests: TypeAlias = dict[str, Fraction]

NO_AMOUNTS: Final[Requests] = {}


def amounts(side: JsonValue) -> Requests:
    """Read one side of `resources`; what is no quantity has a finding elsewhere and counts as nothing."""
    found: Requests = {}
    for name, value in mapping(side).items():
        amount = _amount(value) if isinstance(value, (str, int, float)) else None
        if amount is not None:
            found[name] = amount
    return found


@lru_cache(maxsize=4096, typed=True)
def _amount(value: str | float) -> Fraction | None:
    quantity = parse_quantity(value)
    return None if quantity is None else quantity.value


def container_requests(resources: JsonValue, defaults: Mapping[str, Fraction] = NO_AMOUNTS) -> Requests:
    """Return what one container requests: what it says, or else its limits, or else what its namespace gives it."""
    both = mapping(resources)
    return {**defaults, **amounts(both.get("limits")), **amounts(both.get("requests"))}


def add(*parts: Mapping[str, Fraction]) -> Requests:
    """Sum requests."""
    total: Requests = {}
    for part in parts:
        if not total:
            total.update(part)
            continue
        for name, amount in part.items():
            total[name] = total[name] + amount if name in total else amount
    return total


def largest(*parts: Mapping[str, Fraction]) -> Requests:
    """Return the larger of each resource."""
    most: Requests = {}
    for part in parts:
        if not most:
            most.update(part)
            continue
        for name, amount in part.items():
            most[name] = max(most[name], amount) if name in most else amount
    return most


def pod_requests(spec: JsonObject, defaults: Mapping[str, Fraction] = NO_AMOUNTS) -> Requests:
    """Return what the scheduler counts for a pod; `defaults` are what a LimitRange gives where nothing is said."""
    running = add(*(_of_container(item, defaults) for item in sequence(spec.get("containers"))))
    beside: Requests = {}
    peak: Requests = {}
    for item in sequence(spec.get("initContainers")):
        own = _of_container(item, defaults)
        if mapping(item).get("restartPolicy") == "Always":
            beside = add(beside, own)
            peak = largest(peak, beside)
        else:
            peak = largest(peak, add(beside, own))
    counted = largest(add(running, beside), peak)
    counted.update(container_requests(spec.get("resources")))  # pod-level resources stand for all of it
    return add(counted, amounts(spec.get("overhead")))


def _of_container(item: JsonValue, defaults: Mapping[str, Fraction]) -> Requests:
    return container_requests(mapping(item).get("resources"), defaults)
