"""What resources are called and where they come from: a name in, what kind of resource it is out."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from kservegen.checks.rules.base import Context
from kservegen.checks.rules.view import ORDINARY_RESOURCES, amounts_in, of_kind
from kservegen.core.names import qualified_name_error
from kservegen.kserve.workloads import ContainerAt, containers

HUGE_PAGES: Final = "hugepages-"
_QUOTA_PREFIX: Final = "requests."


@lru_cache(maxsize=1024)
def is_extended(name: str) -> bool:
    """Whether a resource is counted in whole pieces and never overcommitted: GPUs and their like."""
    # Not a question of whole domains: what holds `kubernetes.io/` anywhere counts as Kubernetes' own.
    return "/" in name and "kubernetes.io/" not in name


@lru_cache(maxsize=1024)
def name_error(name: str) -> str | None:
    """Judge what a container's resource is called."""
    if reason := qualified_name_error(name):
        return reason
    if "/" not in name:
        known = name in ORDINARY_RESOURCES or name.startswith(HUGE_PAGES)
        return None if known else "it is neither one of Kubernetes' own resources nor one with a domain"
    # A quota writes `requests.` in front of it, which has to stay a name.
    if is_extended(name) and (name.startswith(_QUOTA_PREFIX) or qualified_name_error(_QUOTA_PREFIX + name)):
        return "it does not follow the standard of extended resources' names"
    return None


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
