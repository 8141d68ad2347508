"""A ClusterQueue of Kueue and an environment's accelerators in; what it has of all that budgets limit out."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from kservegen.checks.budget.ledger import ACCELERATORS
from kservegen.checks.demand.devices import is_accelerator
from kservegen.checks.placement.labels import equalities
from kservegen.checks.queues import Queues
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject

_PLAIN: Final = ("cpu", "memory", "ephemeral-storage")


def queue_quota(queue: str, accelerator: str, queues: Queues, accelerators: JsonObject) -> dict[str, Fraction]:
    """Sum up the nominal quota of a ClusterQueue in all of its flavors; what it may borrow is nobody's promise.

    Devices count where they are of the `accelerator`, if one is named: by the name of their resource, in flavors whose
    nodes may have the labels of its nodes.
    """
    facts = mapping(accelerators.get(accelerator))
    labels = {item.key: next(iter(item.values)) for item in equalities(facts.get("nodeSelector"))}
    found: dict[str, Fraction] = {}
    for group in queues.groups_of(queue):
        for flavor, quotas in group.flavors.items():
            is_its = all(item.holds(labels, _is_any) for item in equalities(queues.node_labels(flavor)))
            for name, quota in quotas.items():
                if name in _PLAIN:
                    found[name] = found.get(name, Fraction(0)) + quota.nominal
                elif (
                    is_its if name == facts.get("resource") else not accelerator and is_accelerator(name, accelerators)
                ):
                    found[ACCELERATORS] = found.get(ACCELERATORS, Fraction(0)) + quota.nominal
    return found


def _is_any(_: str) -> bool:
    return True
