"""What resources are called and where they come from: a name in, what kind of resource it is out."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from kservegen.rules.base import Context
from kservegen.rules.view import amounts_in, of_kind
from kservegen.workloads import ContainerAt, containers

STANDARD: Final = frozenset({"cpu", "memory", "ephemeral-storage"})


@lru_cache(maxsize=1024)
def is_extended(name: str) -> bool:
    """Whether a resource is counted in whole pieces and never overcommitted: GPUs and their like."""
    domain, slash, _ = name.partition("/")
    return bool(slash) and domain != "kubernetes.io" and not domain.endswith(".kubernetes.io")


def may_come_from_runtime(at: ContainerAt, name: str, context: Context) -> bool:
    """Whether a limit that this container lacks may be merged in from a ServingRuntime of the environment."""
    if at.role not in {"predictor", "worker"} or at.init:
        return False
    runtimes = (*of_kind(context, "ServingRuntime"), *of_kind(context, "ClusterServingRuntime"))
    return any(
        amount.side == "limits" and amount.name == name
        for runtime in runtimes
        for listed in containers(runtime)
        for amount in amounts_in(listed)
    )
