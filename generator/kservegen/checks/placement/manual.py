"""The manual of the rules about placement."""

from __future__ import annotations

from typing import Final

from kservegen.core.diagnostics import RuleMeta, Severity

_POOL: Final = (
    "nodePools: {l4: {accelerator: nvidia-l4, nodes: {max: 8}, allocatable: {cpu: 15, memory: 58Gi, accelerators: 1}}}"
)

RULES: Final = (
    RuleMeta(
        id="gpu/no-node",
        title="Every pod has a node that could take it",
        why="The scheduler leaves a pod pending that no node can take, for as long as it takes. Looked at are the "
        "resources of one empty node, the pod's nodeSelector, node affinity and tolerations, pool by pool. An error "
        "where each pool says what stands against it; a warning where it only does not say that it has a label. Pods "
        "without accelerators are looked at where a pool without one is listed (docs/placement.md).",
        fix="Ask for what a node has, tolerate its taints, or list the pool that the pod is meant for.",
        bad="accelerator: {type: nvidia-l4, count: 2}   # a node of the pool has 1",
        good=_POOL,
        upstream=("kube-scheduler: NodeResourcesFit, NodeAffinity, TaintToleration",),
    ),
    RuleMeta(
        id="gpu/pool-full",
        title="The pools have room for every pod at maxReplicas, and while a new version comes up",
        why="On nodes that hold nothing else, the last pods stay pending at maxReplicas (an error), or there is no "
        "room for the pod that a rolling update adds, and the new version waits for ever beside the old one (a "
        "warning). Where old pods may go first, it goes on with fewer (information). "
        "An error only where no arrangement of the pods on the nodes exists (docs/placement.md).",
        fix="Take a larger pool, lower maxReplicas or what a pod requests, or let the model roll without extra pods.",
        bad="nodes: {max: 2}   # and a model with one GPU and maxReplicas: 3",
        good=_POOL,
        upstream=("kube-scheduler: NodeResourcesFit, PodTopologySpread, InterPodAffinity",),
    ),
    RuleMeta(
        id="gpu/uncertain-placement",
        title="Whether every pod gets a node does not hang on the order in which they come",
        why="The scheduler takes one pod at a time and moves none again: small pods spread over all nodes may leave no "
        "node with room for a large one. Said where an arrangement exists and some order misses it, where the search "
        "for one was given up, or where it depends on labels that a pool does not state.",
        fix="Leave more room, or keep small pods off the nodes of large ones with pools of their own.",
        severity=Severity.WARNING,
    ),
)
