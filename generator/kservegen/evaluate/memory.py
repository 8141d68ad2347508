"""What the evaluation of one environment leaves for the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kservegen.catalog.resolve import Unchanged
from kservegen.core.diagnostics import Finding
from kservegen.core.resource import Resource
from kservegen.kserve.defaulting import Defaulted, Installation
from kservegen.render.objects.environment import Memory as BuildMemory

if TYPE_CHECKING:  # imported where an environment has budgets or policies
    from kservegen.checks.budget.ledger import Line
    from kservegen.checks.policy.judge import Memory as PolicyMemory


@dataclass(slots=True)
class Memory:
    """What one environment leaves for the next: shared entries are resolved, built, judged and written once."""

    unchanged: Unchanged = field(default_factory=dict)
    built: BuildMemory = field(default_factory=BuildMemory)
    # By the identity of the object; the value keeps it alive, so that no other object can take its identity.
    verdicts: dict[tuple[int, str, str], tuple[Defaulted, tuple[Finding, ...]]] = field(default_factory=dict)
    defaulted: dict[tuple[int, bool], tuple[Installation, Defaulted]] = field(default_factory=dict)
    texts: dict[int, tuple[Resource, bytes]] = field(default_factory=dict)
    policies: PolicyMemory | None = None
    # By environment: what its entries take, where budgets were held against it.
    ledgers: dict[str, tuple[Line, ...]] = field(default_factory=dict)
