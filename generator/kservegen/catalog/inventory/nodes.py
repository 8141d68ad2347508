"""Nodes of a cluster in; pools of nodes that are alike out, in the words of `nodePools`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.core.quantity import canonical, parse_quantity

# What tells a node from its neighbours, or changes by itself.
_OF_ONE_NODE: Final = frozenset(
    {
        "kubernetes.io/hostname",
        "nvidia.com/gfd.timestamp",
        "alpha.eksctl.io/instance-id",
        "statefulset.kubernetes.io/pod",
    }
)
# The node controller sets these for as long as a condition lasts: well-known taints of Kubernetes.
_CONDITION: Final = "node.kubernetes.io/"
# Labels by which providers and autoscalers name a pool, then what its machines are.
_NAMES: Final = (
    "cloud.google.com/gke-nodepool",
    "eks.amazonaws.com/nodegroup",
    "alpha.eksctl.io/nodegroup-name",
    "kubernetes.azure.com/agentpool",
    "karpenter.sh/nodepool",
    "doks.digitalocean.com/node-pool",
    "nvidia.com/gpu.product",
    "node.kubernetes.io/instance-type",
)
_NOT_IN_NAMES: Final = lazy_pattern("[^a-z0-9]+")
# Amounts that differ a little between machines that are alike.
_MEASURED: Final = frozenset({"cpu", "memory", "ephemeral-storage"})


def node_pools(nodes: Iterable[JsonObject]) -> JsonObject:
    """Group nodes by labels, taints and what they offer; a pool offers what the smallest of its nodes does.

    What differs a little is no difference: cores, memory and storage are measured. Cordoned nodes count: that passes.
    """
    groups: defaultdict[tuple[object, ...], list[JsonObject]] = defaultdict(list)
    for node in nodes:
        words = _words(node)
        taints = tuple(tuple(sorted(mapping(taint).items())) for taint in sequence(words["taints"]))
        offered = mapping(words["allocatable"])
        devices = tuple((name, amount if name not in _MEASURED else "") for name, amount in sorted(offered.items()))
        groups[(tuple(sorted(mapping(words["labels"]).items())), taints, devices)].append(words)
    pools: JsonObject = {}
    for key in sorted(groups, key=repr):
        first, *others = groups[key]
        wanted = _name(mapping(first["labels"]))
        name, number = wanted, 1
        while name in pools:
            number += 1
            name = f"{wanted}-{number}"
        least = mapping(first["allocatable"])
        for other in others:
            least = {name: _smaller(amount, mapping(other["allocatable"]).get(name)) for name, amount in least.items()}
        pools[name] = {"nodes": 1 + len(others), **first, "allocatable": least}
    return dict(sorted(pools.items()))


def has_readable_offer(node: JsonObject) -> bool:
    """Whether a node says what pods may take of it, each amount as Kubernetes writes one."""
    offered = mapping(mapping(node.get("status")).get("allocatable"))
    return bool(offered) and all(
        isinstance(amount, str) and parse_quantity(amount) is not None for amount in offered.values()
    )


def listed_pools(pools: JsonObject, accelerators: JsonObject) -> JsonObject:
    """Return the pools of an inventory in the words of an environment's `nodePools`; they neither grow nor shrink.

    A pool has the first accelerator of the environment whose resource and labels its nodes have.
    """
    words: JsonObject = {}
    for name, value in pools.items():
        pool = mapping(value)
        labels, offered = mapping(pool.get("labels")), mapping(pool.get("allocatable"))
        count = integer(pool.get("nodes")) or 0
        words[name] = {
            "nodes": {"min": count, "max": count},
            "nodeSelector": labels,
            "taints": pool.get("taints") or [],
            "allocatable": offered,
        }
        for accelerator, facts in accelerators.items():
            wanted = mapping(mapping(facts).get("nodeSelector")).items()
            if text(mapping(facts).get("resource")) in offered and wanted <= labels.items():
                words[name] = {"accelerator": accelerator, **mapping(words[name])}
                break
    return words


def _words(node: JsonObject) -> JsonObject:
    metadata, name = mapping(node.get("metadata")), text(mapping(node.get("metadata")).get("name"))
    labels: JsonObject = {
        key: value
        for key, value in sorted(mapping(metadata.get("labels")).items())
        if key not in _OF_ONE_NODE and isinstance(value, str) and (not name or value != name)
    }
    taints: list[JsonValue] = [
        {field: taint[field] for field in ("key", "value", "effect") if text(taint.get(field))}
        for taint in map(mapping, sequence(mapping(node.get("spec")).get("taints")))
        if not text(taint.get("key")).startswith(_CONDITION)
    ]
    taints.sort(key=repr)
    allocatable: JsonObject = {
        resource: canonical(amount)
        for resource, amount in sorted(mapping(mapping(node.get("status")).get("allocatable")).items())
        if isinstance(amount, str) and parse_quantity(amount) is not None
    }
    return {"labels": labels, "taints": taints, "allocatable": allocatable}


def _name(labels: JsonObject) -> str:
    said = next((text(labels[label]) for label in _NAMES if text(labels.get(label))), "")
    return _NOT_IN_NAMES.sub("-", said.lower()).strip("-") or "nodes"


def _smaller(one: JsonValue, other: JsonValue) -> JsonValue:
    first, second = parse_quantity(text(one)), parse_quantity(text(other))
    return other if first is not None and second is not None and second.compare(first) < 0 else one
