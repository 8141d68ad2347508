"""A pod and a pool in; what keeps the pod off every node of the pool, even an empty one, out.

The filters are the scheduler's NodeResourcesFit, NodeAffinity and TaintToleration (kube-scheduler v1.34).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from kservegen.checks.placement.labels import IsOpen, LabelRequirement, equalities, expressions
from kservegen.checks.placement.pools import HOSTNAME, Pool, PoolAmounts, Taint
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path

Filter: TypeAlias = Literal["resource", "selector", "affinity", "taint"]

# Labels that the kubelet or the cloud puts on nodes; a pool that does not state them has them nevertheless.
_WELL_KNOWN: Final = ("kubernetes.io/", "beta.kubernetes.io/", "topology.kubernetes.io/", "node.kubernetes.io/")


class NodeBlock(Struct, frozen=True):
    """One reason why no node of a pool takes a pod.

    `at` is the path below the pod's own to what asks for it. Not `sure` is what rests on something that the pool does
    not state: a label, or a taint that is only supposed.
    """

    filter: Filter
    at: Path
    needs: str
    has: str
    sure: bool = True
    resource: str = ""


def blocks(pod: JsonObject, need: PoolAmounts, pool: Pool) -> Iterator[NodeBlock]:
    """List what keeps a pod off a pool; nothing where an empty node takes it."""
    yield from _resources(need, pool)
    yield from word_blocks(pod, need, pool)


def word_blocks(pod: JsonObject, need: PoolAmounts, pool: Pool) -> Iterator[NodeBlock]:
    """List what keeps a pod off a pool by what it says of nodes; of what it needs, only the pool's device is asked."""
    yield from _selector(pod, pool)
    yield from _affinity(pod, pool)
    yield from _untolerated(pod, need, pool)


def _resources(need: PoolAmounts, pool: Pool) -> Iterator[NodeBlock]:
    for name, amount in need.items():
        offered = pool.offers(name)
        if offered is not None and amount > offered:
            yield NodeBlock("resource", (), str(amount), str(offered), resource=name)


def _selector(pod: JsonObject, pool: Pool) -> Iterator[NodeBlock]:
    for item in equalities(pod.get("nodeSelector")):
        if not item.holds(pool.labels, _is_well_known):
            known = item.key in pool.labels
            has = f"{item.key}: {pool.labels[item.key]}" if known else f"no {item.key}"
            wanted = f"{item.key}: {next(iter(item.values))}"
            yield NodeBlock("selector", ("nodeSelector", item.key), wanted, has, sure=known)


def _is_well_known(key: str) -> bool:
    return key.startswith(_WELL_KNOWN) and key != HOSTNAME


def _is_any(_: str) -> bool:
    return True


def _affinity(pod: JsonObject, pool: Pool) -> Iterator[NodeBlock]:
    if matches_affinity(pod, pool, _is_well_known):
        return
    at: Path = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    has = ", ".join(f"{key}: {value}" for key, value in pool.labels.items()) or "no labels"
    yield NodeBlock("affinity", at, "its nodeAffinity", has, sure=not matches_affinity(pod, pool, _is_any))


def matches_affinity(pod: JsonObject, pool: Pool, is_open: IsOpen) -> bool:
    """Whether nodes of a pool satisfy the required node affinity: one of its terms, whole."""
    affinity = mapping(mapping(pod.get("affinity")).get("nodeAffinity"))
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not isinstance(required, dict):
        return True
    return any(_term_holds(mapping(term), pool, is_open) for term in sequence(required.get("nodeSelectorTerms")))


def _term_holds(term: JsonObject, pool: Pool, is_open: IsOpen) -> bool:
    if not term.get("matchExpressions") and not term.get("matchFields"):
        return False  # an empty term matches nothing
    by_field = [item._replace(key=HOSTNAME) for item in expressions(term.get("matchFields"))]
    asked: list[LabelRequirement] = [*expressions(term.get("matchExpressions")), *by_field]
    return all(item.holds(pool.labels, is_open) for item in asked)


def selects(pod: JsonObject, pool: Pool) -> bool:
    """Whether the pod's own selector and affinity point at the pool."""
    if not matches_affinity(pod, pool, _is_well_known):
        return False
    return all(item.holds(pool.labels, _is_well_known) for item in equalities(pod.get("nodeSelector")))


def _untolerated(pod: JsonObject, need: PoolAmounts, pool: Pool) -> Iterator[NodeBlock]:
    for taint in pool.taints:
        if not tolerates(pod, taint):
            # Clouds add the toleration to pods that ask for the device; only a stated taint is sure to keep those off.
            sure = not (pool.supposed and need.get(pool.device, 0))
            yield NodeBlock("taint", ("tolerations",), f"a toleration of {taint}", str(taint), sure=sure)


def tolerates(pod: JsonObject, taint: Taint) -> bool:
    """Whether one of the pod's tolerations covers a taint."""
    return any(_covers(mapping(item), taint) for item in sequence(pod.get("tolerations")))


def _covers(toleration: JsonObject, taint: Taint) -> bool:
    effect, key = text(toleration.get("effect")), text(toleration.get("key"))
    if effect and effect != taint.effect:
        return False
    if key and key != taint.key:
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(key) and text(toleration.get("value")) == taint.value
