"""LeaderWorkerSets in; what their project's webhook refuses in them out.

The law is `ValidateCreate` of pkg/webhooks/leaderworkerset_webhook.go of sigs.k8s.io/lws v0.8, after its defaults and
those of the kind's definition. Updates are not looked at: what it refuses of these, a subgroup that comes, goes or
changes its size, `kserve/llm-size-change` tells. A test holds this module against the webhook's own code.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from kservegen.core.document import integer, mapping
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem
from kservegen.core.values import percent
from kservegen.kubernetes.fields import BrokenLaw, bounded
from kservegen.kubernetes.metadata import validate_metadata

_MOST_PODS: Final = 2**31 - 1
_WHOLE: Final = 100
_SUBGROUP_TOPOLOGY: Final = "leaderworkerset.sigs.k8s.io/subgroup-exclusive-topology"


def validate_worker_set(worker_set: JsonObject) -> Iterator[BrokenLaw]:
    """Check a LeaderWorkerSet that is to be created, whose values have the types of its definition."""
    yield from validate_metadata("LeaderWorkerSet", worker_set.get("metadata"))
    spec, path = mapping(worker_set.get("spec")), ("spec",)
    replicas = _number(spec.get("replicas"), 1)
    for problem in chain(
        _counts(spec, replicas, path),
        _rollout(mapping(spec.get("rolloutStrategy")), replicas, (*path, "rolloutStrategy")),
        _subgroups(worker_set, mapping(spec.get("leaderWorkerTemplate")), (*path, "leaderWorkerTemplate")),
    ):
        yield BrokenLaw("worker-set", problem)


def _number(value: JsonValue, default: int) -> int:
    found = integer(value)
    return default if found is None else found


def _counts(spec: JsonObject, replicas: int, path: Path) -> Iterator[Problem]:
    group = mapping(spec.get("leaderWorkerTemplate"))
    size = _number(group.get("size"), 1)
    yield from bounded(spec, "replicas", path, 0)
    yield from bounded(group, "size", (*path, "leaderWorkerTemplate"), 1)
    if replicas * size > _MOST_PODS:
        message = f"{replicas} replicas of {size} pods are more than the {_MOST_PODS} that there may be"
        yield Problem((*path, "replicas"), message, str(replicas))


def _rollout(strategy: JsonObject, replicas: int, path: Path) -> Iterator[Problem]:
    rolling, at = mapping(strategy.get("rollingUpdateConfiguration")), (*path, "rollingUpdateConfiguration")
    amounts = {"maxUnavailable": rolling.get("maxUnavailable", 1), "maxSurge": rolling.get("maxSurge", 0)}
    for field, amount in amounts.items():
        share = percent(amount) if isinstance(amount, str) else None
        if isinstance(amount, str) and share is None:
            yield Problem((*at, field), f"{field} is neither a number nor a percentage", amount, "such as 1 or 25%")
        elif share is not None and share > _WHOLE:
            yield Problem((*at, field), f"{field} must not be greater than 100%", str(amount))
    for field in (*amounts, "partition"):
        yield from bounded(rolling, field, at, 0)
    # A share of the groups is rounded down where they go, up where they come.
    unavailable = _scaled(amounts["maxUnavailable"], replicas, 0)
    if replicas and unavailable == 0 and _scaled(amounts["maxSurge"], replicas, _WHOLE - 1) == 0:
        message = "maxUnavailable must not be 0 when maxSurge is 0"
        yield Problem((*at, "maxUnavailable"), message, str(amounts["maxUnavailable"]))


def _scaled(amount: JsonValue, replicas: int, rest: int) -> int:
    """Return how many groups an amount is; none where it cannot be read."""
    share = percent(amount) if isinstance(amount, str) else None
    return _number(amount, 0) if share is None else (share * replicas + rest) // _WHOLE


def _subgroups(worker_set: JsonObject, group: JsonObject, path: Path) -> Iterator[Problem]:
    policy, size = group.get("subGroupPolicy"), _number(group.get("size"), 1)
    if not isinstance(policy, dict):
        annotations = mapping(mapping(worker_set.get("metadata")).get("annotations"))
        if _SUBGROUP_TOPOLOGY in annotations:
            where = ("metadata", "annotations", _SUBGROUP_TOPOLOGY)
            yield Problem(where, "a topology of subgroups needs subGroupPolicy.subGroupSize", at_key=True)
        return
    part, at = integer(policy.get("subGroupSize")), (*path, "subGroupPolicy", "subGroupSize")
    if part is None:
        yield Problem((*path, "subGroupPolicy"), "the webhook fails for want of subGroupSize")
    elif part < 1:
        yield Problem(at, "subGroupSize must be 1 and more", str(part), "1 and more")
    elif part > size:
        yield Problem(at, f"subGroupSize is larger than the group, which has {size} pods", str(part), f"1 to {size}")
    elif size % part and (size - 1) % part:
        yield Problem(at, f"neither the {size} pods of a group nor those without its leader divide by it", str(part))
    elif policy.get("subGroupPolicyType") == "LeaderExcluded" and (size - 1) % part:
        yield Problem(at, f"with LeaderExcluded the {size - 1} pods beside the leader must divide by it", str(part))
