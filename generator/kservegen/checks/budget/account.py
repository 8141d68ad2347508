"""A checked environment in; the ledger of everything that its entries take out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.checks.budget.ledger import Line, lines
from kservegen.checks.demand.groups import PodGroup, pod_groups
from kservegen.checks.demand.requests import NO_AMOUNTS, amounts
from kservegen.checks.queues import Queues
from kservegen.checks.rules.base import Context
from kservegen.checks.rules.view import queues_of
from kservegen.kserve.defaulting import Defaulted
from kservegen.render.objects.quotas import default_requests

# Kinds of objects that decide what others take.
DECIDING: Final = frozenset({"ServingRuntime", "ClusterServingRuntime", "LLMInferenceServiceConfig", "LocalQueue"})


class RequestedAmounts(NamedTuple):
    """Groups of like pods that an object asks for, with the key and the owner of its entry."""

    entry: str
    owner: str
    defaulted: Defaulted
    groups: tuple[PodGroup, ...]


def account(
    requested: Iterable[RequestedAmounts],
    environment: ResolvedEnvironment,
    context: Context,
    queues: Queues | None = None,
) -> Iterator[Line]:
    """Write the ledger of what objects request; paths are those of the defaulted objects.

    Their pods wait in `queues`, or else in those of the context.
    """
    accelerators, queues = environment.mapping("accelerators"), queues or queues_of(context)
    claimed: set[str] = set()
    for key, owner, defaulted, groups in requested:
        for line in lines(key, owner, defaulted.resource.id, groups, accelerators, queues):
            if line.claim and line.claim in claimed:
                continue
            claimed.add(line.claim)
            yield line


def requested_amounts(
    objects: Iterable[tuple[str, str, Defaulted]], environment: ResolvedEnvironment, context: Context
) -> Iterator[RequestedAmounts]:
    """List the groups of pods of each object, which comes with the key and the owner of its entry."""
    given = {namespace: amounts(side) for namespace, side in default_requests(environment).items()}
    for key, owner, defaulted in objects:
        defaults = given.get(defaulted.resource.id.namespace, NO_AMOUNTS)
        groups = pod_groups(defaulted.resource, context.simulation, defaults)
        yield RequestedAmounts(key, owner, defaulted, groups)
